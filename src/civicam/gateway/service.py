"""The gateway: translates between the wire and the rooms. Bootstrap makes one, starts it, stops it.

endpoint = SipEndpoint(ids)
ports = GatewayPorts(fleet, alarms, engine, prober, clock, ids, local_address)
gateway = Gateway(settings.gateway, ports, secret)
agent = SipAgent(endpoint, gateway.on_request, on_other=gateway.on_other)
port = await agent.listen(settings.gateway.host, settings.gateway.port)
await gateway.start(agent, port)
…
await gateway.stop()      # BYE to all
await agent.aclose()      # ours to close only after that
"""

from __future__ import annotations

import zlib
from collections import Counter, deque
from collections.abc import Callable
from contextlib import nullcontext

import structlog

from civicam.fleet.facts import ChannelId, ChannelRoute, DeviceId, DeviceRecord, Presence
from civicam.fleet.presence import CONNECTION_LOST, REGISTRATION_EXPIRED, Rules, Transition
from civicam.gateway import refusals
from civicam.gateway.desk import Desk, Stranger, Strangers
from civicam.gateway.faults import FaultLog
from civicam.gateway.keeping import KEPT
from civicam.gateway.leg import Leg
from civicam.gateway.line import Line
from civicam.gateway.live import GbSource
from civicam.gateway.liveness import Liveness
from civicam.gateway.measuring import Measuring
from civicam.gateway.operations import Operations
from civicam.gateway.ports import Agent, GatewayPorts
from civicam.gateway.roster import Roster
from civicam.gateway.rtsp import RtspSource, RtspWatch
from civicam.gateway.running import Media, Running, Seeds
from civicam.gateway.sessions import Key, SessionInfo, Sessions, Source, StreamName
from civicam.gateway.settings import GatewaySettings
from civicam.gateway.sight import key_of
from civicam.gateway.tasks import Tasks
from civicam.kernel.errors import Operational, Refused
from civicam.media.engine import RecordingEnded, ViewerLeft
from civicam.signalling.gb28181.ssrc import SPAN, SsrcPool
from civicam.signalling.sip.events import ConnectionDropped, MessageRejected, RequestReceived, SipEvent
from civicam.signalling.sip.peer import Peer
from civicam.signalling.sip.trace import Trace

_STOP_S = 5.0
_LAST_WORDS_S = 1.5
_EARLY = 4096
"""Requests kept while the devices are read at the start; older ones are left to their senders' retries."""


