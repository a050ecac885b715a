"""RtspProber: is an RTSP source there, and does it let us in?"""

from __future__ import annotations

import asyncio
from typing import Any

from civicam.kernel.errors import Refused
from civicam.media.aio.rtsp_source import RtspConnection, access, endpoint
from civicam.media.core.rtsp import Described, Playing, RtspClient
from civicam.media.engine import Probe, PullSpec
from civicam.media.settings import MediaSettings


class RtspProber:
    """Presence of RTSP sources: OPTIONS and DESCRIBE, no media."""

    def __init__(self, settings: MediaSettings) -> None:
        self._allow_basic = settings.rtsp_allow_basic

    async def probe(self, url: str, username: str | None, password: str | None, timeout_s: float) -> Probe:
        """One question; never raises for what the source does. ``url`` carries no credentials."""
        try:
            host, port = endpoint(url)
        except Refused as error:
            return Probe(alive=False, code=error.code)
        loop = asyncio.get_running_loop()
        spec = PullSpec("probe", url, username, password)
        client = RtspClient(access(spec, allow_basic=self._allow_basic), probe=True, timeout_s=timeout_s)
        found: asyncio.Future[Described] = loop.create_future()

        def on_event(event: Described | Playing) -> None:
            if isinstance(event, Described) and not found.done():
                found.set_result(event)

        connection = RtspConnection(client, lambda _packets: None, on_event)
        try:
            async with asyncio.timeout(timeout_s):
                await loop.create_connection(lambda: connection, host, port)
                waiting: set[asyncio.Future[Any]] = {found, connection.done}
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            return Probe(alive=False, code="media.rtsp-timeout")
        except OSError:
            return Probe(alive=False, code="media.rtsp-unreachable")
        finally:
            connection.close()
        if found.done():
            described = found.result()
            return Probe(True, "", tuple(t.codec.value for t in described.tracks), described.server)
        return Probe(alive=False, code=connection.done.result().code)
