"""The requests a city sends all day, REGISTER and MESSAGE in their usual spelling, read by one expression.

`read_plain` reads a head whose every line is one of the fields below in its plainest form, each at most once
and in any order; for anything else it gives ``None``, and the careful way (`civicam.signalling.sip.parse`)
reads it. What it reads is what the careful way reads: a property in the tests holds it to that.

Every repetition in the expression is possessive (``++``): it takes what it takes, so the cost is the length.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from civicam.signalling.sip.events import TransactionKey
from civicam.signalling.sip.limits import Limits
from civicam.signalling.sip.message import Headers, Request
from civicam.signalling.sip.peer import Peer

_PORT = r"(?::(?:[1-5][0-9]{4}|[1-9][0-9]{0,3}))?+"
_URI = rf"sips?:[A-Za-z0-9.\-]++@[A-Za-z0-9.\-]++{_PORT}"
_WORDS = r"[!-~]++(?: [!-~]++)*+"

_FIELDS = {
    "Via": (
        r"SIP/2\.0/UDP (?P<host>[A-Za-z0-9.\-]++)(?P<port>:(?:[1-5][0-9]{4}|[1-9][0-9]{0,3}))?+"
        r"(?P<before>;rport)?+;branch=(?P<branch>z9hG4bK[A-Za-z0-9.\-_]++)(?P<after>;rport)?+"
    ),
    "From": rf"<{_URI}>(?:;tag=[A-Za-z0-9.\-_]++)?+",
    "To": rf"<{_URI}>",
    "Call-ID": r"[A-Za-z0-9.\-_@]++",
    "CSeq": r"(?P<number>[0-9]{1,9}+) (?P<said>MESSAGE|REGISTER)",
    "Contact": rf"<{_URI}>",
    "Max-Forwards": r"[0-9]{1,2}+",
    "User-Agent": _WORDS,
    "Expires": r"[0-9]{1,9}+",
    "Content-Type": r"[A-Za-z]++/[A-Za-z+]++",
    "Content-Length": r"0|[1-9][0-9]{0,4}+",
    "Authorization": _WORDS,
    "X-GB-Ver": r"[0-9.]++",
}
_GROUPS = [name.lower().replace("-", "_") for name in _FIELDS]
_PLAIN = re.compile(
    rf"(?P<method>MESSAGE|REGISTER) (?P<uri>{_URI}) SIP/2\.0(?:\r\n(?:"
    + "|".join(
        f"{name}: (?P<{group}>{value})" for group, (name, value) in zip(_GROUPS, _FIELDS.items(), strict=True)
    )
    + "))++"
)
_ROWS = tuple((name.lower(), name) for name in _FIELDS)
_NEEDED = frozenset({"via", "from", "to", "call-id", "cseq", "content-length"})
_LONGEST = 4_096


class Plain(NamedTuple):
    """A request whose top Via carries ``received`` and ``rport`` already, and its transaction's key."""

    request: Request
    key: TransactionKey


def read_plain(data: bytes, limits: Limits, source: Peer) -> Plain | None:
    """A datagram as a request; ``None``: read it carefully."""
    head, _, body = data.partition(b"\r\n\r\n")
    if len(data) > min(_LONGEST, limits.message_bytes, limits.line_bytes) or not head.isascii():
        return None
    text = head.decode("ascii")
    found = _PLAIN.fullmatch(text)
    if found is None:
        return None
    rows = [
        (key, name, value)
        for (key, name), value in zip(_ROWS, found.group(*_GROUPS), strict=True)
        if value is not None
    ]
    first = {key: value for key, _, value in rows}
    if (
        len(rows) != text.count("\r\n")  # a field that stands there twice is found once
        or len(rows) > limits.header_fields
        or not first.keys() >= _NEEDED
        or int(first["content-length"]) != len(body)
    ):
        return None
    return _made(found, rows, first, body, source)


def _made(
    found: re.Match[str], rows: list[tuple[str, str, str]], first: dict[str, str], body: bytes, source: Peer
) -> Plain | None:
    method, uri, said, host, port, before, branch, after, number = found.group(
        "method", "uri", "said", "host", "port", "before", "branch", "after", "number"
    )
    if said != method or (before is None) is (after is None) or ":" in source.host:
        return None
    via = (
        f"SIP/2.0/UDP {host}{port or ''}{f';rport={source.port}' if before else ''}"
        f";branch={branch}{f';rport={source.port}' if after else ''};received={source.host}"
    )
    rows[0] = ("via", "Via", via)
    first["via"] = via
    request = Request(method, uri, Headers.from_parsed(rows, first), body)
    sent_by = host.lower() + (port or ":5060")
    key = f"{branch}\n{sent_by}\n{method}\n{int(number)}\n{first['call-id']}\n{source.host}"
    return Plain(request, ("s", key))
