"""The simulator's RTSP server: encoders and third-party cameras behind one port."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import cast

from civicam.kernel.errors import Operational
from civicam.media.core.packetise import NalPacketiser
from civicam.media.core.rfc4571 import interleave
from civicam.media.core.unit import Codec
from civicam.simulator.description import Channel, City, Device
from civicam.simulator.faults import Condition, Faults
from civicam.simulator.picture import MAIN, SUB, Coded, Profile
from civicam.simulator.rtsp_core import Halt, RtspConnection, RtspOutput, Start
from civicam.simulator.studio import Studio
from civicam.simulator.transmit import Tally

_HELD_BYTES = 4 << 20
"""A client that reads slower loses pictures beyond this."""


class RtspServer:
    """Serves the RTSP devices of a city from a studio."""

    def __init__(self, city: City, faults: Faults, studio: Studio) -> None:
        self._devices: Mapping[str, Device] = {
            device.gb_id: device for device in city.devices if device.protocol == "rtsp"
        }
        self._channels: Mapping[str, Channel] = {
            device: channels[0] for device, channels in city.by_device.items() if channels
        }
        self._faults = faults
        self._studio = studio
        self._server: asyncio.Server | None = None
        self._open: set[_Connection] = set()
        self.tally = Tally()

    async def listen(self, host: str, port: int) -> int:
        """Bind; gives the port. Raises `Operational` ``simulator.port-in-use``."""
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._connection, host, port)
        except OSError as error:
            reason = error.strerror or str(error)
            raise Operational("simulator.port-in-use", host=host, port=port, reason=reason) from error
        return int(self._server.sockets[0].getsockname()[1])

    def _connection(self) -> _Connection:
        core = RtspConnection(self._devices, self._available, lambda: os.urandom(8).hex())
        return _Connection(self, core)

    def _available(self, gb_id: str) -> bool:
        condition = self._faults.conditions[gb_id]
        return condition.powered and condition.linked and gb_id in self._channels

    @property
    def streams(self) -> int:
        """Connections that play."""
        return sum(connection.playing is not None for connection in self._open)

    def condition_changed(self, gb_id: str) -> None:
        """Cut the connections of a device that lost its power or its fibre."""
        if gb_id in self._devices and not self._available(gb_id):
            for connection in list(self._open):
                if connection.plays(gb_id):
                    connection.abort()

    async def aclose(self) -> None:
        """Close everything."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._open):
            connection.abort()

    # -- for connections

    def opened(self, connection: _Connection) -> None:
        """A client came."""
        self._open.add(connection)

    def closed(self, connection: _Connection) -> None:
        """A client went."""
        self._open.discard(connection)

    def start(self, order: Start, sink: _Interleaver) -> tuple[str, Profile]:
        """Let a sink have the pictures of a stream; gives what `stop` needs."""
        place = self._channels[order.device.gb_id].gb_id, MAIN if order.main else SUB
        self._studio.open(*place, sink)
        return place

    def stop(self, place: tuple[str, Profile], sink: _Interleaver) -> None:
        """End it."""
        self._studio.close(*place, sink)

    def condition(self, gb_id: str) -> Condition:
        """How a device is."""
        return self._faults.conditions[gb_id]


class _Connection(asyncio.Protocol):
    """One client."""

    def __init__(self, server: RtspServer, core: RtspConnection) -> None:
        self._server = server
        self._core = core
        self._transport: asyncio.Transport | None = None
        self._device = ""
        self._sink: _Interleaver | None = None
        self.playing: tuple[str, Profile] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no instance of it
        self._server.opened(self)

    def data_received(self, data: bytes) -> None:
        for output in self._core.receive(data):
            self._do(output)

    def connection_lost(self, exc: Exception | None) -> None:
        self._halt()
        self._server.closed(self)

    def plays(self, gb_id: str) -> bool:
        """Whether this client looks at that device."""
        return self._device == gb_id

    def abort(self) -> None:
        """Cut it off."""
        if self._transport is not None:
            self._transport.abort()

    def _do(self, output: RtspOutput) -> None:
        match output:
            case bytes():
                self.write(output)
            case Start():
                condition = self._server.condition(output.device.gb_id)
                self._device = output.device.gb_id
                self._sink = _Interleaver(self, output.channel, condition)
                self.playing = self._server.start(output, self._sink)
            case Halt(close=close):
                self._halt()
                if close and self._transport is not None:
                    self._transport.close()

    def _halt(self) -> None:
        if self.playing is not None and self._sink is not None:
            self._server.stop(self.playing, self._sink)
            self.playing = None

    def write(self, data: bytes, frames: int = 0) -> None:
        """Write, unless the client reads too slowly."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if frames and transport.get_write_buffer_size() > _HELD_BYTES:
            self._server.tally.blocked += frames
            return
        transport.write(data)
        self._server.tally.frames += frames
        self._server.tally.octets += len(data)


class _Interleaver:
    """A sink: coded pictures to interleaved RTP."""

    def __init__(self, connection: _Connection, channel: int, condition: Condition) -> None:
        self._connection = connection
        self._channel = channel
        self._condition = condition
        self._rtp = NalPacketiser(Codec.H264, ssrc=int.from_bytes(os.urandom(4), "big"))
        self._started = False

    def __call__(self, coded: Coded, number: int) -> None:
        """Send one picture, from the first key picture on."""
        self._started = self._started or coded.key
        if not self._started or not (self._condition.powered and self._condition.linked):
            return
        packets = self._rtp.packets(coded.data, coded.pts)
        if self._condition.stop_mid_frame:
            packets = packets[: len(packets) // 2]
        if self._condition.garbage:
            packets = [packet[:12] + os.urandom(len(packet) - 12) for packet in packets]
        data = b"".join(interleave(packet, self._channel) for packet in packets)
        self._connection.write(data, 1)
