"""Heads with LF alone, over UDP and TCP, whole and in pieces."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from civicam.signalling.sip.errors import BadMessage
from civicam.signalling.sip.limits import Limits
from civicam.signalling.sip.line_ends import bare_head, with_returns
from civicam.signalling.sip.parse import finish, parse_message
from civicam.signalling.sip.stream import StreamBuffer

DeviceSays = Callable[..., bytes]
XML = "Content-Type: Application/MANSCDP+xml\r\n"


@pytest.mark.parametrize(
    ("data", "after"),
    [
        (b"", b""),
        (b"A", b"A"),
        (b"A\nB\n\nx\n\ny", b"A\r\nB\r\n\r\nx\n\ny"),
        (b"A\r\nB\r\n\r\nx", b"A\r\nB\r\n\r\nx"),
        (b"A\nB\r\n\n\nx", b"A\nB\r\n\n\nx"),  # mixed: as it came
        (b"A\nB", b"A\nB"),  # no end yet
        (b"\n\nx", b"\r\n\r\nx"),
    ],
)
def test_only_a_head_of_line_feeds_is_changed(data: bytes, after: bytes) -> None:
    """The body never is."""
    assert with_returns(data) == after
    assert bare_head(bytearray(data)) == (0 if data == after else data.index(b"\n\n") + 2)


def test_a_datagram_with_line_feeds_is_read(device_says: DeviceSays) -> None:
    data = device_says("MESSAGE", extra=XML, body="<a/>\n\n<b/>")
    bare = data.replace(b"\r\n", b"\n")
    assert parse_message(bare) == parse_message(data)


def test_a_head_that_mixes_both_is_refused(device_says: DeviceSays) -> None:
    data = device_says("MESSAGE", extra=XML, body="<a/>")
    with pytest.raises(BadMessage):
        parse_message(data.replace(b"\r\n", b"\n", 2))


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_a_connection_with_line_feeds_is_read_in_any_pieces(device_says: DeviceSays, size: int) -> None:
    """Two messages, one spelt so and one as it should be, cut anywhere."""
    data = device_says("MESSAGE", extra=XML, body="<a/>\n")
    wire = data.replace(b"\r\n", b"\n") + data
    stream = StreamBuffer(Limits())
    found = []
    for at in range(0, len(wire), size):
        stream.feed(wire[at : at + size])
        while (each := stream.next_message()) is not None:
            found.append(finish(each[0], each[1])[0])
    assert found == [parse_message(data)] * 2
    assert (stream.pending, stream.broken) == (0, False)
