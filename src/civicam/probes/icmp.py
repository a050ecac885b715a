"""Is a host there? One ICMP echo by icmplib: over the kernel's datagram sockets where we may, else raw.

Debian lets nobody use the datagram kind until `net.ipv4.ping_group_range` says so; raw needs CAP_NET_RAW.
"""

from __future__ import annotations

import ipaddress
import socket

from icmplib import ICMPLibError, async_ping

from civicam.kernel.errors import Operational

NOT_ALLOWED = "probes.icmp-not-allowed"


def privileged() -> bool:
    """Which kind this process may open: False for datagram, True for raw.

    Raises `Operational` ``probes.icmp-not-allowed`` when neither.
    """
    reasons = []
    for kind, answer in ((socket.SOCK_DGRAM, False), (socket.SOCK_RAW, True)):
        try:
            socket.socket(socket.AF_INET, kind, socket.IPPROTO_ICMP).close()
        except OSError as error:
            reasons.append(error.strerror or str(error))
        else:
            return answer
    raise Operational(NOT_ALLOWED, reason=reasons[0])


class Pinger:
    """Made once it is known that echoes may be sent."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout = timeout_s
        self._privileged = privileged()

    async def alive(self, host: str) -> bool:
        """Whether one echo is answered in time. A host that is no address is not asked: no name is resolved
        behind the operator's back."""
        try:
            ipaddress.ip_address(host)
            found = await async_ping(host, count=1, timeout=self._timeout, privileged=self._privileged)
        except (ICMPLibError, OSError, ValueError):
            return False
        return bool(found.is_alive)
