"""What is known of every node: dark, lit, silent, told about. Symptoms go in, a scene comes out. Pure.

Symptoms of one window are entered in the order of their own times, whatever the order they arrived in.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from civicam.fleet.graph import NodeId
from civicam.outages.facts import (
    CameBack,
    ChannelCameBack,
    ChannelWentDark,
    Evidence,
    EvidenceKind,
    LastHeard,
    Symptom,
    WentDark,
)
from civicam.outages.plant import Plant
from civicam.outages.rules import Rules
from civicam.outages.scene import Dark, Hush, Proof

SIGNALLING = frozenset({"sip", "heartbeat", "registration"})
"""Sources of an answer that prove a device's signalling, not only that it can be reached."""

_BACK = {
    EvidenceKind.SIGNAL_BACK: (EvidenceKind.SIGNAL_LOST, EvidenceKind.FRAME_LOST, EvidenceKind.LAST_GASP),
    EvidenceKind.MAINS_BACK: (EvidenceKind.MAINS_FAIL, EvidenceKind.ON_BATTERY),
    EvidenceKind.PORT_UP: (EvidenceKind.PORT_DOWN,),
}
_PATH = (EvidenceKind.LAST_GASP, EvidenceKind.SIGNAL_LOST, EvidenceKind.FRAME_LOST, EvidenceKind.PORT_DOWN)
_DAY_S = 86_400.0


@dataclass(slots=True)
class Episode:
    """A device (or one ``channel`` of it) dark once: heard at ``lo``, due by ``hi``. ``began`` is when its
    row says it began; ``ended`` None while it lasts."""

    device: NodeId
    lo: float
    hi: float
    beat_s: float
    at: float
    channel: str = ""
    storage: bool = False
    began: float = 0.0
    ended: float | None = None
    row: str = ""
    left: bool = False
    """It was dark before ``lo`` already, with a cause that has ended since."""
    answered: bool = False
    """It answered when it was asked: late or lost heartbeats, and no outage."""
    silent: bool = False
    """It was asked, and did not answer."""

    def item(self) -> Dark:
        """As the inference reads it."""
        return Dark(self.device, -math.inf if self.left else self.lo, self.hi, self.beat_s)


@dataclass(slots=True)
class News:
    """What a window brought: new episodes, ended ones, nodes told of, nodes that showed signs of life."""

    fresh: list[Episode] = field(default_factory=list)
    ended: list[Episode] = field(default_factory=list)
    told: set[tuple[NodeId, EvidenceKind]] = field(default_factory=set)
    lit: set[NodeId] = field(default_factory=set)
    revived: dict[NodeId, float] = field(default_factory=dict)
    """Nodes that were known not to work, and since when they do again."""


@dataclass(slots=True)
class Book:
    """The state that outlives windows."""

    dark: dict[NodeId, Episode] = field(default_factory=dict)
    channels: dict[str, Episode] = field(default_factory=dict)
    lit: dict[NodeId, float] = field(default_factory=dict)
    hush: dict[NodeId, Hush] = field(default_factory=dict)
    proofs: dict[NodeId, dict[EvidenceKind, tuple[float, float]]] = field(default_factory=dict)


def seconds_of(symptom: Symptom) -> float:
    """When it was, seconds since 1970."""
    moment = symptom.heard_at if isinstance(symptom, LastHeard) else symptom.at
    return moment.timestamp()


def _turn(symptom: Symptom) -> tuple[float, str, str, str, str]:
    """Facts of one instant in a fixed order, too."""
    kind, node, more = type(symptom).__name__, "", ""
    if isinstance(symptom, Evidence):
        return seconds_of(symptom), kind, symptom.node, symptom.kind, f"{symptom.source}/{symptom.within_s}"
    if isinstance(symptom, ChannelWentDark | ChannelCameBack):
        more = f"{symptom.channel}/{getattr(symptom, 'legs', '')}"
    elif isinstance(symptom, WentDark):
        more = f"{symptom.heard_at}/{symptom.interval_s}"
    elif isinstance(symptom, LastHeard):
        more = f"{symptom.told_at}/{symptom.interval_s}"
    return seconds_of(symptom), kind, node or symptom.device, more, ""


