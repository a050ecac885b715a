"""One upload of a device, from its first byte to our answer: to the disk, in pieces, and nothing of it kept
unless all of it was good.

Every picture goes through `civicam.media.core.jpeg` into a file without a name of its own; the ask takes it
in when the whole upload has come and names the right session. Whatever breaks off leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, TypeVar

from civicam.gateway import snapshot_files
from civicam.gateway.shoot import Kept, Shoot
from civicam.kernel.errors import Operational, Refused
from civicam.media.core.jpeg import JpegStrainer

DISK = "gateway.snapshot-disk"
TOO_LARGE = "gateway.snapshot-too-large"
FOREIGN_SESSION = "gateway.snapshot-foreign-session"
BEYOND = "gateway.snapshot-beyond"

_AT_ONCE = 256 * 1024
"""Bytes written together."""

T = TypeVar("T")


class Intake:
    """``async with`` it. ``done`` hears after pictures were kept; ``left`` when the upload is over."""

    def __init__(
        self,
        shoot: Shoot,
        folder: Path,
        session_id: str,
        limit: int,
        hooks: tuple[Callable[[], float], Callable[[], None], Callable[[], None]],
    ) -> None:
        self._shoot = shoot
        self._folder = folder
        self._session_id = session_id
        self._limit = limit
        self._now, self._done, self._left = hooks
        self._whole: list[tuple[Path, Kept]] = []
        self._file: BinaryIO | None = None
        self._path = folder
        self._name = ""
        self._size = 0
        self._waiting = bytearray()
        self._strainer = JpegStrainer()
        self._digest = hashlib.sha256()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left()
        await asyncio.shield(asyncio.to_thread(self._clear))

    def arrived(self, size: int) -> None:
        """So many bytes of the upload came in. Raises `Refused` ``gateway.snapshot-too-large``."""
        if not self._shoot.spend(size):
            raise Refused(TOO_LARGE)

    async def begin(self, name: str) -> None:
        """A picture begins; ``name`` is the device's word for it."""
        if len(self._whole) >= self._shoot.wanted:
            raise Refused(BEYOND)
        self._strainer, self._digest = JpegStrainer(), hashlib.sha256()
        self._name, self._size, self._waiting = name, 0, bytearray()
        self._path = self._folder / f"{secrets.token_hex(8)}.part"
        self._file = await self._disk(self._open)

    async def write(self, data: bytes) -> None:
        """Its next bytes. Raises `Refused` ``media.not-jpeg``, ``gateway.snapshot-too-large``."""
        self._waiting += self._strainer.feed(data)
        if self._size + len(self._waiting) > self._limit:
            raise Refused(TOO_LARGE)
        if len(self._waiting) >= _AT_ONCE:
            await self._flush()

    async def end(self) -> None:
        """It was sent whole. Raises `Refused` ``media.picture-cut``."""
        width, height = self._strainer.finish()
        await self._flush()
        await self._disk(self._close)
        kept = Kept(self._digest.hexdigest(), self._name, self._size, width, height)
        self._whole.append((self._path, kept))

    async def keep(self, session_id: str) -> None:
        """The upload is whole and names ``session_id`` (empty: none). Take its pictures in.

        Raises `Refused` ``gateway.snapshot-foreign-session``, ``gateway.snapshot-beyond``.
        """
        if session_id and session_id != self._session_id:
            raise Refused(FOREIGN_SESSION)
        try:
            for path, kept in self._whole:
                self._take_in(path, kept)
        except OSError as error:
            raise self._broken(error) from error

    # -- inside

    def _take_in(self, path: Path, kept: Kept) -> None:
        """Not in a thread: between the question and the name no other upload may come."""
        match self._shoot.offer(kept.digest, kept.name):
            case "beyond":
                raise Refused(BEYOND)
            case "new":
                path.replace(snapshot_files.picture(self._folder, len(self._shoot.pictures) + 1))
                self._shoot.keep(kept, self._now())
                self._done()
            case "copy":
                pass

    def _broken(self, error: OSError) -> Operational:
        """The disk failed: the ask comes to nothing more."""
        self._shoot.fail(DISK, self._now())
        self._done()
        return Operational(DISK, reason=error.strerror or str(error))

    async def _flush(self) -> None:
        data, self._waiting = bytes(self._waiting), bytearray()
        if data:
            self._size += len(data)
            self._digest.update(data)
            await self._disk(lambda: self._file.write(data) if self._file is not None else 0)

    async def _disk(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(work)
        except OSError as error:
            raise self._broken(error) from error

    def _open(self) -> BinaryIO:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self._path.open("xb")

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _clear(self) -> None:
        """What was not taken in goes."""
        with contextlib.suppress(OSError):
            self._close()
        for path in (self._path, *(path for path, _ in self._whole)):
            if path.suffix == ".part":
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
