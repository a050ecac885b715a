"""The RTSP conversation where RTP comes over UDP: which ports are asked for, which are told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.media.core.test_rtsp import SDP, URL, Server

from civicam.media.core.rtsp import Failed, Playing, RtspAccess, RtspClient
from civicam.media.core.unit import Codec


def over_udp(*ports: int) -> Server:
    server = Server()
    server.client = RtspClient(RtspAccess(URL, lambda: "cn", "u", "pw"), ports=ports)
    server.client.start(server.now)
    server.answer()
    server.answer("200 OK", f"Content-Base: {URL}/", body=SDP)
    return server


def playing(server: Server) -> Playing:
    (found,) = (event for event in server.events() if isinstance(event, Playing))
    return found


def test_each_track_has_a_pair_of_ours_and_one_of_theirs() -> None:
    server = over_udp(30000, 30002)
    transport = "Transport: RTP/AVP;unicast;client_port=30000-30001;source=192.0.2.1;server_port=5000-5001"
    asked = server.answer("200 OK", "Session: 77", transport)
    assert "Transport: RTP/AVP;unicast;client_port=30000-30001\r\n" in asked
    asked = server.answer("200 OK", "Session: 77", "Transport: RTP/AVP/UDP;unicast;server_port=6000")
    assert "Transport: RTP/AVP;unicast;client_port=30002-30003\r\n" in asked
    server.answer()
    found = playing(server)
    assert {port: track.codec for port, track in found.channels.items()} == {
        30000: Codec.H264,
        30002: Codec.PCMA,
    }
    assert found.servers == {30000: (5000, 5001), 30002: (6000, 6001)}
    server.client.send_rtcp(30001, b"report")
    assert server.asked() == "", "nothing of RTP on the connection"


def test_without_a_second_pair_there_is_no_sound() -> None:
    server = over_udp(30000)
    server.answer("200 OK", "Session: 77")
    assert server.answer().startswith("PLAY")
    found = playing(server)
    assert (list(found.channels), found.servers) == ([30000], {30000: (0, 0)})


def test_a_server_that_wants_no_udp_either_is_a_refusal() -> None:
    server = over_udp(30000)
    server.answer("461 Unsupported Transport")
    assert server.events()[-1] == Failed("media.rtsp-refused", {"status": 461, "step": "SETUP"}, retry=False)


@pytest.mark.parametrize(
    ("told", "ports"),
    [
        ("server_port=5000-5001", (5000, 5001)),
        (" Server_Port = 5000 - 5003 ", (5000, 5003)),
        ("server_port=65535", (65535, 65535)),
        ("server_port=5000-x", (5000, 5001)),
        ("server_port=0-1", (0, 0)),
        ("server_port=70000-70001", (0, 0)),
        ("server_port=²-³", (0, 0)),
        ("server_port=", (0, 0)),
        ("client_port=1-2", (0, 0)),
    ],
)
def test_the_servers_ports_as_they_are_told(told: str, ports: tuple[int, int]) -> None:
    server = over_udp(30000)
    server.answer("200 OK", f"Transport: RTP/AVP;unicast;{told}")
    server.answer()
    assert playing(server).servers == {30000: ports}


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_whatever_stands_there_is_a_port_or_none(told: str) -> None:
    server = over_udp(30000)
    server.answer("200 OK", f"Transport: RTP/AVP;server_port={told}")
    server.answer()
    assert all(0 <= port <= 65535 for port in playing(server).servers[30000])
