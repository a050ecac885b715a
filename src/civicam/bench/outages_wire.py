"""What of a city's life reaches the platform: heartbeats that stop, traps, answers to questions. Nothing else
does; the inference is given these facts and the register, and no more.

An ONU that is down is asked about at its OLT, which keeps the cause and the time of the last loss.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from civicam.bench.outages_city import City
from civicam.bench.outages_faults import Delay, Truth
from civicam.bench.outages_life import BEAT_S, PATIENCE_S, Down, Life, merge
from civicam.fleet.graph import Medium, NodeId, NodeKind
from civicam.outages.facts import (
    CameBack,
    CollectorGap,
    Evidence,
    EvidenceKind,
    Fact,
    LastHeard,
    WentDark,
    Wish,
    WorkId,
    WorkPlanned,
)


@dataclass(frozen=True, slots=True)
class Noise:
    """What goes wrong on the way."""

    loss: float = 0.01
    """Of heartbeats and of single packets of a question."""
    gasp_lost: float = 0.0
    trap_lost: float = 0.0
    late: float = 0.0
    """Share of last heartbeats that come late, up to ten seconds."""


def when(seconds: float) -> datetime:
    """Seconds since 1970 as a moment."""
    return datetime.fromtimestamp(round(seconds, 3), UTC)


@dataclass(slots=True)
class Wire:
    """Facts by the time of their arrival."""

    city: City
    life: Life
    truth: Truth
    noise: Noise
    rng: random.Random
    queue: list[tuple[float, int, Fact]] = field(default_factory=list)
    told: dict[NodeId, list[tuple[float, float, EvidenceKind]]] = field(default_factory=dict)
    """ONU → (from, until, what its OLT keeps)."""
    seen: dict[NodeId, list[tuple[float, float]]] = field(default_factory=dict)
    """device → the spans in which the platform could know it as dark: what is scored."""
    count: int = 0

    # -- to the platform

    def put(self, at: float, fact: Fact) -> None:
        """A fact arrives, unless nobody listens."""
        if any(blind.begin <= at < blind.end for blind in self.truth.blind):
            return
        self.count += 1
        heapq.heappush(self.queue, (at, self.count, fact))

    def until(self, now: float) -> list[Fact]:
        """What has arrived by ``now``."""
        found = []
        while self.queue and self.queue[0][0] <= now:
            found.append(heapq.heappop(self.queue)[2])
        return found

    def ask(self, wishes: Iterable[Wish], now: float) -> None:
        """Questions; the answers come within three seconds."""
        for wish in wishes:
            node = wish.node
            at = now + self.rng.uniform(0.2, 3.0)
            kind = self.city.real.nodes[node].kind
            works = self._reaches(node, at)
            answered = works and self.rng.random() > (2 * self.noise.loss) ** 3
            source = "icmp"
            if kind is NodeKind.DEVICE:
                heard = self._heard(node, now)
                if heard is not None:
                    self.put(at, LastHeard(node, when(heard), when(now), BEAT_S))
                source = "sip"
            self.put(
                at,
                Evidence(
                    node, EvidenceKind.ANSWERED if answered else EvidenceKind.SILENT, when(at), 0.0, source
                ),
            )
            if kind is NodeKind.UPS and answered:
                self._ask_ups(node, at)
            if kind is NodeKind.ONU and not works:
                self._ask_olt(node, at)

    def _reaches(self, node: NodeId, at: float) -> bool:
        if self.city.real.nodes[node].kind is NodeKind.UPS:
            onu = NodeId(node.replace("-ups", "-onu"))
            return self.life.works(node, at) and self.life.works(onu, at)
        return self.life.works(node, at)

    def _ask_ups(self, ups: NodeId, at: float) -> None:
        """It knows whether it has mains, and for how long it has not."""
        above = self.city.real.ancestors(ups)
        cuts = [
            each.begin for each in self.truth.faults if each.place in above and each.begin <= at < each.end
        ]
        kind = EvidenceKind.ON_BATTERY if cuts else EvidenceKind.MAINS_BACK
        self.put(at, Evidence(ups, kind, when(min(cuts, default=at)), 0.0, ups))

    def _ask_olt(self, onu: NodeId, at: float) -> None:
        olt = self._olt(onu)
        if olt is None or not self.life.works(olt, at):
            return
        for begin, until, kind in self.told.get(onu, []):
            if begin <= at < until:
                self.put(at, Evidence(onu, kind, when(begin), 0.0, olt))

    def _olt(self, onu: NodeId) -> NodeId | None:
        above = self.city.real.ancestors(onu)
        return min((node for node in above if self.city.real.nodes[node].kind is NodeKind.OLT), default=None)

    def _heard(self, device: NodeId, now: float) -> float | None:
        """The last heartbeat that reached us by ``now``."""
        beat = self._beat(device, now)
        for _ in range(400):
            blind = any(each.begin <= beat < each.end for each in self.truth.blind)
            if not blind and self.life.works(device, beat) and self.rng.random() >= self.noise.loss:
                return beat
            beat -= BEAT_S
        return None

    def _beat(self, device: NodeId, at: float) -> float:
        phase = self.city.devices[device]
        return phase + ((at - phase) // BEAT_S) * BEAT_S


def run_wire(city: City, life: Life, truth: Truth, noise: Noise, seed: int) -> Wire:
    """Everything the platform will be told by itself; questions are answered while it runs."""
    wire = Wire(city, life, truth, noise, random.Random(f"wire/{seed}"))
    for node in sorted(life.downs):
        kind = city.real.nodes[node].kind
        if kind is NodeKind.DEVICE:
            _device(wire, node)
        elif kind is NodeKind.ONU:
            _onu(wire, node)
        elif kind is NodeKind.UPS:
            continue
        if kind in {NodeKind.DEVICE, NodeKind.SWITCH}:
            _port(wire, node)
    _batteries(wire)
    for delay in truth.delays:
        _late(wire, delay)
    _lost_by_chance(wire)
    for number, (begin, end) in enumerate(merge((each.begin, each.end) for each in truth.blind)):
        wire.put(end, CollectorGap(f"gap{number}", when(begin), when(end), "stopped"))
    for plan in truth.plans:
        wire.put(
            plan.said_at,
            WorkPlanned(
                WorkId(plan.work_id),
                plan.place,
                when(plan.begin),
                when(plan.end),
                "work",
                "desk",
                when(plan.said_at),
            ),
        )
    return wire


def _device(wire: Wire, device: NodeId) -> None:
    """Heartbeats stop, and come back."""
    blinds = wire.truth.blind
    spans = wire.seen.setdefault(device, [])
    for begin, end in wire.life.merged[device]:
        heard = wire._heard(device, begin) or begin - BEAT_S
        received = heard + (wire.rng.uniform(0, 10) if wire.rng.random() < wire.noise.late else 0.0)
        lost = received + PATIENCE_S
        for blind in blinds:
            if blind.begin < lost and received < blind.end:
                lost = max(lost, blind.end + PATIENCE_S)
        powerless = any(each.powerless and each.end == end for each in wire.life.downs[device])
        back = end + wire.rng.uniform(0, 20) if powerless else wire._beat(device, end) + BEAT_S
        for blind in blinds:
            if blind.begin <= back < blind.end:
                back = wire._beat(device, blind.end) + BEAT_S
        if back > lost:
            wire.put(lost, WentDark(device, when(lost), when(received), BEAT_S, "fleet.heartbeat-lost"))
            wire.put(back + 0.05, CameBack(device, when(back)))
            spans.append((begin, back))


def _onu(wire: Wire, onu: NodeId) -> None:
    """Its last gasp if it lost its supply, and what the OLT sees."""
    olt = wire._olt(onu)
    for begin, end in wire.life.merged[onu]:
        downs = [each for each in wire.life.downs[onu] if each.begin == begin]
        seen = begin + wire.rng.uniform(0.1, 2.0)
        if olt is None or not wire.life.works(olt, seen):
            continue
        kind = _last_words(wire, onu, downs)
        wire.told.setdefault(onu, []).append((seen, end, kind))
        if wire.rng.random() >= wire.noise.trap_lost:
            wire.put(seen + 0.1, Evidence(onu, kind, when(seen), 0.0, olt))
        if kind is EvidenceKind.LAST_GASP:
            wire.put(seen + 1.0, Evidence(onu, EvidenceKind.SIGNAL_LOST, when(seen + 0.5), 0.0, olt))
        wire.put(end + 0.5, Evidence(onu, EvidenceKind.SIGNAL_BACK, when(end), 0.0, olt))


def _last_words(wire: Wire, onu: NodeId, downs: list[Down]) -> EvidenceKind:
    """Light is gone, unless the ONU could say why, or broke itself."""
    if any(each.powerless for each in downs) and wire.rng.random() >= wire.noise.gasp_lost:
        return EvidenceKind.LAST_GASP
    if any(each.fault.place == onu for each in downs) and wire.rng.random() >= wire.noise.gasp_lost:
        return EvidenceKind.FRAME_LOST
    return EvidenceKind.SIGNAL_LOST


def _port(wire: Wire, node: NodeId) -> None:
    """The switch or ONU above sees the link go, if it works itself."""
    for upper in wire.city.real.uppers(node, Medium.FIBRE):
        for begin, end in wire.life.merged[node]:
            seen = begin + wire.rng.uniform(0.5, 3.0)
            if wire.life.works(upper, seen) and wire.life.works(upper, begin) and wire.rng.random() < 0.9:
                wire.put(seen, Evidence(node, EvidenceKind.PORT_DOWN, when(seen), 0.0, upper))
                wire.put(end + 1.0, Evidence(node, EvidenceKind.PORT_UP, when(end), 0.0, upper))


def _batteries(wire: Wire) -> None:
    """A UPS says that it lost the mains, as long as anybody can hear it."""
    for ups in wire.city.by_kind.get(NodeKind.UPS, []):
        above = wire.city.real.ancestors(ups)
        for fault in wire.truth.faults:
            if fault.place in above:
                seen = fault.begin + wire.rng.uniform(0.5, 5.0)
                if wire._reaches(ups, seen):
                    wire.put(seen, Evidence(ups, EvidenceKind.ON_BATTERY, when(seen), 0.0, ups))
                wire.put(fault.end + 2.0, Evidence(ups, EvidenceKind.MAINS_BACK, when(fault.end), 0.0, ups))


def _late(wire: Wire, delay: Delay) -> None:
    """Heartbeats come so late that devices count as lost, though they work."""
    for device in sorted(wire.city.real.dark_if((delay.place,)) & wire.city.devices.keys()):
        first = wire._beat(device, delay.begin)
        near = [
            span for span in wire.life.merged.get(device, []) if span[0] < delay.end and span[1] > first - 300
        ]
        if BEAT_S + delay.late_s <= PATIENCE_S or near:
            continue
        lost, back = first + PATIENCE_S, first + BEAT_S + delay.late_s
        wire.put(lost, WentDark(device, when(lost), when(first), BEAT_S, "fleet.heartbeat-lost"))
        wire.put(back, CameBack(device, when(back)))


def _lost_by_chance(wire: Wire) -> None:
    """Three heartbeats in a row may be lost on a line that loses one in a hundred: drawn by their number."""
    length = wire.truth.end - wire.truth.begin
    devices = sorted(wire.city.devices)
    expected = len(devices) * length / BEAT_S * wire.noise.loss**3
    for _ in range(_poisson(wire.rng, expected)):
        device = wire.rng.choice(devices)
        heard = wire._beat(device, wire.truth.begin + wire.rng.uniform(0, length))
        near = [s for s in wire.life.merged.get(device, []) if s[0] < heard + 400 and s[1] > heard - 400]
        if near:
            continue
        lost, back = heard + PATIENCE_S, heard + 4 * BEAT_S
        wire.put(lost, WentDark(device, when(lost), when(heard), BEAT_S, "fleet.heartbeat-lost"))
        wire.put(back, CameBack(device, when(back)))


def _poisson(rng: random.Random, mean: float) -> int:
    count, total = 0, rng.expovariate(1.0)
    while total < mean:
        count += 1
        total += rng.expovariate(1.0)
    return count
