"""TCP connections: glued and cut messages, waiting times, how many, and what goes down with one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from civicam.signalling.sip.build import new_response
from civicam.signalling.sip.events import ConnectionDropped, RequestReceived
from civicam.signalling.sip.limits import Limits
from civicam.signalling.sip.message import Request
from civicam.signalling.sip.peer import Peer
from civicam.signalling.sip.transaction import Signal

if TYPE_CHECKING:
    from tests.signalling.sip.conftest import Wire

DeviceSays = Callable[..., bytes]


def test_messages_glued_and_cut_on_tcp(wire: Wire, device_says: DeviceSays) -> None:
    """Two messages in one piece, and one in many: each arrives once, whole."""
    peer = wire.connect()
    one = device_says("MESSAGE", branch="z9hG4bK1", body="<a/>", transport="TCP")
    two = device_says("MESSAGE", branch="z9hG4bK2", body="<b/>", transport="TCP")
    wire.receive(one + b"\r\n\r\n" + two, peer)
    for at in range(len(one)):
        wire.receive(one.replace(b"K1", b"K3")[at : at + 1], peer)
    bodies = [event.request.body for event in wire.events() if isinstance(event, RequestReceived)]
    assert bodies == [b"<a/>", b"<b/>", b"<a/>"]
    assert wire.endpoint.counters["blank"] == 1


def test_a_connection_that_says_nothing_is_closed(wire: Wire, device_says: DeviceSays) -> None:
    """30 s for the first message; an hour of silence after it."""
    peer = wire.connect()
    assert wire.jump() == 30.0
    assert wire.endpoint.connections_to_close() == [peer]
    assert wire.events() == [ConnectionDropped(peer, "half-open")]
    wire.receive(b"late", peer)
    assert wire.endpoint.counters["drop-closed-connection"] == 1
    last = 0.0
    other = wire.connect(Peer("tcp", "192.0.2.64", 40002, 2))
    wire.receive(device_says("OPTIONS", transport="TCP"), other)
    assert wire.endpoint.connections_to_close() == []
    while not wire.endpoint.connections_to_close():
        last = wire.jump()
    assert last == 3630.0
    assert wire.endpoint.counters["drop-idle"] == 1


def test_a_message_dribbled_in_must_end_in_time(wire: Wire, device_says: DeviceSays) -> None:
    """A byte now and then does not keep a half-open message alive."""
    peer = wire.connect()
    wire.receive(device_says("OPTIONS", transport="TCP"), peer)
    wire.raw()
    last = 0.0
    for byte in b"MESSAGE sip":
        wire.receive(bytes([byte]), peer)
        wire.now += 2.0
    while not wire.endpoint.connections_to_close():
        last = wire.jump()
    assert last == 30.0


def test_connections_are_bounded(make_wire: Callable[..., Wire]) -> None:
    """In all, and from one host; our own calls are not refused."""
    wire = make_wire(limits=Limits(connections=3, connections_per_host=2))
    peers = [Peer("tcp", "192.0.2.1", 1, 1), Peer("tcp", "192.0.2.1", 2, 2)]
    for peer in peers:
        wire.connect(peer)
    assert not wire.endpoint.connection_made(Peer("tcp", "192.0.2.1", 3, 3), wire.now)
    wire.connect(Peer("tcp", "192.0.2.2", 1, 4))
    assert not wire.endpoint.connection_made(Peer("tcp", "192.0.2.3", 1, 5), wire.now)
    assert wire.endpoint.connection_made(Peer("tcp", "192.0.2.3", 1, 6), wire.now, outgoing=True)
    for peer in peers:
        wire.endpoint.connection_lost(peer, wire.now)
        wire.endpoint.connection_lost(peer, wire.now)
    assert wire.endpoint.connection_made(Peer("tcp", "192.0.2.1", 4, 7), wire.now)
    assert wire.endpoint.counters["drop-connections"] == 2


def test_a_lost_connection_takes_its_transactions_along(wire: Wire, device_says: DeviceSays) -> None:
    """An answer to it goes nowhere."""
    peer = wire.connect()
    wire.receive(device_says("MESSAGE", transport="TCP"), peer)
    event = wire.request()
    wire.endpoint.connection_lost(peer, wire.now, "reset")
    assert not wire.endpoint.respond(event.key, new_response(event.request, 200), wire.now)
    assert wire.events() == [ConnectionDropped(peer, "reset")]
    assert wire.endpoint.get_timer() is None


def test_a_flood_on_tcp_is_dropped_without_losing_the_frame(
    make_wire: Callable[..., Wire], device_says: DeviceSays
) -> None:
    """Messages beyond the rate are skipped, not misread."""
    wire = make_wire(limits=Limits(source_rate=1.0, source_burst=1.0))
    peer = wire.connect()
    wire.receive(b"".join(device_says("MESSAGE", branch=f"z9hG4bK{n}") for n in range(3)), peer)
    assert isinstance(wire.request().request, Request)
    assert wire.endpoint.counters["drop-rate"] == 2


def test_a_late_signal_does_not_end_a_transaction_twice(wire: Wire, device_says: DeviceSays) -> None:
    """The count of servers is a limit: it must not go below what there is."""
    peer = wire.connect()
    wire.receive(device_says("MESSAGE").replace(b"SIP/2.0/UDP", b"SIP/2.0/TCP"), peer)
    event = wire.request()
    layer = wire.endpoint._layer
    transaction = layer.find(event.key)
    assert transaction is not None
    assert layer.servers == 1
    wire.endpoint.respond(event.key, new_response(event.request, 200), wire.now)
    assert (layer.find(event.key), layer.servers) == (None, 0)  # on TCP nothing lingers
    layer.signal(transaction, Signal.EXPIRE, wire.now)
    assert layer.servers == 0
