"""Strangers' platforms: whatever they write into an INVITE or question, the device sends or says why not."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from tests.simulator.test_device import PLATFORM, SOURCE, Bench

from civicam.signalling.gb28181 import manscdp
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.sdp import Offer, build_offer
from civicam.signalling.sip.build import IdSource, Origin, new_request
from civicam.signalling.sip.digest import challenge
from civicam.signalling.sip.events import RequestReceived
from civicam.signalling.sip.message import Request
from civicam.simulator.device import GbDevice
from civicam.simulator.outputs import Ask, Play, Prepare, Reply

OFFER = build_offer(Offer(PLATFORM, "192.0.2.10", 30000, 200000017, stream=1))
Change = Callable[[bytes], bytes]


@pytest.fixture
def bench(make_device: Callable[..., GbDevice], ids: IdSource) -> Bench:
    made = Bench(make_device(), ids)
    made.register()
    return made


def head(pattern: bytes, new: bytes) -> Change:
    return lambda text: re.sub(pattern, new, text, count=1)


OFFERS: dict[str, Change] = {
    "PS alone": head(rb" 96 98 100", b" 96"),
    "PS last": head(rb" 96 98 100", b" 98 97 96"),
    "seven payloads with parameters": head(
        rb" 96 98 100\r\n",
        b" 96 126 125 99 34 98 97\r\na=fmtp:126 profile-level-id=42e01e\r\na=rtpmap:126 H264/90000\r\n",
    ),
    "no rtpmap": lambda text: re.sub(rb"a=rtpmap:[^\r]*\r\n", b"", text),
    "no direction": head(rb"a=recvonly\r\n", b""),
    "no y": head(rb"y=[^\r]*\r\n", b""),
    "y of nine digits": head(rb"y=0", b"y="),
    "an f": lambda text: text + b"f=v/////a///\r\n",
    "no stream number": head(rb"a=stream[^\r]*\r\n", b""),
    "a session name in capitals": head(rb"s=Play", b"s=PLAY"),
    "no session name": head(rb"s=Play\r\n", b""),
    "a session name nobody knows": head(rb"s=Play", b"s=-"),
    "no times": head(rb"t=0 0\r\n", b""),
    "the channel in u": head(rb"c=", b"u=34020000001310000001:0\r\nc="),
    "line feeds alone": lambda text: text.replace(b"\r\n", b"\n"),
    "sound first": head(rb"m=video", b"m=audio 30002 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\nm=video"),
    "a stream mode": lambda text: text + b"a=streamMode:MAIN\r\n",
}


def invited(bench: Bench, body: bytes, user: str, **headers: str) -> Request:
    """An INVITE as it comes; its session is prepared or refused."""
    bench.number += 1
    origin = Origin("192.0.2.10", 5060, "udp", bench.ids)
    to = headers.pop("to", user)
    request = new_request(
        "INVITE", f"sip:{user}@192.0.2.64:5060", origin,
        from_uri=f"sip:{PLATFORM}@3402000000", to_uri=f"sip:{to}@3402000000", headers=headers.items(),
    )  # fmt: skip
    request.set_body("APPLICATION/SDP", body)
    bench.device.take(RequestReceived(("s", str(bench.number)), request, SOURCE), 0.0)
    return request


@pytest.mark.parametrize("oddity", OFFERS)
def test_an_odd_offer_is_answered_and_played(bench: Bench, oddity: str) -> None:
    body = OFFERS[oddity](OFFER)
    assert body != OFFER
    request = invited(bench, body, bench.device.identity.channels[0].gb_id)
    session, response = bench.accepted()
    assert response.status == 200
    bench.device.calls.acknowledged(request.call_id)
    assert [each.session for each in bench.outputs() if isinstance(each, Play)] == [session]


def test_the_channel_may_stand_in_to_or_subject_alone(bench: Bench) -> None:
    """Platforms that write the device's own id into the Request-URI."""
    channel = bench.device.identity.channels[1].gb_id
    for headers in ({"to": channel}, {"Subject": f"{channel}:0200000017,{PLATFORM}:0"}):
        invited(bench, OFFER, bench.gb_id, **headers)
        prepared = [each.session for each in bench.outputs() if isinstance(each, Prepare)]
        assert [each.channel.gb_id for each in prepared] == [channel]


def test_a_channel_nobody_has_is_404(bench: Bench) -> None:
    invited(bench, OFFER, "34020000001310009999", Subject="nonsense")
    assert [each.response.status for each in bench.outputs() if isinstance(each, Reply)] == [404]


@pytest.mark.parametrize("sn", [0, 1, 2**31, 2**53])
@pytest.mark.parametrize(
    "declaration", ["", '<?xml version="1.0"?>\n', "<?xml version='1.0' encoding='utf-8'?>\n"]
)
def test_a_question_is_answered_with_its_number(bench: Bench, sn: int, declaration: str) -> None:
    asked = f"<CmdType>DeviceInfo</CmdType><SN>{sn}</SN><DeviceID>{bench.gb_id}</DeviceID>"
    body = f"{declaration}<Query>{asked}</Query>"
    bench.receive("MESSAGE", bench.gb_id, body.encode(), "application/MANSCDP+xml")
    (ask,) = [each for each in bench.outputs() if isinstance(each, Ask)]
    answer = manscdp.parse_message(ask.request.body)
    assert (answer.sn, answer.device_id) == (sn, GbId(bench.gb_id))


def test_a_platform_that_gives_a_new_nonce_each_time_is_answered(bench: Bench) -> None:
    """At the refresh an old nonce is refused without a word of being stale."""
    bench.now = 3600 * 0.9
    bench.device.handle_timer(bench.now)
    asks = [each for each in bench.outputs() if isinstance(each, Ask)]
    first = next(each for each in asks if each.request.method == "REGISTER")
    bench.answer(first, 401, ("WWW-Authenticate", challenge("3402000000", "another", qop="")))
    again = bench.asked()
    assert 'nonce="another"' in (again.request.headers.get("Authorization") or "")
