"""The lane of the common message beside the whole way: same decisions, same state, same bytes.

Two gateways with the same secrets hear the same datagrams at the same moments; one has the lane, one has not.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.gateway.rooms import MemoryAlarms, MemoryEngine, MemoryFleet, MemoryProber
from tests.gateway.wire import PLATFORM, REALM, LoopClock, later, run
from tests.signalling.sip.test_torture import OUTCOMES

from civicam.bench.signalling_messages import PASSWORD, Camera, device_id, host_of
from civicam.fleet.facts import DeviceRegistered, Heartbeat, Presence
from civicam.gateway.ports import GatewayPorts
from civicam.gateway.service import Gateway
from civicam.gateway.settings import GatewaySettings
from civicam.signalling.aio.agent import SipAgent
from civicam.signalling.sip.build import IdSource
from civicam.signalling.sip.endpoint import SipEndpoint
from civicam.signalling.sip.peer import Peer

CAMERAS = 3
PORT = 5060


class _Silent(SipAgent):
    """The real agent, whose answers are kept."""

    def __init__(self, endpoint: SipEndpoint) -> None:
        super().__init__(endpoint, lambda event: None)
        self.said: list[tuple[bytes, tuple[str, int]]] = []

    def _answer(self, data: bytes, address: tuple[str, int]) -> None:
        self.said.append((data, address))

    def _put(self, data: bytes, peer: Peer) -> None:
        self.said.append((data, (peer.host, peer.port)))


class Gate:
    """A gateway with three cameras entered."""

    def __init__(self, lane: bool) -> None:
        numbers = itertools.count()
        ids = IdSource(lambda size: next(numbers).to_bytes(size, "big"))
        self.endpoint = SipEndpoint(ids, secret=b"secret of a test")
        self.agent = _Silent(self.endpoint)
        self.fleet = MemoryFleet()
        for number in range(CAMERAS):
            self.fleet.enter(device_id(number), PASSWORD)
        ports = GatewayPorts(
            self.fleet,
            MemoryAlarms(),
            MemoryEngine(),
            MemoryProber(),
            LoopClock(),
            ids,
            lambda _host: "10.0.0.1",
            lane=self.endpoint.lane if lane else None,
        )
        self.gateway = Gateway(GatewaySettings(gb_id=PLATFORM, realm=REALM), ports, b"0123456789abcdef")
        self.endpoint.spared.known = self.gateway.spares
        self.endpoint.on_wire = self.gateway.trace.record
        self.endpoint.lane.tap = self.gateway.trace.beat
        self.agent.on_request, self.agent.on_other = self.gateway.on_request, self.gateway.on_other
        self.cameras = [Camera(number) for number in range(CAMERAS)]
        self.serial = 0
        self.challenges: dict[int, bytes] = {}
        self.last = b""
        self.short = 0
        """Datagrams that needed no transaction."""

    def hear(self, data: bytes, address: tuple[str, int]) -> list[tuple[bytes, tuple[str, int]]]:
        """The answers to one datagram."""
        self.agent.said.clear()
        before = self.endpoint.transactions
        self.agent.datagram(data, address)
        found = [each for each in self.agent.said if each[0].startswith(b"SIP/2.0")]
        self.short += bool(found) and self.endpoint.transactions == before
        return found

    def state(self) -> list[Any]:
        """What is known of every camera."""
        found: list[Any] = []
        for number in range(CAMERAS):
            entry = self.gateway._roster.by_gb_id(device_id(number))
            assert entry is not None
            book, mine = self.gateway._liveness.book, entry.device_id
            beats = [each.at for each in self.fleet.of(Heartbeat) if each.device_id == mine]
            pulse = self.fleet.pulse(mine).at
            registered = [each for each in self.fleet.of(DeviceRegistered) if each.device_id == mine]
            found.append(
                (
                    (entry.peer, entry.host, entry.source, entry.user_agent, entry.version),
                    (book.presence(mine), book.heard_by(mine), book.expires_at(mine)),
                    max([*beats, *([pulse] if pulse else [])], default=None),
                    registered,
                )
            )
        counted = self.gateway.counters()
        names = ("registered", "register_challenged", "register_stale", "unregistered", "to_online")
        return [found, self.gateway.strangers(), {name: counted.get(name, 0) for name in names}]


Step = tuple[str, int, int]
"""What happens, to which camera, in which variant."""
BREAKS = [
    (b"Max-Forwards: 70\r\n", b""),
    (b"Max-Forwards", b"max-forwards"),
    (b"From: <", b'From: "x" <'),
    (b"Content-Length: ", b"Content-Length: 0"),
    (b"<Status>OK", b"<Status>ERROR"),
    (b"<Info>\r\n", b"<Info>\r\n<DeviceID>34020000001320000009</DeviceID>"),
    (b"Keepalive", b"keepalive"),
    (b"</Notify>", b"</Notify"),
    (b"CSeq: ", b"CSeq: 9"),
    (b";rport;", b";"),
    (b"z9hG4bK", b""),
    (b"User-Agent", b"Require: x\r\nUser-Agent"),
    (b"34020000001320000000", b"34020000001320000077"),
    (b"sip:3402000000132000000", b"sip:3402000000132000000a"),
    (b"Call-ID: ", b"Call-ID: \xff"),
    (b"MESSAGE", b"OPTIONS"),
    (b"\r\n\r\n", b"\r\n\r\n\r\n"),
    (b"Application/MANSCDP+xml", b"application/manscdp"),
    (b"Application/MANSCDP+xml", b"text/plain"),
    (b" sip:34020000002000000001", b" sips:34020000002000000001"),
]


def written(gate: Gate, step: Step) -> bytes:
    """The datagram of a step."""
    what, number, variant = step
    gate.serial += 1
    camera = gate.cameras[number]
    match what:
        case "beat" | "broken" | "elsewhere" | "moved":
            data = camera.keepalive(gate.serial)
        case "register":
            data = camera.register(gate.serial, 3600)
        case "goodbye":
            data = camera.register(gate.serial, 0, gate.challenges.get(number, b""))
        case "prove":
            data = camera.register(gate.serial, 3600, gate.challenges.get(number, b""))
        case _:
            return gate.last
    if what == "broken":
        old, new = BREAKS[variant % len(BREAKS)]
        data = data.replace(old, new)
    return data


async def played(lane: bool, steps: Iterable[Step]) -> tuple[list[Any], Gate]:
    """What was answered and known after each step."""
    gate = Gate(lane)
    await gate.gateway.start(gate.agent, PORT)
    log: list[Any] = []
    for step in steps:
        what, number, variant = step
        if what == "later":
            await later((0.5, 1.0, 61.0, 200.0)[variant % 4])
            log.append(gate.state())
            continue
        if what == "again" and gate.last[:1] == b"R" and b"Authorization" not in gate.last:
            continue  # in the lane it gets another challenge; see below
        gate.last = written(gate, step)
        host = "203.0.113.9" if what == "elsewhere" else host_of(number)
        found = gate.hear(gate.last, (host, 7000 if what == "moved" else PORT))
        await asyncio.sleep(0)
        for answer, _ in found:
            if answer.startswith(b"SIP/2.0 401"):
                gate.challenges[number] = answer
        log.append((step, found, gate.state()))
    return log, gate


def both(steps: list[Step]) -> Gate:
    """Play it on both; gives the gateway that has the lane."""
    logs: list[list[Any]] = []
    gates: list[Gate] = []

    async def story(lane: bool) -> None:
        log, gate = await played(lane, steps)
        await gate.gateway.stop()
        logs.append(log)
        gates.append(gate)

    for lane in (True, False):
        run(story(lane))
    assert logs[0] == logs[1]
    return gates[0]


COME = [("register", 0, 0), ("prove", 0, 0), ("later", 0, 1), ("beat", 0, 0), ("later", 0, 1)]
ORDINARY = [*COME, *[("beat", 0, 0)] * 3, ("later", 0, 1), ("register", 0, 0), ("later", 0, 1)]
steps = st.tuples(
    st.sampled_from(["beat"] * 4 + ["broken"] * 3 + ["again", "register", "prove", "prove", "later"])
    | st.sampled_from(["elsewhere", "moved", "goodbye", "later"]),
    st.integers(0, CAMERAS - 1),
    st.integers(0, 30),
)


@settings(max_examples=60)
@given(more=st.lists(steps, max_size=25))
@example(more=[("register", 0, 0), ("prove", 0, 0), ("beat", 0, 0), ("again", 0, 0), ("later", 0, 3)])
@example(more=[("broken", 0, variant) for variant in range(len(BREAKS))])
def test_both_ways_decide_the_same(more: list[Step]) -> None:
    both(ORDINARY + more)


def test_the_ordinary_day_needs_no_transaction() -> None:
    gate = both([*ORDINARY, *[("beat", 0, 0)] * 5, *[("register", 0, 0)] * 2])
    assert gate.short >= 3 + 5 + 1


def test_a_repeated_register_gets_another_challenge_and_either_will_do() -> None:
    async def story(answered: int) -> None:
        _, gate = await played(True, ORDINARY)
        data, address = gate.cameras[0].register(77, 3600), (host_of(0), PORT)
        challenges = [gate.hear(data, address)[0][0] for _ in range(2)]
        assert challenges[0] != challenges[1]
        assert gate.short >= 2
        proof = gate.cameras[0].register(78, 3600, challenges[answered])
        assert gate.hear(proof, address)[0][0].startswith(b"SIP/2.0 200")

    for answered in (0, 1):
        run(story(answered))


@pytest.mark.parametrize("name", OUTCOMES)
def test_hostile_datagrams_are_answered_alike(torture: Path, name: str) -> None:
    data, said = (torture / "rfc4475" / f"{name}.dat").read_bytes(), []

    async def story(lane: bool) -> None:
        _, gate = await played(lane, ORDINARY)
        said.append((gate.hear(data, (host_of(0), PORT)), gate.state()))

    for lane in (True, False):
        run(story(lane))
    assert said[0] == said[1]


def test_a_device_that_is_lost_and_comes_back_by_a_beat_is_told_to_the_house() -> None:
    gate = both([*ORDINARY, ("later", 0, 3), ("beat", 0, 0), ("beat", 0, 0)])
    device = gate.fleet.secrets[device_id(0)].device_id
    kinds = [after for after, _ in gate.fleet.transitions(device)]
    assert kinds[-2:] == [Presence.OFFLINE, Presence.ONLINE]
