"""Reads single fields of a file: each gives a value or raises `Fault`, which says which and why. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from civicam.fleet.views import Text
from civicam.kernel.errors import Refused


class Fault(Exception):
    """A field that cannot be taken: ``code`` of the problem; ``field``, ``value``, ``more`` for its text."""

    def __init__(self, code: str, name: str, value: object = "", **more: object) -> None:
        super().__init__(code)
        self.code, self.field, self.value = code, name, str(value)[:80]
        self.more = tuple((key, str(each)[:80]) for key, each in more.items())


def check_url(url: str) -> None:
    """An RTSP address without credentials inside; `Fault` otherwise (turned into a problem or a refusal)."""
    scheme, _, rest = url.partition("://")
    host = rest.split("/", 1)[0]
    if (
        scheme.lower() != "rtsp"
        or not host
        or "@" in host
        or any(c.isspace() for c in url)
        or len(url) > 1000
    ):
        raise Fault("fleet.bad-url", "url", url if "@" not in host else "rtsp://…@…")


def refuse_bad_url(url: str) -> None:
    """`check_url` for a form: raises `Refused` ``fleet.bad-url``."""
    try:
        check_url(url)
    except Fault as fault:
        raise Refused(fault.code, row="", field=fault.field, value=fault.value) from None


def text(row: Mapping[str, Any], name: str, most: int) -> str:
    """A text that is not blank, of at most ``most`` characters."""
    value = row.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > most:
        raise Fault("fleet.import-field", name, "" if name == "secret" else value)
    return value


def label(row: Mapping[str, Any]) -> Text:
    """A name, in one language or both."""
    value = row.get("name")
    if isinstance(value, str) and value.strip():
        return Text(value[:200], value[:200])
    if not isinstance(value, Mapping):
        raise Fault("fleet.import-field", "name", value)
    zh, en = (str(value.get(key, "")).strip()[:200] for key in ("zh", "en"))
    if not zh and not en:
        raise Fault("fleet.import-field", "name", "")
    return Text(zh or en, en or zh)


def gb_id(row: Mapping[str, Any], name: str) -> str:
    """A code of 20 ASCII digits."""
    value = row.get(name)
    if not isinstance(value, str) or len(value) != 20 or not (value.isascii() and value.isdigit()):
        raise Fault("fleet.import-gb-id", name, value)
    return value


def known(row: Mapping[str, Any], name: str, known: Collection[str]) -> str:
    """A reference to one of ``known``."""
    value = row.get(name)
    if not isinstance(value, str) or value not in known:
        raise Fault("fleet.import-reference", name, value)
    return value


def one_of(row: Mapping[str, Any], name: str, allowed: Collection[str]) -> str:
    """One of ``allowed``."""
    value = row.get(name)
    if not isinstance(value, str) or value not in allowed:
        raise Fault("fleet.import-field", name, value)
    return value


def degrees(value: object, name: str, most: float) -> float:
    """A number of degrees, ``most`` at most either way."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -most <= value <= most:
        raise Fault("fleet.import-field", name, value)
    return float(value)


def interval(value: object) -> int | None:
    """5..255 s; what is outside is a typing mistake, not a wish (GB/T 28181 devices were seen to send 0)."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 5 <= value <= 255:
        raise Fault("fleet.import-field", "heartbeat_s", value)
    return value


def optional(row: Mapping[str, Any], name: str, most: int) -> str:
    """A text that may be missing."""
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > most:
        raise Fault("fleet.import-field", name, value)
    return value.strip()


def reference(row: Mapping[str, Any], name: str, known: Collection[str]) -> str:
    """A reference to one of ``known``; empty where there is none."""
    value = optional(row, name, 64)
    if value and value not in known:
        raise Fault("fleet.import-reference", name, value)
    return value


def day(row: Mapping[str, Any], name: str) -> date | None:
    """A date as ISO 8601 writes it, or nothing."""
    value = row.get(name)
    if value is None or value == "":
        return None
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise Fault("fleet.import-field", name, value) from None


def whole(row: Mapping[str, Any], name: str, most: int) -> int:
    """A whole number from 0 to ``most``; 0 where there is none."""
    value = row.get(name, 0)
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise Fault("fleet.import-field", name, value)
    return value


def part(row: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    """An object inside, or nothing."""
    value = row.get(name)
    if value is None or isinstance(value, Mapping):
        return value
    raise Fault("fleet.import-field", name, type(value).__name__)
