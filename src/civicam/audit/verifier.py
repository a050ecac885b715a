#!/usr/bin/env python3
"""Checks an audit log of civicam from its export and from checkpoints kept elsewhere. One file, no packages.

    python audit_verify.py EXPORT.jsonl [WITNESS.jsonl ...] [--key BASE64]

An export is JSON lines: a header with the public keys, the entries, the checkpoints. A witness's file holds
checkpoints alone. Checked are the chain of keys (the first names the log, each next one is signed by the one
before it); every entry's place, clock and personal parts; every checkpoint's signature, and its root against
the records that are here; that no two checkpoints contradict each other; what they cover.

Found: ``altered missing inserted reordered cut-off rolled-back forked bad-signature retired-key unreadable``
and ``personal`` (a name beside the tree is not what was recorded; what was erased is no finding). Exit status
0: whole. Ed25519 is RFC 8032, the tree RFC 9162, the rest docs/reference/audit-log.md.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

FORMAT = "civicam-audit/1"
ORIGIN = "civicam.audit/"
ROTATION = "civicam-audit-key/1"
PARTS = ("who", "what", "change")

# -- Ed25519, verification alone (RFC 8032, 5.1.7 and the code of its section 6)

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]


def _add(one: Point, two: Point) -> Point:
    a = (one[1] - one[0]) * (two[1] - two[0]) % P
    b = (one[1] + one[0]) * (two[1] + two[0]) % P
    c = 2 * one[3] * two[3] * D % P
    d = 2 * one[2] * two[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(count: int, point: Point) -> Point:
    found: Point = (0, 1, 1, 0)
    while count:
        if count & 1:
            found = _add(found, point)
        point = _add(point, point)
        count >>= 1
    return found


def _x_of(y: int, sign: int) -> int | None:
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if square == 0:
        return None if sign else 0
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P:
        return None
    return P - x if x & 1 != sign else x


def _point(text: bytes) -> Point | None:
    number = int.from_bytes(text, "little")
    y = number & ((1 << 255) - 1)
    x = _x_of(y, number >> 255)
    return None if x is None else (x, y, 1, x * y % P)


_BASE_Y = 4 * pow(5, P - 2, P) % P
_BASE_X = _x_of(_BASE_Y, 0) or 0
BASE: Point = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % P)


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether 64 bytes of signature are right for a message under 32 bytes of public key."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, point = _point(public), _point(signature[:32])
    number = int.from_bytes(signature[32:], "little")
    if key is None or point is None or number >= L:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    one, two = _times(number, BASE), _add(point, _times(int.from_bytes(digest, "little") % L, key))
    return (one[0] * two[2] - two[0] * one[2]) % P == 0 == (one[1] * two[2] - two[1] * one[2]) % P


def leaf_hash(record: bytes) -> bytes:
    """RFC 9162, 2.1.1."""
    return hashlib.sha256(b"\x00" + record).digest()


class Tree:
    """Grows leaf by leaf and knows its root: a stack of full subtrees."""

    def __init__(self) -> None:
        self.size = 0
        self._stack: list[tuple[int, bytes]] = []

    def append(self, leaf: bytes) -> None:
        """One more leaf."""
        height, found = 0, leaf
        while self._stack and self._stack[-1][0] == height:
            found = hashlib.sha256(b"\x01" + self._stack.pop()[1] + found).digest()
            height += 1
        self._stack.append((height, found))
        self.size += 1

    def root(self) -> bytes:
        """Of all leaves so far."""
        found = hashlib.sha256(b"").digest() if not self._stack else self._stack[-1][1]
        for _, left in reversed(self._stack[:-1]):
            found = hashlib.sha256(b"\x01" + left + found).digest()
        return found


class Finding(NamedTuple):
    """One thing that is wrong: a word, where (a place or a range), and a sentence."""

    word: str
    where: str
    text: str


@dataclass
class Verdict:
    """All findings, and what was looked at. ``covered``: entries under a checkpoint that holds."""

    log_id: str = ""
    entries: int = 0
    checkpoints: int = 0
    covered: int = 0
    erased: int = 0
    findings: list[Finding] = field(default_factory=list)

    def say(self, word: str, where: str, text: str) -> None:
        """Note a finding."""
        self.findings.append(Finding(word, where, text))


class Note(NamedTuple):
    """A checkpoint taken apart; ``source`` and ``where`` say where it came from."""

    source: str
    where: str
    log_id: str
    size: int
    root: bytes
    at: str
    key_id: str
    signature: bytes
    body: bytes


def read_note(text: str, source: str, where: str) -> Note:
    """`ValueError` for anything but a checkpoint of ours."""
    body, _, last = text.partition("\n\n")
    lines, words = body.split("\n"), last.rstrip("\n").split(" ")
    if len(lines) != 4 or len(words) != 3 or words[:2] != ["—", lines[0]] or not lines[0].startswith(ORIGIN):
        raise ValueError("not a checkpoint of a civicam log")
    stamp, root = base64.b64decode(words[2], validate=True), base64.b64decode(lines[2], validate=True)
    signed, log_id = (body + "\n").encode(), lines[0][len(ORIGIN) :]
    at = lines[3].removeprefix("time ")
    return Note(source, where, log_id, int(lines[1]), root, at, stamp[:4].hex(), stamp[4:], signed)


class Key(NamedTuple):
    """A public key and from which size on it signs."""

    public: bytes
    from_size: int


def key_id(key: Key, log_id: str) -> str:
    """As notes name it."""
    return hashlib.sha256((ORIGIN + log_id).encode() + b"\n\x01" + key.public).hexdigest()[:8]


class Verifier:
    """Feed it the export, what witnesses have, then `finish`. ``trusted`` is the log's first public key."""

    def __init__(self, trusted: bytes | None = None) -> None:
        self.verdict = Verdict()
        self._trusted = trusted
        self._keys: list[Key] = []
        self._rotations: dict[str, str] = {}
        self._notes: list[Note] = []
        self._leaves: list[bytes] = []
        self._mono: dict[str, int] = {}
        self._seq = -1

    def export(self, lines: Iterable[str], source: str = "export") -> None:
        """The export's lines."""
        for number, line in enumerate(lines, 1):
            if line.strip():
                self._line(line, f"{source}, line {number}", source)

    def witness(self, lines: Iterable[str], source: str) -> None:
        """A witness's file: checkpoints alone, in the order in which they came."""
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    note = json.loads(line)["checkpoint"]
                    self._notes.append(read_note(note, source, f"{source}, line {number}"))
                except (ValueError, KeyError, TypeError, AttributeError) as error:
                    self.verdict.say("unreadable", f"{source}, line {number}", str(error))

    def _line(self, line: str, where: str, source: str) -> None:
        try:
            found = json.loads(line)
            if "record" in found:
                self._entry(found, where)
            elif "checkpoint" in found:
                self._notes.append(read_note(found["checkpoint"], source, where))
            elif found.get("format") == FORMAT and not self._keys:
                self._head(found["keys"])
            else:
                raise ValueError("neither header nor entry nor checkpoint")
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            self.verdict.say("unreadable", where, f"{type(error).__name__}: {error}")

    def _head(self, keys: list[dict[str, str]]) -> None:
        first = base64.b64decode(keys[0]["public"], validate=True)
        if self._trusted is not None and first != self._trusted:
            self.verdict.say("bad-signature", "header", "the log's first key is not the one you trust")
            first = self._trusted
        self._keys = [Key(first, 0)]
        self.verdict.log_id = hashlib.sha256(first).hexdigest()[:16]
        for each in keys[1:]:
            self._rotations[each["statement"]] = each["signature"]

    def _entry(self, line: dict[str, Any], where: str) -> None:
        text, place = line["record"], len(self._leaves)
        self._leaves.append(leaf_hash(text.encode()))
        self.verdict.entries += 1
        record = json.loads(text)
        seq, before, self._seq = record["seq"], self._seq, record["seq"]
        if seq > before + 1:
            self.verdict.say("missing", f"entries {before + 1} to {seq - 1}", f"{where}: they are not there")
        elif seq == before:
            self.verdict.say("inserted", f"entry {seq}", f"{where}: a second one of this place")
        elif seq < before:
            self.verdict.say("reordered", f"entry {seq}", f"{where}: it comes after entry {before}")
        mono, boot = record["mono"], record["boot"]
        if mono < self._mono.get(boot, mono):
            self.verdict.say("reordered", f"entry {place}", "its clock is before that of an earlier one")
        self._mono[boot] = mono
        for part in PARTS:
            self._part(part, (line.get("personal") or {}).get(part), record[part], place)
        if record["action"] == "audit.key":
            self._rotations[record["facts"]["statement"]] = record["facts"]["signed"]

    def _part(self, name: str, kept: dict[str, str] | None, said: str | None, place: int) -> None:
        if kept is None:
            self.verdict.erased += said is not None
            return
        message = name.encode() + b"\0" + kept["text"].encode()
        if hmac.new(bytes.fromhex(kept["salt"]), message, hashlib.sha256).hexdigest() != said:
            self.verdict.say("personal", f"entry {place}", f"{name!r} is not what was recorded")

    def finish(self) -> Verdict:
        """Keys, signatures, roots, contradictions, cover."""
        if not self._keys:
            self.verdict.say("unreadable", "export", "it has no header")
            return self.verdict
        try:
            self._chain()
        except (ValueError, IndexError) as error:
            self.verdict.say("unreadable", "keys", str(error))
        good = [note for note in self._notes if self._signature(note)]
        self.verdict.checkpoints = len(good)
        self._order(good)
        self._compare(good)
        return self.verdict

    def _chain(self) -> None:
        """Put the keys in a row; a statement that is not signed by the key before it counts for nothing."""
        waiting = dict(self._rotations)
        while waiting:
            old = base64.b64encode(self._keys[-1].public).decode()
            found = next((each for each in waiting if each.split("\n")[2:3] == [old]), None)
            if found is None:
                self.verdict.say("bad-signature", "keys", "a change of key does not follow the key before it")
                return
            signature, lines = base64.b64decode(waiting.pop(found), validate=True), found.split("\n")
            right = is_signed(self._keys[-1].public, found.encode(), signature)
            if not right or lines[:2] != [ROTATION, self.verdict.log_id]:
                self.verdict.say("bad-signature", "keys", "a change of key is not signed by the one before")
                return
            self._keys.append(Key(base64.b64decode(lines[3], validate=True), int(lines[4])))

    def _signature(self, note: Note) -> bool:
        """Whether a checkpoint counts."""
        if note.log_id != self.verdict.log_id:
            self.verdict.say("bad-signature", note.where, f"a checkpoint of another log, {note.log_id}")
            return False
        by = next((key for key in self._keys if key_id(key, note.log_id) == note.key_id), None)
        if by is None or not is_signed(by.public, note.body, note.signature):
            self.verdict.say("bad-signature", note.where, f"{note.size} entries, by no key of this log")
            return False
        due = [key for key in self._keys if key.from_size < note.size or key is self._keys[0]][-1]
        if by is not due:
            said = f"checkpoint of {note.size} entries is signed by a key that was not the one in use"
            self.verdict.say("retired-key", note.where, said)
            return False
        return True

    def _order(self, notes: list[Note]) -> None:
        """In one source no later checkpoint is smaller; in all of them no size has two roots."""
        by_size: dict[int, Note] = {}
        newest: dict[str, Note] = {}
        for note in notes:
            other = by_size.setdefault(note.size, note)
            if other.root != note.root:
                said = f"{other.where} and {note.where} have different roots for {note.size} entries"
                self.verdict.say("forked", f"size {note.size}", said)
            before = newest.setdefault(note.source, note)
            if note.size < before.size:
                said = f"{note.size} entries were signed after {before.size} ({before.at})"
                self.verdict.say("rolled-back", note.where, said)
            newest[note.source] = note

    def _compare(self, notes: list[Note]) -> None:
        """Every signed root with the root over the records that are here."""
        by_size: dict[int, list[Note]] = {}
        for note in notes:
            by_size.setdefault(note.size, []).append(note)
        sizes = sorted(by_size)
        have, good, bad = len(self._leaves), 0, False
        tree = Tree()
        for size in (each for each in sizes if each <= have):
            for leaf in self._leaves[tree.size : size]:
                tree.append(leaf)
            root, signed = tree.root(), by_size[size]
            wrong = [note for note in signed if note.root != root]
            if not wrong:
                good = size if not bad else good
                continue
            if len(wrong) < len(signed):
                said = f"{wrong[0].where} was shown another history than this one"
                self.verdict.say("forked", f"entries {good} to {size - 1}", said)
            elif not bad:
                said = f"the records are not those that were signed ({wrong[0].where})"
                self.verdict.say("altered", f"entries {good} to {size - 1}", said)
            bad = True
        self.verdict.covered = good
        beyond = [size for size in sizes if size > have]
        if beyond:
            said = f"{beyond[-1]} entries were signed, {have} are here"
            self.verdict.say("cut-off", f"entries {have} to {beyond[-1] - 1}", said)
        if not notes and have:
            self.verdict.say("unreadable", "checkpoints", "there is not one that can be used")


