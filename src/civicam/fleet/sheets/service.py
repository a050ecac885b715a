"""Imports and exports of spreadsheets: upload, preview, confirm, follow, undo.

A batch is applied in one transaction of the store: a crash leaves all of it or nothing, and a batch that was
under way is ready to be confirmed again. The uploaded file is kept only until the batch is applied or given
up.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import structlog

from civicam.fleet.crs import System
from civicam.fleet.register import Lists
from civicam.fleet.sheets import workbook
from civicam.fleet.sheets.columns import sheets
from civicam.fleet.sheets.compare import Preview, RowDiff, State
from civicam.fleet.sheets.grid import ReadSheet
from civicam.fleet.sheets.limits import Limits
from civicam.fleet.sheets.opening import demand_workbook
from civicam.fleet.sheets.ports import OPEN, Ask, Batch, BatchState, Conflict, ExportFilter, ImportStore
from civicam.fleet.sheets.process import read_workbook
from civicam.fleet.sheets.schema import Language, Sheet, SheetName
from civicam.fleet.sheets.settings import ImportSettings
from civicam.kernel.clock import Clock
from civicam.kernel.errors import CivicamError, Refused
from civicam.kernel.work import Work

log = structlog.get_logger("civicam.fleet")

HELD = 2
"""Previews kept in memory; another is compared anew when it is asked for."""
_READING = 1
"""Workbooks read at once: each takes a core and some hundred megabytes."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch under way is: the sheet that is being written, ``done`` of ``of`` steps."""

    import_id: str
    state: BatchState
    sheet: SheetName | None
    done: int
    of: int


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of a preview; ``next`` is the number to send as ``after``, None at the end."""

    rows: list[RowDiff]
    next: int | None
    total: int


class ImportService:
    """One for the process; ``folder`` holds uploads. ``enrolled`` is called when devices may have changed."""

    def __init__(
        self,
        work: Work[ImportStore],
        clock: Clock,
        settings: ImportSettings,
        lists: Lists,
        folder: Path,
        enrolled: Callable[[], None],
    ) -> None:
        self._work = work
        self._clock = clock
        self._settings = settings
        self._lists = lists
        self._folder = folder
        self._enrolled = enrolled
        self._limits = settings.limits()
        self._reading = asyncio.Semaphore(_READING)
        self._held: OrderedDict[str, tuple[Preview, tuple[ReadSheet, ...]]] = OrderedDict()
        self._progress: dict[str, Progress] = {}
        self._jobs: set[asyncio.Task[None]] = set()
        self.news: list[Callable[[Progress], None]] = []
        """Called when a batch gets on."""

    @property
    def schema(self) -> tuple[Sheet, ...]:
        """The sheets and their columns, with this installation's lists."""
        return sheets(self._lists)

    @property
    def limits(self) -> Limits:
        """How much is taken."""
        return self._limits

    async def start(self) -> None:
        """What a crash left under way waits to be confirmed again; uploads that nobody confirmed go."""
        old = self._clock.now() - timedelta(hours=self._settings.keep_hours)

        def work(store: ImportStore) -> tuple[list[str], list[str]]:
            for each in store.old([BatchState.APPLYING], self._clock.now()):
                store.turn(each, [BatchState.APPLYING], {"state": BatchState.READY.value})
            for each in store.old([BatchState.READY, BatchState.FAULTY], old):
                store.turn(each, OPEN, {"state": BatchState.DISCARDED.value})
            return store.old(OPEN, self._clock.now()), store.old([BatchState.DISCARDED], old)

        kept, _ = await self._work.write(work)
        await asyncio.to_thread(self._sweep, frozenset(kept))

    async def aclose(self) -> None:
        """Wait for what is being written: it ends by itself, soon."""
        await asyncio.gather(*self._jobs, return_exceptions=True)

    # -- upload and preview

    async def upload(self, pieces: AsyncIterator[bytes], name: str, by: str) -> Batch:
        """Take a workbook in, piece by piece, and compare it with the register.

        `Refused` ``fleet.sheet-…`` for a file that is none or too much, ``fleet.import-crowded``.
        """
        waiting = await self._work.read(lambda store: store.count(OPEN))
        if waiting >= self._settings.waiting:
            raise Refused("fleet.import-crowded", most=self._settings.waiting)
        key = secrets.token_hex(8)
        try:
            size, digest = await self._save(key, pieces)
            preview, _ = await self._look(key)
        except BaseException:
            self._forget(key)
            raise
        faulty = preview.total(State.FAULTY)
        batch = Batch(
            key,
            Path(name).name[:200] or "upload.xlsx",
            digest,
            size,
            by,
            self._clock.now(),
            BatchState.FAULTY if faulty else BatchState.READY,
            _counts(preview),
            preview.digest,
        )
        await self._work.write(lambda store: store.add(batch))
        log.info("fleet.import-read", import_id=key, by=by, file=batch.file_name, faulty=faulty)
        return batch

    async def _save(self, key: str, pieces: AsyncIterator[bytes]) -> tuple[int, str]:
        """Write the upload beside others; gives its size and SHA-256."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        most, size, seen = self._limits.file_bytes, 0, hashlib.sha256()
        handle = os.open(self._path(key), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            async for piece in pieces:
                if size == 0 and piece:
                    demand_workbook(piece[:4096])
                size += len(piece)
                if size > most:
                    raise Refused("fleet.sheet-too-large", most=most >> 20)
                seen.update(piece)
                await asyncio.to_thread(file.write, piece)
        if size == 0:
            raise Refused("fleet.sheet-nothing")
        return size, seen.hexdigest()

    async def _look(self, key: str) -> tuple[Preview, tuple[ReadSheet, ...]]:
        """Read an upload and compare it with the register as it is now."""
        async with self._reading:
            read = await read_workbook(self._path(key), self._limits, self._lists)
            preview = await self._work.read(lambda store: store.compare(read))
        self._held[key] = (preview, read)
        self._held.move_to_end(key)
        while len(self._held) > HELD:
            self._held.popitem(last=False)
        return preview, read

    async def _seen(self, key: str) -> tuple[Preview, tuple[ReadSheet, ...]]:
        batch = await self.batch(key)
        if batch.state not in OPEN:
            raise Refused("fleet.import-state", state=batch.state.value)
        found = self._held.get(key)
        if found is None:
            found = await self._look(key)
            if found[0].digest != batch.digest and batch.state is not BatchState.APPLYING:
                await self._renew(batch, found[0])
        return found

    async def _renew(self, batch: Batch, preview: Preview) -> None:
        """The register has changed since the comparison: the new one counts."""
        state = BatchState.FAULTY if preview.total(State.FAULTY) else BatchState.READY
        said = {
            "state": state.value,
            "digest": preview.digest,
            "counts": orjson.dumps(_counts(preview)).decode(),
        }
        await self._work.write(
            lambda store: store.turn(batch.import_id, [BatchState.READY, BatchState.FAULTY], said)
        )

    async def preview(
        self, import_id: str, states: Sequence[State], sheet: SheetName | None, window: tuple[int, int]
    ) -> Page:
        """Rows in some states, of one sheet or all; ``window``: how many to leave out, how many to give.

        `Refused` ``fleet.unknown-import``, ``fleet.import-state``.
        """
        found, _ = await self._seen(import_id)
        after, limit = window
        rows = [row for row in found.rows if row.state in states and sheet in (None, row.sheet)]
        end = after + limit
        return Page(rows[after:end], end if end < len(rows) else None, len(rows))

    async def error_book(self, import_id: str, language: Language) -> tuple[bytes, str]:
        """The upload with faulty cells marked, and a name for it. Raises as `preview`."""
        preview, read = await self._seen(import_id)
        batch = await self.batch(import_id)
        lines = await asyncio.to_thread(_lines, preview, read)
        body = await asyncio.to_thread(workbook.marked, self.schema, lines, language)
        return body, f"{Path(batch.file_name).stem}-{'errors' if language == 'en' else '错误'}.xlsx"

    # -- batches

    async def batch(self, import_id: str) -> Batch:
        """One. `Refused` ``fleet.unknown-import``."""
        found = await self._work.read(lambda store: store.get(import_id))
        if found is None:
            raise Refused("fleet.unknown-import", import_id=import_id)
        return found

    async def batches(self, after: str = "", limit: int = 50) -> tuple[list[Batch], str | None]:
        """The newest first. `Refused` ``fleet.bad-cursor``."""
        return await self._work.read(lambda store: store.page(after, limit))

    def progress(self, import_id: str) -> Progress | None:
        """How far a batch under way is."""
        return self._progress.get(import_id)

    async def discard(self, import_id: str, by: str) -> Batch:
        """Give an upload up. `Refused` ``fleet.unknown-import``, ``fleet.import-state``."""
        await self._turn(import_id, (BatchState.READY, BatchState.FAULTY), BatchState.DISCARDED)
        self._forget(import_id)
        log.info("fleet.import-discarded", import_id=import_id, by=by)
        return await self.batch(import_id)

    async def _turn(self, import_id: str, states: Sequence[BatchState], to: BatchState) -> Batch:
        batch = await self.batch(import_id)
        said: Mapping[str, Any] = {"state": to.value, "code": "", "data": "{}"}
        if not await self._work.write(lambda store: store.turn(import_id, states, said)):
            raise Refused("fleet.import-state", state=batch.state.value)
        return batch

    # -- applying

    async def confirm(self, import_id: str, by: str) -> Batch:
        """Begin to apply a batch; `news` and `progress` tell how far it is.

        `Refused` ``fleet.unknown-import``, ``fleet.import-state``, ``fleet.import-faulty``.
        """
        batch = await self.batch(import_id)
        if batch.state is BatchState.FAULTY:
            raise Refused("fleet.import-faulty")
        _, read = await self._seen(import_id)
        batch = await self._turn(import_id, [BatchState.READY], BatchState.APPLYING)
        self._tell(Progress(import_id, BatchState.APPLYING, None, 0, len(SheetName)))
        job = asyncio.create_task(self._apply(batch, read, by), name=f"import-{import_id}")
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)
        return replace(batch, state=BatchState.APPLYING)

    async def apply(self, import_id: str, by: str) -> Batch:
        """As `confirm`, and wait for the end; raises what stood against it."""
        await self.confirm(import_id, by)
        await asyncio.gather(*self._jobs)
        batch = await self.batch(import_id)
        if batch.code:
            raise Refused(batch.code, **dict[str, Any](batch.data))
        return batch

    async def _apply(self, batch: Batch, read: tuple[ReadSheet, ...], by: str) -> None:
        key, loop = batch.import_id, asyncio.get_running_loop()
        steps = list(SheetName)

        def tell(sheet: SheetName) -> None:
            now = Progress(key, BatchState.APPLYING, sheet, steps.index(sheet), len(steps))
            loop.call_soon_threadsafe(self._tell, now)

        ask = Ask(key, read, batch.digest, self._clock.now(), by, tell)
        try:
            done = await self._work.write(lambda store: store.apply(ask))
        except Exception as error:  # noqa: BLE001 -- whatever it was, the batch has to be open again
            await self._failed(batch, error)
            return
        self._progress.pop(key, None)
        self._forget(key)
        log.info("fleet.import-applied", import_id=key, by=by, counts=done.counts)
        self._enrolled()
        self._tell(Progress(key, BatchState.APPLIED, None, len(steps), len(steps)))

    async def _failed(self, batch: Batch, error: Exception) -> None:
        """Nothing was written: the batch waits again, and says why."""
        key = batch.import_id
        known = error if isinstance(error, CivicamError) else None
        log.warning("fleet.import-failed", import_id=key, error=repr(error))
        said = {
            "state": BatchState.READY.value,
            "code": "fleet.import-failed" if known is None else known.code,
            "data": orjson.dumps({} if known is None else known.data).decode(),
        }
        self._held.pop(key, None)
        self._progress.pop(key, None)
        await self._work.write(lambda store: store.turn(key, [BatchState.APPLYING], said))
        self._tell(Progress(key, BatchState.READY, None, 0, len(SheetName)))

    def _tell(self, now: Progress) -> None:
        if now.state is BatchState.APPLYING:
            self._progress[now.import_id] = now
        for callback in self.news:
            callback(now)

    # -- undo

    async def conflicts(self, import_id: str) -> list[Conflict]:
        """What speaks against taking a batch back. `Refused` ``fleet.unknown-import``, ``…-state``."""
        return await self._work.read(lambda store: store.conflicts(import_id))

    async def undo(self, import_id: str, by: str) -> Batch:
        """Take a batch back, every cell of it. `Refused` ``fleet.undo-changed``, and as `conflicts`."""
        at = self._clock.now()
        done = await self._work.write(lambda store: store.undo(import_id, at, by))
        log.info("fleet.import-undone", import_id=import_id, by=by)
        self._enrolled()
        self._tell(Progress(import_id, BatchState.UNDONE, None, 0, len(SheetName)))
        return done

    # -- writing workbooks

    async def template(self, wanted: Sequence[SheetName], language: Language, system: System) -> bytes:
        """Empty sheets; all of them where none is named."""
        schema = [each for each in self.schema if not wanted or each.name in wanted]
        return await asyncio.to_thread(workbook.template, schema, language, system)

    async def export(
        self, wanted: Sequence[SheetName], chosen: ExportFilter, language: Language, by: str
    ) -> bytes:
        """Rows that a filter lets through, as a workbook that imports again; passwords never."""
        names = list(wanted) or list(SheetName)
        rows = await self._work.read(lambda store: store.export(names, chosen))
        body = await asyncio.to_thread(workbook.export, self.schema, rows, language)
        counts = {name.value: len(each) for name, each in rows.items()}
        log.info("fleet.exported", by=by, rows=counts)
        return body

    # -- files

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.xlsx"

    def _forget(self, key: str) -> None:
        self._held.pop(key, None)
        self._path(key).unlink(missing_ok=True)

    def _sweep(self, kept: frozenset[str]) -> None:
        for path in self._folder.glob("*.xlsx") if self._folder.is_dir() else ():
            if path.stem not in kept:
                path.unlink(missing_ok=True)


def _counts(preview: Preview) -> dict[str, dict[str, int]]:
    return {
        sheet.value: {state.value: number for state, number in each.items()}
        for sheet, each in preview.counts().items()
    }


def _lines(preview: Preview, read: Sequence[ReadSheet]) -> dict[SheetName, list[workbook.Line]]:
    """The upload's rows again, with what is wrong."""
    faults = {(row.sheet, row.number): row.faults for row in preview.rows if row.faults}
    return {
        sheet.name: [
            workbook.Line(row.values, row.raw, faults.get((sheet.name, row.number), {})) for row in sheet.rows
        ]
        for sheet in read
    }
