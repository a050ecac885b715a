"""Ways to spell a message that strangers' programs have, as functions from bytes to bytes."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.gateway.camera import Camera

Change = Callable[[bytes], bytes]

COMPACT = {"Via": "v", "From": "f", "To": "t", "Call-ID": "i", "Contact": "m", "Content-Type": "c",
           "Content-Length": "l"}  # fmt: skip


def speaks(camera: Camera, change: Change) -> None:
    """Everything the camera sends goes through ``change``."""
    put = camera.agent._put
    camera.agent._put = lambda data, peer: put(change(data), peer)  # type: ignore[method-assign]


def first(*changes: Change) -> Change:
    """One after the other."""

    def changed(data: bytes) -> bytes:
        for each in changes:
            data = each(data)
        return data

    return changed


def starting(start: bytes, change: Change, holds: bytes = b"") -> Change:
    """Only what begins so and has ``holds`` in it, with Content-Length counted anew."""

    def changed(data: bytes) -> bytes:
        return counted(change(data)) if data.startswith(start) and holds in data else data

    return changed


def counted(data: bytes) -> bytes:
    """With the Content-Length its body has."""
    length = len(data.partition(b"\r\n\r\n")[2])
    return re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % length, data)


def answer_to_invite(change: Change) -> Change:
    """Only its 200 to INVITE."""
    return starting(b"SIP/2.0 200", change, b" INVITE\r\n")


def catalogue(change: Change) -> Change:
    """Only the parts of its catalogue; ``change`` gets the XML."""
    return starting(b"MESSAGE", body(change), b"<CmdType>Catalog<")


def head(pattern: bytes, new: bytes) -> Change:
    """One header line."""
    return lambda data: re.sub(pattern, new, data, count=1)


def body(change: Change) -> Change:
    """What stands after the head."""

    def changed(data: bytes) -> bytes:
        above, gap, rest = data.partition(b"\r\n\r\n")
        return above + gap + change(rest) if rest else data

    return changed


def names(change: Callable[[str], str]) -> Change:
    """The name of every header field."""

    def changed(data: bytes) -> bytes:
        above, gap, rest = data.partition(b"\r\n\r\n")
        start, *lines = above.split(b"\r\n")
        fields = [line.partition(b":") for line in lines]
        lines = [change(name.decode()).encode() + colon + value for name, colon, value in fields]
        return b"\r\n".join([start, *lines]) + gap + rest

    return changed


def lines(change: Callable[[bytes], bytes]) -> Change:
    """Every line of the head, the first one too."""

    def changed(data: bytes) -> bytes:
        above, gap, rest = data.partition(b"\r\n\r\n")
        return b"\r\n".join(change(line) for line in above.split(b"\r\n")) + gap + rest

    return changed


def backwards(data: bytes) -> bytes:
    """The fields in the opposite order."""
    above, gap, rest = data.partition(b"\r\n\r\n")
    start, *fields = above.split(b"\r\n")
    return b"\r\n".join([start, *reversed(fields)]) + gap + rest


def with_line_feeds(data: bytes) -> bytes:
    """LF alone ends each line of the head."""
    above, gap, rest = data.partition(b"\r\n\r\n")
    return (above + gap).replace(b"\r\n", b"\n") + rest


def everything_with_line_feeds(data: bytes) -> bytes:
    """And of the body."""
    return data.replace(b"\r\n", b"\n")


def folded(data: bytes) -> bytes:
    """Values continue on the next line."""
    return re.sub(rb"\r\n(From|To|Contact|Via|Content-Type): ", rb"\r\n\1:\r\n\t  ", data)


def only(start: bytes, change: Change) -> Change:
    """Only what begins so, its length as it is."""
    return lambda data: change(data) if data.startswith(start) else data
