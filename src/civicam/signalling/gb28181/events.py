"""Words of subscriptions: Event, Subscription-State, and what asks for which kind (RFC 6665).

The token of ``Event`` is ``Catalog;id=N`` for the catalogue and ``presence`` for everything else; devices
write it in any case, and get back in NOTIFY the token they were sent.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

MAX_EXPIRES = 2**31 - 1


class SubscriptionKind(enum.StrEnum):
    """What can be subscribed to; the value is the CmdType of the body."""

    CATALOG = "Catalog"
    ALARM = "Alarm"
    MOBILE_POSITION = "MobilePosition"
    PTZ_POSITION = "PTZPosition"


_KINDS = {each.value.lower(): each for each in SubscriptionKind}
_PACKAGES = frozenset({"catalog", "presence"})


def event_token(kind: SubscriptionKind, number: int) -> str:
    """What we put into ``Event``; ``number`` tells our catalogue subscriptions apart."""
    return f"Catalog;id={number}" if kind is SubscriptionKind.CATALOG else "presence"


def kind_of(event: str, cmd_type: str) -> SubscriptionKind | None:
    """What a SUBSCRIBE asks for, by its Event and the CmdType of its body; None is answered with 489.

    The body decides, because one token stands for several kinds; a token of another world is refused, a
    missing one is borne.
    """
    package = event.partition(";")[0].strip().lower()
    kind = _KINDS.get(cmd_type.strip().lower())
    known = not package or package in _PACKAGES or package in _KINDS
    return kind if known else None


@dataclass(frozen=True, slots=True)
class SubscriptionState:
    """``active``, ``pending`` or ``terminated``; times in seconds, None when not said."""

    state: str
    expires: int | None = None
    reason: str = ""
    retry_after: int | None = None

    @property
    def terminated(self) -> bool:
        """Whether the notifier has ended it."""
        return self.state == "terminated"

    def __str__(self) -> str:
        parts = [self.state]
        if self.expires is not None:
            parts.append(f"expires={self.expires}")
        if self.reason:
            parts.append(f"reason={self.reason}")
        if self.retry_after is not None:
            parts.append(f"retry-after={self.retry_after}")
        return ";".join(parts)

    @classmethod
    def parse(cls, value: str | None) -> SubscriptionState:
        """Read leniently: a missing or unknown word counts as active; the expiry decides anyway."""
        word, *rest = (value or "").split(";")[:8]
        values = {}
        for each in rest:
            name, _, text = each.partition("=")
            values[name.strip().lower()] = text.strip()
        state = word.strip().lower()
        return cls(
            state if state in {"active", "pending", "terminated"} else "active",
            _seconds(values.get("expires", "")),
            values.get("reason", "").lower()[:32],
            _seconds(values.get("retry-after", "")),
        )


def _seconds(text: str) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        return None
    return min(int(text), MAX_EXPIRES)
