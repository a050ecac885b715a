"""What each error code says to people: Chinese (the source) and English.

One file a room, one line a code, sorted. A test demands that every code raised in the source stands
here, that both languages name the same data, and that no line is left over.
"""

from __future__ import annotations

from collections.abc import Mapping

from civicam.kernel.messages import (
    access,
    alarms,
    audit,
    bench,
    config,
    db,
    demo,
    fleet,
    fleet_sheets,
    gateway,
    media,
    outages,
    probes,
    signalling,
    simulator,
    usability,
    web,
)

MESSAGES: dict[str, tuple[str, str]] = {
    code: pair
    for room in (
        access,
        alarms,
        audit,
        bench,
        config,
        db,
        demo,
        fleet,
        fleet_sheets,
        gateway,
        media,
        outages,
        probes,
        signalling,
        simulator,
        usability,
        web,
    )
    for code, pair in room.MESSAGES.items()
}
"""code: (zh-CN, en). ``{name}`` is filled from the error's data."""


class _Shown(dict[str, object]):
    """Data for a message; a name that is missing shows as itself, an error text never fails."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def message(code: str, language: str, data: Mapping[str, object]) -> str:
    """The text of ``code`` in ``language`` (``zh-CN`` or ``en``); the code itself when it is unknown."""
    pair = MESSAGES.get(code)
    if pair is None:
        return code
    return pair[0 if language == "zh-CN" else 1].format_map(_Shown(data))
