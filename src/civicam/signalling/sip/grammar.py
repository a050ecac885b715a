"""The small pieces every header field is made of: tokens, quoted strings, lists, parameters (RFC 3261
§25.1).
"""

from __future__ import annotations

import re

from civicam.signalling.sip.errors import bad_header

TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
"""``token`` of RFC 3261 §25.1; use with ``fullmatch``."""

Params = tuple[tuple[str, str | None], ...]
"""Parameters in order; the name in lower case, the value as written without quotes, ``None`` for a bare
name.
"""

_PIECES = re.compile(r'"(?:[^"\\]|\\.)*"|<[^>]*>|[^"<,;]+|.', re.DOTALL)
"""Every character begins a match, so that one left open is found at once and not searched past."""
_OPENS = re.compile('["<>]')
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def split_outside_quotes(text: str, separator: str) -> list[str]:
    """``text`` cut at ``separator`` where that stands outside quoted strings and angle brackets; pieces
    stripped.

    Raises ``ValueError`` on a quote or bracket that is never closed.
    """
    if '"' not in text and "<" not in text:
        return [piece.strip() for piece in text.split(separator)]
    pieces: list[str] = []
    current: list[str] = []
    for match in _PIECES.finditer(text):
        piece = match.group()
        if piece == separator:
            pieces.append("".join(current).strip())
            current.clear()
        elif piece in ('"', "<"):
            raise ValueError("unbalanced quote or bracket")
        else:
            current.append(piece)
    pieces.append("".join(current).strip())
    return pieces


def unquote(text: str) -> str:
    """The text inside a quoted string, escapes resolved; other text unchanged."""
    if len(text) >= 2 and text[0] == '"' and text[-1] == '"':
        return _ESCAPED.sub(r"\1", text[1:-1])
    return text


def quote(text: str) -> str:
    """``text`` as a quoted string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def parse_params(text: str, field: str) -> Params:
    """Parameters of a header field or URI: ``;a=b;c`` with any white space around (RFC 3261 §7.3.1).

    Raises `BadMessage` with the ``field``'s name on broken quoting or an empty name. Empty pieces (``;;``)
    are skipped: devices write them.
    """
    if not text or text.isspace():
        return ()
    try:
        pieces = split_outside_quotes(text, ";")
    except ValueError:
        raise bad_header(field) from None
    found: list[tuple[str, str | None]] = []
    for piece in pieces:
        if not piece:
            continue
        name, equals, value = piece.partition("=")
        name = name.rstrip().lower()
        if not name or _OPENS.search(name):  # written again, it would open what nothing closes
            raise bad_header(field)
        if not equals:
            found.append((name, None))
        else:
            value = value.strip()
            found.append((name, unquote(value) if value[:1] == '"' else value))
    return tuple(found)


def format_params(params: Params) -> str:
    """The parameters as they go on the wire, each with its semicolon; values that are no token are quoted."""
    parts: list[str] = []
    for name, value in params:
        if value is None:
            parts.append(f";{name}")
        elif TOKEN.fullmatch(value) or _HOST_VALUE.fullmatch(value):
            parts.append(f";{name}={value}")
        else:
            parts.append(f";{name}={quote(value)}")
    return "".join(parts)


_HOST_VALUE = re.compile(r"\[[0-9A-Fa-f:.]+\]")


def param(params: Params, name: str) -> str | None:
    """The value of parameter ``name``; ``""`` when it stands there without a value, ``None`` when it is
    absent.
    """
    for key, value in params:
        if key == name:
            return value or ""
    return None