class Gateway:
    """``secret``: at least 16 random bytes, new in every process (nonces, first SSRC, first SN)."""

    def __init__(self, settings: GatewaySettings, ports: GatewayPorts, secret: bytes) -> None:
        self._settings = settings
        self._ports = ports
        self._secret = secret
        self._log: structlog.stdlib.BoundLogger = structlog.get_logger("civicam.gateway")
        self._counters: Counter[str] = Counter()
        self._faults = FaultLog(self._write_fault)
        self._tasks = Tasks(self._task_failed)
        self._roster = Roster()
        self._strangers = Strangers()
        self._liveness = Liveness(ports.fleet, ports.clock, self._tasks, self._presence_changed)
        self._rtsp = RtspWatch(ports.prober, self._liveness, ports.clock, self._tasks, settings.probe)
        self._sessions = Sessions(self._counters)
        start = zlib.crc32(secret)
        self._ssrcs = SsrcPool(settings.id, start=start % SPAN)
        self._history_ssrcs = SsrcPool(settings.id, history=True, start=start % SPAN)
        self._first_sn = start % 100_000 + 1
        self._running: Running | None = None
        self._measuring: Measuring | None = None
        self._viewer_left: Callable[[str], None] = lambda _viewer: None
        self._early: deque[RequestReceived] = deque(maxlen=_EARLY)
        self.trace = Trace(key_of(self._knows, self._sends_from))
        """Every message of the wire; bootstrap makes it the endpoint's ``on_wire``."""

    # -- life

    async def start(self, agent: Agent, port: int) -> None:
        """Read the devices and begin to serve. Requests that come meanwhile are answered after it.

        Everything is unknown at first, and nothing is called lost before its own patience has passed.
        """
        line = Line(self._settings, self._ports.ids, self._ports.local_address, port)
        desk = Desk(
            settings=self._settings,
            fleet=self._ports.fleet,
            clock=self._ports.clock,
            agent=agent,
            line=line,
            roster=self._roster,
            liveness=self._liveness,
            faults=self._faults,
            tasks=self._tasks,
            unknown=self._strangers,
            counters=self._counters,
            reload=self.devices_changed,
            dialogs=self._ports.dialogs,
            lane=self._ports.lane,
        )
        await self.devices_changed()  # first: a device not read yet would be told 404 and stay away for long
        self._running = Running(
            desk,
            self._ports.alarms,
            Seeds(self._secret, self._first_sn),
            self.trace,
            Media(
                self._ports.engine,
                self._sessions,
                self._ssrcs,
                self._history_ssrcs,
                self._ports.downloads,
                self._ports.snapshots,
                self._ports.door,
            ),
        )
        await self._running.ghosts.start()
        self._running.operations.downloads.start()
        self._running.operations.snapshots.start()
        self._running.operations.checkups.watching(lambda each: self.open_live(each, "sub"), self.release)
        self._tasks.spawn(self._follow_engine(), "engine-events")
        if self._ports.usability is not None:
            maintenance = self._running.operations.maintenance
            self._measuring = Measuring(
                desk, self._ports.engine, self._sessions, maintenance, self._ports.usability
            )
            self._measuring.start()
        while self._early:
            self.on_request(self._early.popleft())

    async def stop(self) -> None:
        """Take nothing new, BYE to all, store what is on its way. The agent must still run."""
        if self._running is not None:
            self._running.stop()
            await self._running.subscriptions.end_all(_LAST_WORDS_S)
            await self._running.ptz.aclose()
            await self._running.operations.downloads.aclose()
            await self._running.operations.snapshots.aclose()
            await self._running.operations.checkups.aclose()
            await self._running.operations.broadcasts.aclose(_STOP_S)
        await self._sessions.end_all(_STOP_S)
        await self._liveness.settle(_STOP_S)
        await self._tasks.finish(KEPT, _LAST_WORDS_S)
        await self._tasks.cancel_all()
        self._running = None

    async def devices_changed(self) -> None:
        """Read the devices again: call after one was entered, changed, disabled or removed."""
        records = {record.device_id: record for record in await self._ports.fleet.devices() if record.enabled}
        for record in records.values():
            self._watch(record)
        for entry in [entry for entry in self._roster if entry.device_id not in records]:
            self._roster.drop(entry.device_id)
            self._unwatch(entry.device_id)
            self.trace.forget(entry.gb_id)
        for device_id in self._rtsp.watched() - records.keys():
            self._rtsp.drop(device_id)
            self._unwatch(device_id)

    def _watch(self, record: DeviceRecord) -> None:
        gb = record.protocol == "gb28181"
        rules = Rules(
            interval_s=record.heartbeat_s if gb else self._settings.probe.every_s,
            misses=record.misses if gb else self._settings.probe.misses,
            heartbeats=gb and record.heartbeat_s > 0,
            grace_s=self._settings.grace_s,
            return_s=self._settings.return_s,
        )
        book = self._liveness.book
        now = self._ports.clock.monotonic()
        if record.device_id not in book:
            ends = self._registration_end(record, now)
            self._liveness.publish(book.start(record.device_id, rules, record.last_presence, now, ends))
        else:
            book.change_rules(record.device_id, rules, now)
            self._liveness.arm()
        if gb:
            entry = self._roster.put(record)
            entry.watch, entry.pulse = book.watch(record.device_id), self._ports.fleet.pulse(record.device_id)
        else:
            self._rtsp.watch(record)

    def _registration_end(self, record: DeviceRecord, now: float) -> float | None:
        """The stored registration's end on our monotonic clock."""
        if record.registered_at is None or record.expires_s <= 0:
            return None
        return now + record.expires_s - (self._ports.clock.now() - record.registered_at).total_seconds()

    def _unwatch(self, device_id: DeviceId) -> None:
        self._liveness.book.forget(device_id)
        self._sessions.device_offline(device_id)
        if self._running is not None:
            self._running.resync.offline(device_id)

    # -- the wire speaks

    def on_request(self, event: RequestReceived) -> None:
        """A request came in (the agent's callback)."""
        running = self._running
        if self._sessions.stopping:
            return  # no more: the device's own retry finds the next one
        if running is None:
            self._early.append(event)  # a retransmission is the same transaction and would not come up again
            return
        try:
            running.dispatch.handle(event)
        except Exception as error:  # noqa: BLE001 — one message must never stop the city's signalling
            self._task_failed(error, event.request.method)
            running.desk.answer(event, 500)

    def on_other(self, event: SipEvent) -> None:
        """Everything of the wire that is no request (the agent's callback)."""
        now = self._ports.clock.monotonic()
        match event:
            case ConnectionDropped() if self._sessions.stopping:
                pass  # we hang up ourselves; no device is lost by that
            case ConnectionDropped(peer=peer):
                for entry in self._roster.connection_lost(peer):
                    self._liveness.publish(self._liveness.book.gone(entry.device_id, CONNECTION_LOST))
            case MessageRejected(source=source, code=code):
                self._faults.note(code, source.host, now)
            case _ if self._running is not None:
                self._running.operations.broadcasts.wire(event)
            case _:
                pass

    # -- the rooms speak

    @property
    def operations(self) -> Operations:
        """What people may ask of devices. `Refused` ``gateway.stopping`` when the gateway does not run."""
        if self._running is None:
            raise Refused(refusals.STOPPING)
        return self._running.operations

    async def open_live(self, channel_id: ChannelId, stream: StreamName) -> str:
        """The stream id of a channel's live video, once there are pictures.

        Raises `Refused` (``fleet.unknown-channel``, ``gateway.device-offline``, ``gateway.stopping``) or
        `Operational` (``gateway.play-…``, ``gateway.no-media``, ``gateway.source-failed`` …).
        """
        running = self._running
        if running is None:
            raise Refused(refusals.STOPPING)
        route = await self._ports.fleet.route(channel_id)
        device_id = route.device_id
        if self._liveness.book.presence(device_id) is Presence.OFFLINE:
            raise refusals.failure(refusals.DEVICE_OFFLINE, self._name(device_id), route.channel_gb_id)
        with nullcontext() if self._measuring is None else self._measuring.opening(channel_id):
            if route.protocol == "rtsp":
                return await self._open_rtsp(running.desk, route)
            return await self._open_gb(running.desk, route, stream)

    async def _open_rtsp(self, desk: Desk, route: ChannelRoute) -> str:
        key: Key = (route.device_id, route.channel_id, "main")  # one address, one stream

        def changed(source: RtspSource) -> None:
            self._rtsp.delivers(route.device_id, source.delivering)
            self._sessions.changed(source, key)

        def make() -> Source:
            return RtspSource(desk, self._ports.engine, route, changed)

        return await self._sessions.open(key, make)

    async def _open_gb(self, desk: Desk, route: ChannelRoute, stream: StreamName) -> str:
        entry = self._roster.by_device(route.device_id)
        if entry is None or entry.peer is None:
            name = self._name(route.device_id)
            raise refusals.failure(refusals.DEVICE_OFFLINE, name, route.channel_gb_id)
        key: Key = (route.device_id, route.channel_gb_id, stream)
        leg = Leg(route.channel_id, entry, route.channel_gb_id, stream)

        def make() -> Source:
            return GbSource(
                desk, self._ports.engine, self._ssrcs, leg, lambda source: self._sessions.changed(source, key)
            )

        return await self._sessions.open(key, make)

    async def release(self, stream_id: str) -> None:
        """A caller needs a stream no more: it ends now if nobody else watches, else when they have gone."""
        source = self._sessions.get(stream_id)
        if source is None:
            return
        watched = any(
            each.viewers > 0 for each in await self._ports.engine.stats() if each.stream_id == stream_id
        )
        if not watched:
            source.end(refusals.NO_VIEWER)

    def sessions(self) -> list[SessionInfo]:
        """Every live session and where it stands."""
        return self._sessions.all()

    def listen_sessions(self, on_change: Callable[[SessionInfo], None]) -> None:
        """``on_change`` hears of every change of a session; one listener."""
        self._sessions.on_change = on_change

    def listen_viewers(self, on_left: Callable[[str], None]) -> None:
        """``on_left`` hears the `viewer_name` of everyone who left the engine's door; one listener."""
        self._viewer_left = on_left

    def stream_to(self, peer: Peer) -> Peer | None:
        """The TCP connection that stands of the device at a UDP address (`SipEndpoint.stream_to`)."""
        return self._roster.stream_to(peer)

    def spares(self, peer: Peer) -> bool:
        """Whether a device of ours sends from exactly there (`SipEndpoint.spared`)."""
        return self._roster.knows(peer)

    def presence(self, device_id: DeviceId) -> Presence:
        """What is known of a device at this moment."""
        return self._liveness.book.presence(device_id)

    def read_catalogue(self, device_id: DeviceId) -> bool:
        """Ask a device for its channels anew, at a person's wish; False when that is under way already."""
        return self._running is not None and self._running.resync.ask_again(device_id)

    def strangers(self) -> list[Stranger]:
        """Who was turned away lately, newest first: unknown ids and wrong passwords."""
        return self._strangers.all()

    def counters(self) -> dict[str, int]:
        """Everything counted since the start, by name."""
        parts = (self._counters, self._faults.counters, self._liveness.counters, self._rtsp.counters)
        return dict(sum(parts, Counter()))

    def gauges(self) -> dict[str, int]:
        """Everything that goes up and down, by name."""
        running = self._running
        return {
            **{f"devices_{state}": count for state, count in self._liveness.book.count().items()},
            "sessions": len(self._sessions),
            "ssrcs": len(self._ssrcs),
            "history_ssrcs": len(self._history_ssrcs),
            "tasks": len(self._tasks),
            "trace_bytes": self.trace.held,
            **({} if running is None else running.gauges()),
        }

    # -- inside

    def _knows(self, gb_id: str) -> bool:
        return self._roster.by_gb_id(gb_id) is not None

    def _sends_from(self, peer: Peer) -> str:
        entry = self._roster.by_peer(peer)
        return "" if entry is None else entry.gb_id

    def _name(self, device_id: DeviceId) -> str:
        entry = self._roster.by_device(device_id)
        return entry.record.name or entry.gb_id if entry is not None else device_id

    def _presence_changed(self, transition: Transition) -> None:
        device_id = transition.device_id
        if transition.after is Presence.OFFLINE:
            entry = self._roster.by_device(device_id)
            if entry is not None and transition.reason_code == REGISTRATION_EXPIRED:
                entry.host = ""  # a heartbeat alone no longer brings it back
            broke = transition.reason_code == CONNECTION_LOST
            self._sessions.device_offline(device_id, self._settings.live.reconnect_s if broke else 0.0)
        elif transition.after is Presence.ONLINE:
            self._sessions.device_back(device_id)
        if self._running is None:
            return
        if transition.after is Presence.ONLINE and self._roster.by_device(device_id) is not None:
            self._running.ghosts.online(device_id)
            self._running.resync.online(device_id)
        elif transition.after is Presence.OFFLINE:
            self._running.ghosts.offline(device_id)
            self._running.resync.offline(device_id)

    async def _follow_engine(self) -> None:
        while True:
            try:
                event = await self._ports.engine.next_event()
            except Operational as error:
                self._faults.note(error.code, "engine", self._ports.clock.monotonic())
                continue
            if isinstance(event, ViewerLeft):
                self._viewer_left(event.viewer)
            elif isinstance(event, RecordingEnded):
                self.operations.downloads.recorded(event)
            else:
                self._sessions.engine_event(event)
                self.operations.broadcasts.engine_event(event)

    def _write_fault(self, code: str, fields: dict[str, object]) -> None:
        self._log.warning(code, **fields)

    def _task_failed(self, error: BaseException, name: str) -> None:
        self._counters["task_failed"] += 1
        self._log.error("gateway.task-failed", task=name, exc_info=error)
