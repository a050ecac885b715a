"""The requests a city sends all day, REGISTER and MESSAGE in their usual spelling, read by one expression.

`read_plain` reads a head whose every line is one of the fields below in its plainest form, each at most once
and in any order; for anything else it gives ``None``, and the careful way (`civicam.signalling.sip.parse`)
reads it. What it reads is what the careful way reads: a property in the tests holds it to that, and the
answers too.

Every repetition in the expression is possessive (``++``): it takes what it takes, so the cost is the length.
What the expression found is kept as it is; rows and dictionaries are made for the few who ask for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any

from civicam.signalling.sip.errors import bad_header
from civicam.signalling.sip.events import TransactionKey
from civicam.signalling.sip.limits import Limits
from civicam.signalling.sip.message import Headers, Request
from civicam.signalling.sip.peer import Peer
from civicam.signalling.sip.reasons import reason_of

_PORT = r"(?::(?:[1-5][0-9]{4}|[1-9][0-9]{0,3}))?+"
_NAME = r"[A-Za-z0-9.\-]++"
URI = rf"sips?:{_NAME}@{_NAME}{_PORT}"
_WORDS = r"[!-~]++(?: [!-~]++)*+"

FIELDS = {
    "Via": (
        r"SIP/2\.0/UDP (?P<sent_by>[A-Za-z0-9.\-]++)(?P<port>:(?:[1-5][0-9]{4}|[1-9][0-9]{0,3}))?+"
        r"(?P<before>;rport)?+;branch=(?P<branch>z9hG4bK[A-Za-z0-9.\-_]++)(?P<after>;rport)?+"
    ),
    "From": rf"<sips?:(?P<from_user>{_NAME})@{_NAME}{_PORT}>(?:;tag=[A-Za-z0-9.\-_]++)?+",
    "To": rf"<sips?:(?P<to_user>{_NAME})@{_NAME}{_PORT}>",
    "Call-ID": r"[A-Za-z0-9.\-_@]++",
    "CSeq": r"(?P<number>[0-9]{1,9}+) (?P<said>MESSAGE|REGISTER)",
    "Contact": rf"<{URI}>",
    "Max-Forwards": r"[0-9]{1,2}+",
    "User-Agent": _WORDS,
    "Expires": r"[0-9]{1,9}+",
    "Content-Type": r"[A-Za-z]++/[A-Za-z+]++",
    "Content-Length": r"0|[1-9][0-9]{0,4}+",
    "Authorization": _WORDS,
    "X-GB-Ver": r"[0-9.]++",
}
_GROUPS = [name.lower().replace("-", "_") for name in FIELDS]
_PLAIN = re.compile(
    rf"(?P<method>MESSAGE|REGISTER) (?P<uri>{URI}) SIP/2\.0(?:\r\n(?:"
    + "|".join(
        f"{name}: (?P<{group}>{value})" for group, (name, value) in zip(_GROUPS, FIELDS.items(), strict=True)
    )
    + "))++"
)


_Pick = Callable[[Sequence[Any]], tuple[Any, ...]]


def _picked(*groups: str) -> _Pick:
    """Picks groups out of ``match.groups()``, which is far cheaper than asking for each by its name."""
    pick: _Pick = itemgetter(*[_PLAIN.groupindex[group] - 1 for group in groups])
    return pick


_VALUES = _picked(*_GROUPS)
_PARTS = _picked("method", "uri", "said", "number")
_VIA = _picked("sent_by", "port", "before", "branch", "after")
_USERS = _picked("from_user", "to_user")
_ROWS = tuple((name.lower(), name) for name in FIELDS)
_PLACES = {key: place for place, (key, _) in enumerate(_ROWS)}
NEEDED = ("Via", "From", "To", "Call-ID", "CSeq", "Content-Length")
_NEEDED: _Pick = itemgetter(*[_PLACES[name.lower()] for name in NEEDED])
_LENGTH = _PLACES["content-length"]
_CALL_ID = _PLACES["call-id"]
_ECHOED = ("via", "from", "to", "call-id", "cseq")
_LONGEST = 4_096


class PlainHeaders(Headers):
    """Header fields as the expression found them, each at most once; rows only when somebody wants rows."""

    __slots__ = ("_values",)

    def __init__(self, values: list[str | None]) -> None:
        # _items and _first stay unset: whoever asks for them comes to __getattr__
        self._values: list[str | None] | None = values

    def __getattr__(self, name: str) -> object:
        values = self._values
        if values is None or name not in Headers.__slots__:
            raise AttributeError(name)
        self._values = None
        self._items = [
            (key, name, value) for (key, name), value in zip(_ROWS, values, strict=True) if value is not None
        ]
        self._first = None
        return getattr(self, name)

    def first(self, key: str) -> str | None:
        values = self._values
        if values is None:
            return super().first(key)
        place = _PLACES.get(key)
        return None if place is None else values[place]

    def get_all(self, name: str) -> list[str]:
        if self._values is None:
            return super().get_all(name)
        found = self.get(name)
        return [] if found is None else [found]

    def only(self, key: str) -> bool:
        return self._values is not None or super().only(key)

    def echoed(self) -> Iterable[str | None]:
        """What every answer echoes: Via, From, To, Call-ID, CSeq."""
        values = self._values
        return map(super().first, _ECHOED) if values is None else values[:5]


class PlainRequest(Request):
    """A request whose top Via carries ``received`` and ``rport`` already."""

    __slots__ = ("_from_user", "_to_user", "key")
    headers: PlainHeaders

    def __init__(
        self, parts: tuple[str, str], values: list[str | None], users: Sequence[str], body: bytes
    ) -> None:
        self.method, self.uri = parts
        self.headers = PlainHeaders(values)
        self.body = body
        self._from_user, self._to_user = users
        self.key: TransactionKey = ()
        """Of its transaction."""

    @property
    def content_type(self) -> str:
        return (self.headers.first("content-type") or "").lower()

    @property
    def from_user(self) -> str:
        return self._from_user

    @property
    def to_user(self) -> str:
        return self._to_user

    def answer(self, status: int, tag: str, headers: Iterable[tuple[str, str]] = ()) -> bytes:
        """The bytes of `civicam.signalling.sip.build.new_response` without a body. Raises `BadMessage` for a
        header value with a line break.
        """
        via, from_, to, call_id, cseq = self.headers.echoed()
        more = ""
        for name, value in headers:
            if "\r" in value or "\n" in value or not name:
                raise bad_header(name)
            more += f"{name}: {value}\r\n"
        return (
            f"SIP/2.0 {status} {reason_of(status)}\r\nVia: {via}\r\nFrom: {from_}\r\nTo: {to};tag={tag}\r\n"
            f"Call-ID: {call_id}\r\nCSeq: {cseq}\r\n"
            f"{more}Content-Length: 0\r\n\r\n"
        ).encode("utf-8", "surrogateescape")


def read_plain(data: bytes, limits: Limits, source: Peer) -> PlainRequest | None:
    """A datagram as a request; ``None``: read it carefully."""
    head, _, body = data.partition(b"\r\n\r\n")
    if len(data) > _LONGEST or len(data) > limits.message_bytes or len(data) > limits.line_bytes:
        return None
    try:
        text = head.decode("ascii")
    except UnicodeDecodeError:
        return None
    found = _PLAIN.fullmatch(text)
    if found is None:
        return None
    groups = found.groups()
    values = list(_VALUES(groups))
    rows = len(values) - values.count(None)
    if (
        rows != text.count("\r\n")  # a field that stands there twice is found once
        or rows > limits.header_fields
        or None in _NEEDED(values)
        or int(values[_LENGTH] or 0) != len(body)
    ):
        return None
    return _made(groups, values, body, source)


def _made(
    groups: tuple[Any, ...], values: list[str | None], body: bytes, source: Peer
) -> PlainRequest | None:
    method, uri, said, number = _PARTS(groups)
    sent_by, port, before, branch, after = _VIA(groups)
    if said != method or (before is None) is (after is None) or ":" in source.host:
        return None
    stamped = f";rport={source.port};branch={branch}" if before else f";branch={branch};rport={source.port}"
    values[0] = f"SIP/2.0/UDP {sent_by}{port or ''}{stamped};received={source.host}"
    request = PlainRequest((method, uri), values, _USERS(groups), body)
    sent_by = sent_by.lower() + (port or ":5060")
    key = f"{branch}\n{sent_by}\n{method}\n{int(number)}\n{values[_CALL_ID]}\n{source.host}"
    request.key = ("s", key)
    return request
