"""Secrets are taken out before a record is made of anything; pure.

Two ways a secret is known: the name it is kept under (``password``, ``secret``, ``token``, ``ticket``, SNMP's
``community``, ``auth`` and ``privacy`` passphrases, cookies, keys), and its shape inside a text: credentials
in an Authorization header of any scheme, a password in an address, a token in a query, our one-time link.
Better one word too many gone than one secret kept for ever.
"""

from __future__ import annotations

import re
from typing import Final

from civicam.audit.facts import Json

GONE: Final = "***"

_NAMES = re.compile(
    r"passw|passphrase|passwd|pwd|secret|token|ticket|community|authori[sz]ation|cookie|credential|"
    r"privatekey|apikey|signingkey|^(auth|authkey|priv|privkey|privacy|pin|otp|totp|session|sessionid|ha1|"
    r"response|nonce|cnonce|salt|key)$"
)
_WORDS = (
    r"token|ticket|password|passwd|passphrase|pwd|secret|community|signature|api_?key|auth_?key|priv_?key|"
    r"session(?:_?id)?|ha1"
)
_SHAPES: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (
        re.compile(
            r"(?i)\b(bearer|basic|negotiate|capability|unidirection|bidirection)(\s+)[a-z0-9._~+/=-]{6,}"
        ),
        r"\1\2***",
    ),
    (re.compile(r"(?i)\bdigest\s+[a-z0-9_-]+\s*=.*"), "Digest ***"),
    (
        re.compile(r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie)(['\"]?\s*[:=]\s*['\"]?)[^'\"\r\n]*"),
        r"\1\2***",
    ),
    (re.compile(r"(?i)([a-z][a-z0-9+.-]*://)[^/\s@]+@"), r"\1***@"),
    (
        re.compile(rf"(?i)\b([a-z_-]*(?:{_WORDS}))(['\"]?\s*[=:]\s*['\"]?)[^\s&;,'\"#}}\]]+"),
        r"\1\2***",
    ),
    (re.compile(r"(?i)(/(?:upload|media|ws)/)[a-z0-9_-]{16,}"), r"\1***"),
)


_HINT = re.compile(r"(?i)[:=]|bearer|basic|negotiate|capability|direction|/(?:upload|media|ws)/")
"""What every shape has one of: most texts have none, and are not looked at further."""


def redact(value: Json) -> Json:
    """The same value without its secrets; empty and null ones stay, for they say that there was none."""
    match value:
        case str():
            return redact_text(value)
        case list():
            return [redact(each) for each in value]
        case dict():
            return {name: _member(name, each) for name, each in value.items()}
        case _:
            return value


def _member(name: str, value: Json) -> Json:
    if is_secret(name) and not isinstance(value, bool) and value not in (None, ""):
        return GONE
    return redact(value)


def is_secret(name: str) -> bool:
    """Whether what is kept under this name is a secret."""
    return _NAMES.search(re.sub(r"[^a-z0-9]", "", name.lower())) is not None


def redact_text(text: str) -> str:
    """A text without what looks like a secret."""
    if _HINT.search(text) is None:
        return text
    for shape, instead in _SHAPES:
        text = shape.sub(instead, text)
    return text
