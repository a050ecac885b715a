"""A device with a loudspeaker on the in-memory wire, and people who speak through it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.gateway.camera import Camera
from tests.gateway.recorder import CAM1, NVR, online
from tests.gateway.wire import GATE, PLATFORM, REALM, later
from tests.gateway.world import World

from civicam.gateway.broadcast import Broadcasts
from civicam.kernel.errors import CivicamError
from civicam.media.engine import SendSpec, SpeechStarted, Transport
from civicam.signalling.gb28181 import sdp
from civicam.signalling.gb28181.manscdp import Message
from civicam.signalling.gb28181.manscdp.broadcast import Broadcast, BroadcastResponse
from civicam.signalling.gb28181.sdp import Sdp, Voice
from civicam.signalling.sip.build import new_request
from civicam.signalling.sip.dialog import Dialog
from civicam.signalling.sip.message import Request, Response

SSRC = 200_000_017


@dataclass
class Loudspeaker:
    """What a device does about a Broadcast: each field is something devices do."""

    world: World
    camera: Camera
    ok: bool = True
    answers: bool = True
    calls: bool = True
    call_after: float = 0.05
    from_id: str = NVR
    offer: bytes = b""
    ack: str = "own"
    """``own``, ``other`` (with a Call-ID of its own), ``none``."""
    opens: bool = True
    """The engine's line opens when it is called, or by itself for TCP."""
    opens_after: float = 0.0
    heard: list[Broadcast] = field(default_factory=list)
    answered: list[Response] = field(default_factory=list)
    dialog: Dialog | None = None

    def __post_init__(self) -> None:
        self.camera.reply = self.reply

    @property
    def host(self) -> str:
        return self.camera.agent.address[0]

    def voice(self, host: str = "", **changes: Any) -> bytes:
        given: dict[str, Any] = {"owner": NVR, "host": host or self.host, "port": 9000, "ssrc": SSRC}
        return sdp.build_voice(Voice(**{**given, "direction": "recvonly", **changes}))

    def reply(self, command: Message) -> Iterable[Message]:
        assert isinstance(command, Broadcast)
        self.heard.append(command)
        if self.calls and self.ok:
            asyncio.get_running_loop().create_task(self.call())
        return [BroadcastResponse(command.sn, command.device_id, self.ok)] if self.answers else []

    def invite(self) -> Request:
        origin = self.camera.origin()
        own, theirs = f"sip:{self.from_id}@{REALM}", f"sip:{PLATFORM}@{REALM}"
        invite = new_request("INVITE", theirs, origin, from_uri=own, to_uri=theirs)
        invite.set_body(sdp.CONTENT_TYPE, self.offer or self.voice())
        return invite

    async def call(self) -> None:
        await later(self.call_after)
        invite = self.invite()
        response = await self.camera.agent.invite(invite, GATE).final()
        self.answered.append(response)
        if not response.ok:
            return
        self.dialog = Dialog.from_uac(invite, response, self.camera.origin())
        if self.ack != "none":
            ack = self.dialog.ack()
            if self.ack == "other":
                ack.headers.set("Call-ID", "another@example")
            self.camera.agent.send_ack(ack, GATE)
        if self.opens:
            await later(self.opens_after)
            self.open_line()

    def open_line(self) -> None:
        for stream_id, spec in self.world.engine.open.items():
            if isinstance(spec, SendSpec):
                asyncio.get_running_loop().create_task(self._open_when_called(stream_id, spec))

    async def _open_when_called(self, stream_id: str, spec: SendSpec) -> None:
        """UDP and TCP active begin when we call; a device that connects does so when it likes."""
        engine = self.world.engine
        while spec.transport is not Transport.TCP_PASSIVE and stream_id not in engine.connected:
            if stream_id not in engine.open:
                return
            await later(0.01)
        engine.events.put_nowait(SpeechStarted(stream_id, f"{self.host}:9000"))

    async def hang_up(self) -> int:
        assert self.dialog is not None
        return (await self.camera.agent.request(self.dialog.request("BYE"), GATE)).status

    def answer(self) -> Sdp:
        return sdp.parse(self.answered[0].body)


@dataclass
class Room:
    """A recorder that is online, and the way to its loudspeakers."""

    world: World
    box: Loudspeaker

    @property
    def broadcasts(self) -> Broadcasts:
        return self.world.gateway.operations.broadcasts

    async def open(self, channel: str = CAM1) -> str:
        return await self.broadcasts.open(self.world.fleet.channel(NVR, channel))

    async def refused(self, channel: str = CAM1) -> str:
        with pytest.raises(CivicamError) as caught:
            await self.open(channel)
        for language in ("zh-CN", "en"):
            assert caught.value.text(language)
        return caught.value.code

    def byes(self) -> int:
        return self.box.camera.count("BYE")

    def left(self) -> tuple[int, int]:
        return len(self.broadcasts), len(self.world.engine.open)

    def sender(self) -> SendSpec:
        (spec,) = self.world.engine.open.values()
        assert isinstance(spec, SendSpec)
        return spec


async def room(**habits: Any) -> Room:
    world = World()
    camera = await online(world)
    box = Loudspeaker(world, camera)
    for name, value in habits.items():
        setattr(box, name, value)
    return Room(world, box)
