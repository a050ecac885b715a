"""The senders of one worker: who speaks through which loudspeaker."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from civicam.kernel.errors import Refused
from civicam.media.aio.ports import PortPool
from civicam.media.aio.speech import Speech
from civicam.media.engine import EngineEvent, SendSpec, SpeechStats
from civicam.media.settings import MediaSettings


class Speeches:
    """``end(stream_id, code)`` closes one with all that hangs on it."""

    def __init__(
        self,
        pool: PortPool,
        settings: MediaSettings,
        emit: Callable[[EngineEvent], None],
        end: Callable[[str, str], None],
    ) -> None:
        self._pool = pool
        self._settings = settings
        self._emit = emit
        self._end = end
        self._open: dict[str, Speech] = {}

    async def open(self, spec: SendSpec) -> int:
        """A new one; its port. ``media.stream-exists``, ``media.no-ports``."""
        if spec.stream_id in self._open:
            raise Refused("media.stream-exists", stream_id=spec.stream_id)
        speech = Speech(spec, self._settings, self._emit, partial(self._end, spec.stream_id))
        self._open[spec.stream_id] = speech
        try:
            return await speech.open(self._pool)
        except BaseException:
            self._open.pop(spec.stream_id, None)
            raise

    def get(self, stream_id: str) -> Speech | None:
        """The one of that name."""
        return self._open.get(stream_id)

    def ids(self) -> list[str]:
        """All names."""
        return list(self._open)

    def close(self, stream_id: str, code: str) -> bool:
        """Close one; False when there is none."""
        speech = self._open.pop(stream_id, None)
        if speech is not None:
            speech.close(code)
        return speech is not None

    def tick(self, now: float, awaited: Callable[[str], bool], *, stats: bool) -> None:
        """Once a second; ``stats``: tell the speakers how it goes."""
        for stream_id, speech in list(self._open.items()):
            code = speech.tick(now, awaited=awaited(stream_id))
            if code is not None:
                self._end(stream_id, code)
            elif stats:
                speech.tell_stats()

    def stats(self) -> list[SpeechStats]:
        """All."""
        return [speech.stats() for speech in self._open.values()]
