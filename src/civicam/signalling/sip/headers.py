"""The header fields the endpoint itself reads: name-addr (From, To, Contact, Route), Via, CSeq.

Grammar of RFC 3261 §20 and §25.1, lenient where devices are: any white space, empty parameters, an address
without angle brackets. Each parser raises `BadMessage` ``signalling.bad-header`` with the field's name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from civicam.signalling.sip.errors import BadMessage, bad_header
from civicam.signalling.sip.grammar import (
    TOKEN,
    Params,
    format_params,
    param,
    parse_params,
    quote,
    split_outside_quotes,
    unquote,
)
from civicam.signalling.sip.uri import SipUri, parse_uri

MAX_CSEQ = 0xFFFF_FFFF
"""RFC 3261 §8.1.1.5 asks for less than 2**31; we take any 32-bit number and refuse what would overflow
others.
"""

_USUAL = frozenset({"MESSAGE", "REGISTER", "INVITE", "ACK", "BYE", "NOTIFY", "SUBSCRIBE", "INFO"})
_NAME_ADDR = re.compile(
    r'(?P<display>"(?:[^"\\]|\\.)*"|[^<"]*)\s*<(?P<uri>[^<>]*)>\s*(?P<params>;.*)?', re.DOTALL
)
_PLAIN_ADDR = re.compile(
    r"<(sips?):([A-Za-z0-9.\-]+)@([A-Za-z0-9.\-]+)(?::([1-9][0-9]{0,3}|[1-5][0-9]{4}))?>(?:;tag=([A-Za-z0-9.\-_]+))?"
)
_PLAIN_VIA = re.compile(
    r"SIP/2\.0/(UDP|TCP) ([A-Za-z0-9.\-]+)(?::([1-9][0-9]{0,3}|[1-5][0-9]{4}))?"
    r"(;rport)?;branch=([A-Za-z0-9.\-_]+)(;rport)?"
)
"""What nearly every device sends."""
_VIA = re.compile(
    r"SIP\s*/\s*(?P<version>[0-9.]+)\s*/\s*(?P<transport>[A-Za-z0-9\-]+)\s+"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._\-]+)(?:\s*:\s*(?P<port>[0-9]{1,5}))?\s*(?P<params>;.*)?",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class NameAddr:
    """``"display" <uri>;params`` (RFC 3261 §20.10, §20.20, §20.39)."""

    display: str
    uri: SipUri
    params: Params = ()

    @property
    def tag(self) -> str | None:
        """The ``tag`` parameter; ``None`` when absent or empty."""
        return param(self.params, "tag") or None

    def param(self, name: str) -> str | None:
        """Header parameter ``name``; ``""`` when it has no value, ``None`` when it is absent."""
        return param(self.params, name)

    @staticmethod
    def parse(text: str, field: str = "From") -> NameAddr:
        """One address. Without angle brackets every parameter belongs to the field (RFC 3261 §20)."""
        plain = _PLAIN_ADDR.fullmatch(text)
        if plain is not None:  # what nearly every device sends
            scheme, user, host, port, tag = plain.groups()
            uri = SipUri(scheme, user, host, int(port) if port else None)
            return NameAddr("", uri, () if tag is None else (("tag", tag),))
        match = _NAME_ADDR.fullmatch(text)
        if match is not None:
            display, address, rest = match["display"].strip(), match["uri"].strip(), match["params"]
        elif "<" in text or '"' in text or ">" in text:
            raise bad_header(field)
        else:
            display = ""
            address, semicolon, rest = text.partition(";")
            address, rest = address.strip(), semicolon + rest
        try:
            parsed = parse_uri(address)
        except BadMessage:
            raise bad_header(field) from None
        return NameAddr(unquote(display), parsed, parse_params(rest or "", field))

    def __str__(self) -> str:
        display = quote(self.display) + " " if self.display else ""
        return f"{display}<{self.uri}>{format_params(self.params)}"


class Via(NamedTuple):
    """``SIP/2.0/UDP host:port;rport;branch=…`` (RFC 3261 §20.42, RFC 3581)."""

    transport: str
    host: str
    port: int | None
    params: Params = ()

    @property
    def branch(self) -> str:
        """The branch as sent, with or without the cookie ``z9hG4bK``; ``""`` when absent (RFC 2543)."""
        return param(self.params, "branch") or ""

    @property
    def sent_by(self) -> str:
        """Host and port as the sender wrote them, in lower case; part of a transaction's identity
        (§17.2.3).
        """
        return f"{self.host.lower()}:{self.port or 5060}"

    def param(self, name: str) -> str | None:
        """Parameter ``name``; ``""`` when it has no value, ``None`` when it is absent."""
        return param(self.params, name)

    @staticmethod
    def parse(text: str) -> Via:
        """One Via value."""
        plain = _PLAIN_VIA.fullmatch(text)
        if plain is not None:
            transport, host, port, before, branch, after = plain.groups()
            params: Params = (("branch", branch),)
            if before:
                params = (("rport", None), *params)
            if after:
                params = (*params, ("rport", None))
            return Via(transport, host, int(port) if port else None, params)
        match = _VIA.fullmatch(text)
        if match is None:
            raise bad_header("Via")
        _, transport, host, port, rest = match.groups()
        number = None if port is None else int(port)
        if number is not None and not 0 < number <= 0xFFFF:
            raise bad_header("Via")
        return Via(transport.upper(), host, number, parse_params(rest or "", "Via"))

    def stamped(self, host: str, port: int) -> Via:
        """This Via with the packet's true source: ``received`` and the value of ``rport`` (RFC 3581 §4)."""
        asked = any(name == "rport" for name, _ in self.params)
        if not asked and self.host.strip("[]").lower() == host.lower():
            return self
        stamped: list[tuple[str, str | None]] = []
        for name, value in self.params:
            if name == "rport":
                stamped.append(("rport", str(port)))
            elif name != "received":
                stamped.append((name, value))
        stamped.append(("received", host))
        return Via(self.transport, self.host, self.port, tuple(stamped))

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        return f"SIP/2.0/{self.transport} {self.host}{port}{format_params(self.params)}"


