"""Errors carry a stable code and data; nothing here knows HTTP or SIP.

Three families, told apart by who has to act:

* ``Refused``      the request is understood and may not be done: expected, shown to the user.
* ``Operational``  the world failed (a peer, a disk, a time-out): counted, retried where it makes sense.
* ``Bug``          our own promise is broken: alarm.

On the wire the same error is also ``local`` (our fault) or ``remote`` (the peer's), see `Side`.
The text for people is in `civicam.kernel.messages`, by code, in Chinese and English.
"""

from __future__ import annotations

import enum
from typing import ClassVar, Literal

from civicam.kernel.messages import message

Language = Literal["zh-CN", "en"]
Datum = str | int | float | bool | None


class Side(enum.Enum):
    """Whose fault a wire error is (after h11's Local and Remote protocol errors)."""

    LOCAL = "local"
    REMOTE = "remote"


class CivicamError(Exception):
    """An error with a stable code (``room.what``) and the data its message needs.

    ``str()`` gives the English text for logs; `text` gives either language.
    """

    family: ClassVar[str] = "bug"

    def __init__(self, code: str, *, side: Side = Side.LOCAL, **data: Datum) -> None:
        super().__init__(code)
        self.code = code
        self.side = side
        self.data: dict[str, Datum] = data

    def text(self, language: Language = "en") -> str:
        """The message for people, with this error's data filled in."""
        return message(self.code, language, self.data)

    def __str__(self) -> str:
        return f"{self.code}: {self.text('en')}"


class Refused(CivicamError):
    """Expected: the caller may not have this, or asked for something that is not there."""

    family = "refused"


class Operational(CivicamError):
    """The world failed: count it, retry it, show it."""

    family = "operational"


class Bug(CivicamError):
    """We broke our own promise."""

    family = "bug"
