"""Recordings fetched as files: jobs that wait for their turn, tell how far they are, and are kept for a day.

A finished file lies beside a small description, so that the list survives a restart; what was under way
then is gone with the device's session, and its half-written file with it. Nothing is named until it is
whole: the engine writes to a ``.part`` and renames.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import OrderedDict
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path

from civicam.fleet.facts import ChannelId
from civicam.fleet.orders import Download
from civicam.gateway.desk import Desk
from civicam.gateway.playback import Playbacks
from civicam.kernel.errors import CivicamError, Operational, Refused
from civicam.media.engine import MediaEngine, RecordingEnded, RecordingStats

RECORDED = "media.recorded"
_TIMES = ("start", "end", "asked_at", "until")
_CLEAN_S = 600.0
_TAIL_S = 20.0
"""From the end of the session until the engine tells what became of the file."""


class Downloads:
    """The use case. ``folder`` is ours alone."""

    def __init__(self, desk: Desk, engine: MediaEngine, playbacks: Playbacks, folder: Path) -> None:
        self._desk = desk
        self._engine = engine
        self._playbacks = playbacks
        self._folder = folder
        self._jobs: OrderedDict[str, Download] = OrderedDict()
        self._streams: dict[str, str] = {}
        self._ended: dict[str, asyncio.Future[RecordingEnded]] = {}
        self._work: dict[str, asyncio.Task[None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._turns = asyncio.Semaphore(desk.settings.download.concurrent)

    def start(self) -> None:
        """Find what earlier processes finished, and remove what they left half done: a short list, once."""
        self._jobs.update((job.download_id, job) for job in _stored(self._folder))
        self._arm()

    async def aclose(self) -> None:
        """Nothing half done is left behind."""
        if self._timer is not None:
            self._timer.cancel()
        for task in list(self._work.values()):
            task.cancel()
        await asyncio.gather(*self._work.values(), return_exceptions=True)

    # -- what people ask

    async def ask(
        self, channel_id: ChannelId, start: datetime, end: datetime, *, owner: str, speed: int = 4
    ) -> Download:
        """Enter a job. Raises `Refused` ``gateway.bad-period``, ``gateway.too-many-downloads`` and as
        `Addresses.channel`.
        """
        self._playbacks.check(start, end)
        target = await self._playbacks.addresses.channel(channel_id)
        if len(self._jobs) >= self._desk.settings.download.most:
            raise Refused("gateway.too-many-downloads", most=self._desk.settings.download.most)
        job = Download(
            self._desk.line.new_id(),
            channel_id,
            target.channel,
            owner,
            start,
            end,
            self._desk.clock.now(),
            "waiting",
        )
        self._jobs[job.download_id] = job
        task = asyncio.get_running_loop().create_task(self._run(job, speed), name="download")
        self._work[job.download_id] = task
        task.add_done_callback(lambda _done: self._work.pop(job.download_id, None))
        return job

    async def all(self, owner: str = "") -> list[Download]:
        """Newest first, with how far they are; ``owner`` empty: everybody's."""
        written = {each.stream_id: each for each in await self._recordings()}
        rows = []
        for job in reversed(self._jobs.values()):
            if owner and job.owner != owner:
                continue
            stats = written.get(self._stream_of(job.download_id))
            if stats is not None and job.stage == "receiving":
                period = (job.end - job.start).total_seconds()
                job = replace(job, bytes=stats.bytes, progress=min(1.0, stats.media_s / period))
            rows.append(job)
        return rows

    def file(self, download_id: str) -> tuple[Download, Path]:
        """A finished job and its file. Raises `Refused` ``gateway.no-download``."""
        job = self._jobs.get(download_id)
        if job is None or job.stage != "done":
            raise Refused("gateway.no-download")
        return job, self._path(download_id)

    async def remove(self, download_id: str) -> None:
        """Cancel a job, or remove its file. Idempotent."""
        task = self._work.get(download_id)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if self._jobs.pop(download_id, None) is not None:
            await asyncio.to_thread(_remove, self._path(download_id))

    # -- what the engine tells

    def recorded(self, event: RecordingEnded) -> None:
        """A file is whole, or there is none."""
        future = self._ended.get(event.path)
        if future is not None and not future.done():
            future.set_result(event)

    # -- inside

    async def _run(self, job: Download, speed: int) -> None:
        path = self._path(job.download_id)
        stream_id = ""
        ended: asyncio.Future[RecordingEnded] = asyncio.get_running_loop().create_future()
        self._ended[str(path)] = ended
        try:
            async with self._turns:
                await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True)
                self._change(job, stage="receiving")
                stream_id = await self._playbacks.fetch(
                    ChannelId(job.channel_id), job.start, job.end, speed, str(path)
                )
                self._streams[stream_id] = job.download_id
                await self._playbacks.over(stream_id)
                async with asyncio.timeout(_TAIL_S):
                    event = await ended
            await self._finish(job, event)
        except asyncio.CancelledError:
            self._change(job, stage="cancelled")
            self._playbacks.close(stream_id)
            await asyncio.to_thread(_remove, path)
            raise
        except TimeoutError:
            self._change(job, stage="failed", code="media.record-empty")
        except CivicamError as error:
            self._desk.counters["download_failed"] += 1
            self._change(job, stage="failed", code=error.code)
        finally:
            self._streams.pop(stream_id, None)
            del self._ended[str(path)]

    async def _finish(self, job: Download, event: RecordingEnded) -> None:
        if event.code != RECORDED:
            self._change(job, stage="failed", code=event.code)
            return
        until = self._desk.clock.now() + timedelta(hours=self._desk.settings.download.keep_h)
        done = self._change(
            job,
            stage="done",
            progress=1.0,
            bytes=event.bytes,
            sha256=event.sha256,
            sound=event.sound,
            until=until,
        )
        await asyncio.to_thread(_describe, self._path(job.download_id), done)
        self._desk.counters["download_done"] += 1
        self._arm()

    def _change(self, job: Download, **changes: object) -> Download:
        changed = replace(self._jobs.get(job.download_id, job), **changes)  # type: ignore[arg-type]
        if job.download_id in self._jobs:
            self._jobs[job.download_id] = changed
        return changed

    async def _recordings(self) -> list[RecordingStats]:
        try:
            return await self._engine.recordings()
        except Operational as error:
            self._desk.faults.note(error.code, "engine", self._desk.clock.monotonic())
            return []

    def _stream_of(self, download_id: str) -> str:
        return next((stream for stream, job in self._streams.items() if job == download_id), "")

    def _path(self, download_id: str) -> Path:
        return self._folder / f"{download_id}.mp4"

    def _arm(self) -> None:
        """Look for files whose time is over, now and then, while there are any."""
        if self._timer is None and any(job.until is not None for job in self._jobs.values()):
            self._timer = asyncio.get_running_loop().call_later(_CLEAN_S, self._clean)

    def _clean(self) -> None:
        self._timer = None
        now = self._desk.clock.now()
        for job in list(self._jobs.values()):
            if job.until is not None and job.until <= now:
                self._desk.tasks.spawn(self.remove(job.download_id), "download-expired")
        self._arm()


