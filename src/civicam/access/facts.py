"""What the access room hands out: frozen values, no secrets of the store."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import NewType

UserId = NewType("UserId", str)
ViewingId = NewType("ViewingId", str)


class Role(enum.StrEnum):
    """What a user may do; the accountability floor adds the others."""

    ADMINISTRATOR = "administrator"


class Purpose(enum.StrEnum):
    """Why a picture is looked at. The list is the law's, operators cannot extend it."""

    DUTY = "duty"
    """Watching over the public places the cameras were put up for (值守)."""
    MAINTENANCE = "maintenance"
    """Finding out whether a camera works."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may log in."""

    user_id: UserId
    name: str
    display: str
    role: Role
    has_password: bool
    enabled: bool


@dataclass(frozen=True, slots=True)
class Login:
    """A session just begun: ``token`` goes into the cookie and is known to nobody else afterwards."""

    token: str
    user: User
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Viewing:
    """One person looking at one channel: written before the picture is shown."""

    viewing_id: ViewingId
    user_id: UserId
    user_name: str
    channel_id: str
    stream: str
    purpose: Purpose
    client: str
    began_at: datetime
