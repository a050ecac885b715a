"""The RTSP conversation, without a socket and with a clock moved by hand."""

from __future__ import annotations

import re

import pytest

from civicam.media.core.rtsp import Described, Failed, Packet, Playing, RtspAccess, RtspClient
from civicam.media.core.rtsp_sdp import resolve, tracks
from civicam.media.core.unit import Codec

URL = "rtsp://192.0.2.1:8554/dome"
SDP = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=dome\r\nt=0 0\r\na=control:*\r\n"
    b"m=application 0 RTP/AVP 107\r\na=control:meta\r\n"
    b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
    b"a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z0LAHg==,aM4=\r\na=control:track1\r\n"
    b"m=audio 0 RTP/AVP 8\r\na=control:track2\r\n"
)


class Server:
    """Answers what the client sends, one request at a time."""

    def __init__(self, *, probe: bool = False, password: str | None = "pw", basic: bool = False) -> None:
        user = None if password is None else "u"
        access = RtspAccess(URL, lambda: "cn", user, password, basic)
        self.client = RtspClient(access, probe=probe, timeout_s=8.0)
        self.now = 100.0
        self.client.start(self.now)

    def asked(self) -> str:
        """The head of the request that waits; empty when none does."""
        return self.client.data_to_send().decode()

    def answer(self, status: str = "200 OK", *headers: str, body: bytes = b"") -> str:
        """Answer the request that waits (or was the last); what was asked."""
        request = self.asked()
        cseq = re.search(r"CSeq: (\d+)", request)
        assert cseq is not None, "nothing was asked"
        lines = [f"RTSP/1.0 {status}", f"CSeq: {cseq[1]}", *headers, f"Content-Length: {len(body)}", "", ""]
        self.client.receive("\r\n".join(lines).encode() + body, self.now)
        return request

    def play(self) -> None:
        """Straight through to playing."""
        self.answer("200 OK", "Public: OPTIONS, DESCRIBE, GET_PARAMETER")
        self.answer("200 OK", "Content-Type: application/sdp", f"Content-Base: {URL}/", body=SDP)
        self.answer("200 OK", "Session: 77;timeout=20", "Transport: RTP/AVP/TCP;interleaved=4-5")
        self.answer("200 OK", "Session: 77;timeout=20", "Transport: RTP/AVP/TCP")
        self.answer("200 OK", "Session: 77")

    def events(self) -> list[object]:
        found: list[object] = []
        while (event := self.client.next_event()) is not None:
            found.append(event)
        return found


def test_a_whole_conversation() -> None:
    server = Server()
    assert server.answer("200 OK", "Public: DESCRIBE").startswith(f"OPTIONS {URL} RTSP/1.0\r\n")
    asked = server.answer("200 OK", "Server: Dome/1", f"Content-Base: {URL}/", body=SDP)
    assert asked.startswith(f"DESCRIBE {URL} RTSP/1.0\r\n")
    assert "Accept: application/sdp\r\n" in asked
    asked = server.answer("200 OK", "Session: 77;timeout=20", "Transport: RTP/AVP/TCP;interleaved=4-5")
    assert asked.startswith(f"SETUP {URL}/track1 RTSP/1.0\r\n")
    assert "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n" in asked
    asked = server.answer("200 OK", "Session: 77")
    assert asked.startswith(f"SETUP {URL}/track2 RTSP/1.0\r\n")
    assert "Session: 77\r\n" in asked
    assert server.answer().startswith(f"PLAY {URL}/ RTSP/1.0\r\n")
    server.client.receive(b"$\x04\x00\x03abc", server.now)
    described, playing, packet = server.events()
    assert isinstance(described, Described)
    assert described.server == "Dome/1"
    assert isinstance(playing, Playing)
    assert {channel: track.codec for channel, track in playing.channels.items()} == {
        4: Codec.H264,
        2: Codec.PCMA,
    }
    assert playing.channels[4].fmtp == "packetization-mode=1;sprop-parameter-sets=Z0LAHg==,aM4="
    assert packet == Packet(4, b"abc")
    server.client.teardown(server.now)
    assert server.asked().startswith(f"TEARDOWN {URL}/ RTSP/1.0\r\n")
    assert server.client.get_timer() is None


def test_a_probe_stops_after_the_description() -> None:
    server = Server(probe=True)
    server.answer()
    server.answer("200 OK", body=SDP)
    assert [type(event) for event in server.events()] == [Described]
    assert server.asked() == ""
    assert server.client.get_timer() is None


