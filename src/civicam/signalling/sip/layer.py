"""The transactions of an endpoint: found by key, driven through their table, their acts carried out.

`TransactionLayer` owns every `Transaction`; `civicam.signalling.sip.endpoint` feeds it parsed messages.
"""

from __future__ import annotations

from collections import deque

from civicam.signalling.sip.answers import MAX_GAIN
from civicam.signalling.sip.build import COOKIE, IdSource, new_response
from civicam.signalling.sip.events import (
    AckReceived,
    RequestCancelled,
    RequestTimedOut,
    ResponseReceived,
    SipEvent,
    TransactionKey,
    TransportFailed,
)
from civicam.signalling.sip.headers import CSeq, Via
from civicam.signalling.sip.limits import Counters
from civicam.signalling.sip.message import Headers, Request, Response
from civicam.signalling.sip.peer import Peer
from civicam.signalling.sip.replies import Asked, Replies
from civicam.signalling.sip.timers import TimerHeap
from civicam.signalling.sip.transaction import TIMEOUT, Act, Kind, Signal, State, Transaction

_SPENT = Request("", "")
_CLIENT_SIDE = (Kind.INVITE_CLIENT, Kind.CLIENT)
_AckKey = tuple[str, str, int]


def client_key(branch: str, method: str) -> TransactionKey:
    """What a response is matched by (RFC 3261 §17.1.3)."""
    return "c", branch, method


def server_key(request: Request, via: Via, cseq: CSeq, source: Peer) -> TransactionKey:
    """What a retransmission, ACK or CANCEL is matched by (RFC 3261 §17.2.3, gb28181.md §2.11).

    Branch, sent-by and method, as the RFC asks; and Call-ID, CSeq and source host, because branches repeat
    among devices of one make behind NATs. Without the cookie ``z9hG4bK`` also From tag and Request-URI. The
    method of the INVITE stands for its ACK and CANCEL.
    """
    method = "INVITE" if request.method in ("ACK", "CANCEL") else request.method
    branch = via.branch
    # one text, for it is kept for half a minute; no value can hold a line break
    key = f"{branch}\n{via.sent_by}\n{method}\n{cseq.number}\n{request.call_id}\n{source.host}"
    if branch.startswith(COOKIE):
        return "s", key
    return "s", key, request.from_.tag or "", request.uri


