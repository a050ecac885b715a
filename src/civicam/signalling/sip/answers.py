"""Answers that leave no trace: to broken requests, refusals, OPTIONS (RFC 3261 §8.2.7).

A stranger costs us no memory by them, and gets back at most twice what he sent: a forged source address
makes us no amplifier. The To tag is computed, so that a repeated request gets the same answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from civicam.signalling.sip.build import with_tag
from civicam.signalling.sip.errors import BadMessage
from civicam.signalling.sip.headers import Via, parse_list, stamp_plain
from civicam.signalling.sip.limits import Counters
from civicam.signalling.sip.message import Headers, Response
from civicam.signalling.sip.peer import Peer

MAX_GAIN = 2
"""Bytes an unknown sender may get back for each byte sent."""

TAGGED_BY = ("call-id", "via", "cseq")
"""What the To tag of an answer is computed from."""
_ECHOED = frozenset({"via", "from", "to", "call-id", "cseq"})


def stamp_top_via(headers: Headers, via: Via, source: Peer) -> None:
    """Write ``received`` and ``rport`` into the top Via (RFC 3261 §18.2.1, RFC 3581 §4)."""
    plain = stamp_plain(headers.first("via") or "", source.host, source.port)
    if plain is not None:
        headers.replace_first("Via", plain)
        return
    stamped = via.stamped(source.host, source.port)
    if stamped is via:
        return
    first = headers.first("via") or ""
    others = parse_list(first, "Via")[1:] if "," in first else []
    headers.replace_first("Via", ", ".join([str(stamped), *others]))


def to_tag(secret: bytes, call_id: str | None, via: str | None, cseq: str | None) -> str:
    """The To tag of every answer to one request, for who keeps nothing of it; ``via`` as it is echoed."""
    seed = f"{call_id}|{via}|{cseq}".encode("utf-8", "surrogateescape")
    return hashlib.blake2s(seed, key=secret, digest_size=8).hexdigest()


def stateless(
    request: Headers, secret: bytes, status: int, headers: Iterable[tuple[str, str]] = ()
) -> Response:
    """An answer to a request of which only ``request``, its header fields, may be sound."""
    tag = to_tag(secret, *map(request.first, TAGGED_BY))
    rows = []
    for key, name, value in request.keyed():
        if key in _ECHOED:
            rows.append((key, name, with_tag(value, tag) if key == "to" else value))
    response = Response(status, headers=Headers.from_parsed(rows))
    for name, value in headers:
        response.headers.add(name, value)
    return response


class Answers:
    """Gives them by ``emit``, which puts bytes on the wire. Counts ``answered-<status>`` and
    ``held-amplification``.
    """

    __slots__ = ("_counters", "_emit", "_secret")

    def __init__(self, secret: bytes, counters: Counters, emit: Callable[[bytes, Peer], None]) -> None:
        self._secret = secret
        self._counters = counters
        self._emit = emit

    def give(
        self,
        request: Headers,
        source: Peer,
        size: int,
        status: int,
        headers: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Answer a request of ``size`` bytes; over UDP never with more than twice as many."""
        data = stateless(request, self._secret, status, headers).to_bytes()
        if not source.reliable and len(data) > MAX_GAIN * size:
            self._counters["held-amplification"] += 1
            return
        self._counters[f"answered-{status}"] += 1
        self._emit(data, source)


def stamp_leniently(headers: Headers, source: Peer) -> bool:
    """As `stamp_top_via` for a broken request; False when its Via cannot be read (then nobody wants an
    answer).
    """
    first = headers.first("via")
    if first is None:
        return False
    try:
        stamp_top_via(headers, Via.parse(parse_list(first, "Via")[0]), source)
    except (BadMessage, IndexError):
        return False
    return True
