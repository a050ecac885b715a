"""The endpoint: bytes in, events and bytes out. No socket, no clock, no loop.

The shell around it is a page: feed bytes, drain `SipEndpoint.next_event`, send what
`SipEndpoint.datagrams_to_send` gives, close what `SipEndpoint.connections_to_close` names, re-arm one timer
for `SipEndpoint.get_timer`.

What the endpoint answers by itself, without a transaction: broken requests (400, 505, 513), methods and
content it does not take (`civicam.signalling.sip.policy`), OPTIONS (200), CANCEL (200 or 481, and 487 to the
INVITE), overload (503). Everything else becomes a `RequestReceived` and waits for `SipEndpoint.respond`.

Counters: ``received`` ``sent`` ``retransmitted`` ``replayed`` ``timeout`` ``reacked`` ``blank``,
``miscounted-length`` (TCP: characters instead of bytes, understood all the same), ``sent-large-by-tcp``,
``answered-<status>`` for its own answers, and a ``drop-<why>`` for everything it does not pass on:
``drop-rate`` (token bucket; ``spared``: a known device, heard in spite of it), ``drop-<fault>`` (broken
bytes), ``drop-response-unmatched``, ``drop-ack-unmatched``, ``drop-closed-connection``, ``drop-connections``,
``drop-half-open``, ``drop-idle``, ``held-amplification``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from civicam.signalling.sip.answers import TAGGED_BY, Answers, stamp_leniently, stamp_top_via, to_tag
from civicam.signalling.sip.build import IdSource, new_response
from civicam.signalling.sip.connections import Connection, Connections
from civicam.signalling.sip.errors import BadMessage, too_large
from civicam.signalling.sip.events import (
    ConnectionDropped,
    MessageRejected,
    RequestReceived,
    SipEvent,
    TransactionKey,
    TransportFailed,
)
from civicam.signalling.sip.headers import CSeq, Via
from civicam.signalling.sip.lane import Lane
from civicam.signalling.sip.layer import TransactionLayer, client_key, server_key
from civicam.signalling.sip.limits import Counters, Limits, SourceBuckets, Spared
from civicam.signalling.sip.message import Request, Response
from civicam.signalling.sip.parse import Draft, finish, parse_datagram
from civicam.signalling.sip.peer import Peer
from civicam.signalling.sip.plain import PlainRequest, read_plain
from civicam.signalling.sip.policy import Policy, refusal
from civicam.signalling.sip.transaction import Kind, Signal, Transaction

Tap = Callable[[bool, bytes, Peer, float, str], None]
"""Hears every whole message: True when it came in, its bytes, the other side, monotonic seconds, and the user
part of who is there where it was read already, else empty.
"""

LARGE = 1300
"""Bytes above which a request wants TCP where the path's MTU is not known (RFC 3261 §18.1.1)."""

_HEAD_SHOWN = 200
_RETRY_AFTER_S = 60
"""What an overloaded endpoint asks for: devices wait that long between registrations anyway (gb28181.md
§2.4).
"""


