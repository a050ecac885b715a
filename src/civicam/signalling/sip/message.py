"""SIP messages as values: ordered header fields, requests, responses, and their bytes (RFC 3261 §7).

Header bytes are read as UTF-8 with ``surrogateescape``: a GB18030 display name survives a round trip
unchanged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from civicam.signalling.sip.errors import bad_header
from civicam.signalling.sip.headers import CSeq, NameAddr, Via, parse_list, plain_user
from civicam.signalling.sip.reasons import reason_of

COMPACT = {
    "a": "accept-contact",
    "b": "referred-by",
    "c": "content-type",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
}
"""Compact forms (RFC 3261 §7.3.3 and the IANA registry) and the names they stand for, in lower case."""

MAX_SECONDS = 0xFFFF_FFFF
"""delta-seconds above 2**32-1 count as 2**32-1 (RFC 3261 §20.19)."""


def field_key(name: str) -> str:
    """The key a field is found by: lower case, compact form expanded."""
    lowered = name.strip().lower()
    return COMPACT.get(lowered, lowered)


def delta_seconds(text: str | None) -> int | None:
    """Seconds of Expires, Retry-After …: ``None`` when it is no number, capped at 2**32-1."""
    digits = (text or "").strip()
    if not digits.isdecimal() or not digits.isascii():
        return None
    return MAX_SECONDS if len(digits) > 10 else min(int(digits), MAX_SECONDS)


def has_tag(value: str) -> bool:
    """True when a From or To value carries a tag parameter (text after the address only)."""
    if value[-1:] == ">" or "tag" not in value.lower():
        return False
    params = value[value.rfind(">") + 1 :] if ">" in value else value
    return any(piece.strip().lower().startswith("tag") and "=" in piece for piece in params.split(";")[1:])


class Headers:
    """Header fields in the order they came; names compare without case, compact forms equal the long ones."""

    __slots__ = ("_first", "_items")

    def __init__(self, items: Iterable[tuple[str, str]] = ()) -> None:
        self._items: list[tuple[str, str, str]] = [self._row(name, value) for name, value in items]
        self._first: dict[str, str] | None = None

    @classmethod
    def from_parsed(cls, items: list[tuple[str, str, str]], first: dict[str, str] | None = None) -> Headers:
        """Take over ``(key, name, value)`` rows of the parser, which has checked them.

        ``first`` maps each key to its first value; it is made when it is needed and was not given.
        """
        headers = cls.__new__(cls)
        headers._items = items
        headers._first = first
        return headers

    def get(self, name: str, default: str | None = None) -> str | None:
        """The first value of ``name``."""
        found = self.first(field_key(name))
        return default if found is None else found

    def first(self, key: str) -> str | None:
        """As `get`, for a caller that already has the key (lower case, long form)."""
        found = self._first
        return (self._index() if found is None else found).get(key)

    def _index(self) -> dict[str, str]:
        if self._first is None:
            self._first = {key: value for key, _, value in reversed(self._items)}
        return self._first

    def get_all(self, name: str) -> list[str]:
        """Every value of ``name``, one for each field line."""
        key = field_key(name)
        return [value for have, _, value in self._items if have == key]

    def only(self, key: str) -> bool:
        """Whether there is at most one field line of ``key``."""
        items = self._items
        return len(items) == len(self._index()) or sum(item[0] == key for item in items) <= 1

    def set(self, name: str, value: str) -> None:
        """Put ``value`` where the first ``name`` stood, dropping the others; at the end if there was none."""
        row = self._row(name, value)
        kept: list[tuple[str, str, str]] = []
        placed = False
        for item in self._items:
            if item[0] != row[0]:
                kept.append(item)
            elif not placed:
                kept.append(row)
                placed = True
        if not placed:
            kept.append(row)
        self._items = kept
        self._first = None

    def replace_first(self, name: str, value: str) -> None:
        """Change the first field line ``name`` only (the top Via); add one if there is none."""
        row = self._row(name, value)
        self._index()[row[0]] = value
        for index, item in enumerate(self._items):
            if item[0] == row[0]:
                self._items[index] = row
                return
        self._items.append(row)

    def add(self, name: str, value: str) -> None:
        """Append a field line."""
        self._items.append(self._row(name, value))
        self._first = None

    def tag_to(self, tag: str) -> None:
        """Add ``tag`` to the first To, unless it has one; every answer but 100 does this once."""
        for index, (key, name, value) in enumerate(self._items):
            if key == "to":
                if not has_tag(value):
                    self._items[index] = (key, name, f"{value};tag={tag}")
                    self._first = None
                return

    def remove(self, name: str) -> None:
        """Drop every field line ``name``; fine when there is none."""
        key = field_key(name)
        self._items = [item for item in self._items if item[0] != key]
        self._first = None

    def items(self) -> Iterator[tuple[str, str]]:
        """``(name, value)`` of every field line in order, names as written."""
        return ((name, value) for _, name, value in self._items)

    def keyed(self) -> list[tuple[str, str, str]]:
        """``(key, name, value)`` of every field line in order; not to be changed."""
        return self._items

    def copy(self) -> Headers:
        """A list of its own."""
        return Headers.from_parsed(self._items.copy())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Headers):
            return NotImplemented
        return [(key, value) for key, _, value in self._items] == [
            (key, value) for key, _, value in other._items
        ]

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __repr__(self) -> str:
        return f"Headers({list(self.items())!r})"

    @staticmethod
    def _row(name: str, value: str) -> tuple[str, str, str]:
        if "\r" in value or "\n" in value or not name:
            raise bad_header(name)  # a line break here would let a name inject header fields
        return field_key(name), name, value


def _user(address: str, field: str) -> str:
    user = plain_user(address)
    return NameAddr.parse(address, field).uri.user or "" if user is None else user


class Message:
    """What requests and responses share."""

    __slots__ = ("body", "headers")

    def __init__(self, headers: Headers | None, body: bytes) -> None:
        self.headers = Headers() if headers is None else headers
        self.body = body

    @property
    def call_id(self) -> str:
        """Call-ID, compared byte by byte (RFC 3261 §20.8); ``""`` when absent."""
        return self.headers.first("call-id") or ""

    @property
    def cseq(self) -> CSeq:
        """CSeq; raises `BadMessage` when it is absent or no CSeq."""
        return CSeq.parse(self.headers.first("cseq") or "")

    @property
    def from_(self) -> NameAddr:
        """From."""
        return NameAddr.parse(self.headers.first("from") or "", "From")

    @property
    def from_user(self) -> str:
        """The user part of From, percent-decoded; ``""`` where there is none."""
        return _user(self.headers.first("from") or "", "From")

    @property
    def to_user(self) -> str:
        """The user part of To, percent-decoded; ``""`` where there is none."""
        return _user(self.headers.first("to") or "", "To")

    @property
    def to(self) -> NameAddr:
        """To."""
        return NameAddr.parse(self.headers.first("to") or "", "To")

    @property
    def vias(self) -> list[Via]:
        """Every Via, top first, several on one line taken apart."""
        return [
            Via.parse(text)
            for key, _, value in self.headers.keyed()
            if key == "via"
            for text in parse_list(value, "Via")
        ]

    @property
    def contacts(self) -> list[NameAddr]:
        """Every Contact address; ``*`` (RFC 3261 §10.2.2) is none."""
        return [
            NameAddr.parse(text, "Contact")
            for key, _, value in self.headers.keyed()
            if key == "contact" and value != "*"
            for text in parse_list(value, "Contact")
        ]

    @property
    def contact(self) -> NameAddr | None:
        """The first Contact."""
        contacts = self.contacts
        return contacts[0] if contacts else None

    @property
    def expires(self) -> int | None:
        """Seconds of Expires, else of the first Contact's ``expires``; ``None`` when neither says a
        number.
        """
        seconds = delta_seconds(self.headers.first("expires"))
        if seconds is None and (contact := self.contact) is not None:
            seconds = delta_seconds(contact.param("expires"))
        return seconds

    @property
    def content_type(self) -> str:
        """Media type in lower case without parameters, ``""`` when absent (compare without case, gb28181.md
        §2.2).
        """
        return (self.headers.first("content-type") or "").partition(";")[0].strip().lower()

    def set_body(self, content_type: str, body: bytes) -> None:
        """Put ``body`` in, with its Content-Type."""
        self.headers.set("Content-Type", content_type)
        self.body = body

    def _encode(self, start_line: str) -> bytes:
        lines = [start_line]
        lines += [f"{name}: {value}" for key, name, value in self.headers.keyed() if key != "content-length"]
        lines.append(f"Content-Length: {len(self.body)}\r\n\r\n")
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + self.body


class Request(Message):
    """A request; ``uri`` is the Request-URI as text."""

    __slots__ = ("method", "uri")

    def __init__(self, method: str, uri: str, headers: Headers | None = None, body: bytes = b"") -> None:
        super().__init__(headers, body)
        self.method = method
        self.uri = uri

    def to_bytes(self) -> bytes:
        """The request on the wire; Content-Length is counted, whatever the fields say."""
        return self._encode(f"{self.method} {self.uri} SIP/2.0")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Request):
            return NotImplemented
        mine, theirs = (self.method, self.uri, self.body), (other.method, other.uri, other.body)
        return mine == theirs and self.headers == other.headers

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.uri} {self.call_id}>"


class Response(Message):
    """A response; ``reason`` may be empty (RFC 4475 §3.1.1.13)."""

    __slots__ = ("reason", "status")

    def __init__(
        self, status: int, reason: str | None = None, headers: Headers | None = None, body: bytes = b""
    ) -> None:
        super().__init__(headers, body)
        self.status = status
        self.reason = reason_of(status) if reason is None else reason

    @property
    def provisional(self) -> bool:
        """1xx."""
        return self.status < 200

    @property
    def ok(self) -> bool:
        """2xx."""
        return 200 <= self.status < 300

    def to_bytes(self) -> bytes:
        """The response on the wire."""
        return self._encode(f"SIP/2.0 {self.status} {self.reason}")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Response):
            return NotImplemented
        mine, theirs = (self.status, self.reason, self.body), (other.status, other.reason, other.body)
        return mine == theirs and self.headers == other.headers

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.reason} {self.call_id}>"
