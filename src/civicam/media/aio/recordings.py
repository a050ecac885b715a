"""The recordings of one worker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from civicam.kernel.errors import Refused
from civicam.media.aio.hub import Hub
from civicam.media.aio.recording import Recording
from civicam.media.engine import EngineEvent, RecordingEnded, RecordingStats


class Recordings:
    """One a stream; ``emit`` hears `RecordingEnded`."""

    def __init__(self, emit: Callable[[EngineEvent], None]) -> None:
        self._emit = emit
        self._running: dict[str, tuple[Hub, Recording]] = {}
        self._settling: set[asyncio.Future[None]] = set()

    def start(self, stream_id: str, hub: Hub, path: Path) -> None:
        """Record what ``hub`` gets. ``media.record-exists``, ``media.disk-failed``."""
        if stream_id in self._running:
            raise Refused("media.record-exists", path=str(path))
        recording = Recording(stream_id, path, self._over, self._ended)
        self._running[stream_id] = hub, recording
        hub.sinks.append(recording)

    def stop(self, stream_id: str) -> None:
        """Finish one. Idempotent."""
        found = self._running.get(stream_id)
        if found is not None:
            found[1].close()

    def stats(self) -> list[RecordingStats]:
        """All under way."""
        return [recording.stats() for _, recording in self._running.values()]

    async def aclose(self) -> None:
        """Finish all and wait until they are safe."""
        for stream_id in list(self._running):
            self.stop(stream_id)
        while self._settling:
            await asyncio.wait(self._settling)

    def _over(self, recording: Recording, settled: asyncio.Future[None]) -> None:
        """Nothing more goes into this one."""
        self._settling.add(settled)
        settled.add_done_callback(self._settling.discard)
        for stream_id, (hub, running) in list(self._running.items()):
            if running is recording:
                del self._running[stream_id]
                if recording in hub.sinks:  # a new list: the hub may be going through this one
                    hub.sinks = [sink for sink in hub.sinks if sink is not recording]

    def _ended(self, event: RecordingEnded) -> None:
        self._emit(event)
