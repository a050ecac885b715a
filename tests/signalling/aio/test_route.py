"""Our own address, as a peer sees it."""

from __future__ import annotations

import pytest

from civicam.kernel.errors import Operational
from civicam.signalling.aio.route import local_address


def test_on_loopback_we_are_loopback() -> None:
    """Nothing is sent to learn it."""
    assert local_address("127.0.0.1") == "127.0.0.1"


def test_what_is_no_address_has_no_route() -> None:
    """It is told, not raised as the system put it."""
    with pytest.raises(Operational, match="unreachable"):
        local_address("not an address")
