"""Whatever a message says of addresses, packets go to where it came from or where the layer above points."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.signalling.sip.conftest import Wire as NewWire

from civicam.signalling.sip.build import new_request, new_response
from civicam.signalling.sip.dialog import Dialog
from civicam.signalling.sip.events import RequestReceived, ResponseReceived
from civicam.signalling.sip.peer import Peer

if TYPE_CHECKING:
    from tests.signalling.sip.conftest import Wire

VICTIM = "203.0.113.99"
STRANGER = Peer("udp", "198.51.100.7", 5071)
STREAM = Peer("tcp", "198.51.100.7", 40007, 1)

_hosts = st.sampled_from(
    [VICTIM, f"{VICTIM}:53", "[2001:db8::99]:5060", "victim.example", "0.0.0.0", "255.255.255.255"]
)
_addresses = st.builds(
    "<{}:34020000001320000001@{}{}>".format,
    st.sampled_from(["sip", "sips"]),
    _hosts,
    st.sampled_from(["", ";lr", f";maddr={VICTIM}", ";transport=tcp", f";received={VICTIM};rport=53"]),
)
_params = st.sampled_from(["", ";rport", f";received={VICTIM}", f";maddr={VICTIM};ttl=9", ";rport=53"])
_fields = st.fixed_dictionaries(
    {},
    optional={
        "Contact": _addresses,
        "Route": _addresses,
        "Record-Route": _addresses,
        "Reply-To": _addresses,
        "Refer-To": _addresses,
        "Alert-Info": _addresses,
        "Path": _addresses,
    },
)
_methods = st.sampled_from(
    [
        "REGISTER",
        "MESSAGE",
        "INVITE",
        "SUBSCRIBE",
        "NOTIFY",
        "INFO",
        "BYE",
        "OPTIONS",
        "CANCEL",
        "REFER",
        "XYZ",
    ]
)


def from_stranger(method: str, uri_host: str, via: str, fields: dict[str, str], number: int) -> bytes:
    """A request whose every address is somebody else's."""
    extra = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return (
        f"{method} sip:34020000002000000001@{uri_host} SIP/2.0\r\nVia: {via}\r\n"
        f"From: <sip:34020000001320000001@{VICTIM}>;tag=f{number}\r\n"
        f"To: <sip:34020000002000000001@{VICTIM}>\r\n"
        f"Call-ID: t{number}@{VICTIM}\r\nCSeq: {number} {method}\r\n{extra}Content-Length: 0\r\n\r\n"
    ).encode()


@settings(max_examples=300, deadline=None)
@given(
    method=_methods,
    host=_hosts,
    params=_params,
    below=st.booleans(),
    fields=_fields,
    source=st.sampled_from([STRANGER, STREAM]),
    status=st.sampled_from([100, 200, 302, 401, 486]),
    number=st.integers(min_value=1, max_value=2**31),
)
def test_an_answer_goes_to_the_packet_source(
    method: str, host: str, params: str, below: bool, fields: dict[str, str], source: Peer, status: int,
    number: int,
) -> None:  # fmt: skip
    """Via with maddr, received and forged rport; Contact, Route of others: 40 s of timers, one target."""
    wire = NewWire()
    if source.reliable:
        wire.connect(source)
    via = f"SIP/2.0/UDP {host};branch=z9hG4bK{number}{params}"
    via += f", SIP/2.0/UDP {VICTIM}:5060;branch=z9hG4bKlow" if below else ""
    wire.receive(from_stranger(method, host, via, fields, number), source)
    for event in wire.events():
        if isinstance(event, RequestReceived):
            wire.endpoint.respond(event.key, new_response(event.request, status), wire.now)
    targets = {peer for _, peer in wire.raw()}
    while (due := wire.endpoint.get_timer()) is not None and due < 1040.0:
        wire.jump()
        targets |= {peer for _, peer in wire.raw()}
    assert targets <= {source}


@settings(max_examples=200, deadline=None)
@given(
    status=st.sampled_from([180, 200, 302, 305, 401, 480]),
    fields=_fields,
    method=st.sampled_from(["INVITE", "MESSAGE"]),
)
def test_an_answer_of_a_device_moves_no_packet_of_ours(
    status: int, fields: dict[str, str], method: str
) -> None:
    """Contact and Record-Route of an answer: ACK, BYE and CANCEL still go where the INVITE went."""
    wire = NewWire()
    device = Peer("udp", "192.0.2.64", 5060)
    request = new_request(
        method, "sip:34020000001320000001@192.0.2.64:5060", wire.origin(device),
        from_uri="sip:34020000002000000001@3402000000", to_uri="sip:34020000001320000001@3402000000",
    )  # fmt: skip
    wire.endpoint.send(request, device, wire.now)
    response = new_response(request, status, to_tag="d1", headers=fields.items())
    wire.receive(response, STRANGER)  # from the wrong place, too
    for event in wire.events():
        if isinstance(event, ResponseReceived) and event.response.ok and method == "INVITE":
            dialog = Dialog.from_uac(request, event.response, wire.origin(device))
            wire.endpoint.send_ack(dialog.ack(), device, wire.now)
            wire.endpoint.send(dialog.request("BYE"), device, wire.now)
    targets = {peer for _, peer in wire.raw()}
    while (due := wire.endpoint.get_timer()) is not None and due < 1040.0:
        wire.jump()
        targets |= {peer for _, peer in wire.raw()}
    assert targets == {device}


def test_a_tap_hears_what_goes_over_the_wire(wire: Wire) -> None:
    """Whole messages in both directions, cut out of the stream on TCP, with who and when."""
    heard: list[tuple[bool, bytes, Peer, float]] = []
    wire.endpoint.on_wire = lambda *told: heard.append(told[:4])
    over_udp = from_stranger("OPTIONS", "192.0.2.10", "SIP/2.0/UDP h;branch=z9hG4bK1", {}, 1)
    over_tcp = from_stranger("OPTIONS", "192.0.2.10", "SIP/2.0/TCP h;branch=z9hG4bK2", {}, 2)
    wire.receive(over_udp, STRANGER)
    (answer,) = wire.raw()
    wire.connect(STREAM)
    wire.receive(over_tcp[:50], STREAM)
    wire.now += 1.0
    wire.receive(over_tcp[50:] + b"\r\n\r\n", STREAM)
    (second,) = wire.raw()
    assert heard == [
        (True, over_udp, STRANGER, 1000.0),
        (False, *answer, 1000.0),
        (True, over_tcp, STREAM, 1001.0),
        (False, *second, 1001.0),
    ]
    assert wire.raw() == []


@pytest.mark.parametrize("peers", [500])
def test_a_refused_datagram_costs_only_its_own_peer(wire: Wire, peers: int) -> None:
    """The requests of the others are not looked at: each socket fault ends one request, in any order."""
    devices = [Peer("udp", f"192.0.2.{number % 250}", 5000 + number) for number in range(peers)]
    for device in devices:
        request = new_request(
            "MESSAGE", f"sip:34020000001320000001@{device.host}:{device.port}", wire.origin(device),
            from_uri="sip:34020000002000000001@3402000000", to_uri="sip:34020000001320000001@3402000000",
        )  # fmt: skip
        wire.endpoint.send(request, device, wire.now)
    random.Random(4).shuffle(devices)
    for left, device in zip(range(peers - 1, -1, -1), devices, strict=True):
        wire.endpoint.send_failed(device, "no route", wire.now)
        assert wire.endpoint.transactions == left
    assert len(wire.events()) == peers
