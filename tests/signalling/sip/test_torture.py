"""The torture messages of RFC 4475: each ends the way the manifest's platform column says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from civicam.signalling.sip.build import new_response
from civicam.signalling.sip.digest import challenge, parse_authorization
from civicam.signalling.sip.errors import BadMessage
from civicam.signalling.sip.events import MessageRejected, RequestReceived
from civicam.signalling.sip.message import Request, Response, delta_seconds
from civicam.signalling.sip.parse import parse_message
from civicam.signalling.sip.peer import Peer

if TYPE_CHECKING:
    from tests.signalling.sip.conftest import Wire

STRANGER = Peer("udp", "198.51.100.7", 5071)

# id: the statuses the platform may answer with; an empty set means silence
OUTCOMES: dict[str, set[int]] = {
    "wsinv": {486},
    "intmeth": {501},
    "semiuri": {200},
    "mpart01": {415},
    "unreason": set(),
    "noreason": set(),
    "clerr": {400},
    "ncl": {400},
    "scalar02": {400},
    "scalarlg": set(),
    "quotbal": {400},
    "ltgtruri": {400},
    "lwsstart": {400, 486},
    "trws": {400, 200},
    "baddate": {486},
    "badvers": {505},
    "mismatch01": {400},
    "mismatch02": {501, 400},
    "bigcode": set(),
    "insuf": {400},
    "unksm2": {400},
    "invut": {415},
    "regaut01": {401},
    "multi01": {400},
    "bcast": set(),
    "cparam02": {200},
    "regescrt": {200},
    "sdp01": {406, 400},
    "inv2543": {486},
}


def answer_like_a_registrar(wire: Wire) -> None:
    """INVITE: busy. REGISTER: bound, unless it brings an Authorization we cannot read; then challenged."""
    for event in wire.events():
        if not isinstance(event, RequestReceived):
            continue
        request = event.request
        authorization = request.headers.get("Authorization")
        if request.method == "INVITE":
            response = new_response(request, 486)
        elif authorization is not None and parse_authorization(authorization) is None:
            headers = [("WWW-Authenticate", challenge("3402000000", "5f1c"))]
            response = new_response(request, 401, headers=headers)
        else:
            contact = [("Contact", str(address)) for address in request.contacts]
            response = new_response(request, 200, headers=contact)
        assert wire.endpoint.respond(event.key, response, wire.now)


@pytest.mark.parametrize("name", OUTCOMES)
def test_the_platform_answers_as_the_manifest_asks(wire: Wire, torture: Path, name: str) -> None:
    """Sent over UDP from a stranger's address: the answer goes there and nowhere else, and is never large."""
    data = (torture / "rfc4475" / f"{name}.dat").read_bytes()
    wire.receive(data, STRANGER)
    answer_like_a_registrar(wire)
    answers = wire.raw()
    statuses = {parsed.status for parsed in map(parse_answer, answers)}
    assert statuses <= OUTCOMES[name]
    assert bool(statuses) == bool(OUTCOMES[name])
    assert all(peer == STRANGER for _, peer in answers)
    assert sum(len(answer) for answer, _ in answers) <= 2 * len(data)


def parse_answer(sent: tuple[bytes, Peer]) -> Response:
    """A sent answer; those to requests without Call-ID or From are no whole messages themselves."""
    status = int(sent[0].split(b" ", 2)[1])
    assert sent[0].startswith(b"SIP/2.0 ")
    return Response(status)


def test_every_message_of_the_manifest_has_its_outcome_here(torture: Path) -> None:
    """A message added to the folder must be added to the table."""
    manifest = json.loads((torture / "manifest.json").read_text(encoding="utf-8"))
    assert {entry["id"] for entry in manifest["messages"]} == set(OUTCOMES)


@pytest.mark.parametrize("name", OUTCOMES)
def test_over_tcp_nothing_breaks_and_the_buffer_is_bounded(wire: Wire, torture: Path, name: str) -> None:
    """The same bytes on a connection: taken, refused, or the connection closes within half a minute."""
    peer = wire.connect()
    data = (torture / "rfc4475" / f"{name}.dat").read_bytes()
    for at in range(0, len(data), 7):
        wire.receive(data[at : at + 7], peer)
    answer_like_a_registrar(wire)
    wire.raw()
    if name == "ncl":
        assert wire.endpoint.connections_to_close() == [peer]
    if name == "clerr":
        assert wire.jump() <= 30.0
        assert wire.endpoint.connections_to_close() == [peer]
        assert wire.endpoint.counters["drop-half-open"] == 1


def test_what_a_wild_but_sound_invite_says(torture: Path) -> None:
    """wsinv: folding, compact names, white space and leading zeros are read as what they mean."""
    request = parse_message((torture / "rfc4475" / "wsinv.dat").read_bytes())
    assert isinstance(request, Request)
    assert (request.from_.display, request.from_.tag) == ('J Rosenberg \\"', "98asjd8")
    assert request.to.tag == "1918181833n"
    assert (request.cseq.number, request.cseq.method) == (9, "INVITE")
    assert [(via.transport, via.host, via.branch) for via in request.vias] == [
        ("UDP", "192.0.2.2", "390skdjuw"),
        ("TCP", "spindle.example.com", "z9hG4bK9ikj8"),
        ("UDP", "192.168.255.111", "z9hG4bK30239"),
    ]
    assert request.contact is not None
    assert request.contact.param("q") == "0.33"
    assert request.headers.get("NewFangledHeader") == "newfangled value continued newfangled value"
    assert len(request.body) == 150


def test_a_user_part_keeps_what_was_escaped(torture: Path) -> None:
    """semiuri: the user is ``user;par=u@example.net``."""
    request = parse_message((torture / "rfc4475" / "semiuri.dat").read_bytes())
    assert isinstance(request, Request)
    from civicam.signalling.sip.uri import parse_uri

    assert parse_uri(request.uri).user == "user;par=u@example.net"


def test_a_contact_comes_back_unharmed(torture: Path) -> None:
    """cparam02, regescrt: a registrar keeps URI parameters and escaped header fields and follows neither."""
    for name, part in (("cparam02", ";unknownparam"), ("regescrt", "?Route=%3Csip:sip.example.com%3E")):
        request = parse_message((torture / "rfc4475" / f"{name}.dat").read_bytes())
        assert request.contact is not None
        assert part in str(request.contact)


def test_a_binary_body_arrives_byte_for_byte(torture: Path) -> None:
    """mpart01: NUL bytes and all, 553 of them."""
    data = (torture / "rfc4475" / "mpart01.dat").read_bytes()
    assert parse_message(data).body == data[-553:]


def test_absurd_seconds_are_capped(torture: Path) -> None:
    """scalarlg: a Retry-After beyond 32 bits counts as 32 bits; the response itself is dropped."""
    assert delta_seconds("949302838503028349304023988") == 0xFFFF_FFFF
    with pytest.raises(BadMessage):
        parse_message((torture / "rfc4475" / "scalarlg.dat").read_bytes())


def test_a_rejected_message_is_told_with_its_head(wire: Wire, device_says: Callable[..., bytes]) -> None:
    """The layer above learns who sends rubbish, and sees its beginning."""
    wire.receive(device_says("MESSAGE", cseq="999999999999"))
    (event,) = wire.events()
    assert isinstance(event, MessageRejected)
    assert event.code == "signalling.bad-header"
    assert event.head.startswith(b"MESSAGE sip:")
    assert len(event.head) <= 200
