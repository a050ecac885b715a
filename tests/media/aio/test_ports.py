"""Ports: even, rested, and honest when there are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.kernel.errors import Operational
from civicam.media.aio.ports import PortPool


@given(st.integers(1, 65500), st.integers(0, 30))
def test_ports_are_even_and_have_their_rtcp_port_in_range(first: int, more: int) -> None:
    pool = PortPool(first, first + more, 30.0)
    ports = [pool.take(0.0) for _ in range(pool.free)]
    assert all(port % 2 == 0 and first <= port and port + 1 <= first + more for port in ports)
    assert len(set(ports)) == len(ports)


def test_a_used_port_rests_before_it_is_used_again() -> None:
    pool = PortPool(30000, 30003, 30.0)
    first, second = pool.take(0.0), pool.take(0.0)
    pool.rest(first, 10.0)
    assert (pool.used, pool.resting, pool.free) == (1, 1, 0)
    with pytest.raises(Operational) as caught:
        pool.take(39.9)
    assert caught.value.code == "media.no-ports"
    assert caught.value.data == {"ports": 2}
    assert pool.take(40.0) == first
    assert second != first


def test_after_a_restart_the_first_port_is_another() -> None:
    pool = PortPool(30000, 30007, 30.0, start=3)
    assert [pool.take(0.0) for _ in range(4)] == [30006, 30000, 30002, 30004]


def test_a_port_that_is_avoided_rests_once_it_is_allowed() -> None:
    pool = PortPool(30000, 30003, 30.0)
    pool.avoid(30002)
    pool.avoid(30002)
    pool.avoid(40000)  # another worker's
    assert (pool.take(0.0), pool.used, pool.free) == (30000, 1, 0)
    pool.avoid(30000)  # in use: whoever has it gives it back
    with pytest.raises(Operational):
        pool.take(1000.0)
    pool.allow(30002, 1000.0)
    pool.allow(30002, 1000.0)
    pool.allow(30000, 1000.0)
    assert (pool.used, pool.resting) == (1, 1)
    assert pool.take(1030.0) == 30002
