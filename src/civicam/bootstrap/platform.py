"""The whole running server: rooms, media workers, gateway, web, started and stopped in order."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
import uvicorn

from civicam.alarms.service import FACTS as ALARM_FACTS
from civicam.bootstrap import Rooms, prepare, rooms, witnesses
from civicam.bootstrap.endings import cancelling, closing
from civicam.bootstrap.outages import take_symptoms
from civicam.bootstrap.probing import EvidenceForOutages
from civicam.config import Settings
from civicam.db.outbox import Dispatcher
from civicam.fleet.service import FACTS
from civicam.gateway.ports import GatewayPorts
from civicam.gateway.service import Gateway
from civicam.gateway.store import DialogBook
from civicam.kernel.errors import CivicamError, Operational
from civicam.media.aio.embedded import EmbeddedEngine
from civicam.media.aio.rtsp_probe import RtspProber
from civicam.observability.logs import CountRepeats
from civicam.observability.metrics import Figure, Metrics
from civicam.outages.service import FACTS as OUTAGE_FACTS
from civicam.probes.evidence import Listeners
from civicam.probes.watch import Probes
from civicam.signalling.aio.agent import SipAgent
from civicam.signalling.aio.route import local_address
from civicam.signalling.sip.build import IdSource, RandomPool
from civicam.signalling.sip.endpoint import SipEndpoint
from civicam.usability.collector import FACTS as USABILITY_FACTS
from civicam.web.app import create_app
from civicam.web.ports import Component, ComponentState, Health, Services, WorkerRow

log = structlog.get_logger("civicam")

LOW_SPACE = 1 << 30
"""Less free space than this (bytes) is shown as degraded."""

_STORES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def listen(host: str, port: int) -> socket.socket:
    """The HTTP socket, bound before anything else starts; `Operational` ``web.port-in-use``."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(512)
    except OSError as error:
        sock.close()
        raise Operational("web.port-in-use", host=host, port=port, reason=error.strerror) from error
    sock.setblocking(False)
    return sock


