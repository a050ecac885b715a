"""What a run of the simulator is asked to do; the command line fills it, tests and the demo too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from civicam.kernel.errors import Refused

Light = Literal["mixed", "clock", "day", "dusk", "night"]
Weather = Literal["mixed", "clear", "rain", "fog", "snow"]


@dataclass(frozen=True, slots=True)
class Options:
    """One run.

    Attributes:
        server: host and port of the platform's SIP.
        address: own address in Contact and SDP; empty: the one the route to ``server`` uses.
        rtsp: where the RTSP server listens; port 0 takes the port of the description's URLs.
        footage: folder of recordings to play instead of drawn scenes.
        seed: what scenes look like and when devices start.
        control: path of the Unix socket for faults; None: no socket.
        signalling_only: register and answer, refuse INVITE with 488.
        light, weather: of drawn scenes; ``clock`` follows the hour in Beijing.
        sockets: UDP sockets shared by all devices; 0: one for every 64 devices.
        workshops: processes that draw and code; 0: one a core, two to eight.
        spread_s: devices start to register evenly over this time.
        retry_s: least wait after a failed registration (GB/T 28181: 60 s).
        expires_s: registration lifetime asked for.
        heartbeat_s: overrides the description's interval when above 0.
        unregister: say goodbye at the end (REGISTER with Expires 0).
    """

    server: tuple[str, int] = ("127.0.0.1", 5060)
    address: str = ""
    rtsp: tuple[str, int] = ("127.0.0.1", 0)
    footage: Path | None = None
    seed: int = 1
    control: Path | None = None
    signalling_only: bool = False
    light: Light = "mixed"
    weather: Weather = "mixed"
    sockets: int = 0
    workshops: int = 0
    spread_s: float = 3.0
    retry_s: float = 60.0
    expires_s: int = 86_400
    heartbeat_s: int = 0
    unregister: bool = False


def parse_address(text: str, default_port: int) -> tuple[str, int]:
    """``host:port``, ``host`` or ``[v6]:port``.

    Raises:
        Refused: ``simulator.bad-address``.
    """
    host, colon, port = text.rpartition(":")
    if not colon or host.count("[") != host.count("]"):
        host, port = text, str(default_port)
    host = host.strip("[]")
    if not host or not port.isascii() or not port.isdigit() or not 0 <= int(port) <= 65_535:
        raise Refused("simulator.bad-address", address=text)
    return host, int(port)
