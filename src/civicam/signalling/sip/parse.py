"""Bytes to messages (RFC 3261 §7), strict where a guess would be dangerous and lenient where devices err.

Two steps, so that a broken request can still be answered: `read_head` cuts the head into rows and keeps
every fault it finds in a `Draft`; `finish` checks what the endpoint relies on and raises the first fault.

Content-Length (gb28181.md §2.11, RFC 3261 §18.3), where it and the bytes disagree:

===================  ==============================================  ========================================
the field says       on UDP                                          on TCP
===================  ==============================================  ========================================
nothing              the rest of the datagram                        0; a fault if there is a Content-Type
less than came       so many bytes; MESSAGE, NOTIFY and XML in an    so many bytes
                     answer: the rest, devices count characters
                     instead of bytes, or forget an empty line
0, a Content-Type    the rest                                        0
more than came       MESSAGE, NOTIFY, answers: the rest; others: a   wait, bounded in time
                     fault, half an SDP is worse than none
no number, negative  a fault                                         a fault; the connection closes
===================  ==============================================  ========================================
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from civicam.signalling.sip.errors import (
    BadMessage,
    bad_header,
    bad_length,
    bad_start_line,
    bad_version,
    missing_header,
    repeated_header,
    too_large,
)
from civicam.signalling.sip.grammar import TOKEN
from civicam.signalling.sip.headers import CSeq, NameAddr, Via, parse_list, plain_user
from civicam.signalling.sip.limits import Limits
from civicam.signalling.sip.line_ends import with_returns
from civicam.signalling.sip.message import Headers, Request, Response, field_key
from civicam.signalling.sip.uri import parse_uri

Row = tuple[str, str, str]

_VERSION = "SIP/2.0"
_PLAIN_URI = re.compile(r"sips?:[A-Za-z0-9.\-]+@[A-Za-z0-9.\-]+(?::(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}))?")
"""What nearly every device sends."""
_FOLD = re.compile(r"\r\n[ \t]+")
_STATUS_LINE = re.compile(r"SIP/2\.0 +([1-6][0-9]{2})(?: (.*))?", re.IGNORECASE | re.DOTALL)
_ANY_VERSION = re.compile(r"SIP/[0-9]+\.[0-9]+", re.IGNORECASE)
_ONCE = frozenset(
    {"from", "to", "call-id", "cseq", "max-forwards", "content-length", "content-type", "expires"}
)
_NEEDED = (("via", "Via"), ("from", "From"), ("to", "To"), ("call-id", "Call-ID"), ("cseq", "CSeq"))
_REST_ANYWAY = frozenset({"MESSAGE", "NOTIFY"})
_MAX_FORWARDS = 255
_FOUNDING = frozenset({"REGISTER", "INVITE", "SUBSCRIBE"})

_KEYS: dict[str, str] = {
    name: field_key(name)
    for name in (
        "Via", "From", "To", "Call-ID", "CSeq", "Contact", "Max-Forwards", "User-Agent", "Expires",
        "Content-Type", "Content-Length", "Authorization", "WWW-Authenticate", "Subject", "Allow", "Server",
        "Date", "X-GB-Ver", "Supported", "Event", "Subscription-State", "v", "f", "t", "i", "m", "c", "l",
        "s", "k", "o",
    )
}  # fmt: skip
"""The usual spellings, so that the common path neither lowers nor checks a name."""


@dataclass(slots=True)
class Draft:
    """A message whose head was cut but not yet judged. ``fault`` is the first thing wrong with it.

    ``method`` is empty for a response and for a start line that is neither.
    """

    headers: Headers
    method: str = ""
    uri: str = ""
    status: int = 0
    reason: str = ""
    fault: BadMessage | None = None

    @property
    def is_request(self) -> bool:
        """True when the start line names a method, so that an answer makes sense."""
        return bool(self.method)


def read_head(head: bytes, limits: Limits) -> Draft:
    """Cut a head (without the empty line that ends it) into start line and rows."""
    text = head.decode("utf-8", "surrogateescape")
    if "\r\n " in text or "\r\n\t" in text:
        text = _unfold(text)
    lines = text.split("\r\n")
    draft = Draft(Headers())
    if text.count("\n") != len(lines) - 1 or text.count("\r") != len(lines) - 1:
        draft.fault = bad_header("CR or LF")  # alone, it could end a line for another reader and not for us
        lines = [line for line in lines if "\n" not in line and "\r" not in line]
    if len(lines) - 1 > limits.header_fields:
        draft.fault = too_large("header fields", limits.header_fields)
        lines = lines[: limits.header_fields + 1]
    if lines:
        _read_start_line(lines[0], draft)
    _read_rows(lines, draft, limits)
    return draft


def _unfold(text: str) -> str:
    """Folded lines as one (RFC 3261 §7.3.1); one expression for blanks on both sides would be quadratic."""
    *folded, last = _FOLD.split(text)
    return " ".join([*(piece.rstrip(" \t") for piece in folded), last])


def _read_start_line(line: str, draft: Draft) -> None:
    if line[:4].upper() == "SIP/":
        match = _STATUS_LINE.fullmatch(line)
        if match is None:
            draft.fault = draft.fault or bad_start_line()
        else:
            draft.status, draft.reason = int(match[1]), match[2] or ""
        return
    parts = line.split()
    if len(parts) < 2 or not TOKEN.fullmatch(parts[0]):
        draft.fault = draft.fault or bad_start_line()
        return
    draft.method = parts[0]
    version = parts[-1]
    if len(parts) == 3 and version.upper() == _VERSION:
        draft.uri = parts[1]
    elif _ANY_VERSION.fullmatch(version) and version.upper() != _VERSION:
        draft.fault = bad_version(version)
    else:
        draft.fault = draft.fault or bad_start_line()


def _read_rows(lines: list[str], draft: Draft, limits: Limits) -> None:
    rows: list[Row] = []
    first: dict[str, str] = {}
    longest = limits.line_bytes
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        key = _KEYS.get(name)
        if key is None or len(line) > longest:
            key = _odd_key(line, name.rstrip(" \t"), bool(colon), draft, longest)
            if key is None:
                continue
            name = name.rstrip(" \t")
        value = value.strip(" \t")
        rows.append((key, name, value))
        if key not in first:
            first[key] = value
        elif key in _ONCE:
            draft.fault = draft.fault or repeated_header(name)
    draft.headers = Headers.from_parsed(rows, first)


def _odd_key(line: str, name: str, colon: bool, draft: Draft, longest: int) -> str | None:
    """The key of a field not in the usual spelling; ``None`` and a fault when the line is no field or too
    long.
    """
    if len(line) > longest:
        draft.fault = draft.fault or too_large("bytes in a line", longest)
        return None
    if not colon or not TOKEN.fullmatch(name):
        draft.fault = draft.fault or bad_header(name)
        return None
    return field_key(name)


def content_length(draft: Draft) -> int | None:
    """Content-Length as a number, ``None`` when absent; raises `BadMessage` when it is none or negative."""
    text = draft.headers.first("content-length")
    if text is None:
        return None
    if not text.isdecimal() or not text.isascii() or len(text) > 12:
        raise bad_length()
    return int(text)


def parse_datagram(data: bytes, limits: Limits) -> tuple[Draft, bytes]:
    """One datagram as a draft and its body. Faults are kept in the draft, never raised."""
    head, found, rest = with_returns(data).partition(b"\r\n\r\n")
    if not found and head.endswith(b"\r\n"):
        head = head[:-2]  # no empty line at the end: some devices stop after the last field
    if len(head) > limits.head_bytes:
        draft = read_head(head[: limits.head_bytes].rpartition(b"\r\n")[0], limits)
        draft.fault = too_large("bytes in the head", limits.head_bytes)
        return draft, b""
    draft = read_head(head, limits)
    try:
        length = content_length(draft)
    except BadMessage as fault:
        draft.fault = draft.fault or fault
        return draft, b""
    if length is None or length == len(rest):
        return draft, rest
    return draft, _cut_datagram(draft, length, rest)


def _cut_datagram(draft: Draft, length: int, rest: bytes) -> bytes:
    """The body where Content-Length and datagram disagree, after the table above."""
    lenient = draft.method in _REST_ANYWAY or (not draft.is_request and _xml(draft))
    if length > len(rest):
        if draft.is_request and not lenient:
            draft.fault = draft.fault or bad_length()
        return rest
    if lenient or (length == 0 and draft.headers.first("content-type") is not None):
        return rest
    return rest[:length]


def _xml(draft: Draft) -> bool:
    return "xml" in (draft.headers.first("content-type") or "").lower()


def finish(draft: Draft, body: bytes) -> tuple[Request | Response, Via, CSeq]:
    """The message, its top Via and its CSeq; raises the draft's fault or the first one found here.

    Every message leaves with Via, From, To, Call-ID and CSeq that follow their grammar; a response with one
    Via.
    """
    if draft.fault is not None:
        raise draft.fault
    headers = draft.headers
    top, sender, target, _, number = [_needed(headers, key, name) for key, name in _NEEDED]
    vias = [top] if "," not in top else parse_list(top, "Via")
    via = Via.parse(vias[0] if vias else "")
    cseq = CSeq.parse(number)
    if plain_user(sender) is None:
        NameAddr.parse(sender, "From")
    is_sip = plain_user(target) is not None or NameAddr.parse(target, "To").uri.is_sip
    if not draft.is_request:
        if len(vias) > 1 or not headers.only("via"):
            raise repeated_header("Via")  # RFC 3261 §8.1.3.3: it went astray, for we are no proxy
        return Response(draft.status, draft.reason, headers, body), via, cseq
    if cseq.method != draft.method and (draft.method, cseq.method) != ("BYE", "INVITE"):
        raise bad_header("CSeq")  # a BYE with its INVITE's CSeq is clear enough, and must not leave a ghost
    if _PLAIN_URI.fullmatch(draft.uri) is None:
        parse_uri(draft.uri)
    _check_numbers(headers)
    if draft.method == "REGISTER" and not is_sip:
        raise bad_header("To")
    request = Request(draft.method, draft.uri, headers, body)
    _check_readable(request)
    return request, via, cseq


def _check_readable(request: Request) -> None:
    """What the layers above read of a request without asking: every Via, and Contact where it founds
    something.
    """
    headers = request.headers
    if not headers.only("via") or "," in (headers.first("via") or ""):
        _ = request.vias
    if request.method in _FOUNDING and not (
        headers.only("contact") and plain_user(headers.first("contact") or "") is not None
    ):
        _ = request.contacts


def _needed(headers: Headers, key: str, name: str) -> str:
    value = headers.first(key)
    if value is None:
        raise missing_header(name)
    if not value:
        raise bad_header(name)
    return value


def _check_numbers(headers: Headers) -> None:
    """Max-Forwards is 0–255 when it stands there (RFC 3261 §20.22)."""
    hops = headers.first("max-forwards")
    if hops is None or hops == "70":
        return
    if not hops.isdecimal() or not hops.isascii() or len(hops) > 8 or int(hops) > _MAX_FORWARDS:
        raise bad_header("Max-Forwards")


def parse_message(data: bytes, limits: Limits | None = None) -> Request | Response:
    """One datagram as a message; raises `BadMessage`. For tests, captures and the fuzzer."""
    draft, body = parse_datagram(data, limits or Limits())
    return finish(draft, body)[0]