def report(verdict: Verdict) -> Iterator[str]:
    """The verdict for people."""
    yield f"log          {verdict.log_id or '-'}"
    yield f"entries      {verdict.entries}, signed {verdict.covered}; personal parts erased: {verdict.erased}"
    yield f"checkpoints  {verdict.checkpoints}"
    for each in verdict.findings:
        yield f"{each.word.upper():13}{each.where}: {each.text}"
    if not verdict.findings:
        rest = verdict.entries - verdict.covered
        yield "WHOLE" + (f"; the last {rest} entries are not signed yet" if rest else "")
    else:
        yield f"NOT WHOLE: {len(verdict.findings)} findings"


def main(words: list[str]) -> int:
    """The command; 2 when it is called wrongly."""
    trusted = None
    if "--key" in words[:-1]:
        at = words.index("--key")
        trusted = base64.b64decode(words[at + 1], validate=True)
        words = words[:at] + words[at + 2 :]
    if not words:
        print(__doc__, file=sys.stderr)
        return 2
    verifier = Verifier(trusted)
    for path in words:
        with open(path, encoding="utf-8") as file:
            (verifier.export if path == words[0] else verifier.witness)(file, path)
    verdict = verifier.finish()
    print("\n".join(report(verdict)))
    return 1 if verdict.findings else 0


if __name__ == "__main__":  # pragma: no cover
    sys.exit(main(sys.argv[1:]))
