"""A device that can be subscribed to, and that tells what happens: a `Camera` with a notifier in front."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.gateway.camera import Camera
from tests.gateway.wire import GATE, PLATFORM, REALM, until
from tests.gateway.world import World

from civicam.signalling.gb28181.manscdp import CONTENT_TYPE, Message, parse_message, to_xml
from civicam.signalling.gb28181.manscdp.alarm import AlarmResponse
from civicam.signalling.gb28181.manscdp.control_actions import AlarmReset, Guard
from civicam.signalling.gb28181.manscdp.device_control import DeviceControl, DeviceControlResponse
from civicam.signalling.sip.build import new_request, new_response
from civicam.signalling.sip.dialog import Dialog
from civicam.signalling.sip.events import RequestReceived
from civicam.signalling.sip.message import Request, Response


@dataclass
class Notifying:
    """``status`` answers every SUBSCRIBE, 0 is silence; ``granted`` seconds, None: what was asked for."""

    camera: Camera
    status: int = 200
    granted: int | None = None
    forgot: bool = False
    """It has restarted: no dialog is known to it (481)."""
    subscribes: list[Request] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    dialogs: dict[str, Dialog] = field(default_factory=dict)
    orders: list[str] = field(default_factory=list)
    """What was asked of it, in order: SUBSCRIBEs by kind, and orders."""
    confirms: bool = True
    acknowledged: list[AlarmResponse] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.camera.agent.on_request = self.on_request

    def on_request(self, event: RequestReceived) -> None:
        request = event.request
        if not self.camera.alive:
            return
        if request.method == "SUBSCRIBE":
            self._subscribed(event)
            return
        self.camera.on_request(event)
        if request.method == "MESSAGE":
            self._ordered(parse_message(request.body))

    def _subscribed(self, event: RequestReceived) -> None:
        request = event.request
        command = parse_message(request.body)
        assert isinstance(command, Message)
        self.subscribes.append(request)
        self.times.append(self.camera.agent._loop.time())
        self.orders.append(command.CMD_TYPE)
        if not self.status:
            return
        status = 481 if self.forgot and request.to.tag is not None else self.status
        expires = str(self.granted if self.granted is not None else request.headers.get("Expires"))
        headers = [("Expires", expires), ("Contact", self.camera.origin().contact(self.camera.gb_id))]
        response = new_response(request, status, to_tag="sub", headers=headers)
        if request.to.tag is None and response.ok:
            self.dialogs[command.CMD_TYPE] = Dialog.from_uas(request, response, self.camera.origin())
        self.camera.agent.respond(event.key, response)

    def _ordered(self, command: object) -> None:
        match command:
            case AlarmResponse():
                self.acknowledged.append(command)
            case DeviceControl(sn=sn, device_id=device_id, action=Guard() | AlarmReset() as action):
                self.orders.append(type(action).__name__)
                if self.confirms:
                    self.camera._later(self._confirm(DeviceControlResponse(sn, device_id)))
            case _:
                pass

    async def _confirm(self, answer: Message) -> None:
        await self.camera.say(answer)

    def of(self, kind: str) -> list[Request]:
        """The SUBSCRIBEs of one kind."""
        found = []
        for each in self.subscribes:
            command = parse_message(each.body)
            if isinstance(command, Message) and kind == command.CMD_TYPE:
                found.append(each)
        return found

    async def notify(
        self, told: Message | None, state: str = "active;expires=3000", *, kind: str = "", event: str = ""
    ) -> Response:
        """A NOTIFY inside the dialog of its kind."""
        dialog = self.dialogs[kind or (told.CMD_TYPE if told is not None else "")]
        body = b"" if told is None else to_xml(told)
        headers = [("Event", event or "presence"), ("Subscription-State", state)]
        request = dialog.request(
            "NOTIFY", headers=headers, body=body, content_type=CONTENT_TYPE if body else ""
        )
        return await self.camera.agent.request(request, GATE)

    async def notify_outside(
        self, body: bytes, *, event: str = "presence", content_type: str = CONTENT_TYPE, who: str = ""
    ) -> Response:
        """A NOTIFY with a Call-ID of its own making."""
        request = new_request(
            "NOTIFY",
            f"sip:{PLATFORM}@{REALM}",
            self.camera.origin(),
            from_uri=f"sip:{who or self.camera.gb_id}@{REALM}",
            to_uri=f"sip:{PLATFORM}@{REALM}",
            headers=[("Event", event), ("Subscription-State", "active")],
        )
        if body:
            request.set_body(content_type, body)
        return await self.camera.agent.request(request, GATE)


async def subscribed(world: World, gb_id: str, *channels: str) -> Notifying:
    """A device that is registered, read and subscribed to."""
    if not hasattr(world, "gateway"):
        await world.start()
    device = Notifying(world.camera(gb_id, "example-9", *channels))
    await world.gateway.devices_changed()
    assert (await device.camera.register()).status == 200
    await until(lambda: {"Catalog", "Alarm"} <= device.dialogs.keys())
    return device
