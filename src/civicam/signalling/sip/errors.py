"""What can be wrong with a SIP message, as codes with the status line each deserves.

Every refusal on this floor is a `BadMessage`: a `Refused` of the peer's making. The endpoint turns it into an
answer (400, 505, 513 …) when the bytes were a request, and into a counter in any case.
"""

from __future__ import annotations

from civicam.kernel.errors import Datum, Refused, Side


class BadMessage(Refused):
    """The peer sent something that is not a SIP message we take.

    ``status`` is the answer a request with this fault gets (RFC 3261 §21.4); responses are dropped.
    """

    def __init__(self, code: str, *, status: int = 400, **data: Datum) -> None:
        super().__init__(code, side=Side.REMOTE, **data)
        self.status = status


def bad_start_line() -> BadMessage:
    """RFC 3261 §7.1, §7.2: neither a request line nor a status line."""
    return BadMessage("signalling.bad-start-line")


def bad_version(version: str) -> BadMessage:
    """RFC 3261 §21.5.6: a version other than SIP/2.0."""
    return BadMessage("signalling.bad-version", status=505, version=version[:16])


def bad_header(name: str) -> BadMessage:
    """A header field whose value does not follow its grammar (RFC 3261 §25.1)."""
    return BadMessage("signalling.bad-header", name=name[:40])


def missing_header(name: str) -> BadMessage:
    """One of the six fields every message needs is absent (RFC 3261 §8.1.1)."""
    return BadMessage("signalling.missing-header", name=name)


def repeated_header(name: str) -> BadMessage:
    """A field that may stand once stands several times (RFC 4475 §3.3.8)."""
    return BadMessage("signalling.repeated-header", name=name)


def bad_uri(uri: str) -> BadMessage:
    """A URI that does not follow RFC 3261 §19.1 or RFC 3986."""
    return BadMessage("signalling.bad-uri", uri=uri[:64])


def bad_length() -> BadMessage:
    """A Content-Length that is no number, negative, or larger than what came."""
    return BadMessage("signalling.bad-length")


def lost_place() -> BadMessage:
    """On TCP, after a whole message, bytes that begin none: the Content-Length before them was wrong."""
    return BadMessage("signalling.lost-place")


def too_large(what: str, limit: int) -> BadMessage:
    """RFC 3261 §21.5.7: more bytes, lines or fields than we take."""
    return BadMessage("signalling.too-large", status=513, what=what, limit=limit)
