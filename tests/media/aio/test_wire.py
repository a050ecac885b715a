"""The bytes of docs/reference/media-websocket.md."""

from __future__ import annotations

import orjson
import pytest
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from civicam.media.aio.wire import HEADER, Kind, binary, text


def parse(data: bytes) -> Frame:
    """The frame as a client's library reads it, unmasked, and nothing left over."""
    reader = StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    steps = Frame.parse(reader.read_exact, mask=False, max_size=None)
    frame: object = None
    try:
        while True:
            next(steps)
    except StopIteration as end:
        frame = end.value
    assert isinstance(frame, Frame)
    assert len(reader.buffer) == 0
    return frame


@pytest.mark.parametrize("size", [0, 1, 101, 102, 65511, 65512, 200_000])
def test_a_binary_message_is_one_frame_of_header_and_payload(size: int) -> None:
    frame = parse(binary((Kind.VIDEO, 3, 2, 7, 1_000_000, 1_700_000_000_000_000), bytes(size)))
    assert frame.opcode is Opcode.BINARY
    assert frame.fin
    assert len(frame.data) == 24 + size
    assert HEADER.unpack(bytes(frame.data[:24])) == (1, 3, 2, 7, 1_000_000, 1_700_000_000_000_000)


def test_a_text_message_is_json() -> None:
    frame = parse(text({"type": "end", "code": "media.closed"}))
    assert frame.opcode is Opcode.TEXT
    assert orjson.loads(frame.data) == {"type": "end", "code": "media.closed"}
