"""Questions and orders to devices by MESSAGE, and their answers (GB/T 28181-2022 §9.3–9.8, Annex A).

Our MESSAGE is answered 200 at once; the answer proper is a MESSAGE of the device's own. It is matched by
(device, kind of command, SN), never by Call-ID or CSeq. Three ways to ask:

* `Commands.ask`: one question, one answer;
* `Commands.collect`: an answer in parts, counted by `civicam.signalling.gb28181.collect`; two questions of
  one kind about one channel wait for each other, since devices mix their parts up;
* `Commands.order`: a DeviceControl. Most orders have no answer by the standard, some devices stay silent
  where one is due: the `Outcome` says which it was, and claims no more than is known.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from civicam.fleet.orders import Outcome, Result
from civicam.gateway.desk import Desk
from civicam.gateway.roster import Entry
from civicam.kernel.errors import Operational, Refused, Side
from civicam.signalling.gb28181.collect import Collector, CollectState, CollectTimes, Item, Part
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp import Message
from civicam.signalling.gb28181.manscdp.control_actions import ControlAction
from civicam.signalling.gb28181.manscdp.device_control import DeviceControl, DeviceControlResponse

NO_ANSWER = "gateway.no-answer"
DEVICE_REFUSED = "gateway.device-refused"
NOT_TAKEN = "gateway.command-not-taken"
BUSY = "gateway.commands-busy"

_MAX_SN = 2**31 - 1
_SIP_UNSUPPORTED = frozenset({405, 415, 420, 501})

M = TypeVar("M", bound=Message)
T = TypeVar("T", bound=Item)


@dataclass(frozen=True, slots=True)
class Collected(Generic[T]):
    """An answer in parts. Absence of an item means something only when ``state`` is COMPLETE."""

    state: CollectState
    items: tuple[T, ...]
    announced: int | None
    reason: str = ""


class Commands:
    """One for the gateway. ``first_sn``: where the serial numbers of this process begin."""

    def __init__(self, desk: Desk, first_sn: int) -> None:
        self._desk = desk
        self._sn = first_sn
        self._waiting: dict[tuple[str, type[Message], int], Callable[[Message], bool]] = {}
        self._turns: dict[Hashable, tuple[asyncio.Lock, int]] = {}
        self._under_way = 0

    def __len__(self) -> int:
        return self._under_way

    def next_sn(self) -> int:
        """The next serial number."""
        self._sn = self._sn % _MAX_SN + 1
        return self._sn

    def offer(self, entry: Entry, answer: Message) -> bool:
        """An answer came in; False when nobody waits for it."""
        take = self._waiting.get((entry.gb_id, type(answer), answer.sn))
        return take is not None and take(answer)

    async def ask(
        self, entry: Entry, make: Callable[[int], Message], kind: type[M], patience_s: float = 0.0
    ) -> M:
        """The one answer of ``kind`` to the question ``make(sn)``.

        Raises `Operational` ``gateway.no-answer``, ``gateway.unreachable``, ``gateway.command-not-taken``
        (data: ``status``) and `Refused` ``gateway.device-refused``, ``gateway.commands-busy``.
        """
        answered: asyncio.Future[Message] = asyncio.get_running_loop().create_future()

        def take(answer: Message) -> bool:
            if not answered.done():
                answered.set_result(answer)
            return True

        sn = self.next_sn()
        with self._awaiting(entry, kind, sn, take):
            await self._send(entry, make(sn))
            try:
                async with asyncio.timeout(patience_s or self._desk.settings.command.answer_s):
                    answer = await answered
            except TimeoutError:
                self._desk.counters["command_unanswered"] += 1
                raise self._failure(NO_ANSWER, entry) from None
        if not getattr(answer, "ok", True):
            raise Refused(DEVICE_REFUSED, device=_name(entry), reason=getattr(answer, "reason", ""))
        return cast("M", answer)

    async def collect(
        self,
        entry: Entry,
        make: Callable[[int], Message],
        kind: type[Part[T]],
        times: CollectTimes,
        *,
        expected: int | None = None,
    ) -> Collected[T]:
        """Every part of ``kind`` that answers ``make(sn)``, one question at a time for each channel.

        Raises as `ask` does, but silence is a state here: `CollectState.SILENT`.
        """
        sn = self.next_sn()
        question = make(sn)
        async with self._turn((entry.gb_id, question.device_id, kind)):
            clock = self._desk.clock
            collector: Collector[T] = Collector(
                sn, clock.monotonic(), times, self._desk.settings.command.max_items, expected
            )
            news = asyncio.Event()
            reasons: list[str] = []

            def take(part: Message) -> bool:
                taken = collector.offer(cast("Part[T]", part), clock.monotonic())
                if taken and (reason := getattr(part, "reason", "")):
                    reasons[:] = [reason]
                news.set()
                return taken

            with self._awaiting(entry, cast("type[Message]", kind), sn, take):
                await self._send(entry, question)
                while (at := collector.get_timer()) is not None:
                    news.clear()
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(max(0.0, at - clock.monotonic())):
                            await news.wait()
                    collector.handle_timer(clock.monotonic())
        self._desk.counters[f"collected_{collector.state}"] += 1
        return Collected(collector.state, collector.items, collector.announced, "".join(reasons))

    async def order(self, entry: Entry, target: str, action: ControlAction) -> Outcome:
        """Send a DeviceControl for ``target`` (the device's id or a channel's). Never raises for what the
        device says; raises `Operational` ``gateway.unreachable`` when it cannot be reached at all.
        """
        return await self.answered_order(
            entry,
            lambda sn: DeviceControl(sn, GbId.parse(target), action),
            DeviceControlResponse,
            due=DeviceControl(1, GbId.parse(target), action).answered,
        )

    async def answered_order(
        self, entry: Entry, make: Callable[[int], Message], kind: type[Message], *, due: bool
    ) -> Outcome:
        """Any order whose answer says OK or ERROR; ``due``: whether the standard wants an answer at all."""
        sn = self.next_sn()
        answered: asyncio.Future[Message] = asyncio.get_running_loop().create_future()

        def take(answer: Message) -> bool:
            if not answered.done():
                answered.set_result(answer)
            return True

        with self._awaiting(entry, kind, sn, take):
            try:
                await self._send(entry, make(sn))
            except Operational as error:
                if error.code != NOT_TAKEN:
                    raise
                status = int(error.data["status"] or 0)
                unknown = status in _SIP_UNSUPPORTED
                return Outcome(Result.UNSUPPORTED if unknown else Result.REFUSED, status)
            if not due and not answered.done():
                return Outcome(Result.TAKEN)
            try:
                async with asyncio.timeout(self._desk.settings.command.confirm_s):
                    answer = await answered
            except TimeoutError:
                return Outcome(Result.UNCONFIRMED)
        ok = bool(getattr(answer, "ok", True))
        return Outcome(Result.DONE if ok else Result.REFUSED, 0, str(getattr(answer, "reason", "")))

    def raise_for(self, entry: Entry, found: Collected[Any]) -> None:
        """Turn silence and refusal into errors, for those who can do nothing with half an answer."""
        if found.state is CollectState.SILENT:
            raise self._failure(NO_ANSWER, entry)
        if found.state is CollectState.REFUSED:
            raise Refused(DEVICE_REFUSED, device=_name(entry), reason=found.reason)

    # -- inside

    async def _send(self, entry: Entry, command: Message) -> None:
        peer = entry.peer
        if peer is None:
            raise self._failure("gateway.unreachable", entry)
        self._desk.counters[f"command_{command.CMD_TYPE.lower()}"] += 1
        try:
            async with asyncio.timeout(self._desk.settings.command.taken_s):
                response = await self._desk.send(entry, peer, command)
        except TimeoutError:
            raise self._failure(NO_ANSWER, entry) from None
        except Operational as error:
            code = NO_ANSWER if error.code == "signalling.timeout" else "gateway.unreachable"
            raise self._failure(code, entry) from error
        if not response.ok:
            raise self._failure(NOT_TAKEN, entry, status=response.status)

    @staticmethod
    def _failure(code: str, entry: Entry, status: int = 0) -> Operational:
        return Operational(code, side=Side.REMOTE, device=_name(entry), status=status)

    @contextlib.contextmanager
    def _awaiting(self, entry: Entry, kind: type[Message], sn: int, take: Callable[[Message], bool]) -> Any:
        if self._under_way >= self._desk.settings.command.concurrent:
            raise Refused(BUSY)
        key = (entry.gb_id, kind, sn)
        self._waiting[key] = take
        self._under_way += 1
        try:
            yield
        finally:
            del self._waiting[key]
            self._under_way -= 1

    @asynccontextmanager
    async def _turn(self, key: Hashable) -> AsyncIterator[None]:
        """One at a time for each ``key``; the lock goes with the last who wanted it."""
        lock, users = self._turns.get(key, (asyncio.Lock(), 0))
        if users >= self._desk.settings.command.queue:
            raise Refused(BUSY)
        self._turns[key] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._turns[key]
            if users == 1:
                del self._turns[key]
            else:
                self._turns[key] = (lock, users - 1)


def _name(entry: Entry) -> str:
    return entry.record.name or entry.gb_id
