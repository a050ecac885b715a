"""The shell around `SipEndpoint`: UDP and TCP sockets, one timer.

After every input it does the same four things (`SipAgent._pump`): hand events over, send what waits, close
what is to be closed, re-arm the timer. It decides nothing: what to answer is the endpoint's and the caller's
business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

from civicam.kernel.errors import Operational
from civicam.signalling.aio.invitation import Invitation
from civicam.signalling.aio.tcp import TcpConnection
from civicam.signalling.aio.udp import UdpSocket, bind_tcp, bind_udp
from civicam.signalling.sip.endpoint import SipEndpoint
from civicam.signalling.sip.events import (
    RequestReceived,
    RequestTimedOut,
    ResponseReceived,
    SipEvent,
    TransactionKey,
    TransportFailed,
)
from civicam.signalling.sip.message import Request, Response
from civicam.signalling.sip.peer import Peer

_PORT_TRIES = 20


class SipAgent:
    """Sockets and timer of one endpoint, on one running event loop.

    ``on_request`` gets every new request and must not raise or block: it answers by `respond`, now or later.
    ``on_other`` gets what belongs to no request of ours: AckReceived, RequestCancelled, MessageRejected,
    ConnectionDropped, and timeouts of what we answered.
    """

    def __init__(
        self,
        endpoint: SipEndpoint,
        on_request: Callable[[RequestReceived], None],
        *,
        on_other: Callable[[SipEvent], None] | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.on_request = on_request
        self.on_other = on_other
        self._running: asyncio.AbstractEventLoop | None = None
        self._udp: UdpSocket | None = None
        self._server: asyncio.Server | None = None
        self._connections: dict[Peer, TcpConnection] = {}
        self._numbers = 0
        self._waiting: dict[TransactionKey, asyncio.Future[Response]] = {}
        self._invitations: dict[TransactionKey, Invitation] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = 0.0
        self._closed = False
        self._pumping = False
        """The pump runs: what handlers send goes out when it has handed everything over."""

    @property
    def counters(self) -> dict[str, int]:
        """Messages taken, answered and dropped, by name (`civicam.signalling.sip.endpoint` lists them)."""
        return self.endpoint.counters

    def gauges(self) -> dict[str, int]:
        """What the endpoint holds, and who waits for an answer."""
        waiting = {"requests_waiting": len(self._waiting), "invitations": len(self._invitations)}
        return {**self.endpoint.gauges(), **waiting}

    @property
    def _loop(self) -> asyncio.AbstractEventLoop:
        if self._running is None:
            self._running = asyncio.get_running_loop()
        return self._running

    # -- sockets

    async def listen(self, host: str, port: int, *, udp: bool = True, tcp: bool = True) -> int:
        """Bind and serve; gives the port, the same for UDP and TCP (``port`` 0: any that is free for both).

        Raises `Operational` ``signalling.port-in-use``.
        """
        for attempt in range(_PORT_TRIES):
            try:
                return await self._bind(host, port, udp=udp, tcp=tcp)
            except OSError as error:
                if port == 0 and udp and tcp and attempt + 1 < _PORT_TRIES:
                    continue  # the free UDP port was taken on TCP
                detail = error.strerror or str(error)
                raise Operational("signalling.port-in-use", host=host, port=port, detail=detail) from error
        raise AssertionError("unreachable")  # pragma: no cover

    async def _bind(self, host: str, port: int, *, udp: bool, tcp: bool) -> int:
        bound: int = port
        if udp:
            sock = bind_udp(host, port)
            bound = sock.getsockname()[1]
            try:
                server = bind_tcp(host, bound) if tcp else None
            except OSError:
                sock.close()
                raise
            self._udp = UdpSocket(self, sock, self._loop)
        else:
            server = bind_tcp(host, port)
            bound = server.getsockname()[1]
        if server is not None:
            self._server = await self._loop.create_server(lambda: TcpConnection(self), sock=server)
        return bound

    async def connect_tcp(self, host: str, port: int) -> Peer:
        """Open a TCP connection; the `Peer` names it in every later call.

        Raises `Operational` ``signalling.unreachable``.
        """
        try:
            _, connection = await self._loop.create_connection(
                lambda: TcpConnection(self, outgoing=True), host, port
            )
        except OSError as error:
            reason = error.strerror or str(error)
            raise Operational("signalling.unreachable", peer=f"tcp:{host}:{port}", reason=reason) from error
        return connection.peer

    async def disconnect(self, peer: Peer) -> None:
        """Close a TCP connection; requests that wait on it fail with ``signalling.unreachable``."""
        connection = self._connections.get(peer)
        if connection is not None:
            connection.close()
            await connection.closed.wait()

    async def aclose(self) -> None:
        """Close every socket; requests still waiting fail with ``signalling.closed``."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        waiting: list[asyncio.Future[Response]] = [*self._waiting.values()]
        waiting += [invitation.outcome for invitation in self._invitations.values()]
        for future in waiting:
            if not future.done():
                future.set_exception(Operational("signalling.closed"))
        self._waiting.clear()
        self._invitations.clear()
        if self._udp is not None:
            self._udp.close()
        if self._server is not None:
            self._server.close()
        open_now = list(self._connections.values())
        for connection in open_now:
            connection.close()
        for connection in open_now:
            await connection.closed.wait()

    # -- requests and answers

    async def request(self, request: Request, peer: Peer) -> Response:
        """Send and wait for the final answer, whatever its status.

        Raises `Operational` ``signalling.timeout``, ``signalling.unreachable`` or ``signalling.closed``.
        """
        self._refuse_when_closed()
        future: asyncio.Future[Response] = self._loop.create_future()
        key = self.endpoint.send(request, peer, self._loop.time())
        self._waiting[key] = future
        self._pump()
        try:
            return await future
        finally:
            self._waiting.pop(key, None)

    def invite(self, request: Request, peer: Peer, *, sent_before: bool = False) -> Invitation:
        """Send an INVITE. The endpoint acknowledges a non-2xx; a 2xx is the caller's to acknowledge.
        ``sent_before``: a former process sent it, and only its answers are awaited.
        """
        self._refuse_when_closed()
        key = self.endpoint.send(request, peer, self._loop.time(), sent_before=sent_before)
        invitation = Invitation(self, key, request, peer)
        self._invitations[key] = invitation
        self._pump()
        return invitation

    def send_ack(self, request: Request, peer: Peer) -> None:
        """Send the ACK to a 2xx; the endpoint repeats it when the 2xx comes again."""
        self.endpoint.send_ack(request, peer, self._loop.time())
        self._pump()

    def cancel(self, key: TransactionKey) -> bool:
        """Cancel an INVITE of ours; False when it has its final answer."""
        cancelled = self.endpoint.cancel(key, self._loop.time())
        self._pump()
        return cancelled

    def respond(self, key: TransactionKey, response: Response) -> bool:
        """Answer a request; False when its transaction is gone or has its final answer."""
        answered = self.endpoint.respond(key, response, self._loop.time())
        self._flush()
        return answered

    def reply(self, event: RequestReceived, status: int, headers: Iterable[tuple[str, str]] = ()) -> bool:
        """As `respond`, by a final answer without a body."""
        answered = self.endpoint.reply(event, status, headers, self._loop.time())
        self._flush()
        return answered

    def forget(self, key: TransactionKey) -> None:
        """An `Invitation` is settled and wants no more events."""
        self._invitations.pop(key, None)

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise Operational("signalling.closed")

    # -- what the sockets call

    def datagrams(self, taken: Sequence[tuple[bytes, tuple[str, int]]]) -> None:
        """UDP datagrams came."""
        now, at_once, more = self._loop.time(), self.endpoint.at_once, False
        for data, address in taken:
            answer = at_once(data, address, now)
            if answer is None:
                self.endpoint.at_length(data, Peer("udp", address[0], address[1]), now)
                more = True
            elif answer:
                self._answer(answer, address)
        if more:
            self._pump()

    def datagram(self, data: bytes, address: tuple[str, int]) -> None:
        """A UDP datagram came."""
        self.datagrams([(data, address)])

    def connected(self, connection: TcpConnection, address: tuple[str, int]) -> Peer | None:
        """A TCP connection stands; gives its name, or ``None`` when it is to be closed at once."""
        self._numbers += 1
        peer = Peer("tcp", address[0], address[1], self._numbers)
        if self._closed or not self.endpoint.connection_made(
            peer, self._loop.time(), outgoing=connection.outgoing
        ):
            return None
        self._connections[peer] = connection
        self._pump()
        return peer

    def received(self, peer: Peer, data: bytes) -> None:
        """Bytes of a TCP connection came."""
        self.endpoint.receive_stream(data, peer, self._loop.time())
        self._pump()

    def lost(self, peer: Peer, reason: str) -> None:
        """A TCP connection ended."""
        self._connections.pop(peer, None)
        self.endpoint.connection_lost(peer, self._loop.time(), reason)
        self._pump()

    # -- the pump

    def _pump(self) -> None:
        """Hand events over, send, close, re-arm; until nothing is left."""
        if self._pumping:
            return
        self._pumping = True
        try:
            while (event := self.endpoint.next_event()) is not None:
                self._hand_over(event)
        finally:
            self._pumping = False
        self._flush()

    def _flush(self) -> None:
        if self._pumping:
            return
        now = self._loop.time()
        for data, peer in self.endpoint.datagrams_to_send(now):
            self._put(data, peer)
        for peer in self.endpoint.connections_to_close():
            connection = self._connections.get(peer)
            if connection is not None:
                connection.close()
        due = self.endpoint.get_timer()
        if due is not None and not self._closed and (self._timer is None or due < self._timer_due):
            if self._timer is not None:
                self._timer.cancel()
            # kept beside the handle: uvloop's handle of a moment that is past knows no when()
            self._timer_due = due
            self._timer = self._loop.call_at(due, self._ring)

    def _ring(self) -> None:
        """The timer went off; it may be early, for a later deadline does not move it."""
        self._timer = None
        self.endpoint.handle_timer(self._loop.time())
        self._pump()

    def _put(self, data: bytes, peer: Peer) -> None:
        if peer.transport == "tcp":
            connection = self._connections.get(peer)
            if connection is not None:
                connection.write(data)
        elif self._udp is not None:
            reason = self._udp.send(data, (peer.host, peer.port))
            if reason:
                self.endpoint.counters["send-failed"] += 1
                self._loop.call_soon(self._send_failed, peer, reason)

    def _answer(self, data: bytes, address: tuple[str, int]) -> None:
        """Send one datagram back where one came from."""
        if self._udp is not None and self._udp.answer(data, address):
            self.endpoint.counters["send-failed"] += 1

    def _send_failed(self, peer: Peer, reason: str) -> None:
        self.endpoint.send_failed(peer, reason, self._loop.time())
        self._pump()

    def _hand_over(self, event: SipEvent) -> None:
        match event:
            case RequestReceived():
                self.on_request(event)
            case ResponseReceived(key=key, response=response):
                self._answered(key, response)
            case RequestTimedOut(key=key, request=request) if key[0] == "c":
                self._failed(key, Operational("signalling.timeout", peer=request.uri, method=request.method))
            case TransportFailed(key=key, request=request, reason=reason) if key[0] == "c":
                self._failed(key, Operational("signalling.unreachable", peer=request.uri, reason=reason))
            case _:
                if self.on_other is not None:
                    self.on_other(event)

    def _answered(self, key: TransactionKey, response: Response) -> None:
        invitation = self._invitations.get(key)
        if invitation is not None:
            invitation.answered(response)
            return
        future = self._waiting.get(key)
        if future is not None and not future.done() and not response.provisional:
            future.set_result(response)

    def _failed(self, key: TransactionKey, error: Operational) -> None:
        invitation = self._invitations.pop(key, None)
        if invitation is not None:
            invitation.failed(error)
            return
        future = self._waiting.get(key)
        if future is not None and not future.done():
            future.set_exception(error)
