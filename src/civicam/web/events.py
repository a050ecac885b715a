"""The consoles' live line: presence changes five times a second in batches, the situation when it changed.

Messages are encoded once for all consoles. Each console has a bounded queue; one that cannot keep up is
closed and, coming back, loads everything anew, which is cheaper than what it missed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from dataclasses import asdict
from typing import Any

import orjson
import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from civicam.access.service import AccessService
from civicam.fleet.facts import CatalogueApplied, DeviceId, PresenceChanged
from civicam.fleet.service import FleetService
from civicam.fleet.sheets.service import Progress
from civicam.kernel.clock import Clock
from civicam.kernel.errors import CivicamError
from civicam.outages.facts import OutageFact, OutageId
from civicam.usability.facts import UsableChanged
from civicam.web.alarms import AlarmNews
from civicam.web.settings import WebSettings
from civicam.web.situation import SituationDesk

log = structlog.get_logger("civicam.web")

PING_S = 20.0
PENDING = 20_000
"""Changes held between two batches; more than the city has devices, several times over."""
TOO_SLOW, SIGNED_OUT, GOING_AWAY = 4408, 4401, 1001


class Console:
    """One console's queue of encoded messages."""

    def __init__(self, most: int) -> None:
        self._queue: deque[str] = deque()
        self._most = most
        self._ready = asyncio.Event()
        self.closed_with: int | None = None

    def put(self, message: str) -> None:
        """Queue a message, or give this console up."""
        if len(self._queue) >= self._most:
            self.close(TOO_SLOW)
            return
        self._queue.append(message)
        self._ready.set()

    def close(self, code: int) -> None:
        """End it; what waits is dropped."""
        self.closed_with = code
        self._queue.clear()
        self._ready.set()

    async def next(self, timeout_s: float) -> str | None:
        """The next message; None when there was none for ``timeout_s`` or the console is closed."""
        if not self._queue and self.closed_with is None:
            self._ready.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await self._ready.wait()
        return self._queue.popleft() if self._queue else None


