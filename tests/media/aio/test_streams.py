"""One worker's streams without the process around them."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter

import pytest
from tests.media.aio.conftest import MakeCamera, Run
from tests.media.aio.engines import SSRC, settings

from civicam.media.aio.streams import Streams
from civicam.media.engine import EngineEvent, ReceiveSpec, StreamStarted, Transport
from civicam.media.settings import WorkerSettings

PICTURES = frozenset({"LiveStream", "Hub", "Frame", "_Kept", "RtpReceiver", "UdpReceiver", "TcpReceiver"})


def alive() -> Counter[str]:
    """Parts of streams that exist at this moment, by class."""
    names = (type(each).__name__ for each in gc.get_objects())
    return Counter(name for name in names if name in PICTURES)


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP_PASSIVE])
def test_what_a_closed_stream_held_is_gone_at_once(
    run: Run, camera: MakeCamera, transport: Transport
) -> None:
    """A group of pictures is megabytes: it must not wait for a collector that seldom comes, in a worker whose
    thresholds are high on purpose.
    """

    async def scene() -> None:
        events: asyncio.Queue[EngineEvent] = asyncio.Queue()
        media = settings(rtp_port_first=42400, rtp_port_last=42499)
        worker = WorkerSettings(
            index=0, media=media, rtp_port_first=42400, rtp_port_last=42499, viewer_port=0
        )
        streams = Streams(worker, events.put_nowait)
        await streams.start()
        gc.collect()
        before = alive()
        port = await streams.open_receiver(ReceiveSpec("S", transport, SSRC))
        sender = camera(port.port, tcp=transport is Transport.TCP_PASSIVE).start()
        while not isinstance(await events.get(), StreamStarted):
            pass
        sender.stop()
        assert (alive() - before)["_Kept"] > 0
        assert streams.holdings()["ports"] == 1
        gc.disable()
        try:
            streams.close("S")
            del sender
            for _ in range(50):  # asyncio lets go of the connection
                await asyncio.sleep(0)
            assert alive() - before == Counter()
        finally:
            gc.enable()
        assert streams.holdings()["ports"] == 0
        await streams.aclose()

    run(scene())
