"""What an operator may set about the media plane; one frozen tree, read once by `civicam.config`."""

from __future__ import annotations

import os
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

PortNumber = Annotated[int, Field(ge=0, le=65535)]


class MediaSettings(BaseModel):
    """Ports, limits and patience of the embedded media engine.

    Times are seconds, sizes bytes. The defaults are the ones `docs/reference/benchmarks.md` is measured with.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    workers: Annotated[int, Field(ge=0, le=64)] = 0
    """Worker processes; 0 means one for each core but one, at least one."""

    rtp_host: str = "0.0.0.0"  # noqa: S104 -- cameras come from other machines
    """Address the RTP ports are bound to."""
    advertise_host: str = ""
    """What `Port.host` says; empty: ``rtp_host``. A gateway that finds a wildcard puts its own address."""
    rtp_port_first: PortNumber = 30000
    rtp_port_last: PortNumber = 39999
    """Range shared out among the workers; RTP takes the even ports, RTCP the odd one above."""
    quarantine_s: Annotated[float, Field(ge=0)] = 30.0
    """How long a port rests after its stream: a device may still push to it for a while."""
    rcvbuf_bytes: Annotated[int, Field(ge=65536)] = 4 * 1024 * 1024
    """Receive buffer asked of the kernel for each UDP stream."""
    rcvbuf_enough_bytes: Annotated[int, Field(ge=65536)] = 2 * 1024 * 1024
    """Less than this granted shows as the warning ``media.rcvbuf-small``."""

    gather_s: Annotated[float, Field(ge=0, le=0.05)] = 0.02
    """How long packets may gather in the kernel to be read together, for a quarter of the work or more; it
    adds half of it to the delay on average. 0 reads each as it comes, watched or not."""
    gather_unwatched_s: Annotated[float, Field(ge=0, le=0.2)] = 0.1
    """The same for streams that nobody watches, which are most of a city's: several pictures are read in one
    go. Not less than ``gather_s``. Over TCP jitter is not measured then."""

    viewer_host: str = "0.0.0.0"  # noqa: S104 -- browsers come from other machines
    viewer_port: PortNumber = 8081
    """WebSocket port of the first worker; the next workers take the next ports. 0: any free port."""
    viewer_path: str = "/media"
    allowed_origins: tuple[str, ...] = ()
    """Origins a viewer's page may have. Empty: its host must be the host it connects to; ``*``: any."""
    viewer_queue_bytes: Annotated[int, Field(ge=65536)] = 2 * 1024 * 1024
    """Bytes that may wait for one viewer before it skips to the next key frame."""
    viewer_skips: Annotated[int, Field(ge=1)] = 8
    """So many skips within ``viewer_skips_s`` and the viewer is closed with 4408."""
    viewer_skips_s: Annotated[float, Field(gt=0)] = 60.0
    handshake_s: Annotated[float, Field(gt=0)] = 5.0
    ping_s: Annotated[float, Field(gt=0)] = 20.0

    no_packets_s: Annotated[float, Field(gt=0)] = 5.0
    """Silence after which a stream is called stalled (``media.no-packets``)."""
    no_pictures_s: Annotated[float, Field(gt=0)] = 5.0
    """Packets without a picture for so long: ``media.no-pictures``."""
    stream_timeout_s: Annotated[float, Field(gt=0)] = 30.0
    """Silence after which a stream is ended (``media.stream-timeout``)."""
    pause_timeout_s: Annotated[float, Field(gt=0)] = 300.0
    """A paused recording is ended after so long (``media.pause-timeout``): its owner may be gone."""
    linger_s: Annotated[float, Field(gt=0)] = 10.0
    """How long a stream nobody watches lives on before `Idle` is told, and told again."""
    rtcp_interval_s: Annotated[float, Field(gt=0)] = 5.0
    reorder_s: Annotated[float, Field(gt=0)] = 0.035
    """How long a missing packet is waited for."""
    gop_bytes: Annotated[int, Field(ge=65536)] = 16 * 1024 * 1024
    gop_frames: Annotated[int, Field(ge=1)] = 600
    """A group of pictures longer than this is not kept: a new viewer then waits for the next key frame."""
    snapshots_at_once: Annotated[int, Field(ge=1, le=16)] = 2

    speech_wait_s: Annotated[float, Field(gt=0)] = 30.0
    """How long a device may take to connect for what its loudspeaker is to say; body cameras take 20 s."""
    speech_queue_s: Annotated[float, Field(ge=0.2, le=10)] = 1.0
    """Sound that may wait; what is older than this is thrown away."""

    rtsp_allow_basic: bool = False
    """Send passwords in clear to RTSP servers that offer nothing better."""
    rtsp_transport: Literal["auto", "tcp", "udp"] = "auto"
    """How RTP is pulled. ``auto``: over TCP, over UDP from servers that have nothing else, over TCP again
    where nothing comes over UDP.
    """
    rtsp_timeout_s: Annotated[float, Field(gt=0)] = 8.0
    rtsp_retry_first_s: Annotated[float, Field(gt=0)] = 1.0
    rtsp_retry_most_s: Annotated[float, Field(gt=0)] = 30.0

    restart_first_s: Annotated[float, Field(gt=0)] = 0.5
    restart_most_s: Annotated[float, Field(gt=0)] = 30.0
    """Back-off between starts of a worker that keeps dying."""

    def worker_count(self) -> int:
        """How many workers to run on this machine."""
        return self.workers or max(1, (os.cpu_count() or 2) - 1)


class WorkerSettings(BaseModel):
    """What one worker gets from its supervisor in the first control message."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    index: int
    media: MediaSettings
    rtp_port_first: PortNumber
    rtp_port_last: PortNumber
    viewer_port: PortNumber
