"""Who speaks through which loudspeaker: opens the way, writes the line first, hands out the ticket.

As `civicam.web.playback`: a broadcast is one person's, and ends with the connection it is spoken over.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from civicam.access.facts import Purpose, User, Viewing
from civicam.access.service import AccessService
from civicam.fleet.facts import ChannelId, DeviceId
from civicam.kernel.errors import Operational, Refused
from civicam.media.engine import MediaEngine, SoundFormat, StreamStats, viewer_name
from civicam.web.live import LiveSession, quietly
from civicam.web.ports import Operator

MOST_PER_USER = 4


@dataclass(frozen=True, slots=True)
class SpeakWish:
    """What is asked for: a channel's loudspeaker, or with ``device`` a device's own; ``place`` is its id."""

    place: str
    device: bool
    fmt: SoundFormat
    purpose: Purpose
    client: str


class BroadcastDesk:
    """One for the process."""

    def __init__(
        self, access: AccessService, operator: Operator, engine: MediaEngine, ticket_ttl_s: float
    ) -> None:
        self._access = access
        self._operator = operator
        self._engine = engine
        self._ticket_ttl_s = ticket_ttl_s
        self._sessions: dict[str, LiveSession] = {}
        self._opening: list[str] = []
        self._ending: set[asyncio.Task[None]] = set()

    async def open(self, user: User, wish: SpeakWish) -> LiveSession:
        """Record who speaks, open the way to the loudspeaker, admit the speaker; what fails undoes what came
        before. The line comes first: a device that was called has made itself heard.
        """
        mine = sum(each.viewing.user_id == user.user_id for each in self._sessions.values())
        if mine + self._opening.count(user.user_id) >= MOST_PER_USER:
            raise Refused("web.too-many-views", most=MOST_PER_USER)
        self._opening.append(user.user_id)
        try:
            viewing = await self._access.begin_viewing(
                user, wish.place, "broadcast", (wish.purpose, wish.client)
            )
            try:
                session = await self._call(viewing, wish)
            except BaseException:
                await asyncio.shield(self._end(viewing))
                raise
        finally:
            self._opening.remove(user.user_id)
        self._sessions[session.session_id] = session
        return session

    async def _call(self, viewing: Viewing, wish: SpeakWish) -> LiveSession:
        broadcasts = self._operator.operations.broadcasts
        if wish.device:
            stream_id = await broadcasts.open_device(DeviceId(wish.place))
        else:
            stream_id = await broadcasts.open(ChannelId(wish.place))
        ticket = secrets.token_urlsafe(24)
        try:
            door = await self._engine.admit_speaker(
                stream_id, ticket, wish.fmt, wish.client, self._ticket_ttl_s
            )
        except BaseException:
            broadcasts.close(stream_id)
            raise
        return LiveSession(secrets.token_hex(12), stream_id, ticket, door, viewing)

    async def close(self, user: User, place: str) -> None:
        """The person has said enough through this channel or device. Idempotent; others' broadcasts stay."""
        for session_id, session in list(self._sessions.items()):
            viewing = session.viewing
            if viewing.user_id == user.user_id and viewing.channel_id == place:
                del self._sessions[session_id]
                await quietly("revoke", self._engine.revoke(session.ticket))
                await self._over(session)

    def viewer_left(self, viewer: str) -> None:
        """The page lost its connection or was closed, or never came: nobody else speaks there."""
        for session in [each for each in self._sessions.values() if viewer_name(each.ticket) == viewer]:
            del self._sessions[session.session_id]
            work = asyncio.create_task(self._over(session), name="speaker-left")
            self._ending.add(work)
            work.add_done_callback(self._ending.discard)

    async def reconcile(self, stats: Sequence[StreamStats]) -> None:
        """End the lines of broadcasts that are over: the device hung up. ``stats`` tell of pictures only."""
        before = dict(self._sessions)
        if not before:
            return
        try:
            alive = {each.stream_id for each in await self._engine.speeches()}
        except Operational:
            return  # no answer is no proof
        for session_id, session in before.items():
            if session.stream_id not in alive and self._sessions.pop(session_id, None) is not None:
                await self._end(session.viewing)

    @property
    def viewings(self) -> int:
        """Open broadcasts."""
        return len(self._sessions)

    async def aclose(self) -> None:
        """The server stops."""
        sessions, self._sessions = list(self._sessions.values()), {}
        await asyncio.gather(*(self._end(each.viewing) for each in sessions))
        await asyncio.gather(*self._ending)

    async def _over(self, session: LiveSession) -> None:
        self._operator.operations.broadcasts.close(session.stream_id)
        await self._end(session.viewing)

    async def _end(self, viewing: Viewing) -> None:
        await quietly("end-viewing", self._access.end_viewing(viewing.viewing_id))