class TransactionLayer:
    """Every live transaction, one timer heap, the events and bytes they give rise to."""

    __slots__ = (
        "_by_peer",
        "_invites",
        "_table",
        "_unacked",
        "counters",
        "events",
        "ids",
        "outgoing",
        "replies",
        "servers",
        "timers",
    )

    def __init__(self, ids: IdSource, counters: Counters) -> None:
        self.ids = ids
        self.counters = counters
        self.events: deque[SipEvent] = deque()
        self.outgoing: list[tuple[bytes, Peer, str | None]] = []
        """Bytes, where they go, and the user part of whom they are for where it is known; ``None``: it was
        told already.
        """
        self.timers = TimerHeap()
        self.servers = 0
        """Server transactions alive."""
        self.replies = Replies(TIMEOUT)
        self._table: dict[TransactionKey, Transaction] = {}
        self._unacked: dict[_AckKey, Transaction] = {}
        self._invites: dict[_AckKey, Transaction] = {}
        self._by_peer: dict[Peer, set[Transaction]] = {}
        """What ends when a transport fails: on TCP everything, on UDP our own requests."""

    def __len__(self) -> int:
        return len(self._table) + len(self.replies)

    def find(self, key: TransactionKey) -> Transaction | None:
        """The transaction of ``key``; ``None`` also when only its final answer is kept."""
        return self._table.get(key)

    def repeated(self, key: TransactionKey, source: Peer, size: int) -> bool:
        """A request came, perhaps again: True when it had its final answer, which then goes out once more."""
        data = self.replies.again(key, size)
        if data is None:
            return False
        asked = self.replies.waiting.get(key)
        if data:
            self.emit_bytes(data, source)
        elif asked is None or asked.data:
            self.counters["held-amplification"] += 1
        return True

    def open(self, kind: Kind, key: TransactionKey, request: Request, peer: Peer, now: float) -> Transaction:
        """Start a transaction in its first state."""
        transaction = Transaction(kind, key, request, peer)
        transaction.enter(transaction.state, now)
        self._table[key] = transaction
        if peer.reliable or kind in _CLIENT_SIDE:
            self._by_peer.setdefault(peer, set()).add(transaction)
        if kind not in _CLIENT_SIDE:
            self.servers += 1
            transaction.tag = self.ids.tag()
        self._arm(transaction, now)
        return transaction

    def ask(self, key: TransactionKey, peer: Peer, size: int, now: float, who: str = "") -> None:
        """A new request other than INVITE came over UDP."""
        self.replies.ask(key, Asked(peer, size, now + TIMEOUT, who))
        self.servers += 1

    def emit_bytes(self, data: bytes, peer: Peer, who: str = "") -> None:
        """Queue bytes for the wire."""
        self.outgoing.append((data, peer, who))
        self.counters["sent"] += 1

    # -- signals

    def signal(
        self,
        transaction: Transaction,
        signal: Signal,
        now: float,
        response: Response | None = None,
        reason: str = "",
    ) -> None:
        """Let ``signal`` happen to ``transaction`` and do what its table says."""
        for act in transaction.step(signal, now):
            self._act(transaction, act, response, reason)
        self._arm(transaction, now)

    def _act(self, transaction: Transaction, act: Act, response: Response | None, reason: str) -> None:
        key, request = transaction.key, transaction.request
        match act:
            case Act.SEND:
                self._send(transaction)
            case Act.TRYING:
                self._trying(transaction)
            case Act.REPLAY:
                if not self._trying(transaction):
                    self._send(transaction)
            case Act.GIVE_UP:
                self.counters["timeout"] += 1
                self.events.append(RequestTimedOut(key, request))
            case Act.FAIL:
                self.events.append(TransportFailed(key, request, reason))
            case Act.CONFIRM:
                self._unacked.pop(_ack_key(request), None)
            case _:
                assert response is not None  # only responses lead to the acts left over
                self._act_on(transaction, act, response)

    def _act_on(self, transaction: Transaction, act: Act, response: Response) -> None:
        """The acts that need the response just received."""
        if act == Act.ACKNOWLEDGE:
            # To of the response, the rest of the INVITE: its top Via too (RFC 3261 §17.1.1.3)
            ack = _companion(transaction.request, "ACK", to=response.headers.first("to") or "")
            self.emit_bytes(ack.to_bytes(), transaction.peer)
            return
        known = transaction.acks.get(response.to.tag or "") if act == Act.REACK else None
        if known is not None:
            self.counters["reacked"] += 1
            self.emit_bytes(known, transaction.peer)
        else:
            self.events.append(
                ResponseReceived(transaction.key, transaction.request, response, transaction.peer)
            )

    def _send(self, transaction: Transaction) -> None:
        data = transaction.data
        if transaction.kind in _CLIENT_SIDE or transaction.trusted or transaction.peer.reliable:
            self.emit_bytes(data, transaction.peer)
        elif transaction.sent + len(data) <= MAX_GAIN * transaction.received:
            transaction.sent += len(data)
            self.emit_bytes(data, transaction.peer)
        else:
            self.counters["held-amplification"] += 1

    def _trying(self, transaction: Transaction) -> bool:
        """Send 100 when nothing was sent before; True when it was due."""
        if transaction.data:
            return False
        transaction.data = new_response(transaction.request, 100).to_bytes()
        self._send(transaction)
        return True

    # -- the layer above

    def answer(self, transaction: Transaction, response: Response, now: float) -> bool:
        """Send ``response``; False when a final one was sent before. The To tag is added where it lacks."""
        if transaction.state > State.PROCEEDING:
            return False
        if response.status > 100:
            response.headers.tag_to(transaction.tag)
        transaction.data = response.to_bytes()
        if response.ok:
            transaction.trusted = True
            if transaction.kind == Kind.INVITE_SERVER:
                self._unacked[_ack_key(transaction.request)] = transaction
        self.signal(transaction, _signal_of(response), now)
        if transaction.kind == Kind.SERVER and not response.provisional:
            transaction.request = _SPENT  # only the answer is needed for 32 s more
        return True

    def tag_of(self, asked: Asked) -> str:
        """The To tag of every answer to a request."""
        asked.tag = asked.tag or self.ids.tag()
        return asked.tag

    def respond(self, key: TransactionKey, response: Response, now: float) -> bool:
        """Answer what `ask` began; False when that is not so, or it has its final answer."""
        asked = self.replies.waiting.get(key)
        if asked is None:
            return False
        if response.status > 100:
            response.headers.tag_to(self.tag_of(asked))
        self.reply(key, asked, response.to_bytes(), response.status, now)
        return True

    def reply(self, key: TransactionKey, asked: Asked, data: bytes, status: int, now: float) -> None:
        """Send ``data``, an answer to what `ask` began; the final one is kept for the request that comes
        again.
        """
        if status < 200:
            asked.data = data
            may = asked.may_get(data)
        else:
            may = self.replies.settle(key, asked, data, status < 300, now)
        if may:
            self.emit_bytes(data, asked.peer, asked.who)
        else:
            self.counters["held-amplification"] += 1

    def cancel(self, transaction: Transaction, now: float) -> bool:
        """CANCEL our INVITE: at once when the peer has answered 1xx, else when it does (RFC 3261 §9.1)."""
        early = transaction.kind == Kind.INVITE_CLIENT and transaction.state <= State.PROCEEDING
        if not early or transaction.cancelled:
            return False
        transaction.cancelled = True
        if transaction.state == State.PROCEEDING:
            self.send_cancel(transaction, now)
        return True

    def send_cancel(self, invite: Transaction, now: float) -> None:
        """Put the CANCEL on the wire, in a transaction of its own; the INVITE then has 64·T1 left to end."""
        request = _companion(invite.request, "CANCEL", to=invite.request.headers.first("to") or "")
        self.start(request, invite.peer, client_key(invite.key[1], "CANCEL"), now)
        invite.expire_at = now + TIMEOUT
        self._arm(invite, now)

    def acknowledge(self, ack: Request, peer: Peer) -> None:
        """Send our ACK to a 2xx and keep it with its INVITE, for the 2xx that come again."""
        data = ack.to_bytes()
        invite = self._invites.get(_ack_key(ack))
        if invite is not None:
            invite.acks[ack.to.tag or ""] = data
        self.emit_bytes(data, peer)

    def start(
        self, request: Request, peer: Peer, key: TransactionKey, now: float, *, sent_before: bool = False
    ) -> Transaction:
        """Open a client transaction and send its request, unless somebody has; then it awaits the answers."""
        kind = Kind.INVITE_CLIENT if request.method == "INVITE" else Kind.CLIENT
        transaction = self.open(kind, key, request, peer, now)
        if kind == Kind.INVITE_CLIENT:
            self._invites[_ack_key(request)] = transaction
        transaction.data = request.to_bytes()
        if sent_before:
            self.signal(transaction, Signal.SENT_BEFORE, now)
        else:
            self.emit_bytes(transaction.data, peer)
        return transaction

    # -- the peer

    def response(self, transaction: Transaction, response: Response, now: float) -> None:
        """A response to one of ours came."""
        was = transaction.state
        self.signal(transaction, _signal_of(response), now, response)
        if was == State.CALLING and transaction.cancelled and transaction.state == State.PROCEEDING:
            self.send_cancel(transaction, now)

    def ack(self, key: TransactionKey, ack: Request, source: Peer, now: float) -> bool:
        """An ACK came: to a non-2xx by transaction, to a 2xx by Call-ID, From tag and CSeq."""
        transaction = self._table.get(key)
        if transaction is not None and transaction.state in (State.COMPLETED, State.CONFIRMED):
            self.signal(transaction, Signal.ACK, now)
            return True
        accepted = self._unacked.get(_ack_key(ack))
        if accepted is None:
            return False
        self.signal(accepted, Signal.ACK, now)
        self.events.append(AckReceived(ack, source))
        return True

    def cancelled(self, invite: Transaction, now: float) -> None:
        """A CANCEL came for ``invite``: 487, unless we have answered it already (RFC 3261 §9.2)."""
        if invite.state == State.PROCEEDING:
            self.answer(invite, new_response(invite.request, 487), now)
            self.events.append(RequestCancelled(invite.key, invite.request))

    def transport_failed(self, peer: Peer, reason: str, now: float) -> None:
        """Everything that runs over ``peer`` ends. On UDP only requests of ours that wait are concerned."""
        for transaction in list(self._by_peer.get(peer, ())):
            self.signal(transaction, Signal.BROKEN, now, reason=reason)

    # -- time

    def next_due(self) -> float | None:
        """When something is to be done."""
        timed, kept = self.timers.next_due(), self.replies.next_due()
        if timed is None or kept is None:
            return kept if timed is None else timed
        return min(timed, kept)

    def forget_due(self, now: float) -> None:
        """Forget answers that nobody will ask for again."""
        self.servers -= self.replies.forget_due(now)

    def fire(self, transaction: Transaction, now: float) -> None:
        """The deadline of ``transaction`` has come."""
        if transaction.expire_at is not None and transaction.expire_at <= now:
            self.signal(transaction, Signal.EXPIRE, now)
        else:
            if transaction.kind != Kind.INVITE_SERVER or transaction.data:
                self.counters["retransmitted"] += 1
            self.signal(transaction, Signal.RESEND, now)

    def _arm(self, transaction: Transaction, now: float) -> None:
        """Put the deadline into the heap; end what has none left to wait for."""
        if transaction.state != State.TERMINATED:
            expire_at = transaction.expire_at
            if expire_at is None or expire_at > now:
                self.timers.set(transaction, transaction.deadline)
                return
            if transaction.state not in (State.COMPLETED, State.CONFIRMED):
                self.timers.set(transaction, expire_at)
                return
            transaction.enter(State.TERMINATED, now)  # on TCP nothing lingers (timers D, I, J, K are zero)
        self._end(transaction)

    def _end(self, transaction: Transaction) -> None:
        self.timers.set(transaction, None)
        if self._table.pop(transaction.key, None) is None:
            return
        if transaction.kind not in _CLIENT_SIDE:
            self.servers -= 1
        if transaction.kind == Kind.INVITE_SERVER:
            self._unacked.pop(_ack_key(transaction.request), None)
        elif transaction.kind == Kind.INVITE_CLIENT:
            self._invites.pop(_ack_key(transaction.request), None)
        if transaction.peer.reliable or transaction.kind in _CLIENT_SIDE:
            mates = self._by_peer[transaction.peer]
            mates.discard(transaction)
            if not mates:
                del self._by_peer[transaction.peer]


def _signal_of(response: Response) -> Signal:
    if response.provisional:
        return Signal.PROVISIONAL
    return Signal.SUCCESS if response.ok else Signal.FAILURE


def _ack_key(request: Request) -> _AckKey:
    """Call-ID, From tag and CSeq number: what an ACK to a 2xx shares with its INVITE."""
    return request.call_id, request.from_.tag or "", request.cseq.number


def _companion(invite: Request, method: str, *, to: str) -> Request:
    """ACK to a non-2xx, or CANCEL: the INVITE's Request-URI, top Via, From, Call-ID and CSeq number."""
    rows = [
        ("Via", invite.headers.first("via") or ""),
        ("From", invite.headers.first("from") or ""),
        ("To", to),
        ("Call-ID", invite.call_id),
        ("CSeq", f"{invite.cseq.number} {method}"),
        ("Max-Forwards", "70"),
    ]
    rows += [("Route", value) for value in invite.headers.get_all("Route")]
    return Request(method, invite.uri, Headers(rows))
