"""Requests and responses as we compose them (RFC 3261 §8.1.1, §8.2.6; gb28181.md §2.3, §2.11)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from civicam.signalling.sip.message import Headers, Request, Response, has_tag
from civicam.signalling.sip.peer import Transport
from civicam.signalling.sip.uri import parse_uri

ALLOW = "INVITE, ACK, INFO, CANCEL, BYE, OPTIONS, MESSAGE, REGISTER, SUBSCRIBE, NOTIFY"
"""At least what S22 9.2.3 b asks for."""

COOKIE = "z9hG4bK"
"""RFC 3261 §8.1.1.7."""

_WITH_CONTACT = frozenset({"INVITE", "REGISTER", "SUBSCRIBE", "NOTIFY"})
_ECHOED = frozenset({"via", "from", "to", "call-id", "cseq"})


class RandomPool:
    """Random bytes drawn many at a time, for each draw is a call into the system; each is given once."""

    __slots__ = ("_at", "_drawn", "_source")

    def __init__(self, source: Callable[[int], bytes], size: int = 512) -> None:
        self._source = source
        self._drawn = source(size)
        self._at = 0

    def __call__(self, count: int) -> bytes:
        """``count`` fresh bytes, at most a pool's size."""
        if self._at + count > len(self._drawn):
            self._drawn, self._at = self._source(len(self._drawn)), 0
        self._at += count
        return self._drawn[self._at - count : self._at]


class IdSource:
    """Branches, tags, Call-IDs, cnonces from an injected source of random bytes (``os.urandom`` in the
    shell).
    """

    __slots__ = ("_random",)

    def __init__(self, random_bytes: Callable[[int], bytes]) -> None:
        self._random = random_bytes

    def branch(self) -> str:
        """A branch, unique over space and time."""
        return COOKIE + self._random(10).hex()

    def tag(self) -> str:
        """A From or To tag: 64 random bits (RFC 3261 §19.3 asks for 32)."""
        return self._random(8).hex()

    def call_id(self, host: str) -> str:
        """A Call-ID."""
        return f"{self._random(10).hex()}@{host}"

    def token(self) -> str:
        """Eight hex digits, for a cnonce."""
        return self._random(4).hex()


@dataclass(frozen=True, slots=True)
class Origin:
    """Our side of the line: the address that goes into Via and Contact for this peer, and where ids come
    from.

    ``host`` must be an address this peer can reach: with a wrong one devices drop the Catalog (gb28181.md
    §2.10).
    """

    host: str
    port: int
    transport: Transport
    ids: IdSource
    user_agent: str = ""

    @property
    def hostport(self) -> str:
        """``host:port``, IPv6 in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def via(self, branch: str | None = None) -> str:
        """A Via value with ``rport`` and a fresh branch (or the one given: CANCEL, ACK to non-2xx)."""
        return f"SIP/2.0/{self.transport.upper()} {self.hostport};rport;branch={branch or self.ids.branch()}"

    def contact(self, user: str) -> str:
        """A Contact value."""
        return f"<sip:{user}@{self.hostport}>"


def new_request(
    method: str,
    target: str,
    origin: Origin,
    *,
    from_uri: str,
    to_uri: str,
    headers: Iterable[tuple[str, str]] = (),
) -> Request:
    """A request outside any dialog: fresh Call-ID and From tag, CSeq 1, no To tag (Hik refuses MESSAGE with
    one).

    ``target`` is the Request-URI; ``from_uri`` and ``to_uri`` are bare URIs (``sip:ID@domain``). ``headers``
    replace fields of the same name (a kept Call-ID) or are added. Contact and Allow are added where the
    method needs them.
    """
    rows = [
        ("Via", origin.via()),
        ("From", f"<{from_uri}>;tag={origin.ids.tag()}"),
        ("To", f"<{to_uri}>"),
        ("Call-ID", origin.ids.call_id(origin.host)),
        ("CSeq", f"1 {method}"),
    ]
    if method in _WITH_CONTACT:
        rows.append(("Contact", origin.contact(parse_uri(from_uri).user or "")))
    rows.append(("Max-Forwards", "70"))
    if method == "INVITE":
        rows.append(("Allow", ALLOW))
    if origin.user_agent:
        rows.append(("User-Agent", origin.user_agent))
    request = Request(method, target, Headers(rows))
    for name, value in headers:
        request.headers.set(name, value)
    return request


def next_request(request: Request, origin: Origin, headers: Iterable[tuple[str, str]] = ()) -> Request:
    """``request`` once more: same Call-ID and From tag, CSeq + 1, new branch; ``headers`` set on top.

    For the authorised second REGISTER, the refresh, and Expires: 0 (RFC 3261 §10.2, gb28181.md §2.4).
    """
    again = Request(request.method, request.uri, request.headers.copy(), request.body)
    again.headers.replace_first("Via", origin.via())
    again.headers.set("CSeq", f"{request.cseq.number + 1} {request.method}")
    for name, value in headers:
        again.headers.set(name, value)
    return again


def new_response(
    request: Request,
    status: int,
    reason: str | None = None,
    *,
    to_tag: str = "",
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
) -> Response:
    """An answer: Via, From, To, Call-ID, CSeq echoed as they came (RFC 3261 §8.2.6).

    ``to_tag`` goes into To unless one stands there; the endpoint adds one when it is left empty. With a
    ``body``, put its Content-Type among ``headers``.
    """
    rows = [row for row in request.headers.keyed() if row[0] in _ECHOED]
    if to_tag and status > 100:
        rows = [
            (key, name, with_tag(value, to_tag)) if key == "to" else (key, name, value)
            for key, name, value in rows
        ]
    response = Response(status, reason, Headers.from_parsed(rows), body)
    for name, value in headers:
        response.headers.add(name, value)
    return response


def with_tag(to: str, tag: str) -> str:
    """A To value with ``tag`` added, unless it has one."""
    return to if has_tag(to) else f"{to};tag={tag}"