def test_a_challenge_is_answered_and_the_nonce_kept() -> None:
    server = Server()
    server.answer()
    server.answer("401 Unauthorized", 'WWW-Authenticate: Digest realm="r", nonce="n1"')
    asked = server.answer("200 OK", body=SDP)
    assert 'Authorization: Digest username="u", realm="r", nonce="n1", uri="rtsp://' in asked
    asked = server.answer("401 No", 'WWW-Authenticate: Digest realm="r", nonce="n2", stale=true')
    assert 'nonce="n1"' in asked
    assert 'nonce="n2"' in server.asked()
    assert [type(event) for event in server.events()] == [Described]


def test_a_wrong_password_ends_it_for_good() -> None:
    server = Server()
    for nonce in ("n1", "n2"):
        server.answer("401 Unauthorized", f'WWW-Authenticate: Digest realm="r", nonce="{nonce}"')
    assert server.events() == [Failed("media.rtsp-unauthorized", {}, retry=False)]


def test_a_server_that_always_says_stale_is_not_asked_for_ever() -> None:
    server = Server()
    for nonce in ("n1", "n2", "n3"):
        server.answer("401 No", f'WWW-Authenticate: Digest realm="r", nonce="{nonce}", stale=true')
    assert server.events() == [Failed("media.rtsp-unauthorized", {}, retry=False)]


def test_without_a_user_a_challenge_ends_it() -> None:
    server = Server(password=None)
    server.answer("401 Unauthorized", 'WWW-Authenticate: Digest realm="r", nonce="n"')
    assert server.events() == [Failed("media.rtsp-unauthorized", {}, retry=False)]


@pytest.mark.parametrize("basic", [False, True])
def test_a_password_in_clear_needs_permission(basic: bool) -> None:
    server = Server(basic=basic)
    server.answer("401 Unauthorized", 'WWW-Authenticate: Basic realm="r"')
    if basic:
        assert "Authorization: Basic dTpwdw==\r\n" in server.asked()
    else:
        assert server.events() == [Failed("media.rtsp-basic-only", {}, retry=False)]
        assert server.asked() == ""


def test_the_password_never_shows() -> None:
    access = RtspAccess(URL, lambda: "cn", "u", "secret-word", allow_basic=True)
    assert "secret-word" not in repr(access)


@pytest.mark.parametrize(
    ("status", "code", "retry"),
    [
        ("404 Not Found", "media.rtsp-not-found", False),
        ("403 Forbidden", "media.rtsp-refused", False),
        ("302 Moved", "media.rtsp-refused", True),
        ("503 Busy", "media.rtsp-refused", True),
        ("461 Unsupported Transport", "media.rtsp-udp-only", False),
    ],
)
def test_a_refusal_says_whether_to_come_again(status: str, code: str, retry: bool) -> None:
    server = Server()
    server.answer("405 Method Not Allowed")  # OPTIONS refused is no reason to go
    server.answer(status)
    (failed,) = server.events()
    assert isinstance(failed, Failed)
    assert (failed.code, failed.retry) == (code, retry)
    assert failed.data == {"status": int(status[:3]), "step": "DESCRIBE"}


def test_no_video_is_no_source() -> None:
    server = Server()
    server.answer()
    server.answer("200 OK", body=b"v=0\r\nm=audio 0 RTP/AVP 0\r\n")
    assert server.events() == [Failed("media.rtsp-no-video", {}, retry=False)]


def test_silence_times_out_and_names_the_step() -> None:
    server = Server()
    server.answer()
    assert server.client.get_timer() == 108.0
    server.client.handle_timer(107.9)
    assert server.events() == []
    server.client.handle_timer(108.0)
    assert server.events() == [Failed("media.rtsp-timeout", {"step": "DESCRIBE"})]
    server.client.receive(b"RTSP/1.0 200 OK\r\nCSeq: 2\r\n\r\n", 109.0)
    assert server.events() == []


def test_a_session_is_kept_alive_at_half_its_time() -> None:
    server = Server()
    server.play()
    server.events()
    assert server.client.get_timer() == 110.0
    server.client.handle_timer(110.0)
    server.now = 110.0
    asked = server.answer("200 OK")
    assert asked.startswith(f"GET_PARAMETER {URL}/ RTSP/1.0\r\n")
    assert "Session: 77\r\n" in asked
    assert server.client.get_timer() == 120.0
    server.client.handle_timer(120.0)
    server.answer("454 Session Not Found")
    (failed,) = server.events()
    assert isinstance(failed, Failed)
    assert failed.retry


