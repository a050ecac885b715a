"""SIP URIs (RFC 3261 §19.1), read leniently for GB/T 28181.

The user part is usually 20 digits, the host a 10-digit domain, an ``IP:port`` or a name (gb28181.md §1.1):
any of them passes. Other schemes keep their text in ``opaque``, so that From may be an ``http:`` URI (RFC
4475 §3.3.4).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote as percent_encode
from urllib.parse import unquote as percent_decode

from civicam.signalling.sip.errors import bad_uri
from civicam.signalling.sip.grammar import Params, param

_SIP = re.compile(
    r"(?P<scheme>sips?):"
    r"(?:(?P<user>[^@:<>\s\"]*)(?P<password>:[^@<>\s\"]*)?@)?"
    r"(?P<host>[A-Za-z0-9._\-]+|\[[0-9A-Fa-f:.]+\])"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<params>;[^?<>\s\"]*)?"
    r"(?P<headers>\?[^<>\s\"]*)?",
    re.IGNORECASE,
)
_OTHER = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*):(?P<opaque>[^<>\s\"]+)")
_USER_SAFE = "-_.!~*'()&=+$,;?/"
_RAW = "surrogateescape"
"""Bytes that are no UTF-8 (a name in GB2312 as the user of a Contact) come back as they were."""
_CACHED_LENGTH = 128


@dataclass(frozen=True, slots=True)
class SipUri:
    """``sip:user@host:port;params?headers``.

    ``user`` is percent-decoded (``None`` where there is none); ``params`` and ``headers`` stay as written,
    because a registrar must give a Contact back unharmed (RFC 4475 §3.3.15). ``opaque`` holds the rest of
    any other scheme.
    """

    scheme: str
    user: str | None
    host: str
    port: int | None = None
    params: Params = ()
    headers: str = ""
    opaque: str = ""
    password: str | None = None

    @property
    def is_sip(self) -> bool:
        """True for ``sip:`` and ``sips:``."""
        return self.scheme in ("sip", "sips")

    def param(self, name: str) -> str | None:
        """URI parameter ``name``; ``""`` when it has no value, ``None`` when it is absent."""
        return param(self.params, name)

    def __str__(self) -> str:
        if not self.is_sip:
            return f"{self.scheme}:{self.opaque}"
        user = ""
        if self.user is not None:
            password = "" if self.password is None else ":" + self.password
            user = percent_encode(self.user, safe=_USER_SAFE, errors=_RAW) + password + "@"
        port = "" if self.port is None else f":{self.port}"
        params = "".join(f";{name}" if value is None else f";{name}={value}" for name, value in self.params)
        return f"{self.scheme}:{user}{self.host}{port}{params}{self.headers}"


def parse_uri(text: str) -> SipUri:
    """``text`` as a URI; raises `BadMessage` ``signalling.bad-uri``."""
    return _parse_cached(text) if len(text) <= _CACHED_LENGTH else _parse(text)


def _parse(text: str) -> SipUri:
    match = _SIP.fullmatch(text)
    if match is None:
        return _parse_other(text)
    user, password, port = match["user"], match["password"], match["port"]
    number = None if port is None else int(port)
    if number is not None and not 0 < number <= 0xFFFF:
        raise bad_uri(text)
    return SipUri(
        scheme=match["scheme"].lower(),
        user=None if user is None else percent_decode(user, errors=_RAW),
        host=match["host"],
        port=number,
        params=_uri_params(match["params"]),
        headers=match["headers"] or "",
        password=None if password is None else password[1:],
    )


_parse_cached = lru_cache(maxsize=16_384)(_parse)
"""Devices send the same few URIs all day; long ones are not kept, so a stranger cannot fill our memory."""


def _parse_other(text: str) -> SipUri:
    other = _OTHER.fullmatch(text)
    if other is None or other["scheme"].lower() in ("sip", "sips"):
        raise bad_uri(text)
    return SipUri(scheme=other["scheme"].lower(), user=None, host="", opaque=other["opaque"])


def _uri_params(text: str | None) -> Params:
    if not text:
        return ()
    found: list[tuple[str, str | None]] = []
    for piece in text.split(";"):
        if piece:
            name, equals, value = piece.partition("=")
            found.append((name.lower(), value if equals else None))
    return tuple(found)
