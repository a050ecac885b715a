"""Who watches what now: opens streams, writes the line first, hands out tickets, ends viewings."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import structlog

from civicam.access.facts import Purpose, User, Viewing
from civicam.access.service import AccessService
from civicam.fleet.facts import ChannelId
from civicam.kernel.errors import CivicamError, Operational, Refused
from civicam.media.engine import Door, MediaEngine, StreamStats, WireFormat, viewer_name
from civicam.web.ports import Streams

log = structlog.get_logger("civicam.web")

StreamName = Literal["main", "sub"]
MOST_PER_USER = 100
"""Live panes of one user at a time: a wall has 25."""


@dataclass(frozen=True, slots=True)
class LiveSession:
    """One pane of one user."""

    session_id: str
    stream_id: str
    ticket: str
    door: Door
    viewing: Viewing


@dataclass(frozen=True, slots=True)
class Wish:
    """What a pane asks for."""

    channel_id: ChannelId
    stream: StreamName
    fmt: WireFormat
    purpose: Purpose
    client: str


class Companion(Protocol):
    """Whoever else has viewers at the media doors."""

    def viewer_left(self, viewer: str) -> None:
        """By `viewer_name` of its ticket; most are not theirs."""
        ...

    async def reconcile(self, stats: Sequence[StreamStats]) -> None:
        """End what has no stream any more."""
        ...


class LiveDesk:
    """One for the process. Every session holds one use of its stream until it is closed."""

    def __init__(
        self, access: AccessService, streams: Streams, engine: MediaEngine, ticket_ttl_s: float
    ) -> None:
        self._access = access
        self._streams = streams
        self._engine = engine
        self._ticket_ttl_s = ticket_ttl_s
        self._sessions: dict[str, LiveSession] = {}
        self._channels: dict[str, str] = {}
        self._uses: Counter[str] = Counter()
        self._ending: set[asyncio.Task[None]] = set()
        self.companions: list[Companion] = []
        """Others who hand out tickets of the same doors."""
        streams.listen_viewers(self.viewer_left)

    async def open(self, user: User, wish: Wish) -> LiveSession:
        """Open the stream, record the viewing, admit the viewer; what fails undoes what came before.

        A stream nobody watched may end just when somebody comes to watch it: then it is opened anew, once.

        Raises what the gateway and the engine raise, and `Refused` ``access.no-record``,
        ``web.too-many-views``.
        """
        mine = sum(each.viewing.user_id == user.user_id for each in self._sessions.values())
        if mine >= MOST_PER_USER:
            raise Refused("web.too-many-views", most=MOST_PER_USER)
        try:
            return await self._open(user, wish)
        except Operational as error:
            if error.code != "media.no-stream":
                raise
        return await self._open(user, wish)

    async def _open(self, user: User, wish: Wish) -> LiveSession:
        stream_id = await self._use(wish)
        try:
            viewing = await self._access.begin_viewing(
                user, wish.channel_id, wish.stream, (wish.purpose, wish.client)
            )
        except BaseException:
            await self._release(stream_id)
            raise
        ticket = secrets.token_urlsafe(24)
        try:
            door = await self._engine.admit(stream_id, ticket, wish.fmt, wish.client, self._ticket_ttl_s)
        except BaseException:
            await asyncio.shield(self._finish(stream_id, viewing))
            raise
        session = LiveSession(secrets.token_hex(12), stream_id, ticket, door, viewing)
        self._sessions[session.session_id] = session
        return session

    async def snapshot(self, user: User, wish: Wish) -> bytes:
        """A JPEG of now, recorded like any other look; of the stream that is watched already, for some
        devices send only one and would take it from the viewer.
        """
        shown = {each.viewing.stream for each in self._sessions.values() if _same(each.viewing, wish)}
        watched_other = wish.stream not in shown and "main" in shown
        stream_id = await self._use(replace(wish, stream="main") if watched_other else wish)
        viewing = None
        try:
            viewing = await self._access.begin_viewing(
                user, wish.channel_id, "snapshot", (wish.purpose, wish.client)
            )
            return await self._engine.snapshot(stream_id)
        finally:
            await asyncio.shield(self._finish(stream_id, viewing))

    async def close(self, user: User, session_id: str) -> None:
        """End a pane of this user. Idempotent: a page that leaves may say it twice."""
        session = self._sessions.get(session_id)
        if session is None or session.viewing.user_id != user.user_id:
            return
        del self._sessions[session_id]
        await quietly("revoke", self._engine.revoke(session.ticket))
        await self._finish(session.stream_id, session.viewing)

    async def reconcile(self, stats: Sequence[StreamStats]) -> None:
        """End viewings whose stream is gone: a page that was killed never said goodbye."""
        for companion in self.companions:
            await companion.reconcile(stats)
        alive = {each.stream_id for each in stats}
        for session_id, session in list(self._sessions.items()):
            if session.stream_id not in alive:
                self._sessions.pop(session_id, None)
                await self._finish(session.stream_id, session.viewing)
        for stream_id in set(self._channels) - alive:
            del self._channels[stream_id]

    def viewer_left(self, viewer: str) -> None:
        """A pane lost its connection, or never came: its viewing ends now, whoever else is watching.

        The stream is left to the engine's linger time: a page that reloads is back in a moment.
        """
        for companion in self.companions:
            companion.viewer_left(viewer)
        found = [each for each in self._sessions.values() if viewer_name(each.ticket) == viewer]
        for session in found:
            del self._sessions[session.session_id]
            self._forget_use(session.stream_id)
            work = asyncio.create_task(self._end(session.viewing), name="viewer-left")
            self._ending.add(work)
            work.add_done_callback(self._ending.discard)

    def channel_of(self, stream_id: str) -> str | None:
        """Which channel a stream shows."""
        return self._channels.get(stream_id)

    @property
    def viewings(self) -> int:
        """Open panes."""
        return len(self._sessions)

    async def aclose(self) -> None:
        """End every viewing: the server stops."""
        sessions, self._sessions = list(self._sessions.values()), {}
        await asyncio.gather(*(self._finish(each.stream_id, each.viewing) for each in sessions))
        await asyncio.gather(*self._ending)

    async def _use(self, wish: Wish) -> str:
        """Open or join the stream and count this use of it."""
        stream_id = await self._streams.open_live(wish.channel_id, wish.stream)
        self._channels[stream_id] = wish.channel_id
        self._uses[stream_id] += 1
        return stream_id

    async def _finish(self, stream_id: str, viewing: Viewing | None) -> None:
        await self._release(stream_id)
        if viewing is not None:
            await self._end(viewing)

    async def _end(self, viewing: Viewing) -> None:
        await quietly("end-viewing", self._access.end_viewing(viewing.viewing_id))

    async def _release(self, stream_id: str) -> None:
        """Give the stream back when this was its last use: others may be on their way to its door."""
        if self._forget_use(stream_id):
            await quietly("release", self._streams.release(stream_id))

    def _forget_use(self, stream_id: str) -> bool:
        """Whether it was the last."""
        self._uses[stream_id] -= 1
        last = self._uses[stream_id] <= 0
        if last:
            del self._uses[stream_id]
        return last


def _same(viewing: Viewing, wish: Wish) -> bool:
    return viewing.channel_id == wish.channel_id


async def quietly(what: str, work: Awaitable[object]) -> None:
    """Undoing must not hide why; what fails here is logged and mended by timers elsewhere."""
    try:
        await work
    except CivicamError as error:
        log.warning("live.undo-failed", step=what, code=error.code)
