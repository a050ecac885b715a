"""A key frame as JPEG, decoded in a thread; so many at once and no more."""

from __future__ import annotations

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor
from typing import cast

from PIL.Image import Image

from civicam.kernel.errors import Operational
from civicam.media.core.unit import Codec

JPEG_QUALITY = 85


def decode(codec: Codec, data: bytes) -> bytes:
    """The picture in ``data`` (Annex B with parameter sets) as JPEG; else ``media.undecodable``."""
    import av  # 60 MB of libraries that a worker nobody asks for a picture does without
    from av.video.codeccontext import VideoCodecContext

    name = "hevc" if codec is Codec.H265 else "h264"
    context = cast("VideoCodecContext", av.CodecContext.create(name, "r"))
    context.thread_count = 1
    try:
        frames = [*context.decode(av.Packet(data)), *context.decode(None)]
    except av.FFmpegError as error:
        raise Operational("media.undecodable", reason=str(error)) from error
    if not frames:
        raise Operational("media.undecodable", reason="no picture")
    out = io.BytesIO()
    image: Image = frames[0].to_image()  # type: ignore[no-untyped-call]
    image.save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()


class Snapshots:
    """Bounded decoding: ``at_once`` threads; the rest waits its turn."""

    def __init__(self, at_once: int) -> None:
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="snapshot")

    async def jpeg(self, codec: Codec, data: bytes) -> bytes:
        """See `decode`."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, decode, codec, data)

    def close(self) -> None:
        """Let go of the threads; what waits is dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)