class _Uvicorn(uvicorn.Server):
    """uvicorn without its own signal handlers: the platform stops in its own order."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Platform:
    """The running server. `start`, then `stop` whatever happened; both take bounded time."""

    def __init__(self, settings: Settings, repeats: CountRepeats | None = None) -> None:
        self.settings = settings
        self._repeats = repeats
        self._undo: list[tuple[str, float, Callable[[], Awaitable[object]]]] = []
        self.rooms: Rooms | None = None
        self.port = 0
        self.sip_port = 0
        self.started = False
        self.evidence = Listeners()
        """What probes find; whoever explains outages adds itself."""

    async def start(self) -> None:
        """Everything up and listening when this returns; what fails undoes what came before."""
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise
        _spare_collector()
        self.started = True

    async def stop(self) -> None:
        """In the reverse order of the start; a part that hangs is left after its time."""
        self.started = False
        while self._undo:
            name, limit, work = self._undo.pop()
            try:
                async with asyncio.timeout(limit):
                    await work()
            except TimeoutError:
                log.warning("stop.timeout", part=name, seconds=limit)
            except CivicamError as error:
                log.warning("stop.failed", part=name, code=error.code)

    async def _start(self) -> None:
        settings = self.settings
        http = listen(settings.web.host, settings.web.port)
        self._later("http-socket", 1, closing(http))
        self.port = int(http.getsockname()[1])
        await asyncio.to_thread(prepare, settings)
        found = self.rooms = rooms(settings)
        self._later("store", 10, found.database.aclose)
        await found.audit.start(witnesses(settings))
        self._later("audit", 8, found.audit.aclose)
        ended = await found.access.start()
        if ended:
            log.info("viewings.ended-after-crash", viewings=ended)
        await found.fleet.start()
        self._later("heartbeats", 10, found.fleet.aclose)
        await found.usability.start()
        self._later("usability", 10, found.usability.aclose)
        await found.alarms.start()
        self._later("alarms", 2, found.alarms.aclose)
        await found.imports.start()
        self._later("imports", 15, found.imports.aclose)
        await found.outages.start()
        self._later("outages", 5, found.outages.aclose)
        self._engine = EmbeddedEngine(settings.media)
        await self._engine.start()
        self._later("media", 8, self._engine.aclose)
        await self._signalling(found)
        await self._probing(found)
        await self._serve(found, http)
        if self._repeats is not None:
            flusher = asyncio.create_task(self._flush_logs(self._repeats))
            self._later("logs", 1, cancelling(flusher))

    async def _signalling(self, found: Rooms) -> None:
        """The SIP sockets and the gateway behind them."""
        settings, ids = self.settings.gateway, IdSource(RandomPool(os.urandom))
        endpoint = SipEndpoint(ids)
        ports = GatewayPorts(
            fleet=found.fleet,
            alarms=found.alarms,
            engine=self._engine,
            prober=RtspProber(self.settings.media),
            clock=found.clock,
            ids=ids,
            local_address=local_address,
            dialogs=DialogBook.on(found.database),
            lane=endpoint.lane,
            usability=found.usability,
            downloads=settings.download.folder or self.settings.data / "downloads",
            snapshots=settings.snapshot.folder or self.settings.data / "snapshots",
            door=(self.settings.web.host, self.port),
        )
        gateway = self._gateway = Gateway(settings, ports, os.urandom(32))
        endpoint.stream_to = gateway.stream_to
        endpoint.spared.known = gateway.spares
        endpoint.on_wire, endpoint.lane.tap = gateway.trace.record, gateway.trace.beat
        agent = self._agent = SipAgent(endpoint, gateway.on_request, on_other=gateway.on_other)
        self._later("sip", 2, agent.aclose)
        self.sip_port = await agent.listen(settings.host, settings.port)
        self._later("gateway", 12, gateway.stop)
        await gateway.start(agent, self.sip_port)
        wanted = asyncio.Event()
        found.fleet.changed += [wanted.set, found.usability.directory_changed]
        follower = asyncio.create_task(_follow(wanted, gateway.devices_changed), name="devices-changed")
        self._later("devices-changed", 1, cancelling(follower))

    async def _probing(self, found: Rooms) -> None:
        """Switches, OLTs, ONUs and UPSs are asked; what they say goes to `evidence`, the ledger's first."""
        ledger = EvidenceForOutages(found.outages, self.settings.probes.every_s)
        self._later("evidence", 3, ledger.aclose)
        self.evidence.all.append(ledger)
        probes = self.probes = Probes(found.agents, self.evidence, found.clock, self.settings.probes)
        self._later("probes", 3, probes.aclose)
        await probes.start()
        found.asked.probes = probes
        wanted = asyncio.Event()
        found.agents.changed.append(wanted.set)
        follower = asyncio.create_task(_follow(wanted, probes.changed), name="agents-changed")
        self._later("agents-changed", 1, cancelling(follower))

    async def _serve(self, found: Rooms, http: socket.socket) -> None:
        metrics = Metrics()
        services = Services(
            fleet=found.fleet,
            register=found.register,
            graph=found.graph,
            imports=found.imports,
            access=found.access,
            audit=found.audit,
            alarms=found.alarms,
            usability=found.usability,
            directory=found.directory,
            outages=found.outages,
            agents=found.agents,
            probes=self.probes,
            sites=found.sites,
            streams=self._gateway,
            operator=self._gateway,
            engine=self._engine,
            health=Health(self._ready, self._components, self._workers),
            metrics=metrics,
            clock=found.clock,
            settings=self.settings.web,
            ticket_ttl_s=self.settings.access.ticket_ttl_s,
            demo=self.settings.demo,
            demo_control=self.settings.demo_control,
        )
        app = create_app(services)
        self._state = app.state
        metrics.add(self._figures)
        metrics.add(self._wire_figures)
        dispatcher = Dispatcher(
            found.database, found.clock, FACTS | ALARM_FACTS | OUTAGE_FACTS | USABILITY_FACTS
        )
        dispatcher.handle_many("outages", take_symptoms)
        dispatcher.watch("consoles", app.state.hub.watch)
        dispatcher.watch("usability", found.usability.hear)
        await dispatcher.start()
        self._later("outbox", 3, dispatcher.aclose)
        await found.usability.sync()  # once facts are delivered: nothing is missed between the two
        self._later("viewings", 5, app.state.live.aclose)
        self._later("playbacks", 5, app.state.playback.aclose)
        self._later("broadcasts", 5, app.state.broadcast.aclose)
        await app.state.hub.start()
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            ws_ping_interval=20.0,
            ws_ping_timeout=20.0,
            ws_max_size=64 * 1024,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=3,
            proxy_headers=bool(self.settings.web.trusted_proxies),
            forwarded_allow_ips=list(self.settings.web.trusted_proxies),
        )
        server = _Uvicorn(config)
        task = asyncio.create_task(server.serve(sockets=[http]), name="http")

        async def stop_http() -> None:
            await app.state.hub.aclose()
            server.should_exit = True
            await task

        self._later("http", 6, stop_http)
        while not server.started and not task.done():  # noqa: ASYNC110 -- uvicorn offers no event
            await asyncio.sleep(0.01)

    def _later(self, name: str, seconds: float, work: Callable[[], Awaitable[object]]) -> None:
        self._undo.append((name, seconds, work))

    async def _flush_logs(self, repeats: CountRepeats) -> None:
        while True:
            await asyncio.sleep(self.settings.log.repeat_s)
            repeats.tell_due()

    # -- health

    async def _ready(self) -> str:
        """Empty, or why requests cannot be served."""
        if not self.started or self.rooms is None:
            return "starting"
        try:
            await self.rooms.database.read(lambda connection: connection.exec_driver_sql("SELECT 1").scalar())
        except CivicamError as error:
            return error.code
        if not any(worker.state == "ready" for worker in self._engine.workers()):
            return "media.workers"
        return ""

    async def _components(self) -> list[Component]:
        assert self.rooms is not None
        ready = await self._ready()
        workers = self._engine.workers()
        up = sum(worker.state == "ready" for worker in workers)
        free = await asyncio.to_thread(_free, self.settings.data)
        store: ComponentState = "ok" if ready != "db.unreachable" else "failed"
        return [
            Component("store", store, _STORES.get(self.rooms.database.dialect, self.rooms.database.dialect)),
            Component("media", _share(up, len(workers)), f"{up}/{len(workers)}"),
            Component("signalling", "ok", f"{self.settings.gateway.host}:{self.sip_port}"),
            Component("disk", "ok" if free >= LOW_SPACE else "degraded", f"{free / (1 << 30):.1f} GiB"),
        ]

    def _workers(self) -> list[WorkerRow]:
        return [
            WorkerRow(w.index, w.pid, w.state, w.restarts, w.streams, w.viewer_port)
            for w in self._engine.workers()
        ]

    def _figures(self) -> Iterator[Figure]:
        assert self.rooms is not None
        counters, state = self.rooms.database.counters, self._state
        yield Figure("db_units", "Units of work written", counters.units, "counter")
        yield Figure("db_groups", "Commits", counters.groups, "counter")
        yield Figure(
            "db_refused", "Writes refused because the queue was full", counters.refused_busy, "counter"
        )
        yield Figure("db_waiting", "Writes waiting", self.rooms.database.waiting)
        for code, number in counters.faults.items():
            yield Figure("db_faults", "Groups that failed, by reason", number, "counter", {"code": code})
        yield Figure("heartbeats", "Heartbeats written", self.rooms.fleet.beats_written, "counter")
        yield Figure("alarms", "Alarms taken", self.rooms.alarms.taken, "counter")
        yield Figure("alarm_copies", "Copies of alarms that were there", self.rooms.alarms.copies, "counter")
        outages = self.rooms.outages
        yield Figure("outage_steps", "Steps of the outage ledger", outages.steps, "counter")
        yield Figure("outages_opened", "Causes entered in the outage ledger", outages.opened, "counter")
        yield Figure("outage_failures", "Steps that failed and were made again", outages.failures, "counter")
        usability = self.rooms.usability.collector
        for name, number in usability.counters.items():
            yield Figure(
                "usability_events", "What the usability room counted", number, "counter", {"event": name}
            )
        for usable, number in usability.board.count().items():
            yield Figure("usable", "Channels by what is believed", number, labels={"state": usable.value})
        yield Figure("consoles", "Consoles on the event stream", state.hub.consoles)
        yield Figure("viewings", "Viewings on record and not ended", state.live.viewings)
        last = state.situation.last
        if last is not None:
            for name, counts in (("devices", last.devices), ("channels", last.channels)):
                for which in ("online", "offline", "unknown"):
                    value = getattr(counts, which)
                    yield Figure(name, f"{name.capitalize()} by state", value, labels={"state": which})
            yield Figure("streams", "Open streams", last.streams.open)
            yield Figure("viewers", "People watching, by pane", last.streams.viewers)
            yield Figure("media_kbps", "Media coming in, kbit/s", last.streams.kbps)

    def _wire_figures(self) -> Iterator[Figure]:
        for key, number in self.probes.counters.items():
            yield Figure("probe_events", "What the probes counted", number, "counter", {"event": key})
        for key, value in self.probes.gauges.items():
            yield Figure("probes", "What the probes have at hand", value, labels={"what": key})
        for key, number in self._gateway.counters().items():
            yield Figure("gateway_events", "What the gateway counted", number, "counter", {"event": key})
        for key, value in self._gateway.gauges().items():
            yield Figure("gateway", "What the gateway has at hand", value, labels={"what": key})
        yield Figure("tasks", "Tasks of the event loop", len(asyncio.all_tasks()))
        for key, value in self._agent.gauges().items():
            yield Figure("sip", "What the signalling has at hand", value, labels={"what": key})
        for key, number in self._agent.counters.items():
            yield Figure("sip_events", "What the signalling counted", number, "counter", {"event": key})
        for worker in self._engine.workers():
            labels = {"worker": str(worker.index)}
            for key, value in worker.holds.items():
                yield Figure(
                    "worker", "What a media worker has at hand", value, labels={**labels, "what": key}
                )
            yield Figure("worker_restarts", "Media workers started again", worker.restarts, "counter", labels)


def _spare_collector() -> None:
    """What stands now stays, and is walked over no more: messages die by their reference counts; cycles are
    few, so the collector may come a hundred times less.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


async def _follow(wanted: asyncio.Event, work: Callable[[], Awaitable[None]]) -> None:
    """Run ``work`` once for each burst of wishes; what fails is tried again with the next."""
    while True:
        await wanted.wait()
        wanted.clear()
        try:
            await work()
        except CivicamError as error:
            log.warning("devices.not-read", code=error.code)
            await asyncio.sleep(1)
            wanted.set()


def _share(up: int, of: int) -> ComponentState:
    return "ok" if up == of else "degraded" if up else "failed"


def _free(path: Path) -> int:
    """Free bytes where the data lies."""
    return shutil.disk_usage(path if path.exists() else os.curdir).free
