"""One INVITE we sent, from the first 1xx to its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

from civicam.kernel.errors import Operational
from civicam.signalling.sip.build import IdSource, Origin
from civicam.signalling.sip.dialog import Dialog
from civicam.signalling.sip.endpoint import SipEndpoint
from civicam.signalling.sip.events import TransactionKey
from civicam.signalling.sip.headers import Via
from civicam.signalling.sip.message import Request, Response
from civicam.signalling.sip.peer import Peer


class Caller(Protocol):
    """What an invitation needs of its agent."""

    @property
    def endpoint(self) -> SipEndpoint: ...

    def cancel(self, key: TransactionKey) -> bool: ...

    def send_ack(self, request: Request, peer: Peer) -> None: ...

    async def request(self, request: Request, peer: Peer) -> Response: ...

    def forget(self, key: TransactionKey) -> None: ...


class Invitation:
    """One INVITE we sent.

    The caller awaits `final` and, on a 2xx, builds a `Dialog` and sends its ACK. Who has lost interest calls
    `abandon`: then a 2xx that comes all the same is acknowledged and ended with BYE, so that no device is
    left sending.
    """

    def __init__(self, agent: Caller, key: TransactionKey, request: Request, peer: Peer) -> None:
        self.key = key
        self.request = request
        self.peer = peer
        self.outcome: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self.outcome.add_done_callback(_consume)
        self._agent = agent
        self._early: asyncio.Queue[Response | None] = asyncio.Queue()
        self._abandoned = False
        self._ending: asyncio.Task[None] | None = None

    async def provisional(self) -> AsyncIterator[Response]:
        """1xx answers as they come; ends with the final answer or the failure, which `final` tells."""
        while (response := await self._early.get()) is not None:
            yield response

    async def final(self) -> Response:
        """The final answer.

        Raises `Operational` ``signalling.timeout``, ``signalling.unreachable`` or ``signalling.closed``.
        Cancelling the await leaves the INVITE standing: call `abandon` then.
        """
        return await asyncio.shield(self.outcome)

    def cancel(self) -> None:
        """Send CANCEL (or do so at the first 1xx); `final` then gives 487, or a 2xx that crossed it."""
        self._agent.cancel(self.key)

    def abandon(self) -> None:
        """Cancel and forget; after a 2xx has come, acknowledge it and send BYE."""
        if self._abandoned:
            return
        self._abandoned = True
        if self.outcome.done():
            if self.outcome.exception() is None and self.outcome.result().ok:
                self._end(self.outcome.result())
        else:
            self.cancel()

    # -- what the agent calls

    def answered(self, response: Response) -> None:
        """An answer came."""
        if response.provisional:
            self._early.put_nowait(response)
            return
        first = not self.outcome.done()
        if first:
            self.outcome.set_result(response)
            self._early.put_nowait(None)
        self._agent.forget(self.key)
        if first and response.ok and self._abandoned:
            self._end(response)

    def failed(self, error: Operational) -> None:
        """No answer will come."""
        if not self.outcome.done():
            self.outcome.set_exception(error)
            self._early.put_nowait(None)

    def _end(self, response: Response) -> None:
        """ACK, then BYE (RFC 3261 §15: a 2xx that is not wanted is accepted and ended)."""
        via = Via.parse(self.request.headers.first("via") or "")
        ids: IdSource = self._agent.endpoint.ids
        origin = Origin(via.host.strip("[]"), via.port or 5060, self.peer.transport, ids)
        dialog = Dialog.from_uac(self.request, response, origin)
        self._agent.send_ack(dialog.ack(), self.peer)
        self._ending = asyncio.get_running_loop().create_task(self._bye(dialog))

    async def _bye(self, dialog: Dialog) -> None:
        try:
            await self._agent.request(dialog.request("BYE"), self.peer)
        except Operational:
            self._agent.endpoint.counters["bye-unanswered"] += 1


def _consume(outcome: asyncio.Future[Response]) -> None:
    """Take note of a failure nobody awaited: it is in the counters already."""
    if not outcome.cancelled():
        outcome.exception()