def test_a_method_the_server_dislikes_is_still_a_sign_of_life() -> None:
    server = Server()
    server.play()
    server.events()
    server.client.handle_timer(110.0)
    server.answer("501 Not Implemented")
    assert server.events() == []


def test_a_server_may_ask_us_and_answer_late() -> None:
    server = Server()
    server.asked()
    server.client.receive(b"OPTIONS * RTSP/1.0\r\nCSeq: 5\r\n\r\n", server.now)
    assert server.asked() == "RTSP/1.0 200 OK\r\nCSeq: 5\r\n\r\n"
    server.client.receive(
        b"RTSP/1.0 200 OK\r\nCSeq: 55\r\n\r\nRTSP/1.0 100 Continue\r\nCSeq: 1\r\n\r\n", server.now
    )
    assert server.asked() == ""
    server.client.receive(
        b"RTSP/1.0 200 OK\r\n\r\n", server.now
    )  # no CSeq at all: meant for the one we asked
    assert server.asked().startswith("DESCRIBE")


def test_garbage_ends_it() -> None:
    server = Server()
    server.client.receive(b"HTTP/1.1 200 OK\r\n\r\n", server.now)
    assert server.events() == [Failed("media.rtsp-broken", {"reason": "not RTSP"})]


def test_a_base_that_is_no_rtsp_address_is_not_followed() -> None:
    server = Server()
    server.answer()
    server.answer("200 OK", "Content-Base: http://192.0.2.66/elsewhere/", body=SDP)
    assert server.asked().startswith(f"SETUP {URL}/track1 RTSP/1.0\r\n")


def test_a_farewell_without_a_session_says_nothing() -> None:
    server = Server()
    server.asked()
    server.client.teardown(server.now)
    server.client.teardown(server.now)
    assert server.asked() == ""


def test_reports_go_out_only_while_playing() -> None:
    server = Server()
    server.asked()
    server.client.send_rtcp(1, b"rr")
    assert server.asked() == ""
    server = Server()
    server.play()
    server.client.send_rtcp(5, b"rr")
    assert server.client.data_to_send() == b"$\x05\x00\x02rr"


@pytest.mark.parametrize(
    ("base", "control", "expected"),
    [
        ("rtsp://[", "/track1", "rtsp://["),
        ("rtsp://192.0.2.1/", "rtsp://[::1/track1", "rtsp://192.0.2.1/"),
        ("rtsp://h/s", "", "rtsp://h/s"),
        ("rtsp://h/s/", "*", "rtsp://h/s/"),
        ("rtsp://h/s", "track1", "rtsp://h/s/track1"),
        ("rtsp://h/s/", "trackID=1", "rtsp://h/s/trackID=1"),
        ("rtsp://h/s?x=1", "track1", "rtsp://h/s?x=1/track1"),
        ("rtsp://h:8554/s/", "/other/1", "rtsp://h:8554/other/1"),
        ("rtsp://h:8554/s/", "rtsp://10.0.0.1/s/track1", "rtsp://h:8554/s/track1"),
        ("rtsp://h/a", "//evil/x", "rtsp://h/evil/x"),
        ("rtsp://h/a", "rtsp://[/x", "rtsp://h/a"),
        ("rtsp://[x/a", "/b", "rtsp://[x/a"),
    ],
)
def test_control_addresses_stay_on_the_host_we_asked(base: str, control: str, expected: str) -> None:
    assert resolve(base, control) == expected


def test_descriptions_as_servers_write_them() -> None:
    found, play = tracks(
        b"m=video 0 RTP/AVP 98\na=rtpmap:98 hevc/90000\na=rtpmap:99 H264/90000\na=fmtp:98 x=1\n"
        b"a=fmtp:97 y=2\na=framesize:98 1920-1080\n"
        b"m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
        b"m=audio 0 RTP/AVP 97\na=rtpmap:97 mpeg4-generic/16000/2\na=fmtp:97 config=1408\na=control:a\n"
        b"m=audio 0 RTP/AVP 0\n",
        "rtsp://h/s",
    )
    assert [(t.codec, t.clock_rate, t.fmtp, t.control) for t in found] == [
        (Codec.H265, 90000, "x=1", "rtsp://h/s"),
        (Codec.AAC, 16000, "config=1408", "rtsp://h/s/a"),
    ]
    assert play == "rtsp://h/s"


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"m=\n", b"m=video\na=rtpmap:-1 H264/0\n", b"a=control:\n"]
)
def test_a_broken_description_has_no_tracks(body: bytes) -> None:
    found, _ = tracks(body, "rtsp://h/s")
    assert [t for t in found if t.clock_rate != 90000] == []