class CSeq(NamedTuple):
    """``20 MESSAGE`` (RFC 3261 §20.16)."""

    number: int
    method: str

    @staticmethod
    def parse(text: str) -> CSeq:
        """Number and method, any white space between; the number is at most 32 bits."""
        digits, _, method = text.partition(" ")
        if method in _USUAL and len(digits) < 10 and digits.isdecimal() and digits.isascii():
            return CSeq(int(digits), method)
        parts = text.split()
        if len(parts) != 2 or not parts[0].isdecimal() or not parts[0].isascii() or len(parts[0]) > 20:
            raise bad_header("CSeq")
        number = int(parts[0])
        if number > MAX_CSEQ or not TOKEN.fullmatch(parts[1]):
            raise bad_header("CSeq")
        return CSeq(number, parts[1])

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


def plain_user(text: str) -> str | None:
    """The user part of an address written as nearly every device does (then it is sound); else ``None``."""
    plain = _PLAIN_ADDR.fullmatch(text)
    return None if plain is None else plain[2]


def stamp_plain(text: str, host: str, port: int) -> str | None:
    """`Via.stamped` of one value written as nearly every device does, as text; else ``None``."""
    plain = _PLAIN_VIA.fullmatch(text)
    if plain is None or bool(plain[4]) is bool(plain[6]) or ":" in host:
        return None
    return text.replace(";rport", f";rport={port}") + f";received={host}"


def parse_list(text: str, field: str) -> list[str]:
    """The values of a comma-separated field; raises on quotes or brackets left open."""
    try:
        return [piece for piece in split_outside_quotes(text, ",") if piece]
    except ValueError:
        raise bad_header(field) from None