class EventHub:
    """One for the process; `watch` is an outbox watcher."""

    def __init__(
        self,
        fleet: FleetService,
        alarms: AlarmNews,
        situation: SituationDesk,
        clock: Clock,
        settings: WebSettings,
    ) -> None:
        self._fleet = fleet
        self._alarms = alarms
        self._situation = situation
        self._clock = clock
        self._settings = settings
        self._consoles: set[Console] = set()
        self._pending: deque[PresenceChanged | CatalogueApplied] = deque(maxlen=PENDING)
        self._usable: dict[str, UsableChanged] = {}
        """The newest of each channel since the last batch."""
        self._outages: dict[OutageId, None] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self.closed_slow = 0

    @property
    def consoles(self) -> int:
        """Open consoles."""
        return len(self._consoles)

    async def start(self) -> None:
        """Begin to tell."""
        self._tasks = [
            asyncio.create_task(self._every(1 / self._settings.events_hz, self._tell_changes)),
            asyncio.create_task(self._every(1 / self._settings.events_hz, self._tell_alarms)),
            asyncio.create_task(self._every(1 / self._settings.events_hz, self._tell_usable)),
            asyncio.create_task(self._every(1 / self._settings.events_hz, self._tell_outages)),
            asyncio.create_task(self._every(self._settings.situation_s, self._tell_situation)),
        ]

    async def aclose(self) -> None:
        """Say goodbye to every console."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for console in self._consoles:
            console.close(GOING_AWAY)

    async def watch(self, _fact_id: str, fact: object) -> None:
        """Take a fact of the outbox."""
        if isinstance(fact, PresenceChanged | CatalogueApplied) and self._consoles:
            self._pending.append(fact)
        elif isinstance(fact, UsableChanged) and self._consoles:
            self._usable[fact.channel_id] = fact
        elif isinstance(fact, OutageFact) and self._consoles:
            self._outages[fact.outage_id] = None
        elif self._consoles:
            self._alarms.note(fact)

    def join(self) -> Console:
        """A new console."""
        console = Console(self._settings.events_queue)
        self._consoles.add(console)
        return console

    def leave(self, console: Console) -> None:
        """It is gone."""
        self._consoles.discard(console)
        self.closed_slow += console.closed_with == TOO_SLOW

    def publish(self, message: dict[str, Any]) -> None:
        """Tell every console."""
        text = orjson.dumps(message).decode()
        for console in self._consoles:
            console.put(text)

    def tell_import(self, now: Progress) -> None:
        """How far a batch of rows from a spreadsheet is."""
        if self._consoles:
            self.publish({"type": "import", **asdict(now)})

    async def _every(self, seconds: float, work: Any) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await work()
            except CivicamError as error:
                log.warning("events.waiting", code=error.code)
            except Exception as error:  # noqa: BLE001 -- one bad event must not silence the line
                log.error("events.bug", error=repr(error))

    async def _tell_outages(self) -> None:
        """Which causes are news; how they stand a console asks where it shows them."""
        if self._outages:
            told, self._outages = list(self._outages)[:PENDING], {}
            self.publish({"type": "outage", "outages": told})

    async def _tell_changes(self) -> None:
        if not self._pending:
            return
        facts = list(self._pending)
        self._pending.clear()
        channels = await self._fleet.channel_ids(list(dict.fromkeys(fact.device_id for fact in facts)))
        self.publish({"type": "batch", "events": [self._event(fact, channels) for fact in facts]})

    def _event(
        self, fact: PresenceChanged | CatalogueApplied, channels: dict[DeviceId, Any]
    ) -> dict[str, Any]:
        common = {"device_id": fact.device_id, "channels": channels[fact.device_id]}
        if isinstance(fact, CatalogueApplied):
            return {"type": "catalogue", **common, "at": self._clock.now().isoformat()}
        return {
            "type": "presence",
            **common,
            "state": fact.after,
            "reason": fact.reason_code or None,
            "at": fact.at.isoformat(),
        }

    async def _tell_usable(self) -> None:
        if not self._usable:
            return
        facts, self._usable = self._usable, {}
        events = [
            {"channel_id": key, "state": fact.after, "at": fact.at.isoformat(), "legs": list(fact.legs)}
            for key, fact in facts.items()
        ]
        self.publish({"type": "usable", "events": events})

    async def _tell_alarms(self) -> None:
        if found := await self._alarms.take():
            self.publish({"type": "alarm", "alarms": [asdict(each) for each in found]})

    async def _tell_situation(self) -> None:
        changed = await self._situation.refresh()
        if self._consoles and changed.situation is not None:
            self.publish({"type": "situation", **asdict(changed.situation)})
        if self._consoles and changed.streams is not None:
            self.publish({"type": "stream", "streams": [asdict(each) for each in changed.streams]})


async def serve(socket: WebSocket, hub: EventHub, situation: SituationDesk, access: AccessService) -> None:
    """One console from accept to close; ends when it leaves, is too slow, or its session is over."""
    token: str = socket.scope["civicam.token"]
    await socket.accept()
    console = hub.join()
    gone = asyncio.create_task(_until_gone(socket, console))
    try:
        now = await situation.now()
        console.put(orjson.dumps({"type": "situation", **asdict(now)}).decode())
        while console.closed_with is None:
            message = await console.next(PING_S)
            if message is None and console.closed_with is None:
                if await access.session(token) is None:
                    console.close(SIGNED_OUT)
                    break
                message = '{"type":"ping"}'
            if message is not None:
                await socket.send_text(message)
        await socket.close(console.closed_with or GOING_AWAY)
    except (WebSocketDisconnect, RuntimeError):
        pass  # it left while something was on its way to it
    finally:
        gone.cancel()
        hub.leave(console)


async def _until_gone(socket: WebSocket, console: Console) -> None:
    """Read (consoles send nothing) until the other side closes."""
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while (await socket.receive())["type"] != "websocket.disconnect":
            pass
    console.close(GOING_AWAY)
