"""Which ports the demonstration takes: the usual ones, or free ones when somebody else has them."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass

LOOPBACK = "127.0.0.1"

Free = Callable[[str, int], bool]


@dataclass(frozen=True, slots=True)
class Doors:
    """Ports of one demonstration. ``viewer`` 0: each media worker takes a free one and the API says which."""

    host: str
    web: int
    sip: int
    viewer: int
    rtsp: int
    moved: tuple[str, ...] = ()
    """What is not where it usually is, as ``name usual → taken``."""

    def environment(self) -> dict[str, str]:
        """These ports as the settings of `civicam serve`."""
        return {
            "CIVICAM_WEB__HOST": self.host,
            "CIVICAM_WEB__PORT": str(self.web),
            "CIVICAM_GATEWAY__HOST": LOOPBACK,
            "CIVICAM_GATEWAY__PORT": str(self.sip),
            "CIVICAM_GATEWAY__ADVERTISE": LOOPBACK,
            "CIVICAM_MEDIA__RTP_HOST": LOOPBACK,
            "CIVICAM_MEDIA__VIEWER_HOST": self.host,
            "CIVICAM_MEDIA__VIEWER_PORT": str(self.viewer),
        }


def is_free(host: str, port: int, *kinds: socket.SocketKind) -> bool:
    """Whether this address can be bound now, for UDP and TCP unless told otherwise."""
    for kind in kinds or (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind is socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True


def any_free(host: str) -> int:
    """A port that is free for UDP and TCP."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind((host, 0))
            port = int(probe.getsockname()[1])
        if is_free(host, port):
            return port


def choose(host: str, *, web: int = 8080, viewers: int = 1, free: Free = is_free) -> Doors:
    """The usual ports where they are free, others where not; ``viewers`` media doors stand in a row."""
    moved: list[str] = []

    def pick(name: str, address: str, usual: int) -> int:
        if free(address, usual):
            return usual
        port = any_free(address)
        moved.append(f"{name} {usual} → {port}")
        return port

    taken = pick("HTTP", host, web), pick("SIP", LOOPBACK, 5060), pick("RTSP", LOOPBACK, 8554)
    viewer = 8081 if all(free(host, 8081 + number) for number in range(viewers)) else 0
    if not viewer:
        moved.append("WebSocket 8081 → *")
    return Doors(host, taken[0], taken[1], viewer, taken[2], tuple(moved))
