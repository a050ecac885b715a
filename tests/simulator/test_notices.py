"""What a device tells by itself: subscriptions at it, alarms, channels that come and go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import pytest

from civicam.signalling.gb28181 import manscdp
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp import CatalogQuery, Message
from civicam.signalling.gb28181.manscdp.alarm import AlarmNotify, AlarmQuery
from civicam.signalling.gb28181.manscdp.catalog_notify import CatalogNotify
from civicam.signalling.gb28181.manscdp.control_actions import AlarmReset, Guard
from civicam.signalling.gb28181.manscdp.device_control import DeviceControl
from civicam.signalling.gb28181.manscdp.mobile_position import Fix, MobilePosition, MobilePositionQuery
from civicam.signalling.gb28181.manscdp.ptz_position import PtzPositionQuery
from civicam.signalling.gb28181.manscdp.upgrade_result import UpgradeResult
from civicam.signalling.sip.build import IdSource, Origin, new_request, new_response
from civicam.signalling.sip.events import RequestReceived
from civicam.signalling.sip.message import Request, Response
from civicam.signalling.sip.peer import Peer
from civicam.simulator.device import GbDevice
from civicam.simulator.notices import Raised
from civicam.simulator.outputs import Ask, Output, Reply

SOURCE = Peer("udp", "192.0.2.10", 5060)


@dataclass
class Platform:
    """What the device hears and says; it is registered."""

    device: GbDevice
    origin: Origin
    now: float = 0.0

    def __post_init__(self) -> None:
        self.device.boot(0.0)
        register = self.outputs()[0]
        assert isinstance(register, Ask)
        self.device.answered("register", new_response(register.request, 200), 0.0)
        self.outputs()

    def outputs(self) -> list[Output]:
        found = []
        while (output := self.device.next_output()) is not None:
            found.append(output)
        return found

    def hear(self, request: Request) -> tuple[Response, list[Request]]:
        """Its answer, and what it sends after it."""
        self.device.take(RequestReceived(("s", request.call_id), request, SOURCE), self.now)
        first, *rest = self.outputs()
        assert isinstance(first, Reply)
        return first.response, [each.request for each in rest if isinstance(each, Ask)]

    def sent(self) -> list[Request]:
        return [each.request for each in self.outputs() if isinstance(each, Ask)]

    @property
    def gb_id(self) -> GbId:
        return GbId(self.device.identity.device.gb_id)

    @property
    def channel(self) -> str:
        return self.device.identity.channels[1].gb_id

    def request(self, method: str, command: Message) -> Request:
        uri = f"sip:{self.gb_id}@192.0.2.64"
        request = new_request(method, uri, self.origin, from_uri="sip:p@3402000000", to_uri=uri)
        request.set_body(manscdp.CONTENT_TYPE, command.to_xml())
        return request

    def subscribe(self, command: Message, expires: int = 3600, event: str = "presence") -> Request:
        request = self.request("SUBSCRIBE", command)
        request.headers.set("Event", event)
        request.headers.set("Expires", str(expires))
        return request

    def order(self, action: Guard | AlarmReset) -> None:
        self.outputs()
        self.hear(self.request("MESSAGE", DeviceControl(9, self.gb_id, action)))


@pytest.fixture
def platform(make_device: Callable[..., GbDevice], ids: IdSource) -> Platform:
    return Platform(make_device(), Origin("192.0.2.10", 5060, "udp", ids))


T = TypeVar("T", bound=Message)


def body(request: Request, kind: type[T]) -> T:
    command = manscdp.parse_message(request.body)
    assert isinstance(command, kind)
    return command


def test_a_channel_that_goes_dark_is_told_in_the_dialog(platform: Platform) -> None:
    request = platform.subscribe(CatalogQuery(1, platform.gb_id), event="Catalog;id=7")
    response, first = platform.hear(request)
    assert (response.status, response.headers.get("Expires"), first) == (200, "3600", [])
    platform.device.darken(frozenset({platform.channel}), 10.0)
    (notice,) = platform.sent()
    assert (notice.method, notice.call_id, notice.to.tag) == ("NOTIFY", request.call_id, request.from_.tag)
    assert notice.from_.tag == response.to.tag
    assert notice.headers.get("Event") == "Catalog;id=7"
    assert notice.headers.get("Subscription-State") == "active;expires=3590"
    (change,) = body(notice, CatalogNotify).changes
    assert (change.event, change.item.device_id) == ("OFF", platform.channel)
    platform.device.darken(frozenset(), 20.0)
    assert [c.event for c in body(platform.sent()[0], CatalogNotify).changes] == ["ON"]
    platform.device.darken(frozenset(), 30.0)
    assert platform.sent() == []


def test_what_is_dark_already_is_told_after_the_200(platform: Platform) -> None:
    platform.device.darken(frozenset({platform.channel}), 0.0)
    assert platform.sent() == []
    _, (notice,) = platform.hear(platform.subscribe(CatalogQuery(1, platform.gb_id), event="Catalog"))
    assert [c.event for c in body(notice, CatalogNotify).changes] == ["OFF"]
    _, (answer, *_) = platform.hear(platform.request("MESSAGE", CatalogQuery(2, platform.gb_id)))
    states = {i.device_id: i.status for i in body(answer, manscdp.CatalogResponse).items}
    assert states[platform.channel] == "OFF"
    assert set(states.values()) == {"ON", "OFF"}


def test_a_dark_channel_refuses_invites(platform: Platform) -> None:
    platform.device.darken(frozenset({platform.channel}), 0.0)
    invite = platform.request("INVITE", CatalogQuery(1, platform.gb_id))
    invite.uri = f"sip:{platform.channel}@192.0.2.64"
    assert platform.hear(invite)[0].status == 480


@pytest.mark.parametrize("event", ["conference", "dialog;sla"])
def test_events_of_another_world_are_refused(platform: Platform, event: str) -> None:
    response, _ = platform.hear(platform.subscribe(AlarmQuery(1, platform.gb_id), event=event))
    assert response.status == 489
    assert response.headers.get("Allow-Events") == "Catalog, presence"


def test_other_subscriptions_it_cannot_keep(platform: Platform) -> None:
    assert platform.hear(platform.subscribe(PtzPositionQuery(1, platform.gb_id)))[0].status == 489
    unknown = platform.subscribe(AlarmQuery(1, platform.gb_id))
    unknown.headers.set("To", f"<sip:{platform.gb_id}@192.0.2.64>;tag=forgotten")
    assert platform.hear(unknown)[0].status == 481
    statuses = [platform.hear(platform.subscribe(AlarmQuery(1, platform.gb_id)))[0].status for _ in range(65)]
    assert statuses[-2:] == [200, 503]


def test_a_subscription_ends_with_a_last_word(platform: Platform) -> None:
    request = platform.subscribe(AlarmQuery(1, platform.gb_id), expires=60)
    platform.hear(request)
    platform.device.handle_timer(60.0)
    last = next(each for each in platform.sent() if each.method == "NOTIFY")
    assert (last.headers.get("Subscription-State"), last.body) == ("terminated;reason=timeout", b"")
    assert platform.device.alarm(Raised(platform.channel), 61.0) == "message"


def test_it_is_refreshed_without_a_body_and_ended_with_expires_0(platform: Platform) -> None:
    request = platform.subscribe(AlarmQuery(1, platform.gb_id), expires=60)
    platform.hear(request)
    request.body = b""
    platform.now = 50.0
    assert platform.hear(request)[0].status == 200
    platform.device.handle_timer(60.0)
    assert platform.device.alarm(Raised(platform.channel), 61.0) == "notify"
    platform.sent()
    request.headers.set("Expires", "0")
    response, (last,) = platform.hear(request)
    assert response.headers.get("Expires") == "0"
    assert (last.headers.get("Subscription-State") or "").startswith("terminated")
    assert platform.device.alarm(Raised(platform.channel), 62.0) == "message"


def test_a_subscriber_that_forgot_is_forgotten(platform: Platform) -> None:
    request = platform.subscribe(AlarmQuery(1, platform.gb_id))
    platform.hear(request)
    platform.device.alarm(Raised(platform.channel), 1.0)
    (notice,) = platform.sent()
    platform.device.answered("notify", new_response(notice, 481), 1.0, notice.call_id)
    assert platform.device.alarm(Raised(platform.channel), 2.0) == "message"


def test_an_alarm_goes_to_those_who_want_it(platform: Platform) -> None:
    platform.hear(platform.subscribe(AlarmQuery(1, platform.gb_id, methods=(5,))))
    assert platform.device.alarm(Raised(platform.channel, 5, 2, 1), 1.0) == "notify"
    (notice,) = platform.sent()
    told = body(notice, AlarmNotify)
    assert (told.device_id, told.method, told.alarm_type, told.priority) == (platform.channel, 5, 2, 1)
    assert platform.device.alarm(Raised(platform.channel, 6, 1), 2.0) == "message"
    assert platform.sent()[0].method == "MESSAGE"


def test_after_a_device_alarm_nothing_comes_until_it_is_reset(platform: Platform) -> None:
    assert platform.device.alarm(Raised(platform.gb_id, 2, 1), 1.0) == "message"
    assert platform.device.alarm(Raised(platform.channel, 5, 2), 2.0) == "not-reset"
    platform.order(AlarmReset(2, 1))
    assert platform.device.alarm(Raised(platform.channel, 5, 2), 3.0) == "message"


def test_some_send_no_alarm_before_they_are_armed(platform: Platform) -> None:
    platform.device.conduct.manners.alarms_need_arming = True
    assert platform.device.alarm(Raised(platform.channel), 1.0) == "not-armed"
    platform.order(Guard(True))
    assert platform.device.alarm(Raised(platform.channel), 2.0) == "message"


def test_a_device_that_is_not_registered_sends_nothing(platform: Platform) -> None:
    platform.device.crash()
    assert platform.device.alarm(Raised(platform.channel), 1.0) == "offline"
    assert platform.outputs() == []


def test_positions_come_in_their_interval(platform: Platform) -> None:
    platform.hear(platform.subscribe(MobilePositionQuery(1, platform.gb_id, 5)))
    assert platform.device.get_timer() == 5.0
    fixes: list[Fix] = []
    for moment in (5.0, 10.0):
        platform.device.handle_timer(moment)
        (notice,) = platform.sent()
        fixes += body(notice, MobilePosition).fixes
    first, second = fixes
    assert first.device_id == second.device_id == platform.gb_id
    assert (first.longitude, first.latitude) != (second.longitude, second.latitude)


def test_one_that_leaves_ends_its_subscriptions(platform: Platform) -> None:
    platform.hear(platform.subscribe(AlarmQuery(1, platform.gb_id)))
    platform.device.leave(1.0)
    methods = [each.method for each in platform.sent()]
    assert methods == ["NOTIFY", "REGISTER"]


def test_news_may_wait_for_the_next_registration(platform: Platform) -> None:
    """A restart for new firmware comes between the order and its result."""
    platform.device.tell(UpgradeResult(0, platform.gb_id, "s1", firmware="2.0"), once_back=True)
    assert platform.outputs() == []
    platform.device.boot(10.0)
    (register,) = platform.sent()
    assert register.method == "REGISTER"
    platform.device.answered("register", new_response(register, 200), 10.1)
    (result,) = platform.sent()
    assert body(result, UpgradeResult).firmware == "2.0"
    platform.device.boot(20.0)
    (register,) = platform.sent()
    platform.device.answered("register", new_response(register, 200), 20.1)
    assert platform.sent() == []
