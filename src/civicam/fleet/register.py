"""The register: who owns and keeps what, and whether a camera may go live. Pure; ``now`` is an argument.

A camera names its owner, its legal ground, its purpose and the class of the place it looks at, or it shows
nothing; one in a place of the forbidden classes is not even entered (decree 799, articles 7 to 9).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NewType

from civicam.fleet.law import GROUNDS, PLACES, PURPOSES, Choice
from civicam.kernel.errors import Refused

PartyId = NewType("PartyId", str)

FORBIDDEN = "fleet.place-forbidden"
NO_OWNER = "fleet.no-owner"
NO_GROUND = "fleet.no-ground"
NO_PURPOSE = "fleet.no-purpose"
NO_PLACE = "fleet.no-place-class"

FILING_DAYS = 30
"""A camera is filed with the county police within so many days (decree 799, article 14)."""
LANES = frozenset({2, 4, 8})
"""Lanes of a checkpoint (卡口)."""


class PartyKind(enum.StrEnum):
    """What a party is to the network."""

    GOVERNMENT = "government"
    CONTRACTOR = "contractor"
    POWER_COMPANY = "power-company"
    CARRIER = "carrier"
    THIRD_PARTY = "third-party"
    OTHER = "other"


class Role(enum.StrEnum):
    """What a party does for a site (权属、维护、供电、线路)."""

    OWNER = "owner"
    MAINTAINER = "maintainer"
    POWER = "power"
    CARRIER = "carrier"


class CameraKind(enum.StrEnum):
    """What a channel is: fixed, dome, HD-SDI dome behind an encoder, one lane of a checkpoint, high point, or
    a third party's camera, whatever its make."""

    FIXED = "fixed"
    DOME = "dome"
    SDI = "hd-sdi"
    CHECKPOINT = "checkpoint"
    HIGH_POINT = "highpoint"
    THIRD_PARTY = "third-party"


@dataclass(frozen=True, slots=True)
class Party:
    """An office, a company: ``contact`` is a duty desk's number or address, not a person's."""

    party_id: PartyId
    kind: PartyKind
    name: str
    contact: str = ""


@dataclass(frozen=True, slots=True)
class CameraRecord:
    """What the law wants to know of a camera. Empty strings are gaps; ``ground_note`` holds the number of a
    document, ``lane`` the number of a checkpoint's lane, 0 elsewhere."""

    kind: CameraKind = CameraKind.FIXED
    place: str = ""
    ground: str = ""
    purpose: str = ""
    owner_id: str = ""
    filed_on: date | None = None
    filing_no: str = ""
    ground_note: str = ""
    lane: int = 0


@dataclass(frozen=True, slots=True)
class Lists:
    """What a record may choose from, by code: the law's and the installation's own."""

    places: Mapping[str, Choice] = field(default_factory=lambda: _by_code(PLACES))
    grounds: Mapping[str, Choice] = field(default_factory=lambda: _by_code(GROUNDS))
    purposes: Mapping[str, Choice] = field(default_factory=lambda: _by_code(PURPOSES))

    @staticmethod
    def of(places: tuple[Choice, ...] = (), grounds: tuple[Choice, ...] = ()) -> Lists:
        """With an installation's own; one that carries a code of the law's changes nothing there."""
        return Lists(_by_code((*places, *PLACES)), _by_code((*grounds, *GROUNDS)))


def _by_code(choices: tuple[Choice, ...]) -> dict[str, Choice]:
    """The last of several with one code wins: the law's come last."""
    return {choice.code: choice for choice in choices}


def check_record(record: CameraRecord, lists: Lists) -> None:
    """Whether a record may be entered. Gaps may: they keep the camera dark. Raises `Refused`:
    ``fleet.place-forbidden``, ``fleet.unknown-choice``, ``fleet.wrong-lane``."""
    place = lists.places.get(record.place)
    if place is not None and place.forbidden:
        raise Refused(FORBIDDEN, place=record.place)
    for name, code, known in (
        ("place", record.place, lists.places),
        ("ground", record.ground, lists.grounds),
        ("purpose", record.purpose, lists.purposes),
    ):
        if code and code not in known:
            raise Refused("fleet.unknown-choice", field=name, value=code)
    on_lane = record.kind is CameraKind.CHECKPOINT
    if not (0 <= record.lane <= max(LANES) if on_lane else record.lane == 0):
        raise Refused("fleet.wrong-lane", lane=record.lane)


def gaps(record: CameraRecord | None) -> tuple[str, ...]:
    """Codes of what is missing, the owner first."""
    found = record or CameraRecord()
    wanted = (
        (NO_OWNER, found.owner_id),
        (NO_GROUND, found.ground),
        (NO_PURPOSE, found.purpose),
        (NO_PLACE, found.place),
    )
    return tuple(code for code, value in wanted if not value)


def why_dark(record: CameraRecord | None, lists: Lists, grace_until: datetime | None, now: datetime) -> str:
    """The code of why a camera may not go live, or nothing. ``grace_until``: gaps are let pass before it, for
    a camera that ran before there was a register; a forbidden place never is."""
    place = lists.places.get(record.place) if record is not None else None
    if place is not None and place.forbidden:
        return FORBIDDEN
    missing = gaps(record)
    if not missing or (grace_until is not None and now < grace_until):
        return ""
    return missing[0]


def demand_live(
    record: CameraRecord | None, lists: Lists, grace_until: datetime | None, now: datetime
) -> None:
    """`why_dark` as a refusal: raises `Refused` with its code."""
    code = why_dark(record, lists, grace_until, now)
    if code == FORBIDDEN and record is not None:
        raise Refused(code, place=record.place)
    if code:
        raise Refused(code)


def grace_until(
    enrolled_at: datetime | None, register_since: datetime | None, days: float
) -> datetime | None:
    """When gaps stop being let pass: only for a camera enrolled before the register was there."""
    if enrolled_at is not None or register_since is None:
        return None
    return register_since + timedelta(days=days)


def filing_due(enrolled_at: datetime | None, register_since: datetime | None) -> datetime | None:
    """When the filing with the police is due, counted from when we first knew of the camera."""
    first = enrolled_at or register_since
    return None if first is None else first + timedelta(days=FILING_DAYS)
