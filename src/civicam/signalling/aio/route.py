"""Which of our own addresses a peer sees: a wrong one in Via or SDP makes devices send into the void."""

from __future__ import annotations

import socket

from civicam.kernel.errors import Operational


def local_address(host: str) -> str:
    """The address the system would send from to ``host`` (an address, not a name); nothing is sent.

    Raises `Operational` ``signalling.unreachable`` when there is no route.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((host, 9))
            name: str = probe.getsockname()[0]
            return name
    except OSError as error:
        raise Operational("signalling.unreachable", peer=host, reason=error.strerror or str(error)) from error
