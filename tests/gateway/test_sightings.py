"""One device that moves, and two devices with one id."""

from __future__ import annotations

import pytest

from civicam.gateway.sightings import Sightings
from civicam.signalling.sip.peer import Peer

A = Peer("udp", "10.0.0.1", 5060)
B = Peer("udp", "10.0.0.2", 5060)
C = Peer("udp", "10.0.0.3", 5060)
NAT1 = Peer("udp", "10.0.0.9", 61001)
NAT2 = Peer("udp", "10.0.0.9", 61002)
WIRE1 = Peer("tcp", "10.0.0.9", 61001, 1)

Step = tuple[float, Peer, str]


def others(steps: list[Step], expires: float = 3600.0) -> list[Peer | None]:
    """What each registration tells."""
    seen = Sightings()
    return [seen.registered(source, call_id, now, expires) for now, source, call_id in steps]


@pytest.mark.parametrize(
    "steps",
    [
        [(0, A, "a"), (1000, A, "a"), (2000, A, "a")],
        [(0, A, "a"), (1000, A, "b"), (2000, A, "c")],  # a fresh Call-ID each time
        [(0, A, "a"), (1000, B, "b"), (2000, C, "c")],  # moved, moved on
        [(0, A, "a"), (1000, B, "a"), (2000, A, "a")],  # one Call-ID from changing addresses: one device
        [(0, NAT1, "a"), (1000, NAT2, "b"), (2000, Peer("udp", "10.0.0.9", 61003), "c")],
        [(0, NAT1, "a"), (1000, WIRE1, "b"), (2000, NAT2, "c")],
        [(0, A, "a"), (3000, B, "b"), (4000, A, "c")],  # back after its registration had run out
    ],
)
def test_one_device(steps: list[Step]) -> None:
    assert others(steps) == [None] * len(steps)


@pytest.mark.parametrize(
    ("steps", "other"),
    [
        ([(0, A, "a"), (60, B, "b"), (120, A, "c")], B),  # each takes it from the other
        ([(0, A, "a"), (60, B, "b"), (120, A, "a")], B),
        ([(0, A, "a"), (60, B, "b"), (61, C, "c"), (120, A, "d")], C),
        ([(0, NAT1, "a"), (60, NAT2, "b"), (120, NAT1, "c")], NAT2),  # both behind one NAT
        ([(0, NAT1, "a"), (60, NAT2, "b"), (120, Peer("udp", "10.0.0.9", 61003), "a")], NAT2),
    ],
)
def test_two_devices(steps: list[Step], other: Peer) -> None:
    assert others(steps) == [None] * (len(steps) - 1) + [other]


def test_a_packet_of_the_one_that_was_replaced() -> None:
    """Not in the first seconds, not from a host that never registered, not after its registration ran out."""
    seen = Sightings()
    assert seen.refused(A, 0) is None
    seen.registered(A, "a", 0, 3600)
    assert seen.refused(B, 60) is None
    seen.registered(B, "b", 100, 3600)
    assert seen.refused(A, 101) is None
    assert seen.refused(C, 160) is None
    assert seen.refused(A, 160) == B
    seen.registered(B, "b", 3000, 3600)  # a refresh does not start the first seconds anew
    assert seen.refused(A, 3001) == B
    assert seen.refused(A, 3700) is None
