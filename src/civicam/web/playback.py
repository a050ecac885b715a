"""Who plays which recording: opens it, writes the line first, hands out the ticket, ends it with its viewer.

As `civicam.web.live`, but a playback is one person's: when the viewer goes, the device's session goes.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from civicam.access.facts import Purpose, User, Viewing
from civicam.access.service import AccessService
from civicam.fleet.facts import ChannelId
from civicam.fleet.orders import Outcome
from civicam.kernel.errors import Refused
from civicam.media.engine import MediaEngine, StreamStats, WireFormat, viewer_name
from civicam.web.live import LiveSession, quietly
from civicam.web.ports import Operator

MOST_PER_USER = 16


@dataclass(frozen=True, slots=True)
class PlayWish:
    """What is asked for; times are aware."""

    channel_id: ChannelId
    start: datetime
    end: datetime
    fmt: WireFormat
    purpose: Purpose
    client: str


class PlaybackDesk:
    """One for the process."""

    def __init__(
        self, access: AccessService, operator: Operator, engine: MediaEngine, ticket_ttl_s: float
    ) -> None:
        self._access = access
        self._operator = operator
        self._engine = engine
        self._ticket_ttl_s = ticket_ttl_s
        self._sessions: dict[str, LiveSession] = {}
        self._ending: set[asyncio.Task[None]] = set()

    async def open(self, user: User, wish: PlayWish) -> LiveSession:
        """Start the playback, record the viewing, admit the viewer; what fails undoes what came before."""
        mine = sum(each.viewing.user_id == user.user_id for each in self._sessions.values())
        if mine >= MOST_PER_USER:
            raise Refused("web.too-many-views", most=MOST_PER_USER)
        playbacks = self._operator.operations.playbacks
        stream_id = await playbacks.play(wish.channel_id, wish.start, wish.end)
        try:
            viewing = await self._access.begin_viewing(
                user, wish.channel_id, "playback", (wish.purpose, wish.client)
            )
        except BaseException:
            playbacks.close(stream_id)
            raise
        ticket = secrets.token_urlsafe(24)
        try:
            door = await self._engine.admit(stream_id, ticket, wish.fmt, wish.client, self._ticket_ttl_s)
        except BaseException:
            playbacks.close(stream_id)
            await asyncio.shield(self._end(viewing))
            raise
        session = LiveSession(secrets.token_hex(12), stream_id, ticket, door, viewing)
        self._sessions[session.session_id] = session
        return session

    async def control(
        self, user: User, session_id: str, action: str, about: tuple[float, datetime | None]
    ) -> Outcome:
        """``pause``, ``resume``, ``scale`` and ``seek``; ``about``: the speed, and where to."""
        value, at = about
        session = self._mine(user, session_id)
        playbacks = self._operator.operations.playbacks
        match action:
            case "pause":
                return await playbacks.pause(session.stream_id)
            case "resume":
                return await playbacks.resume(session.stream_id)
            case "seek" if at is not None:
                return await playbacks.seek(session.stream_id, at)
            case "scale":
                return await playbacks.speed(session.stream_id, value)
            case _:
                raise Refused("gateway.bad-period")

    async def close(self, user: User, session_id: str) -> None:
        """The person has seen enough. Idempotent."""
        session = self._sessions.get(session_id)
        if session is not None and session.viewing.user_id == user.user_id:
            del self._sessions[session_id]
            await quietly("revoke", self._engine.revoke(session.ticket))
            await self._over(session)

    def viewer_left(self, viewer: str) -> None:
        """The page lost its connection or was closed: nobody else can watch this playback."""
        for session in [each for each in self._sessions.values() if viewer_name(each.ticket) == viewer]:
            del self._sessions[session.session_id]
            self._later(session)

    async def reconcile(self, stats: Sequence[StreamStats]) -> None:
        """End viewings whose stream is over: the file ended, or the device hung up."""
        alive = {each.stream_id for each in stats}
        for session_id, session in list(self._sessions.items()):
            if session.stream_id not in alive:
                del self._sessions[session_id]
                await self._end(session.viewing)

    @property
    def viewings(self) -> int:
        """Open playbacks."""
        return len(self._sessions)

    async def aclose(self) -> None:
        """The server stops."""
        sessions, self._sessions = list(self._sessions.values()), {}
        await asyncio.gather(*(self._end(each.viewing) for each in sessions))
        await asyncio.gather(*self._ending)

    def _mine(self, user: User, session_id: str) -> LiveSession:
        session = self._sessions.get(session_id)
        if session is None or session.viewing.user_id != user.user_id:
            raise Refused("gateway.no-session")
        return session

    def _later(self, session: LiveSession) -> None:
        work = asyncio.create_task(self._over(session), name="playback-left")
        self._ending.add(work)
        work.add_done_callback(self._ending.discard)

    async def _over(self, session: LiveSession) -> None:
        self._operator.operations.playbacks.close(session.stream_id)
        await self._end(session.viewing)

    async def _end(self, viewing: Viewing) -> None:
        await quietly("end-viewing", self._access.end_viewing(viewing.viewing_id))
