"""Every habit does what its name says: on the wire, and only while it is on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tests.simulator.test_notices import Platform

from civicam.media.core.ps_mux import PsMuxer
from civicam.media.core.unit import Codec
from civicam.signalling.gb28181 import manscdp
from civicam.signalling.gb28181.manscdp import CatalogQuery, CatalogResponse, Keepalive
from civicam.signalling.gb28181.manscdp.alarm import AlarmQuery
from civicam.signalling.gb28181.sdp import Offer, build_offer, parse
from civicam.signalling.sip.build import IdSource, Origin, new_response
from civicam.signalling.sip.digest import challenge
from civicam.signalling.sip.events import RequestReceived
from civicam.signalling.sip.message import Request, Response
from civicam.signalling.sip.peer import Peer
from civicam.simulator import spoil
from civicam.simulator.description import City
from civicam.simulator.device import GbDevice
from civicam.simulator.faults import Faults
from civicam.simulator.manners import HABITS, Manners, switch
from civicam.simulator.notices import Raised
from civicam.simulator.outputs import Prepare, Reply


@pytest.fixture
def platform(make_device: Callable[..., GbDevice], ids: IdSource) -> Platform:
    return Platform(make_device(), Origin("192.0.2.10", 5060, "udp", ids))


def turn_on(platform: Platform, name: str, value: float = 0) -> None:
    switch(platform.device.conduct.manners, name, value)


@pytest.mark.parametrize("name", HABITS)
def test_each_is_switched_like_a_fault_and_taken_back(city: City, name: str) -> None:
    faults = Faults(city)
    device, other = city.devices[0].gb_id, city.devices[1].gb_id
    faults.add(name, device, 3)
    assert faults.conditions[device].manners != Manners()
    assert faults.conditions[other].manners == Manners()
    faults.clear()
    assert faults.conditions[device].manners == Manners()


def catalogue(platform: Platform) -> list[CatalogResponse]:
    """All parts of an answer, each acknowledged."""
    platform.device.take(
        RequestReceived(("s", "c"), platform.request("MESSAGE", CatalogQuery(7, platform.gb_id)), PEER), 0.0
    )
    parts = []
    while asks := platform.sent():
        command = manscdp.parse_message(asks[0].body)
        assert isinstance(command, CatalogResponse)
        parts.append(command)
        platform.device.answered("part", new_response(asks[0], 200), 0.0)
    return parts


PEER = Peer("udp", "192.0.2.10", 5060)


def test_catalogues_that_do_not_add_up(platform: Platform) -> None:
    whole = catalogue(platform)
    ids = [item.device_id for part in whole for item in part.items]
    assert whole[0].sum_num == len(ids)
    turn_on(platform, "catalogue-sum-big", 3)
    assert catalogue(platform)[0].sum_num == len(ids) + 3
    turn_on(platform, "catalogue-twice")
    twice = [item.device_id for part in catalogue(platform) for item in part.items]
    assert sorted(twice) == sorted(ids * 2)


def test_the_last_part_may_never_come(platform: Platform) -> None:
    whole = catalogue(platform)
    turn_on(platform, "catalogue-hole")
    assert catalogue(platform) == whole[:-1]


def beat(platform: Platform) -> list[Request]:
    due = platform.device.get_timer()
    assert due is not None
    platform.device.handle_timer(due)
    return platform.sent()


def test_heartbeats_that_are_odd(platform: Platform) -> None:
    assert [type(manscdp.parse_message(each.body)) for each in beat(platform)] == [Keepalive]
    turn_on(platform, "catalogue-unasked")
    _, unasked = beat(platform)
    command = manscdp.parse_message(unasked.body)
    assert isinstance(command, CatalogResponse)
    assert (command.sum_num, len(command.items)) == (1, 1)
    platform.device.conduct.manners = Manners()
    turn_on(platform, "no-heartbeat")
    assert beat(platform) == []


def message(platform: Platform) -> Request:
    platform.device.alarm(Raised(platform.channel, 5, 2), 0.0)
    return platform.sent()[-1]


@pytest.mark.parametrize(
    ("name", "shows"),
    [
        ("cseq-20", lambda request, _: request.cseq.number == 20),
        ("branch-plain", lambda request, _: "branch=z9hG4bK" not in (request.headers.get("Via") or "")),
        (
            "from-channel",
            lambda request, platform: platform.device.identity.channels[0].gb_id in str(request.from_.uri),
        ),
    ],
)
def test_messages_with_odd_headers(
    platform: Platform, name: str, shows: Callable[[Request, Platform], bool]
) -> None:
    assert not shows(message(platform), platform)
    turn_on(platform, name)
    assert shows(message(platform), platform)


def test_utf8_that_says_it_is_gb2312(platform: Platform) -> None:
    turn_on(platform, "encoding-lies")
    _, (part,) = platform.hear(platform.request("MESSAGE", CatalogQuery(1, platform.gb_id)))
    assert b'encoding="GB2312"' in part.body.split(b"\n")[0]
    assert platform.device.identity.channels[0].name in part.body.decode("utf-8")


def test_a_to_tag_may_be_refused(platform: Platform) -> None:
    request = platform.request("MESSAGE", CatalogQuery(1, platform.gb_id))
    request.headers.set("To", f"<sip:{platform.gb_id}@192.0.2.64>;tag=t")
    assert platform.hear(request)[0].status == 200
    turn_on(platform, "to-tag-refused")
    assert platform.hear(request)[0].status == 481


@pytest.mark.parametrize(("algorithm", "answers"), [("", False), (", algorithm=MD5", True)])
def test_a_challenge_without_algorithm_leaves_some_silent(
    platform: Platform, algorithm: str, answers: bool
) -> None:
    turn_on(platform, "needs-algorithm")
    platform.device.boot(0.0)
    (first,) = platform.sent()
    question = challenge("3402000000", "abc").replace(", algorithm=MD5", "").replace(",algorithm=MD5", "")
    refusal = new_response(first, 401, headers=[("WWW-Authenticate", question + algorithm)])
    platform.device.answered("register", refusal, 0.1)
    assert bool(platform.sent()) is answers


def answer(platform: Platform) -> Response:
    """The 200 to an INVITE."""
    invite = platform.request("INVITE", CatalogQuery(1, platform.gb_id))
    invite.uri = f"sip:{platform.channel}@192.0.2.64"
    invite.set_body("application/sdp", build_offer(Offer("1" * 20, "192.0.2.10", 30000, 200000017)))
    platform.device.take(RequestReceived(("s", "i"), invite, PEER), 0.0)
    prepare = platform.outputs()[0]
    assert isinstance(prepare, Prepare)
    platform.device.calls.accept(prepare.session, 15060, 200000017)
    reply = platform.outputs()[0]
    assert isinstance(reply, Reply)
    return reply.response


def test_answers_to_invite_that_lack_something(platform: Platform) -> None:
    assert b"y=" in answer(platform).body
    turn_on(platform, "no-y")
    body = answer(platform).body
    assert b"y=" not in body
    assert parse(body).port == 15060
    turn_on(platform, "answer-bare")
    bare = answer(platform)
    assert (bare.status, bare.body, bare.to.tag, bare.contact) == (200, b"", None, None)


def test_subscriptions_that_are_odd(platform: Platform) -> None:
    request = platform.subscribe(AlarmQuery(1, platform.gb_id))
    platform.hear(request)
    turn_on(platform, "notify-own-call-id")
    notice = message(platform)
    assert (notice.method, notice.call_id == request.call_id) == ("NOTIFY", False)
    turn_on(platform, "alarms-twice")
    platform.device.alarm(Raised(platform.channel), 0.0)
    assert [each.method for each in platform.sent()] == ["NOTIFY", "MESSAGE"]
    platform.device.conduct.manners = Manners()
    turn_on(platform, "alarms-as-message")
    assert message(platform).method == "MESSAGE"
    turn_on(platform, "no-subscriptions")
    assert platform.hear(platform.subscribe(AlarmQuery(1, platform.gb_id)))[0].status == 489


PICTURE = b"\0\0\0\1\x65" + bytes(range(1, 200)) * 4


@pytest.fixture
def packs() -> Iterator[bytes]:
    return iter([PsMuxer(Codec.H264).video(PICTURE, 9000, key=True)])


@pytest.mark.parametrize(("psm", "with_map"), [("late", [False, False, True]), ("none", [False] * 3)])
def test_the_map_comes_late_or_never(packs: Iterator[bytes], psm: str, with_map: list[bool]) -> None:
    sound = next(packs)
    manners = Manners(psm=psm)
    found = [spoil.pack(manners, sound, keys) for keys in (1, 2, 3)]
    assert [b"\0\0\1\xbc" in each for each in found] == with_map
    assert all(each.endswith(PICTURE) for each in found)


def test_packs_that_are_spoilt(packs: Iterator[bytes]) -> None:
    sound = next(packs)
    assert spoil.pack(Manners(), sound, 1) == sound
    private = spoil.pack(Manners(private_packets=True), sound, 1)
    at = private.index(b"\0\0\1\xbd")
    length = int.from_bytes(private[at + 4 : at + 6], "big")
    assert private[:at] + private[at + 6 + length :] == sound
    short = spoil.pack(Manners(pes_length=True), sound, 1)
    place = sound.index(b"\0\0\1\xe0") + 4
    said = [int.from_bytes(each[place : place + 2], "big") for each in (sound, short)]
    assert said[0] - said[1] == 64
    assert len(short) == len(sound)


def test_stamps_leap_by_an_hour(packs: Iterator[bytes]) -> None:
    manners = Manners(stamps_jump=True)
    assert [spoil.stamp(manners, 0, number) for number in (1, 249, 250, 500)] == [0, 0, 324e6, 648e6]
    assert spoil.stamp(Manners(), 90, 500) == 90