class SipEndpoint:
    """All transactions of one address, with unknown numbers of peers.

    ``ids`` gives branches, tags and Call-IDs; ``secret`` (random bytes) keeps the To tags of stateless
    answers from being guessed. One thread; ``now`` is monotonic seconds and never goes back.
    """

    def __init__(
        self,
        ids: IdSource,
        *,
        limits: Limits | None = None,
        policy: Policy | None = None,
        secret: bytes | None = None,
    ) -> None:
        self.ids = ids
        self.limits = limits or Limits()
        self.policy = policy or Policy()
        self.counters: Counters = Counters()
        self._secret = secret or ids.tag().encode()
        self._layer = TransactionLayer(ids, self.counters)
        self._connections = Connections(self.limits)
        self._buckets = SourceBuckets(self.limits.source_rate, self.limits.source_burst, self.limits.sources)
        self.spared = Spared(self.limits, self.counters)
        self.lane = Lane(self.limits, self.counters, self._secret, self.spared)
        self._answers = Answers(self._secret, self.counters, self._layer.emit_bytes)
        self._to_close: list[Peer] = []
        self.stream_to: Callable[[Peer], Peer | None] | None = None
        """The live TCP connection of the device behind a UDP address, where the layer above knows one."""
        self.on_wire: Tap | None = None
        """For a trace (`civicam.signalling.sip.trace`); quick. It is not told what a token bucket drops."""

    # -- bytes in

    def receive_datagram(self, data: bytes, source: Peer, now: float) -> None:
        """One UDP datagram. Never raises on bad bytes."""
        answer = self.at_once(data, (source.host, source.port), now)
        if answer is None:
            self.at_length(data, source, now)
        elif answer:
            self._layer.outgoing.append((answer, source, None))

    def at_once(self, data: bytes, address: tuple[str, int], now: float) -> bytes | None:
        """A datagram's token and lane: its answer, ``b""`` for none, ``None``: `at_length` is to have it."""
        self.counters["received"] += 1
        if not (self._buckets.take(address[0], now) or self.spared.take(Peer("udp", *address), now)):
            return b""
        return self.lane.answer(data, address, now)

    def at_length(self, data: bytes, source: Peer, now: float) -> None:
        """One UDP datagram, the whole way. Never raises on bad bytes."""
        data = data.lstrip(b"\r\n\0 ") if data[:1] in b"\r\n\0 " else data
        if not data:
            self.counters["blank"] += 1  # keep-alive blanks are no message and deserve no answer
            return
        plain = read_plain(data, self.limits, source)
        if self.on_wire is not None:
            self.on_wire(True, data, source, now, "" if plain is None else plain.from_user)
        if plain is not None:
            if self._layer.repeated(plain.key, source, len(data)):
                self.counters["replayed"] += 1
            else:
                self._open(plain, plain.key, source, (len(data), now))
            return
        draft, body = parse_datagram(data, self.limits)
        if len(data) > self.limits.message_bytes:
            draft.fault = too_large("bytes", self.limits.message_bytes)
        self._take(draft, body, data, source, now)

    def receive_stream(self, data: bytes, peer: Peer, now: float) -> None:
        """Bytes of a TCP connection, cut anywhere. Never raises on bad bytes."""
        connection = self._connections.get(peer)
        if connection is None:
            self.counters["drop-closed-connection"] += 1
            return
        stream = connection.stream
        blank, miscounted = stream.blank, stream.miscounted
        stream.feed(data)
        completed = False
        while (found := stream.next_message()) is not None:
            completed = True
            draft, body, head = found
            self.counters["received"] += 1
            if not (self._buckets.take(peer.host, now) or self.spared.take(peer, now)):
                continue
            if self.on_wire is not None:
                self.on_wire(True, head + body, peer, now, "")
            self._take(draft, body, head, peer, now)
        if stream.blank > blank:
            self.counters["blank"] += 1
        if stream.miscounted > miscounted:
            self.counters["miscounted-length"] += stream.miscounted - miscounted
        connection.fed(now, completed=completed)
        if stream.broken:
            self._drop(connection, "broken-stream", now)
        else:
            self._watch(connection)

    def connection_made(self, peer: Peer, now: float, *, outgoing: bool = False) -> bool:
        """A TCP connection stands; False when there are too many and the shell must close it."""
        connection = self._connections.add(peer, now, outgoing=outgoing)
        if connection is None:
            self.counters["drop-connections"] += 1
            return False
        self._watch(connection)
        return True

    def connection_lost(self, peer: Peer, now: float, reason: str = "closed") -> None:
        """A TCP connection ended: its transactions fail. Fine for one that is forgotten already."""
        connection = self._connections.remove(peer)
        if connection is not None:
            self._forget(connection, reason, now)

    def send_failed(self, peer: Peer, reason: str, now: float) -> None:
        """The socket refused to send to ``peer``: requests of ours that wait for it fail."""
        self._layer.transport_failed(peer, reason, now)

    # -- what the layer above wants

    def send(self, request: Request, peer: Peer, now: float, *, sent_before: bool = False) -> TransactionKey:
        """Start a client transaction; the answer, or its failure, comes as an event with this key.

        The branch is that of the request's top Via. Raises `BadMessage` when that Via is not sound. A request
        of more than `LARGE` bytes goes over TCP where ``stream_to`` knows a connection, and its top Via then
        says so; else in IP fragments, as the field does (gb28181.md §2.1). ``sent_before``: an INVITE of a
        former process, of which only the answers are awaited.
        """
        via = Via.parse(request.headers.first("via") or "")
        key = client_key(via.branch, request.method)
        if not peer.reliable and self.stream_to is not None and len(request.to_bytes()) > LARGE:
            stream = self.stream_to(peer)
            if stream is not None and self._connections.get(stream) is not None:
                self.counters["sent-large-by-tcp"] += 1
                request.headers.replace_first("Via", str(via._replace(transport="TCP")))
                peer = stream
        if peer.reliable and self._connections.get(peer) is None:
            self._layer.events.append(TransportFailed(key, request, "closed"))
            return key
        self._layer.start(request, peer, key, now, sent_before=sent_before)
        return key

    def send_ack(self, ack: Request, peer: Peer, now: float) -> None:
        """Send the ACK to a 2xx; while the INVITE's transaction lives, again for each 2xx that comes
        again.
        """
        self._layer.acknowledge(ack, peer)

    def respond(self, key: TransactionKey, response: Response, now: float) -> bool:
        """Answer a request; False when its transaction is gone or has its final answer."""
        if self._layer.respond(key, response, now):
            return True
        transaction = self._layer.find(key)
        if transaction is None or transaction.kind not in (Kind.SERVER, Kind.INVITE_SERVER):
            return False
        return self._layer.answer(transaction, response, now)

    def reply(
        self, event: RequestReceived, status: int, headers: Iterable[tuple[str, str]], now: float
    ) -> bool:
        """As `respond`, by a final answer without a body; cheaper for what a city sends all day."""
        request = event.request
        if not isinstance(request, PlainRequest):
            return self.respond(event.key, new_response(request, status, headers=headers), now)
        asked = self._layer.replies.waiting.get(event.key)
        if asked is None:
            return False
        asked.tag = asked.tag or to_tag(self._secret, *map(request.headers.first, TAGGED_BY))
        data = request.answer(status, asked.tag, headers)
        self._layer.reply(event.key, asked, data, status, now)
        return True

    def cancel(self, key: TransactionKey, now: float) -> bool:
        """Cancel an INVITE of ours; False when it has its final answer or was cancelled before."""
        transaction = self._layer.find(key)
        return transaction is not None and self._layer.cancel(transaction, now)

    # -- bytes and events out

    def datagrams_to_send(self, now: float) -> list[tuple[bytes, Peer]]:
        """What to put on the wire now, UDP and TCP, in order; each is given once."""
        outgoing = self._layer.outgoing
        if not outgoing:
            return []
        self._layer.outgoing = []
        if self.on_wire is not None:
            for data, peer, who in outgoing:
                if who is not None:
                    self.on_wire(False, data, peer, now, who)
        return [(data, peer) for data, peer, _ in outgoing]

    def connections_to_close(self) -> list[Peer]:
        """TCP connections to close after sending what waits; each is given once."""
        closing, self._to_close = self._to_close, []
        return closing

    def next_event(self) -> SipEvent | None:
        """The oldest event not yet taken."""
        events = self._layer.events
        return events.popleft() if events else None

    def get_timer(self) -> float | None:
        """When to call `handle_timer` (monotonic seconds); ``None`` when nothing waits."""
        return self._layer.next_due()

    def handle_timer(self, now: float) -> None:
        """Do what is due."""
        self._layer.forget_due(now)
        while (timed := self._layer.timers.pop_due(now)) is not None:
            if isinstance(timed, Transaction):
                self._layer.fire(timed, now)
            else:
                assert isinstance(timed, Connection)
                self._connection_due(timed, now)

    @property
    def transactions(self) -> int:
        """Transactions alive."""
        return len(self._layer)

    def gauges(self) -> dict[str, int]:
        """What it holds at this moment, by name; every one of them falls back when the wire is quiet."""
        return {
            "transactions": len(self._layer),
            "timers": self._layer.timers.standing,
            "timer_entries": len(self._layer.timers),
            "connections": len(self._connections),
            "sources": len(self._buckets),
        }

    # -- inside

    def _take(self, draft: Draft, body: bytes, raw: bytes, source: Peer, now: float) -> None:
        """A message as cut from the wire; ``raw`` is what it cost the sender (TCP: its head)."""
        try:
            message, via, cseq = finish(draft, body)
        except BadMessage as fault:
            self._reject(draft, raw, source, fault)
            return
        if isinstance(message, Response):
            self._take_response(message, client_key(via.branch, cseq.method), now)
        else:
            self._take_request(message, via, cseq, source, (len(raw), now))

    def _take_response(self, response: Response, key: TransactionKey, now: float) -> None:
        transaction = self._layer.find(key)
        if transaction is None:
            self.counters["drop-response-unmatched"] += 1
        else:
            self._layer.response(transaction, response, now)

    def _take_request(
        self, request: Request, via: Via, cseq: CSeq, source: Peer, cost: tuple[int, float]
    ) -> None:
        size, now = cost
        key = server_key(request, via, cseq, source)
        if request.method == "ACK":
            if not self._layer.ack(key, request, source, now):
                self.counters["drop-ack-unmatched"] += 1
            return
        if request.method == "CANCEL":
            known = self._layer.find(key)
            stamp_top_via(request.headers, via, source)
            self._answers.give(request.headers, source, size, 481 if known is None else 200)
            if known is not None:
                self._layer.cancelled(known, now)
            return
        if not self._came_again(key, source, cost):
            stamp_top_via(request.headers, via, source)
            self._open(request, key, source, cost)

    def _came_again(self, key: TransactionKey, source: Peer, cost: tuple[int, float]) -> bool:
        """Whether a request is known, by its transaction or by its answer; then that is done again."""
        size, now = cost
        if self._layer.repeated(key, source, size):
            self.counters["replayed"] += 1
            return True
        known = self._layer.find(key)
        if known is None:
            return False
        known.received += size
        self.counters["replayed"] += 1
        self._layer.signal(known, Signal.REPEATED, now)
        return True

    def _open(self, request: Request, key: TransactionKey, source: Peer, cost: tuple[int, float]) -> None:
        """A new request: refused here, or the layer above hears of it."""
        size, now = cost
        if not self._refused(request, source, size):
            if request.method == "INVITE" or source.reliable:
                kind = Kind.INVITE_SERVER if request.method == "INVITE" else Kind.SERVER
                self._layer.open(kind, key, request, source, now).received = size
            else:
                who = request.from_user if isinstance(request, PlainRequest) else ""
                self._layer.ask(key, source, size, now, who)
            self._layer.events.append(RequestReceived(key, request, source))

    def _refused(self, request: Request, source: Peer, size: int) -> bool:
        """Answer what needs no layer above; True when it was answered."""
        if self._layer.servers >= self.limits.transactions:
            self._answers.give(request.headers, source, size, 503, [("Retry-After", str(_RETRY_AFTER_S))])
            return True
        refused = refusal(request, self.policy)
        if refused is not None:
            self._answers.give(request.headers, source, size, refused[0], refused[1])
            return True
        if request.method == "OPTIONS" and self.policy.answer_options:
            known = [("Allow", self.policy.allow), ("Accept", self.policy.accept)]
            self._answers.give(request.headers, source, size, 200, known)
            return True
        return False

    def _reject(self, draft: Draft, raw: bytes, source: Peer, fault: BadMessage) -> None:
        self.counters[f"drop-{fault.code.partition('.')[2]}"] += 1
        self._layer.events.append(MessageRejected(source, fault.code, raw[:_HEAD_SHOWN]))
        if draft.is_request and draft.method != "ACK" and stamp_leniently(draft.headers, source):
            self._answers.give(draft.headers, source, len(raw), fault.status)

    def _watch(self, connection: Connection) -> None:
        """Keep the heap's deadline of a connection at or before the true one; it is checked when it comes."""
        deadline = connection.deadline
        if connection.due is None or deadline < connection.due:
            self._layer.timers.set(connection, deadline)

    def _connection_due(self, connection: Connection, now: float) -> None:
        if connection.deadline > now:
            self._watch(connection)
        else:
            self._drop(connection, "half-open" if connection.partial_since is not None else "idle", now)

    def _drop(self, connection: Connection, reason: str, now: float) -> None:
        """Close a connection from our side."""
        self.counters[f"drop-{reason}"] += 1
        self._to_close.append(connection.peer)
        self._connections.remove(connection.peer)
        self._forget(connection, reason, now)

    def _forget(self, connection: Connection, reason: str, now: float) -> None:
        self._layer.timers.set(connection, None)
        self._layer.transport_failed(connection.peer, reason, now)
        self._layer.events.append(ConnectionDropped(connection.peer, reason))
