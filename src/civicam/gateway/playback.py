"""Recordings on devices: finding them, playing them, fetching them as files (§3.6, §4.5–4.7 of our notes).

A playback belongs to one person and is controlled by INFO in its dialog. The engine is told before the
device: a pause is no loss and no reason to hang up, a seek throws away what waits. The end of the file comes
as MediaStatus 121, in the dialog or outside of it, or as a BYE, or as silence: whatever comes ends the
session in an orderly way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from civicam.fleet.facts import ChannelId, DeviceId
from civicam.fleet.orders import Outcome, Recording, Recordings, Result
from civicam.gateway import refusals
from civicam.gateway.addresses import Addresses
from civicam.gateway.commands import Commands
from civicam.gateway.desk import Desk
from civicam.gateway.leg import History, Leg
from civicam.gateway.live import GbSource
from civicam.gateway.roster import Entry
from civicam.gateway.sessions import Key, Sessions
from civicam.kernel.errors import Operational, Refused
from civicam.media.engine import MediaEngine, StreamKind
from civicam.signalling.gb28181 import mansrtsp
from civicam.signalling.gb28181.collect import RECORD_TIMES
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp.media_status import MediaStatus
from civicam.signalling.gb28181.manscdp.message import Message
from civicam.signalling.gb28181.manscdp.record_info import (
    RecordInfoQuery,
    RecordInfoResponse,
    RecordItem,
    RecordType,
)
from civicam.signalling.gb28181.ssrc import SsrcPool
from civicam.signalling.sip.message import Request

LONGEST = timedelta(days=2)
"""Most that is searched or played at once: longer searches stall recorders."""
SCALES = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
MOST = 200
"""Playbacks and downloads of the whole city at once."""


@dataclass(slots=True)
class _Tape:
    """A history session and where its control stands."""

    source: GbSource
    history: History
    cseq: int = 0
    paused: bool = False
    scale: float = 1.0


class Playbacks:
    """The use case. ``ssrcs``: the pool of history values."""

    def __init__(
        self, desk: Desk, engine: MediaEngine, sessions: Sessions, ssrcs: SsrcPool, commands: Commands
    ) -> None:
        self._desk = desk
        self._engine = engine
        self._sessions = sessions
        self._ssrcs = ssrcs
        self._commands = commands
        self.addresses = Addresses(desk)
        self._tapes: dict[str, _Tape] = {}

    def __len__(self) -> int:
        return len(self._tapes)

    # -- finding

    async def search(self, channel_id: ChannelId, start: datetime, end: datetime) -> Recordings:
        """What the device recorded between two moments, in order, doubles left out.

        Raises as `Commands.collect`, and `Refused` ``gateway.bad-period``.
        """
        self.check(start, end)
        target = await self.addresses.channel(channel_id)
        gb_id = GbId.parse(target.channel)
        found = await self._commands.collect(
            target.entry,
            lambda sn: RecordInfoQuery(sn, gb_id, start=start, end=end, type=RecordType.ALL),
            RecordInfoResponse,
            RECORD_TIMES,
        )
        self._commands.raise_for(target.entry, found)
        rows = sorted(
            {_row(item) for item in found.items if item.start is not None and item.end is not None},
            key=lambda row: (row.start, row.end),
        )
        return Recordings(tuple(rows), found.state == "complete", found.announced)

    # -- playing and fetching

    async def play(self, channel_id: ChannelId, start: datetime, end: datetime) -> str:
        """The stream id, once there are pictures. Raises as live view does."""
        return await self._open(channel_id, History(StreamKind.PLAYBACK, start, end))

    async def fetch(
        self, channel_id: ChannelId, start: datetime, end: datetime, speed: int, path: str
    ) -> str:
        """The stream id of a download that is under way: it is written to ``path`` until the device has sent
        everything (`over`). Raises as live view does.
        """
        return await self._open(channel_id, History(StreamKind.DOWNLOAD, start, end, speed), path)

    async def _open(self, channel_id: ChannelId, history: History, path: str = "") -> str:
        self.check(history.start, history.end)
        if len(self._tapes) >= MOST:
            raise Refused("gateway.too-many-playbacks", most=MOST)
        target = await self.addresses.channel(channel_id)
        leg = Leg(channel_id, target.entry, target.channel, "main", history)
        key: Key = (target.entry.device_id, target.channel, self._desk.line.new_id())

        def make() -> GbSource:
            source = GbSource(
                self._desk, self._engine, self._ssrcs, leg, lambda each: self._changed(each, key)
            )
            source.record_to = path
            self._tapes[source.info.stream_id] = _Tape(source, history)
            return source

        return await self._sessions.open(key, make)

    def _changed(self, source: GbSource, key: Key) -> None:
        self._sessions.changed(source, key)
        if source.closed.is_set():
            self._tapes.pop(source.info.stream_id, None)

    # -- control

    async def pause(self, stream_id: str) -> Outcome:
        """Stand still. The engine no longer takes silence for a loss."""
        tape = self._tape(stream_id)
        await self._engine.pause(stream_id, True)
        outcome = await self._tell(tape, mansrtsp.pause)
        tape.paused = outcome.result is Result.DONE
        if not tape.paused:
            await self._engine.pause(stream_id, False)
        return outcome

    async def resume(self, stream_id: str) -> Outcome:
        """Go on."""
        tape = self._tape(stream_id)
        outcome = await self._tell(tape, mansrtsp.resume)
        await self._engine.pause(stream_id, False)
        tape.paused = False
        return outcome

    async def seek(self, stream_id: str, at: datetime) -> Outcome:
        """Go on from another moment of the period."""
        tape = self._tape(stream_id)
        seconds = (at - tape.history.start).total_seconds()
        if seconds < 0 or at > tape.history.end:
            raise Refused("gateway.bad-period")
        await self._engine.seek(stream_id)
        outcome = await self._tell(tape, lambda cseq: mansrtsp.seek(cseq, seconds))
        if tape.paused and outcome.result is Result.DONE:
            await self._engine.pause(stream_id, False)
            tape.paused = False
        return outcome

    async def speed(self, stream_id: str, scale: float) -> Outcome:
        """Play faster or slower."""
        if scale not in SCALES:
            raise Refused("gateway.bad-scale", known=", ".join(f"{each:g}" for each in SCALES))
        tape = self._tape(stream_id)
        outcome = await self._tell(tape, lambda cseq: mansrtsp.speed(cseq, scale))
        if outcome.result is Result.DONE:
            tape.scale = scale
            await self._engine.scale(stream_id, scale)
        return outcome

    async def over(self, stream_id: str) -> None:
        """Wait until a session has ended, whoever ended it."""
        tape = self._tapes.get(stream_id)
        if tape is not None:
            await tape.source.closed.wait()

    @staticmethod
    def check(start: datetime, end: datetime) -> None:
        """Refuse a period that is none, or too long: ``gateway.bad-period``."""
        if not timedelta(0) < end - start <= LONGEST:
            raise Refused("gateway.bad-period")

    def close(self, stream_id: str) -> None:
        """The person has seen enough. Idempotent."""
        tape = self._tapes.get(stream_id)
        if tape is not None:
            tape.source.end(refusals.NO_VIEWER)

    async def _tell(self, tape: _Tape, make: Callable[[int], mansrtsp.RtspRequest]) -> Outcome:
        tape.cseq += 1
        try:
            async with asyncio.timeout(self._desk.settings.command.taken_s):
                response = await tape.source.tell(mansrtsp.CONTENT_TYPE, make(tape.cseq).to_bytes())
        except TimeoutError:
            return Outcome(Result.UNCONFIRMED)
        except Operational as error:
            if error.code != "signalling.timeout":
                raise
            return Outcome(Result.UNCONFIRMED)
        if not response.ok:
            unknown = response.status in {405, 415, 481, 501}
            return Outcome(Result.UNSUPPORTED if unknown else Result.REFUSED, response.status)
        return _reply(response.body)

    # -- the device says that it is over

    def media_status(self, entry: Entry, request: Request, notice: Message) -> None:
        """MediaStatus 121: by Call-ID, else by the channel it names, else the device's only playback."""
        if not isinstance(notice, MediaStatus) or not notice.finished:
            return
        tape = self._of(entry.device_id, request.call_id, notice.device_id)
        if tape is None:
            self._desk.counters["media_status_unmatched"] += 1
            return
        tape.source.end(refusals.FILE_ENDED)

    def _of(self, device_id: DeviceId, call_id: str, channel: str) -> _Tape | None:
        mine = [each for each in self._tapes.values() if each.source.leg.entry.device_id == device_id]
        for found in (
            [each for each in mine if each.source.call_id == call_id],
            [each for each in mine if each.source.leg.channel == channel],
            mine,
        ):
            if len(found) == 1:
                return found[0]
        return None

    # -- inside

    def _tape(self, stream_id: str) -> _Tape:
        tape = self._tapes.get(stream_id)
        if tape is None or tape.source.ending:
            raise Refused(refusals.NO_SESSION)
        return tape


def _row(item: RecordItem) -> Recording:
    assert item.start is not None
    assert item.end is not None
    kind = "" if item.type is None else item.type.value
    return Recording(item.start, item.end, item.name, kind, item.file_size)


def _reply(body: bytes) -> Outcome:
    """The RTSP line in the 200, when there is one: devices say "no" there."""
    if not body.strip():
        return Outcome(Result.DONE)
    try:
        reply = mansrtsp.parse(body)
    except Refused:
        return Outcome(Result.DONE)  # the 200 stands; a body nobody can read says nothing
    if isinstance(reply, mansrtsp.RtspReply) and not reply.ok:
        return Outcome(Result.REFUSED, reply.status)
    return Outcome(Result.DONE)
