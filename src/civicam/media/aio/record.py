"""The seam for recording: frames gathered into fragments, each written with one call.

A fragment is a group of pictures, or ``most_s`` seconds of a longer one: what a kill -9 can lose. The
recording room will bring file changes, index and retention; this is the path the benchmark measures.
"""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from civicam.media.core.codecs import VideoParameters
from civicam.media.core.fmp4 import Fragmenter
from civicam.media.core.unit import Frame

_log = logging.getLogger("civicam.media.record")

Buffers = Sequence[bytes | memoryview]

_IOV_MOST = 1024
"""Linux's IOV_MAX."""


class FragmentWriter(Protocol):
    """Where fragments go."""

    def write(self, buffers: Buffers) -> None:
        """Take one fragment (or the init segment) whole; OSError when it cannot."""
        ...

    def close(self) -> None:
        """Nothing more comes."""
        ...


class NullWriter:
    """Counts and forgets: what recording costs without a disk."""

    def __init__(self) -> None:
        self.bytes = 0

    def write(self, buffers: Buffers) -> None:
        self.bytes += sum(map(len, buffers))

    def close(self) -> None:
        """Nothing to close."""


class FileWriter:
    """Appends to a file with one ``writev`` a fragment. A fragment that did not fit whole is cut off again,
    so the file never ends torn."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640)
        self._size = 0

    def write(self, buffers: Buffers) -> None:
        wanted = sum(map(len, buffers))
        try:
            whole = buffers if len(buffers) <= _IOV_MOST else [b"".join(buffers)]
            written = os.writev(self._fd, whole)
        except OSError:
            os.ftruncate(self._fd, self._size)
            raise
        if written < wanted:
            os.ftruncate(self._fd, self._size)
            os.lseek(self._fd, self._size, os.SEEK_SET)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._size += wanted

    def sync(self) -> None:
        """Wait until the disk has it all: not for an event loop."""
        os.fsync(self._fd)

    def close(self) -> None:
        os.close(self._fd)


class RecordSink:
    """A `FrameSink` that writes fragmented MP4.

    When the writer fails, the fragment is lost and counted, ``on_state`` hears the code (``media.disk-full``,
    ``media.disk-failed``) once, and None once it works again; ingest goes on.
    """

    def __init__(
        self, writer: FragmentWriter, on_state: Callable[[str | None], None], most_s: float = 2.0
    ) -> None:
        self.lost_fragments = 0
        self._writer = writer
        self._on_state = on_state
        self._most = int(most_s * 90000)
        self._pending: list[Frame] = []
        self._fragmenter: Fragmenter | None = None
        self._parameters: VideoParameters | None = None
        self._init_due = False
        self._state: str | None = None

    def frame(self, frame: Frame, parameters: VideoParameters | None) -> None:
        if parameters is None or not frame.codec.is_video:
            return  # sound is the recording room's: it wants a track of its own in every file
        pending = self._pending
        if pending and (frame.key or frame.dts - pending[0].dts >= self._most):
            self._flush(frame.dts)
        if parameters is not self._parameters:
            self._parameters = parameters
            self._fragmenter = Fragmenter(parameters)
            self._init_due = True
        pending.append(frame)

    def close(self) -> None:
        if self._pending:
            self._flush(None)
        self._writer.close()

    def _flush(self, end_dts: int | None) -> None:
        assert self._fragmenter is not None
        buffers = self._fragmenter.fragment(self._pending, end_dts)
        self._pending.clear()
        if self._init_due:
            buffers.insert(0, self._fragmenter.init_segment())
        try:
            self._writer.write(buffers)
            self._init_due = False
            self._report(None)
        except OSError as error:
            self.lost_fragments += 1
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            self._report("media.disk-full" if full else "media.disk-failed")

    def _report(self, state: str | None) -> None:
        if state != self._state:
            self._state = state
            _log.warning("recording: %s", state or "works again")
            self._on_state(state)
