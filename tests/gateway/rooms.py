"""The rooms and the engine as the gateway sees them, in memory."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.gateway.wire import REALM, later

from civicam.alarms.facts import AlarmId, AlarmSeen, ResetState, Taken
from civicam.alarms.model import alarm_id_for, fit_to_keep
from civicam.fleet.facts import (
    CatalogueApplied,
    CatalogueItem,
    ChangesApplied,
    ChannelChange,
    ChannelId,
    ChannelRoute,
    DeviceCredentials,
    DeviceId,
    DeviceInfo,
    DeviceRecord,
    DeviceRegistered,
    DeviceUnregistered,
    Heartbeat,
    Presence,
    PresenceChanged,
)
from civicam.fleet.model import CatalogueChange, Channel, take_catalogue, take_changes
from civicam.fleet.pulse import Pulse
from civicam.kernel.errors import Operational, Refused
from civicam.media.core.unit import Codec
from civicam.media.engine import (
    Door,
    EngineEvent,
    Idle,
    Port,
    Probe,
    PullSpec,
    ReceiveSpec,
    RecordingEnded,
    RecordingStats,
    SendSpec,
    SoundFormat,
    SpeechStats,
    StreamEnded,
    StreamStalled,
    StreamStarted,
    StreamStats,
    WireFormat,
)
from civicam.signalling.sip import digest


class MemoryFleet:
    """Keeps what it is told; ``broken`` makes the store fail."""

    def __init__(self) -> None:
        self.records: dict[DeviceId, DeviceRecord] = {}
        self.secrets: dict[str, DeviceCredentials] = {}
        self.routes: dict[ChannelId, ChannelRoute] = {}
        self.facts: list[object] = []
        self.catalogues: list[tuple[DeviceId, list[CatalogueItem], bool]] = []
        self.infos: dict[DeviceId, DeviceInfo] = {}
        self.pulses: dict[DeviceId, Pulse] = {}
        self.channels: dict[DeviceId, dict[str, Channel]] = {}
        self.gone: set[DeviceId] = set()
        self.broken = False
        self.remembered: dict[str, DeviceCredentials] = {}
        """What memory says where the store says something newer."""

    def enter(self, gb_id: str, password: str, *, heartbeat_s: int = 60, misses: int = 3) -> DeviceId:
        device_id = DeviceId(f"d-{gb_id}")
        self.records[device_id] = DeviceRecord(
            device_id, gb_id, "gb28181", "camera", gb_id, True, heartbeat_s, misses, Presence.UNKNOWN
        )
        self.secrets[gb_id] = DeviceCredentials(
            device_id, gb_id, digest.ha1(gb_id, REALM, password), True, REALM
        )
        return device_id

    def enter_rtsp(self, name: str, url: str) -> ChannelId:
        device_id = DeviceId(f"d-{name}")
        self.records[device_id] = DeviceRecord(
            device_id, "", "rtsp", "encoder", name, True, 60, 3, Presence.UNKNOWN, rtsp_url=url, username="u"
        )
        channel = ChannelId(f"c-{name}")
        self.routes[channel] = ChannelRoute(channel, device_id, "rtsp", "", "", rtsp_url=url, username="u")
        return channel

    def channel(self, device_gb_id: str, channel_gb_id: str) -> ChannelId:
        channel = ChannelId(f"c-{channel_gb_id}")
        device_id = DeviceId(f"d-{device_gb_id}")
        self.routes[channel] = ChannelRoute(channel, device_id, "gb28181", device_gb_id, channel_gb_id)
        return channel

    def transitions(self, device_id: DeviceId) -> list[tuple[Presence, str]]:
        return [
            (fact.after, fact.reason_code)
            for fact in self.facts
            if isinstance(fact, PresenceChanged) and fact.device_id == device_id
        ]

    def of(self, kind: type) -> list[Any]:
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def _check(self) -> None:
        if self.broken:
            raise Operational("db.busy")

    async def credentials(self, gb_id: str) -> DeviceCredentials | None:
        self._check()
        return self.secrets.get(gb_id)

    async def devices(self) -> Sequence[DeviceRecord]:
        return list(self.records.values())

    def known(self, gb_id: str) -> DeviceCredentials | None:
        return self.remembered.get(gb_id) or self.secrets.get(gb_id)

    def register(
        self, fact: DeviceRegistered, proof: str, settled: Callable[[Exception | None], None]
    ) -> None:
        self._check()
        found = [each for each in self.secrets.values() if each.device_id == fact.device_id]
        if not found or found[0].ha1_md5 != proof or not found[0].enabled:
            settled(Refused("fleet.unknown-device"))
            return
        self._keep(fact)
        settled(None)

    async def registered(self, fact: DeviceRegistered) -> None:
        self._check()
        self._keep(fact)

    def _keep(self, fact: DeviceRegistered) -> None:
        self.facts.append(fact)
        self.pulse(fact.device_id).source = fact.source
        self.records[fact.device_id] = replace(
            self.records[fact.device_id],
            source=fact.source,
            transport=fact.transport,
            registered_at=fact.at,
            expires_s=fact.expires_s,
        )

    async def unregistered(self, fact: DeviceUnregistered) -> None:
        self._check()
        self.facts.append(fact)

    def heard(self, fact: Heartbeat) -> None:
        self.facts.append(fact)
        self.records[fact.device_id] = replace(self.records[fact.device_id], source=fact.source)
        self.pulse(fact.device_id).source = "" if fact.faulty else fact.source

    def pulse(self, device_id: DeviceId) -> Pulse:
        return self.pulses.setdefault(device_id, Pulse())

    async def presence(self, fact: PresenceChanged) -> None:
        self._check()
        self.facts.append(fact)
        self.records[fact.device_id] = replace(self.records[fact.device_id], last_presence=fact.after)

    async def catalogue(
        self, device_id: DeviceId, items: Sequence[CatalogueItem], complete: bool, at: datetime
    ) -> CatalogueApplied:
        self._check()
        self.catalogues.append((device_id, list(items), complete))
        known = self.channels.setdefault(device_id, {})
        self._save(known, take_catalogue(device_id, known.values(), items, complete))
        return CatalogueApplied(device_id, len(items), 0, 0, complete)

    async def catalogue_changes(
        self, device_id: DeviceId, changes: Sequence[ChannelChange], at: datetime
    ) -> ChangesApplied:
        self._check()
        if device_id in self.gone:
            raise Refused("fleet.unknown-device", device_id=device_id)
        known = self.channels.setdefault(device_id, {})
        change, unknown = take_changes(device_id, known.values(), changes)
        self._save(known, change)
        counts = (len(change.added), len(change.updated), len(change.missing))
        return ChangesApplied(CatalogueApplied(device_id, *counts, complete=False), unknown)

    @staticmethod
    def _save(known: dict[str, Channel], change: CatalogueChange) -> None:
        for each in (*change.added, *change.updated, *change.missing):
            known[each.item.gb_id] = each

    async def device_info(self, device_id: DeviceId, info: DeviceInfo) -> None:
        self._check()
        self.infos[device_id] = info

    async def route(self, channel_id: ChannelId) -> ChannelRoute:
        found = self.routes.get(channel_id)
        if found is None:
            raise Refused("fleet.unknown-channel", channel_id=channel_id)
        return found


class MemoryAlarms:
    """Keeps each alarm once; ``broken`` makes the store fail."""

    def __init__(self) -> None:
        self.kept: dict[AlarmId, AlarmSeen] = {}
        self.copies = 0
        self.resets: list[tuple[AlarmId, str, str]] = []
        self.broken = False

    async def take(self, seen: AlarmSeen) -> Taken:
        if self.broken:
            raise Operational("db.full")
        alarm_id = alarm_id_for(seen)
        new = alarm_id not in self.kept
        self.copies += not new
        self.kept.setdefault(alarm_id, fit_to_keep(seen))
        return Taken(alarm_id, new)

    async def reset(self, alarm_id: AlarmId, state: ResetState, by: str) -> None:
        self.resets.append((alarm_id, state, by))

    @property
    def all(self) -> list[AlarmSeen]:
        return list(self.kept.values())


class MemoryEngine:
    """Opens ports that exist only here; `picture` is the first decodable frame."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[EngineEvent] = asyncio.Queue()
        self.open: dict[str, ReceiveSpec | PullSpec | SendSpec] = {}
        self.pinned: dict[str, tuple[int | None, str | None]] = {}
        self.encodings: dict[str, str] = {}
        self.connected: dict[str, tuple[str, int]] = {}
        self.controls: list[tuple[str, str, float]] = []
        self.recorded: dict[str, Path] = {}
        self.closed: list[str] = []
        self.avoided: set[int] = set()
        self.viewers: Counter[str] = Counter()
        self.packets: Counter[str] = Counter()
        self.full = False
        self.slow_s = 0.0
        self.send_slow_s = 0.0
        self._ports = itertools.count(30000, 2)

    async def open_receiver(self, spec: ReceiveSpec) -> Port:
        if self.slow_s:
            await later(self.slow_s)
        if self.full:
            raise Operational("media.no-ports")
        self.open[spec.stream_id] = spec
        return Port(spec.stream_id, "0.0.0.0", next(self._ports))

    async def pin(
        self, stream_id: str, *, ssrc: int | None, source_host: str | None, encoding: str = "PS"
    ) -> None:
        self.pinned[stream_id] = (ssrc, source_host)
        self.encodings[stream_id] = encoding

    async def connect(self, stream_id: str, host: str, port: int) -> None:
        self.connected[stream_id] = (host, port)

    async def pause(self, stream_id: str, paused: bool) -> None:
        self.controls.append((stream_id, "pause", float(paused)))

    async def scale(self, stream_id: str, scale: float) -> None:
        self.controls.append((stream_id, "scale", scale))

    async def seek(self, stream_id: str) -> None:
        self.controls.append((stream_id, "seek", 0.0))

    async def record(self, stream_id: str, path: Path) -> None:
        self.recorded[stream_id] = path

    async def stop_record(self, stream_id: str) -> None:
        path = self.recorded.pop(stream_id, None)
        if path is not None:
            self.events.put_nowait(
                RecordingEnded(stream_id, str(path), "media.recorded", 1, "00" * 32, 1.0, False)
            )

    async def recordings(self) -> list[RecordingStats]:
        return [RecordingStats(each, str(path), 1, 1.0, False) for each, path in self.recorded.items()]

    async def open_sender(self, spec: SendSpec) -> Port:
        if self.send_slow_s:
            await later(self.send_slow_s)
        if self.full:
            raise Operational("media.no-ports")
        self.open[spec.stream_id] = spec
        return Port(spec.stream_id, "0.0.0.0", next(self._ports))

    async def admit_speaker(
        self, stream_id: str, ticket: str, fmt: SoundFormat, client: str, ttl: float
    ) -> Door:
        return Door(8081, "/media")

    async def speeches(self) -> list[SpeechStats]:
        return [
            SpeechStats(each, "", 0, 0, 0, 0, False)
            for each, spec in self.open.items()
            if isinstance(spec, SendSpec)
        ]

    async def pull(self, spec: PullSpec) -> None:
        self.open[spec.stream_id] = spec

    async def close(self, stream_id: str) -> None:
        self.closed.append(stream_id)
        self.open.pop(stream_id, None)

    async def avoid(self, ports: Sequence[int]) -> None:
        self.avoided.update(ports)

    async def allow(self, ports: Sequence[int]) -> None:
        self.avoided.difference_update(ports)

    async def admit(self, stream_id: str, ticket: str, fmt: WireFormat, client: str, ttl: float) -> Door:
        return Door(8081, "/media")

    async def revoke(self, ticket: str) -> None:
        return None

    async def snapshot(self, stream_id: str) -> bytes:
        return b""

    async def stats(self) -> list[StreamStats]:
        return [
            StreamStats(
                *(each, Codec.H264, 1920, 1080, 4000.0, 25.0, self.packets[each], 0, 0.0, 1.0, 25, None),
                *(self.viewers[each], 0, ""),
            )
            for each, spec in self.open.items()
            if not isinstance(spec, SendSpec)
        ]

    async def next_event(self) -> EngineEvent:
        return await self.events.get()

    async def aclose(self) -> None:
        return None

    def picture(self, stream_id: str) -> None:
        self.events.put_nowait(StreamStarted(stream_id, Codec.H264, "avc1.640028", 1920, 1080))

    def idle(self, stream_id: str) -> None:
        self.events.put_nowait(Idle(stream_id))

    def stall(self, stream_id: str) -> None:
        self.events.put_nowait(StreamStalled(stream_id, "media.no-packets", 5.0))

    def lost(self, stream_id: str, code: str = "media.stream-timeout") -> None:
        self.events.put_nowait(StreamEnded(stream_id, code))


class MemoryProber:
    """Sources answer what the test says; an unknown one is not there."""

    def __init__(self) -> None:
        self.answers: dict[str, Probe] = {}
        self.asked: Counter[str] = Counter()
        self.at_once = 0
        self.most_at_once = 0

    async def probe(self, url: str, username: str | None, password: str | None, timeout_s: float) -> Probe:
        self.asked[url] += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await later(0.05)
        self.at_once -= 1
        return self.answers.get(url, Probe(False, "media.rtsp-unreachable"))
