"""One stream into one file: a download from a recorder, or a piece of live video somebody wants to keep.

The file is fragmented MP4 under ``NAME.part`` until it is whole, then it is synced and gets its name: no name
ever stands for half a file. What cannot be written ends the recording with a code and leaves no file; the
stream goes on. SHA-256 is taken on the way, since the file only grows.

Sound is G.711 or AAC beside the pictures when it came with the first group of them (QuickTime's ``alaw`` and
``ulaw``: players know them, browsers do not); what starts later is left out, as a track cannot be added.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import logging
import os
from collections.abc import Callable
from pathlib import Path

from civicam.kernel.errors import Operational, Refused
from civicam.media.aio.record import FileWriter
from civicam.media.core.codecs import VideoParameters
from civicam.media.core.fmp4 import TIME_SCALE, Buffer, Fragmenter
from civicam.media.core.mp4_boxes import AudioParameters, read_audio_parameters
from civicam.media.core.unit import Frame
from civicam.media.engine import RecordingEnded, RecordingStats

_log = logging.getLogger("civicam.media.recording")

_FRAGMENT = 2 * TIME_SCALE
_PENDING_BYTES = 32 * 1024 * 1024
"""More than this in one fragment is written at once, whatever its length."""


class Recording:
    """A `FrameSink`. ``over(self, settled)`` hears that it takes no more, ``ended`` the end once the file is
    safe or gone; ``settled`` is done after that."""

    def __init__(
        self,
        stream_id: str,
        path: Path,
        over: Callable[[Recording, asyncio.Future[None]], None],
        ended: Callable[[RecordingEnded], None],
    ) -> None:
        if path.exists():
            raise Refused("media.record-exists", path=str(path))
        self._stream_id = stream_id
        self._path = path
        self._part = path.with_name(path.name + ".part")
        self._on_over = over
        self._ended = ended
        self._loop = asyncio.get_running_loop()
        try:
            self._writer = FileWriter(self._part)
        except OSError as error:
            raise Operational("media.disk-failed", reason=error.strerror or "") from error
        self._sha = hashlib.sha256()
        self._bytes = 0
        self._pending: list[Frame] = []
        self._pending_bytes = 0
        self._fragmenter: Fragmenter | None = None
        self._parameters: VideoParameters | None = None
        self._sound: AudioParameters | None = None
        self._first = 0
        self._written_to = 0
        self._warnings: dict[str, None] = {}
        self._settled: asyncio.Future[None] | None = None

    def stats(self) -> RecordingStats:
        """How far it is."""
        return RecordingStats(
            self._stream_id,
            str(self._path),
            self._bytes,
            self._media_s(),
            self._sound is not None,
            tuple(self._warnings),
        )

    # -- FrameSink

    def frame(self, frame: Frame, parameters: VideoParameters | None) -> None:
        if self._settled is not None or parameters is None:
            return
        if frame.codec.is_video:
            self._picture(frame, parameters)
        elif self._parameters is not None:
            self._add(frame)

    def close(self) -> None:
        """Finish: what is pending is written, the file gets its name."""
        if self._settled is None:
            self._flush(None)
        if self._settled is None:
            self._over("media.recorded" if self._bytes else "media.record-empty")

    # -- inside

    def _picture(self, frame: Frame, parameters: VideoParameters) -> None:
        if self._parameters is None:
            if not frame.key:
                return
            self._parameters, self._first = parameters, frame.dts
        elif parameters is not self._parameters:
            if parameters.codec is not self._parameters.codec:
                self.close()
                return
            if parameters != self._parameters:  # key frames carry their sets: decoders follow
                self._warnings["media.parameters-changed"] = None
            self._parameters = parameters
        pending = self._pending
        due = pending and (
            frame.key
            or frame.dts - self._first - pending[0].dts >= _FRAGMENT
            or self._pending_bytes > _PENDING_BYTES
        )
        if due:
            self._flush(frame.dts - self._first)
        if self._settled is None:
            self._add(frame)

    def _add(self, frame: Frame) -> None:
        """Keep a frame, in the file's own time."""
        dts = frame.dts - self._first
        if dts < 0:
            return  # sound from before the first picture
        self._pending.append(frame._replace(pts=max(0, frame.pts - self._first), dts=dts))
        self._pending_bytes += len(frame.data)

    def _flush(self, end_dts: int | None) -> None:
        pending = self._pending
        if not pending or self._parameters is None:
            return
        buffers: list[Buffer] = []
        if self._fragmenter is None:
            self._sound = self._first_sound()
            self._fragmenter = Fragmenter(self._parameters, self._sound)
            buffers.append(self._fragmenter.init_segment())
        elif self._sound is None and any(not frame.codec.is_video for frame in pending):
            self._warnings["media.sound-late"] = None
        buffers += self._fragmenter.fragment(pending, end_dts)
        self._written_to = max(self._written_to, _end(pending) if end_dts is None else end_dts)
        pending.clear()
        self._pending_bytes = 0
        try:
            self._writer.write(buffers)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            _log.warning("%s: %s", self._part, error)
            self._over("media.disk-full" if full else "media.disk-failed")
            return
        for buffer in buffers:
            self._sha.update(buffer)
            self._bytes += len(buffer)

    def _first_sound(self) -> AudioParameters | None:
        for frame in self._pending:
            if not frame.codec.is_video:
                found = read_audio_parameters(frame)
                if found is not None:
                    return found
        return None

    def _media_s(self) -> float:
        return round(self._written_to / TIME_SCALE, 3)

    def _over(self, code: str) -> None:
        self._pending.clear()
        self._settled = self._loop.create_future()
        self._on_over(self, self._settled)
        work = self._loop.run_in_executor(None, self._settle, code)
        work.add_done_callback(lambda done: self._told(done.result()))

    def _settle(self, code: str) -> str:
        """In a thread, since syncing takes its time: the file gets its name, or goes."""
        whole = code == "media.recorded"
        try:
            if whole:
                self._writer.sync()
            self._writer.close()
            if whole:
                self._part.rename(self._path)
                _sync_folder(self._path.parent)
            else:
                self._part.unlink(missing_ok=True)
        except OSError as error:
            _log.warning("%s: %s", self._part, error)
            return "media.disk-failed"
        return code

    def _told(self, code: str) -> None:
        whole = code == "media.recorded"
        assert self._settled is not None
        self._ended(
            RecordingEnded(
                self._stream_id,
                str(self._path),
                code,
                self._bytes if whole else 0,
                self._sha.hexdigest() if whole else "",
                self._media_s() if whole else 0.0,
                whole and self._sound is not None,
            )
        )
        self._settled.set_result(None)


def _end(frames: list[Frame]) -> int:
    """Where the last picture ends, lasting as long as the one before."""
    video = [frame.dts for frame in frames if frame.codec.is_video]
    step = video[-1] - video[-2] if len(video) > 1 else TIME_SCALE // 25
    return video[-1] + step if video else 0


def _sync_folder(folder: Path) -> None:
    """A new name is only safe once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
