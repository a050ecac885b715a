"""Heads whose every line ends in LF alone: some programs write so, over UDP and TCP.

Such a head is read as if it had CRLF. One that mixes both is not: there a lone CR or LF could end a line for
another reader and not for us, and stays a fault (`civicam.signalling.sip.parse`).
"""

from __future__ import annotations


def bare_head(data: bytes | bytearray) -> int:
    """The length of a head with LF alone, its empty line included; 0 when there is no such head (yet)."""
    at = data.find(b"\n")
    if at < 0 or data[at - 1 : at] == b"\r":
        return 0  # nearly every message ends here
    end = data.find(b"\n\n")
    return 0 if end < 0 or data.find(b"\r", 0, end) >= 0 else end + 2


def with_returns(data: bytes) -> bytes:
    """``data`` with CRLF in its head if that had LF alone; the body stays as it is."""
    length = bare_head(data)
    if not length:
        return data
    return data[:length].replace(b"\n", b"\r\n") + data[length:]
