"""The deciding code of alarms: which copies are one alarm, and what of an alarm may be kept. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from civicam.alarms.facts import AlarmId, AlarmSeen

DEVICE, VIDEO, FAULT = 2, 5, 6
"""Alarm methods of GB/T 28181-2022 A.2.5 that decide something here."""
_PICTURE = frozenset({1, 2, 5, 11, 13})
"""Types of method 5 about the picture as such: by hand, motion, a line, an abnormal or a covered picture."""

_CLOCK_WRONG = timedelta(days=1)
"""A device's clock that differs more than this from ours tells nothing: alarms would fall together."""
_COPY_S = 10
"""Without a time to go by, alarms of one kind within so many seconds are copies."""
MAX_TEXT = 1024


def alarm_id_for(seen: AlarmSeen) -> AlarmId:
    """One id for all copies of an alarm: device, source, method, type and time (gb28181.md §3.7)."""
    time = seen.at
    if time is None or abs(time - seen.received_at) > _CLOCK_WRONG:
        stamp = int(seen.received_at.timestamp()) // _COPY_S
        moment = f"{_text(time)}~{stamp}"
    else:
        moment = _text(time)
    key = "/".join((seen.device_id, seen.source_id, str(seen.method), str(seen.type), moment))
    return AlarmId("a" + hashlib.blake2s(key.encode(), digest_size=8).hexdigest())


def keeps_words(method: int | None, alarm_type: int | None) -> bool:
    """Whether the device's own words may be kept: only where the kind speaks of the device or its picture.

    Other kinds are a device's analysis of what people or vehicles do, or of a maker's own making; their words
    may name whom they saw.
    """
    if method in {DEVICE, FAULT}:
        return True
    return method == VIDEO and alarm_type in _PICTURE


def fit_to_keep(seen: AlarmSeen) -> AlarmSeen:
    """``seen`` without what must not be kept, and no longer than its columns."""
    if not keeps_words(seen.method, seen.type):
        return replace(seen, description="", event=None)
    return replace(seen, description=seen.description[:MAX_TEXT])


def _text(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(UTC).isoformat()