def _describe(path: Path, job: Download) -> None:
    rows = asdict(job)
    for name in _TIMES:
        rows[name] = rows[name].isoformat() if rows[name] is not None else None
    temporary = path.with_suffix(".json.part")
    temporary.write_text(json.dumps(rows, ensure_ascii=False))
    temporary.replace(path.with_suffix(".json"))


def _stored(folder: Path) -> list[Download]:
    """Finished jobs, oldest first. What is half done, or cannot be read, is removed."""
    found: list[Download] = []
    if not folder.is_dir():
        return found
    for path in folder.iterdir():
        if path.suffix == ".part":
            path.unlink(missing_ok=True)
    for path in folder.glob("*.json"):
        try:
            rows = json.loads(path.read_text())
            job = Download(**{**rows, **{name: _time(rows[name]) for name in _TIMES}})
        except (OSError, ValueError, KeyError, TypeError):
            path.unlink(missing_ok=True)
            continue
        if path.with_suffix(".mp4").is_file():
            found.append(job)
        else:
            path.unlink(missing_ok=True)
    return sorted(found, key=lambda job: job.asked_at)


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _remove(path: Path) -> None:
    for each in (path, path.with_suffix(".json"), path.with_name(path.name + ".part")):
        with contextlib.suppress(OSError):
            each.unlink(missing_ok=True)
