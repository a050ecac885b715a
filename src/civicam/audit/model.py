"""Records as bytes that are the same for ever; pure.

**The encoding, version 1.** A record is JSON in the canonical form of RFC 8785, within a subset that leaves
no choice: UTF-8; objects, arrays, strings, integers, true, false, null; no floats; integers up to ±(2⁵³ − 1);
names of members in ASCII, sorted; no white space; in strings only what JSON must escape is escaped (quote,
backslash, b, t, n, f, r, other controls as u00xx in lower case); no lone surrogates. The leaf of the tree is
these bytes and nothing else; whoever checks hashes the bytes as they are and never encodes anew.

Members of a record: ``v`` 1 · ``seq`` its place, from 0 · ``at`` RFC 3339 in UTC with six decimals · ``mono``
nanoseconds of the monotonic clock · ``boot`` the process whose clock that is · ``action`` · ``result`` ·
``code`` · ``role`` · ``purpose`` · ``permit`` · ``request`` · ``kind`` of the thing it is about · ``facts`` ·
and ``who``, ``what``, ``change``: null, or the commitment to a personal part kept beside the tree.

**Commitment.** HMAC-SHA-256 in lower-case hex: key is the part's own salt of 128 random bits, message is the
part's name, a zero byte and the part's canonical bytes. With the salt and the text gone it says nothing, and
the leaf stays as it was: a person's name can be erased and every proof still holds.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Final

import orjson

from civicam.audit.facts import Entry, Json, Kept, Moment, Part, Stamped
from civicam.audit.redact import redact

VERSION: Final = 1
SALT_BYTES: Final = 16
SALTS_BYTES: Final = SALT_BYTES * len(Part)
"""Random bytes that one entry uses up."""
MOST_TEXT: Final = 2_000
"""Characters of a text; more is cut, with an ellipsis."""
MOST_CHANGE: Final = 32_000
"""Bytes of before and after together; more is replaced by the hash of what it was."""
_LARGEST = 2**53 - 1


def canonical(value: Json) -> bytes:
    """The one encoding of a value; `ValueError` for what has none (a float, a huge integer)."""
    _check(value)
    return _encoded(value)


def _encoded(value: Json) -> bytes:
    """The encoding of what is `plain` already. orjson writes exactly what RFC 8785 wants of this subset."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)


def _check(value: Json) -> None:
    match value:
        case None | bool() | str():
            return
        case int():
            if abs(value) > _LARGEST:
                raise ValueError("an integer that not every language keeps")
        case list():
            for each in value:
                _check(each)
        case dict():
            for name, each in value.items():
                if not (isinstance(name, str) and name.isascii()):
                    raise ValueError("names of members are ASCII")
                _check(each)
        case _:
            raise ValueError(f"no {type(value).__name__} in a record")


def plain(value: object) -> Json:
    """Anything as a record may hold it: floats and other things as their text, surrogates replaced."""
    match value:
        case None | bool():
            return value
        case int():
            return value if abs(value) <= _LARGEST else str(value)
        case str():
            return value if value.isascii() else value.encode("utf-8", "replace").decode()
        case list() | tuple():
            return [plain(each) for each in value]
        case dict():
            return {_name(str(name)): plain(each) for name, each in value.items()}
        case _:
            return plain(str(value))


def _name(name: str) -> str:
    return name if name.isascii() else name.encode("ascii", "backslashreplace").decode()


def commitment(part: Part, kept: Kept) -> str:
    """What the leaf says of a personal part."""
    return hmac.new(kept.salt, part.value.encode() + b"\0" + kept.text.encode(), hashlib.sha256).hexdigest()


def stamp(entry: Entry, seq: int, when: Moment, salts: bytes) -> Stamped:
    """Give an entry its place and bytes. Secrets are taken out here, before anything is made of them.

    ``salts`` are `SALTS_BYTES` random bytes, used for this entry alone.
    """
    parts = {
        part: Kept(salts[place * SALT_BYTES : (place + 1) * SALT_BYTES], _encoded(said).decode())
        for place, (part, said) in enumerate(_personal(entry).items())
        if said is not None
    }
    target, actor = entry.target, entry.actor
    record: dict[str, Json] = {
        "v": VERSION,
        "seq": seq,
        "at": written(when.at),
        "mono": when.mono_ns,
        "boot": when.boot,
        "action": _cut(entry.action, 80),
        "result": entry.result.value,
        "code": _cut(entry.code, 80),
        "role": "" if actor is None else _cut(actor.role, 80),
        "purpose": _cut(entry.purpose, 80),
        "permit": _cut(entry.permit, 80),
        "request": _cut(entry.request, 80),
        "kind": "" if target is None else _cut(target.kind, 80),
        "facts": _bounded(redact(plain(dict(entry.facts)))),
    }
    for part in Part:
        record[part.value] = commitment(part, parts[part]) if part in parts else None
    return Stamped(
        seq,
        when.at,
        _cut(entry.action, 80),
        entry.result,
        _encoded(record),
        parts,
        "" if actor is None else actor.user_id[:64],
        "" if target is None else target.target_id[:64],
    )


def _personal(entry: Entry) -> dict[Part, Json]:
    actor, target = entry.actor, entry.target
    who: Json = None
    if actor is not None:
        who = {
            "id": _cut(actor.user_id),
            "name": _cut(actor.name),
            "unit": _cut(actor.unit),
            "client": _cut(actor.client),
        }
    what: Json = None
    if target is not None:
        what = {"id": _cut(target.target_id), "text": _cut(target.text)}
    change: Json = None
    if entry.note or entry.before is not None or entry.after is not None:
        change = {
            "note": _cut(entry.note),
            "before": _bounded(redact(plain(entry.before))),
            "after": _bounded(redact(plain(entry.after))),
        }
    return {Part.WHO: who, Part.WHAT: redact(what), Part.CHANGE: redact(change)}


def _cut(text: str, most: int = MOST_TEXT) -> str:
    clean = text if text.isascii() else text.encode("utf-8", "replace").decode()
    return clean if len(clean) <= most else clean[: most - 1] + "…"


def _bounded(value: Json) -> Json:
    """The value, or what stands for one that is too large."""
    encoded = _encoded(value)
    if len(encoded) <= MOST_CHANGE:
        return value
    return {"too_large": len(encoded), "sha256": hashlib.sha256(encoded).hexdigest()}


def written(at: datetime) -> str:
    """A moment as records say it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
