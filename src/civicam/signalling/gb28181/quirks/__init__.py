"""What real devices do differently, as data: one row a quirk; the flow asks a `Profile`.

A row names the behaviour, our measure, and the test that holds it; ``test_quirks.py`` demands that each test
named here exists. Where the measure is a way of speaking, the row also says for which
makers it is switched on (``makers``) and what it changes in the profile (``change``); rows without makers
hold for everyone. The rows stand in `signalling` (SIP and registration), `commands` (MANSCDP) and `media`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from civicam.signalling.gb28181.quirks import commands, media, signalling
from civicam.signalling.gb28181.quirks.row import Profile, Quirk

QUIRKS: tuple[Quirk, ...] = (*signalling.ROWS, *commands.ROWS, *media.ROWS)


@lru_cache(1_024)
def profile_for(manufacturer: str, user_agent: str, version: str, base: Profile | None = None) -> Profile:
    """The profile of a device by what it says of itself; ``version`` is X-GB-Ver, empty when absent."""
    profile = base or Profile()
    if not version.startswith("3"):
        profile = replace(profile, encoding="GB2312")
    said = f"{manufacturer} {user_agent}".lower()
    for quirk in QUIRKS:
        if quirk.change and any(maker in said for maker in quirk.makers):
            profile = replace(profile, **quirk.change)
    return profile


__all__ = ["QUIRKS", "Profile", "Quirk", "profile_for"]
