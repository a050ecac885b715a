"""Signs the tree from time to time and hands the checkpoints to witnesses; keeps and changes the key."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from civicam.audit import notes
from civicam.audit.facts import Checkpoint, Entry, Json, SigningKey, WitnessState
from civicam.audit.ports import AuditStore, KeyRing, Signer, Witness
from civicam.audit.settings import AuditSettings
from civicam.audit.tree import subtree
from civicam.kernel.clock import Clock
from civicam.kernel.errors import CivicamError, Operational
from civicam.kernel.work import Work

log = structlog.get_logger("civicam.audit")

Append = Callable[[Entry], Awaitable[int]]


@dataclass(slots=True)
class _Told:
    """A witness and what it has."""

    witness: Witness
    size: int = 0
    at: datetime | None = None
    failures: int = 0
    error: str = ""

    def state(self) -> WitnessState:
        return WitnessState(self.witness.name, self.size, self.at, self.failures, self.error)


class Keeper:
    """Belongs to the service. `open` before anything else."""

    def __init__(self, work: Work[AuditStore], keys: KeyRing, clock: Clock, settings: AuditSettings) -> None:
        self._work = work
        self._keys = keys
        self._clock = clock
        self._settings = settings
        self._signer: Signer | None = None
        self._append: Append | None = None
        self._told: list[_Told] = []
        self._task: asyncio.Task[None] | None = None
        self._many = asyncio.Event()
        self._lock = asyncio.Lock()
        self.log_id = ""
        self.last: Checkpoint | None = None
        self.signed = 0
        """Checkpoints since the start."""
        self.failures = 0
        """Checkpoints that could not be made."""

    # -- keys

    async def open(self, append: Append) -> None:
        """Find the key that signs; the first one names the log.

        `Operational` ``audit.key-unreadable``, ``audit.key-foreign`` (the file is another log's).
        """
        self._append = append
        known = await self._work.read(lambda store: store.keys())
        signer = await asyncio.to_thread(self._keys.current)
        if not known:
            first = SigningKey(0, _text(signer.public), 0, self._clock.now(), "", "")
            await self._work.write(lambda store: _add_first(store, first))
            known = await self._work.read(lambda store: store.keys())
        if known[-1].public != _text(signer.public):
            signer = await asyncio.to_thread(self._keys.prepared)  # the change was written and not finished
            if known[-1].public != _text(signer.public):
                raise Operational("audit.key-foreign", file="audit.key")
            await append(Entry("audit.key", facts=_facts(known[-1])))
            await asyncio.to_thread(self._keys.adopt)
        self._signer = signer
        self.log_id = notes.log_id(base64.b64decode(known[0].public))
        newest = await self._work.read(lambda store: store.checkpoints(1))
        self.last = newest[-1] if newest else None

    async def rotate(self, by: Entry) -> SigningKey:
        """Another key signs from now on: the old one says so over the new one's public key.

        The statement is an entry (``by``, with the words) as well: whoever has the log has the chain of keys.
        """
        assert self._append is not None
        async with self._lock:
            old = self._demand()
            new = await asyncio.to_thread(self._keys.prepared)
            known = await self._work.read(lambda store: store.keys())
            size = await self._work.read(lambda store: store.size())
            statement = notes.rotation(self.log_id, old.public, new.public, size)
            signature = base64.b64encode(old.sign(statement.encode())).decode()
            key = SigningKey(len(known), _text(new.public), size, self._clock.now(), statement, signature)
            await self._work.write(lambda store: store.add_key(key))
            await self._append(replace(by, action="audit.key", facts=_facts(key)))
            self._signer = await asyncio.to_thread(self._keys.adopt)
        await self.checkpoint()
        return key

    def _demand(self) -> Signer:
        assert self._signer is not None, "open the keeper first"
        return self._signer

    # -- checkpoints

    def start(self, witnesses: Sequence[Witness]) -> None:
        """Sign from time to time, until `aclose`."""
        self._told = [_Told(each) for each in witnesses]
        self._task = asyncio.create_task(self._keep(), name="audit-checkpoints")

    async def aclose(self) -> None:
        """Sign what is new and tell the witnesses once more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None
            await self._step()

    def grown(self, size: int) -> None:
        """The log has ``size`` entries now."""
        if size - (self.last.size if self.last else 0) >= self._settings.checkpoint_entries:
            self._many.set()

    def witnesses(self) -> list[WitnessState]:
        """How it stands with each."""
        return [each.state() for each in self._told]

    async def checkpoint(self) -> Checkpoint:
        """Sign the log as it is now; the last one again when nothing is new. `Operational`: the store."""
        async with self._lock:
            signer = self._demand()
            key_id = notes.key_id(self.log_id, signer.public)
            size, root = await self._work.read(_tree)
            last = self.last
            if last is not None and last.size == size and last.key_id == key_id:
                return last
            now = self._clock.now()
            text = notes.body(self.log_id, size, root, now)
            note = notes.signed(text, self.log_id, key_id, signer.sign(text.encode()))
            made = Checkpoint(size, root, now, key_id, note)
            await self._work.write(lambda store: store.add_checkpoint(made))
            self.last = made
            self.signed += 1
            return made

    async def _keep(self) -> None:
        while True:
            await self._step()
            try:
                async with asyncio.timeout(self._settings.checkpoint_s):
                    await self._many.wait()
            except TimeoutError:
                continue
            self._many.clear()

    async def _step(self) -> None:
        """One checkpoint and whoever lacks it; what fails is counted and tried again at the next step."""
        try:
            newest = await self.checkpoint()
        except CivicamError as error:
            self.failures += 1
            log.error("audit.no-checkpoint", code=error.code, error=str(error))
            return
        await asyncio.gather(*(self._tell(each, newest) for each in self._told if each.size < newest.size))

    async def _tell(self, told: _Told, newest: Checkpoint) -> None:
        try:
            await told.witness.tell(newest)
        except CivicamError as error:
            told.failures += 1
            told.error = str(error.data.get("reason", error.code))
            log.warning("audit.witness", witness=told.witness.name, error=told.error, failures=told.failures)
            return
        told.size, told.at, told.error = newest.size, self._clock.now(), ""


def _tree(store: AuditStore) -> tuple[int, bytes]:
    size = store.size()
    return size, subtree(store, 0, size)


def _facts(key: SigningKey) -> dict[str, Json]:
    """What the log itself says of a change of key."""
    return {"statement": key.statement, "signed": key.signature, "size": key.from_size}


def _add_first(store: AuditStore, key: SigningKey) -> None:
    if not store.keys():
        store.add_key(key)


def _text(public: bytes) -> str:
    return base64.b64encode(public).decode()