class Clerk:
    """Enters symptoms into a book."""

    def __init__(self, book: Book, plant: Plant, rules: Rules) -> None:
        self._book = book
        self._plant = plant
        self._rules = rules
        self.news = News()

    def enter(self, symptoms: Iterable[Symptom]) -> News:
        """All symptoms of a window."""
        for symptom in sorted(symptoms, key=_turn):
            match symptom:
                case WentDark():
                    self._went_dark(symptom)
                case CameBack():
                    self._came_back(symptom.device, symptom.at.timestamp())
                case ChannelWentDark():
                    self._channel_dark(symptom)
                case ChannelCameBack():
                    self._end(self._book.channels.pop(symptom.channel, None), symptom.at.timestamp())
                case LastHeard():
                    self._heard(symptom)
                case Evidence():
                    self._evidence(symptom)
        return self.news

    def _went_dark(self, symptom: WentDark) -> None:
        if symptom.device in self._book.dark:
            return
        at, beat = symptom.at.timestamp(), max(symptom.interval_s, 1.0)
        lo = at - 4 * beat if symptom.heard_at is None else symptom.heard_at.timestamp()
        hi = max(at - beat, lo + beat) if symptom.heard_at is None else lo + beat
        episode = Episode(symptom.device, lo, hi, beat, at)
        self._tighten(episode)
        self._book.dark[symptom.device] = episode
        self.news.fresh.append(episode)

    def _tighten(self, episode: Episode) -> None:
        """A dead port says to the second what heartbeats say to the minute."""
        told = self._book.proofs.get(episode.device, {}).get(EvidenceKind.PORT_DOWN)
        if told is not None and episode.lo - self._rules.trap_s < told[1] < episode.at:
            episode.lo, episode.hi, episode.beat_s = max(told[0], episode.lo - 1.0), told[1], 0.0

    def _came_back(self, device: NodeId, at: float) -> None:
        self._lit(device, at)
        for node in self._plant.above(device):
            self._take_back(node, _PATH, at)
            if node in self._book.hush and self._book.hush[node].hi < at:
                del self._book.hush[node]
        self._end(self._book.dark.pop(device, None), at)

    def _end(self, episode: Episode | None, at: float) -> None:
        if episode is not None:
            episode.ended = max(at, episode.lo)
            self.news.ended.append(episode)

    def _channel_dark(self, symptom: ChannelWentDark) -> None:
        if symptom.channel in self._book.channels:
            return
        at = symptom.at.timestamp()
        storage = bool(symptom.legs) and set(symptom.legs) <= {"recording"}
        episode = Episode(symptom.device, at, at, 0.0, at, symptom.channel, storage)
        self._book.channels[symptom.channel] = episode
        self.news.fresh.append(episode)

    def _heard(self, symptom: LastHeard) -> None:
        heard, told = symptom.heard_at.timestamp(), symptom.told_at.timestamp()
        mine = self._book.dark.get(symptom.device)
        if mine is not None:
            if heard > mine.at:
                mine.answered = True
                self._came_back(symptom.device, heard)
            return
        self._lit(symptom.device, heard)
        beat = max(symptom.interval_s, 1.0)
        missed = int((told - heard - self._rules.slack_s) // beat)
        if missed > 0:
            weight = self._rules.missed * missed
            self._book.hush[symptom.device] = Hush(
                symptom.device, heard - self._rules.slack_s, heard + beat + self._rules.slack_s, weight
            )
        else:
            self._book.hush.pop(symptom.device, None)

    def _evidence(self, symptom: Evidence) -> None:
        at, node = symptom.at.timestamp(), symptom.node
        if symptom.source in self._plant:
            self._lit(NodeId(symptom.source), at)
        if symptom.kind is EvidenceKind.ANSWERED:
            self._answered(node, at, symptom.source)
        elif symptom.kind is EvidenceKind.SILENT:
            self._silent(node, at)
        elif symptom.kind in _BACK:
            self._lit(node, at)
            if self._take_back(node, _BACK[symptom.kind], at):
                self.news.revived.setdefault(node, at)
        else:
            early = at - symptom.within_s - self._rules.trap_s
            known = self._book.proofs.setdefault(node, {})
            if symptom.kind not in known or abs(known[symptom.kind][1] - at - 1.0) > self._rules.trap_s:
                self.news.told.add((node, symptom.kind))
            known[symptom.kind] = (early, at + 1.0)

    def _silent(self, node: NodeId, at: float) -> None:
        """No answer. Of a node that the graph gives no way for data, that says nothing."""
        mine = self._book.dark.get(node)
        if mine is not None:
            mine.silent = True
            return
        if self._book.lit.get(node, -math.inf) >= at or not self._plant.has_way(node):
            return
        known = self._book.hush.get(node)
        if known is None:
            self._book.hush[node] = Hush(node, -math.inf, at, self._rules.silent)
        elif known.lo > -math.inf:
            weight = max(known.weight, self._rules.silent)
            self._book.hush[node] = Hush(node, known.lo, max(known.hi, at), weight)

    def _answered(self, node: NodeId, at: float, source: str) -> None:
        mine = self._book.dark.get(node)
        if mine is not None and source in SIGNALLING and at > mine.lo:
            mine.answered = True
            self._came_back(node, at)
            return
        self._lit(node, at)
        if self._book.hush.pop(node, None) is not None:
            self.news.revived.setdefault(node, at)

    def _lit(self, node: NodeId, at: float) -> None:
        if at > self._book.lit.get(node, -math.inf):
            self._book.lit[node] = at
            self.news.lit.add(node)

    def _take_back(self, node: NodeId, kinds: Iterable[EvidenceKind], at: float) -> bool:
        """Whether there was anything to take back."""
        known = self._book.proofs.get(node)
        if known is None:
            return False
        gone = [kind for kind in kinds if kind in known and known[kind][0] < at]
        for kind in gone:
            del known[kind]
        if not known:
            del self._book.proofs[node]
        return bool(gone)


def forget(book: Book, now: float, rules: Rules) -> None:
    """Drop what is too old to explain anything new; a supply that failed stays until it is back, or a day."""
    since = now - rules.memory_s
    for node in [node for node, at in book.lit.items() if at < since]:
        del book.lit[node]
    for node in [node for node, hush in book.hush.items() if hush.hi < since]:
        del book.hush[node]
    for node, known in list(book.proofs.items()):
        for kind, (_, hi) in list(known.items()):
            lasting = kind in {EvidenceKind.MAINS_FAIL, EvidenceKind.ON_BATTERY}
            if hi < (now - _DAY_S if lasting else since):
                del known[kind]
        if not known:
            del book.proofs[node]


def proofs_of(book: Book, reach: frozenset[NodeId] | None = None) -> dict[NodeId, tuple[Proof, ...]]:
    """The direct evidence (about nodes in ``reach``) as the inference reads it, in a fixed order."""
    return {
        node: tuple(Proof(node, kind, *known[kind]) for kind in sorted(known))
        for node, known in sorted(book.proofs.items())
        if reach is None or node in reach
    }
