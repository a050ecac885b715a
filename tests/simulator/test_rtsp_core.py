"""The RTSP server's core: log-in, the way to PLAY, and what it refuses."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from civicam.signalling.sip.digest import Password, answer, parse_challenge
from civicam.simulator.description import City, Device
from civicam.simulator.rtsp_core import Halt, RtspConnection, RtspOutput, Start


class Client:
    """Talks to a connection and keeps count."""

    def __init__(self, city: City, *, available: bool = True) -> None:
        self.device: Device = next(each for each in city.devices if each.protocol == "rtsp")
        devices = {self.device.gb_id: self.device}
        self.core = RtspConnection(devices, lambda _: available, lambda: "00ff00ff")
        self.url = f"rtsp://127.0.0.1:8554/{self.device.gb_id}/sub"
        self.number = 0
        self.secret = self.device.secret

    def send(self, method: str, *headers: str, url: str = "", proven: bool = True) -> list[RtspOutput]:
        self.number += 1
        lines = [f"{method} {url or self.url} RTSP/1.0", f"CSeq: {self.number}", *headers]
        if proven:
            question = parse_challenge('Digest realm="SimCam", nonce="00ff00ff", algorithm=MD5, qop="auth"')
            assert question is not None
            password = Password(self.device.username, self.secret)
            lines.append(f"Authorization: {answer(question, password, method, self.url, 'c', self.number)}")
        return self.core.receive("\r\n".join((*lines, "", "")).encode())

    def status(self, method: str, *headers: str, url: str = "", proven: bool = True) -> int:
        first = next(
            out for out in self.send(method, *headers, url=url, proven=proven) if isinstance(out, bytes)
        )
        return int(first.split()[1])


TCP = "Transport: RTP/AVP/TCP;unicast;interleaved=2-3"


@pytest.fixture
def client(city: City) -> Client:
    return Client(city)


def test_the_way_to_play_and_back(client: Client) -> None:
    assert client.status("OPTIONS", proven=False) == 200
    assert client.status("DESCRIBE", proven=False) == 401
    assert client.status("DESCRIBE") == 200
    (setup,) = client.send("SETUP", TCP)
    assert isinstance(setup, bytes)
    assert b"interleaved=2-3" in setup
    played = client.send("PLAY", "Session: 00ff00ff")
    assert played[1] == Start(client.device, main=False, channel=2)
    assert len(client.send("PLAY", "Session: 00ff00ff")) == 1
    assert client.status("GET_PARAMETER") == 200
    assert client.send("PAUSE")[0] == Halt(close=False)
    assert client.send("TEARDOWN")[1] == Halt(close=True)


def test_a_wrong_password_stays_outside(client: Client) -> None:
    client.secret = "guess"
    assert client.status("DESCRIBE") == 401


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("SETUP", ("Transport: RTP/AVP;unicast;client_port=5000-5001",), 461),
        ("PLAY", (), 455),
        ("RECORD", (), 405),
    ],
)
def test_what_it_does_not_do(client: Client, method: str, headers: tuple[str, ...], status: int) -> None:
    assert client.status(method, *headers) == status


def test_a_play_of_another_session_is_refused(client: Client) -> None:
    client.send("SETUP", TCP)
    assert client.status("PLAY", "Session: other") == 454


def test_an_unknown_path_and_a_dark_device(client: Client, city: City) -> None:
    assert client.status("DESCRIBE", url="rtsp://127.0.0.1/nobody") == 404
    assert Client(city, available=False).send("DESCRIBE")[1] == Halt(close=True)


def test_bytes_may_come_one_by_one_with_rtcp_between(client: Client) -> None:
    data = b"$\x01\x00\x04abcdOPTIONS * RTSP/1.0\r\nCSeq: 9\r\n\r\n$\x01\x00\x02xy"
    outputs = [out for index in range(len(data)) for out in client.core.receive(data[index : index + 1])]
    assert len(outputs) == 1
    assert isinstance(outputs[0], bytes)
    assert b"CSeq: 9" in outputs[0]


def test_a_body_may_come_later_than_its_head(client: Client) -> None:
    data = b"OPTIONS * RTSP/1.0\r\nCSeq: 9\r\nContent-Length: 12\r\n\r\nposition: 1\n"
    data += b"OPTIONS * RTSP/1.0\r\nCSeq: 10\r\n\r\n"
    outputs = [out for index in range(len(data)) for out in client.core.receive(data[index : index + 1])]
    assert [b"CSeq: 9" in bytes(outputs[0]), b"CSeq: 10" in bytes(outputs[1])] == [True, True]  # type: ignore[arg-type]
    assert len(outputs) == 2


@pytest.mark.parametrize("length", ["-1", "²", "9" * 5000, "99999999", "x"])
def test_a_length_that_is_none_is_shown_out(client: Client, length: str) -> None:
    outputs = client.core.receive(f"OPTIONS * RTSP/1.0\r\nContent-Length: {length}\r\n\r\n".encode())
    assert isinstance(outputs[0], bytes)
    assert outputs[0].startswith(b"RTSP/1.0 400")
    assert outputs[1] == Halt(close=True)


@pytest.mark.parametrize("channel", ["²", "255", "-1", "9" * 5000])
def test_a_channel_that_is_none_becomes_the_first(client: Client, channel: str) -> None:
    (setup,) = client.send("SETUP", f"Transport: RTP/AVP/TCP;unicast;interleaved={channel}-9")
    assert isinstance(setup, bytes)
    assert b"interleaved=0-1" in setup


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=120), max_size=6))
def test_no_bytes_are_too_bad(city: City, chunks: list[bytes]) -> None:
    core = Client(city).core
    for chunk in (*chunks, b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 3\r\n\r\n", *chunks):
        for output in core.receive(chunk):
            assert output == Halt(close=True) or isinstance(output, bytes)


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n\r\n", b"nonsense\r\n\r\n", b"A" * 9000])
def test_what_is_not_rtsp_is_shown_out(client: Client, data: bytes) -> None:
    outputs = client.core.receive(data)
    assert isinstance(outputs[0], bytes)
    assert outputs[0].startswith(b"RTSP/1.0 400")
    assert outputs[1] == Halt(close=True)
