"""What is wrong in the city at this moment: set by the control socket, read by devices and streams."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta

from civicam.kernel.errors import Refused
from civicam.simulator.description import City
from civicam.simulator.manners import HABITS, Manners, switch

KINDS: tuple[str, ...] = ("power", "fibre", "device", "channel-off", "loss", "delay", "frozen", "black",
                          "clock", "stop-mid-frame", "garbage", "no-bye-answer", "wrong-ssrc",
                          *HABITS)  # fmt: skip
_LIMITS: Mapping[str, tuple[float, float]] = {"loss": (0.0, 1.0), "delay": (0.0, 10.0), "clock": (-1e9, 1e9),
                                              "catalogue-sum-big": (0.0, 1e5),
                                              "records-announced-more": (0.0, 1e5)}  # fmt: skip


@dataclass(slots=True)
class Condition:
    """How one device is. ``powered`` and ``linked`` say whether it runs and whether it is connected.

    ``loss`` is a share of media packets, ``delay`` seconds on everything it sends, ``clock`` seconds its
    clock is ahead by a fault, ``drift`` by itself (the platform's time sets it). The studio and the
    transmitters look at it with every picture.
    """

    drift: float = 0.0
    powered: bool = True
    linked: bool = True
    loss: float = 0.0
    delay: float = 0.0
    clock: float = 0.0
    frozen: bool = False
    black: bool = False
    stop_mid_frame: bool = False
    garbage: bool = False
    no_bye_answer: bool = False
    wrong_ssrc: bool = False
    channels_off: frozenset[str] = frozenset()
    manners: Manners = field(default_factory=Manners)

    def clock_time(self) -> datetime:
        """What the device's own clock shows: the time it was told, and what is wrong with it."""
        return datetime.now(UTC) + timedelta(seconds=self.drift + self.clock)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: its kind, what it hits (feed, fibre, site, device or channel id), and how much."""

    id: int
    kind: str
    target: str
    value: float = 0.0


@dataclass(slots=True)
class Faults:
    """All faults of a city, and the condition of each device that follows from them."""

    city: City
    conditions: dict[str, Condition] = field(init=False)
    active: dict[int, Fault] = field(default_factory=dict)
    _next: int = 1

    def __post_init__(self) -> None:
        self.conditions = {device.gb_id: Condition() for device in self.city.devices}

    def add(self, kind: str, target: str, value: float = 0.0) -> tuple[Fault, set[str]]:
        """Set a fault; gives it and the devices it hits.

        Raises:
            Refused: ``simulator.unknown-fault``, ``simulator.unknown-target``, ``simulator.bad-value``.
        """
        if kind not in KINDS:
            raise Refused("simulator.unknown-fault", kind=kind, known=", ".join(KINDS))
        low, high = _LIMITS.get(kind, (0.0, 0.0))
        if kind in _LIMITS and not low <= value <= high:
            raise Refused("simulator.bad-value", kind=kind, value=value, low=low, high=high)
        hit = self.devices_of(kind, target)
        fault = Fault(self._next, kind, target, value)
        self._next += 1
        self.active[fault.id] = fault
        self._recompute(hit)
        return fault, hit

    def clear(self, number: int | None = None) -> set[str]:
        """Take back one fault, or all; gives the devices that were hit.

        Raises:
            Refused: ``simulator.no-such-fault``.
        """
        if number is None:
            gone = list(self.active.values())
        elif number in self.active:
            gone = [self.active[number]]
        else:
            raise Refused("simulator.no-such-fault", number=number)
        hit: set[str] = set()
        for fault in gone:
            del self.active[fault.id]
            hit |= self.devices_of(fault.kind, fault.target)
        self._recompute(hit)
        return hit

    def devices_of(self, kind: str, target: str) -> set[str]:
        """The devices behind a target; a power feed is looked for among feeds, a fibre among fibres."""
        groups = {"power": self.city.feeds, "fibre": self.city.fibres}.get(kind, ())
        sites: Iterable[str] = next((group.sites for group in groups if group.id == target), (target,))
        wanted = set(sites)
        hit = {
            device.gb_id for device in self.city.devices if device.site in wanted or device.gb_id == target
        }
        hit |= {channel.device for channel in self.city.channels if channel.gb_id == target}
        if target == "all":
            hit = set(self.conditions)
        if not hit:
            raise Refused("simulator.unknown-target", target=target, kind=kind)
        return hit

    def _channels_of(self, device: str, target: str) -> frozenset[str]:
        """The channels of a device a target means: the one it names, else all."""
        mine = frozenset(channel.gb_id for channel in self.city.by_device.get(device, ()))
        return mine & {target} or mine

    def _recompute(self, hit: set[str]) -> None:
        """Conditions of ``hit`` from scratch, in place: streams hold on to them."""
        fresh = {device: Condition() for device in hit}
        for fault in self.active.values():
            for device in self.devices_of(fault.kind, fault.target) & hit:
                _apply(fresh[device], fault)
                if fault.kind == "channel-off":
                    fresh[device].channels_off |= self._channels_of(device, fault.target)
        for device, condition in fresh.items():
            for each in fields(Condition):
                if each.name != "drift":
                    setattr(self.conditions[device], each.name, getattr(condition, each.name))


def _apply(condition: Condition, fault: Fault) -> None:
    match fault.kind:
        case "power" | "device":
            condition.powered = False
        case "fibre":
            condition.linked = False
        case "loss":
            condition.loss = max(condition.loss, fault.value)
        case "delay":
            condition.delay += fault.value
        case "clock":
            condition.clock += fault.value
        case "channel-off":
            pass  # which channels are meant, the city knows
        case kind if kind in HABITS:
            switch(condition.manners, kind, fault.value)
        case _:
            setattr(condition, fault.kind.replace("-", "_"), True)
