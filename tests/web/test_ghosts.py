"""The real server process, killed with -9 in every phase of a session; its successor ends what it left.

[DOME]────SIP/UDP──┐                          [DEVICE of this test]──SIP/UDP──┐
[CAMERA]──SIP/TCP──┴──[civicam serve]──kill -9──[civicam serve]───────────────┘
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from tests.web.stack import Pane, Stack, two_cameras, until

from civicam.signalling.aio.agent import SipAgent
from civicam.signalling.gb28181 import sdp
from civicam.signalling.sip import digest
from civicam.signalling.sip.build import IdSource, Origin, new_request, new_response, next_request
from civicam.signalling.sip.endpoint import SipEndpoint
from civicam.signalling.sip.events import AckReceived, RequestCancelled, RequestReceived, SipEvent
from civicam.signalling.sip.peer import Peer
from civicam.simulator.control import ask

pytestmark = [pytest.mark.slow, pytest.mark.serial]

NVR = "34020000001180000901"
CHANNEL = "34020000001310000901"
PLATFORM, REALM = "34020000002000000001", "3402000000"
PATIENCE_S = 60.0


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Stack]:
    made = two_cameras(tmp_path, "--control", str(tmp_path / "control"), "--retry", "2")
    yield made
    made.stop()


def test_devices_stop_sending_when_the_next_process_comes(street: Stack) -> None:
    control = street.folder / "control"

    def streams() -> int:
        found = ask(control, {"do": "stats"})["stats"]["streams"]
        assert isinstance(found, int)
        return found

    panes = [Pane(street, each["id"]) for each in street.http.get("/api/channels").json()["channels"][:2]]
    for pane in panes:
        pane.pictures(3)
    assert streams() == 2
    assert street.server is not None
    street.server.kill()
    street.server.wait()
    # over TCP the media connection broke with the worker; over UDP nobody tells the device anything
    until(lambda: streams() == 1, "the camera on TCP noticed")
    street.serve()
    until(lambda: streams() == 0, "the dome was told")
    until(lambda: not street.rows("stream_id", "gateway_dialog", "true"), "nothing left in the store")


class Device:
    """One recorder, made by hand so that it can be stopped at any moment of an exchange."""

    def __init__(self, port: int) -> None:
        self.ids = IdSource(os.urandom)
        self.gate = Peer("udp", "127.0.0.1", port)
        self.agent = SipAgent(SipEndpoint(self.ids), self.heard, on_other=self.told)
        self.said: list[str] = []
        self.before_answer: Callable[[], bool] = lambda: True
        """Called before the 200 to an INVITE; False: no answer is given."""
        self.news = asyncio.Event()

    async def register(self) -> None:
        own = await self.agent.listen("127.0.0.1", 0)
        self.origin = Origin("127.0.0.1", own, "udp", self.ids)
        uri, target = f"sip:{NVR}@{REALM}", f"sip:{PLATFORM}@{REALM}"
        first = new_request("REGISTER", target, self.origin, from_uri=uri, to_uri=uri)
        question = digest.parse_challenge(
            (await self.agent.request(first, self.gate)).headers.get("WWW-Authenticate") or ""
        )
        assert question is not None
        proof = digest.answer(question, digest.Password(NVR, "example-9"), "REGISTER", target, "c0ffee")
        again = next_request(first, self.origin, [("Authorization", proof)])
        assert (await self.agent.request(again, self.gate)).status == 200

    def heard(self, event: RequestReceived) -> None:
        method = event.request.method
        self.said.append(method)
        if method != "INVITE":
            self.agent.respond(event.key, new_response(event.request, 200))
        elif self.before_answer():
            offer = sdp.parse(event.request.body)
            body = sdp.build_answer(sdp.Answer(NVR, "127.0.0.1", 15060, offer.ssrc or 0))
            headers = [("Contact", self.origin.contact(NVR)), ("Content-Type", sdp.CONTENT_TYPE)]
            answer = new_response(event.request, 200, to_tag="dev1", headers=headers, body=body)
            self.agent.respond(event.key, answer)
        self.news.set()

    def told(self, event: SipEvent) -> None:
        if isinstance(event, AckReceived):
            self.said.append("ACK")
        elif isinstance(event, RequestCancelled):
            self.said.append("CANCEL")
        self.news.set()

    async def until(self, *methods: str) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not set(methods) <= set(self.said):
                self.news.clear()
                await self.news.wait()


@pytest.fixture
def lonely(tmp_path: Path) -> Iterator[Stack]:
    """A server with one recorder entered."""
    made = Stack(tmp_path)
    described = json.loads(made.command("simulate", "describe", "--no-rtsp", "--fixed-secrets"))
    device = next(each for each in described["devices"] if each["transport"] == "udp")
    channel = next(each for each in described["channels"] if each["device"] == device["gb_id"])
    device |= {"gb_id": NVR, "secret": "example-9"}
    channel |= {"gb_id": CHANNEL, "device": NVR}
    described |= {"devices": [device], "channels": [channel], "feeds": [], "fibres": [], "graph": {}}
    (tmp_path / "city.json").write_text(json.dumps(described, ensure_ascii=False))
    made.command("import", str(tmp_path / "city.json"))
    yield made
    made.stop()


@pytest.mark.parametrize(
    ("phase", "then"),
    [
        ("before the 200", ("CANCEL",)),
        ("after the 200 before the ACK", ("ACK", "BYE")),
        ("after the ACK", ("ACK", "BYE")),
    ],
)
def test_killed_at_any_moment_of_an_invitation(lonely: Stack, phase: str, then: tuple[str, ...]) -> None:
    ready = lonely.serve()
    server = lonely.server
    assert server is not None

    async def story() -> None:
        device = Device(ready["sip_port"])
        await device.register()
        await asyncio.to_thread(until, lonely.all_online, "the recorder is online")
        (channel,) = lonely.http.get("/api/channels").json()["channels"]
        if phase == "before the 200":
            device.before_answer = lambda: False
        elif phase == "after the 200 before the ACK":

            def frozen() -> bool:
                server.send_signal(signal.SIGSTOP)
                return True

            device.before_answer = frozen
        wish = {"channel_id": channel["id"], "format": "annexb", "purpose": "duty", "stream": "main"}
        with httpx.Client(base_url=ready["url"], cookies=lonely.http.cookies, timeout=60) as viewer:
            asking = asyncio.create_task(asyncio.to_thread(viewer.post, "/api/live", json=wish))
            await device.until("INVITE", *(("ACK",) if phase == "after the ACK" else ()))
            if phase == "after the ACK":
                await asyncio.to_thread(
                    until, lambda: lonely.rows("call_id", "gateway_dialog", "standing"), "the tag is kept"
                )
            server.kill()
            server.wait()
            await asyncio.gather(asking, return_exceptions=True)
        assert "BYE" not in device.said
        await asyncio.to_thread(lonely.serve)
        await device.until(*then)
        await asyncio.to_thread(
            until, lambda: not lonely.rows("stream_id", "gateway_dialog", "true"), "nothing left in the store"
        )
        assert ("BYE" in device.said) == ("BYE" in then)
        await device.agent.aclose()

    asyncio.run(story())
