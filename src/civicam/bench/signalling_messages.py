"""What the cameras of the signalling benchmark say, as bytes with gaps: writing must cost the sender little.

The forms are those of a common network camera; every message is composed for this benchmark.
"""

from __future__ import annotations

import hashlib
import re
import socket
import struct

REALM = "3402000000"
PLATFORM = "34020000002000000001"
PASSWORD = "bench-example"  # noqa: S105 — of cameras that exist only here

_HEAD = (
    b"%(method)b sip:" + PLATFORM.encode() + b"@" + REALM.encode() + b" SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP %(host)b:5060;rport;branch=z9hG4bK%(serial)010d\r\n"
    b"From: <sip:%(who)b@" + REALM.encode() + b">;tag=%(serial)010d\r\n"
    b"To: <sip:%(to)b@" + REALM.encode() + b">\r\n"
    b"Call-ID: %(number)08x%(serial)010d\r\n"
    b"CSeq: %(cseq)d %(method)b\r\n"
)
_CONTACT = b"Contact: <sip:%(who)b@%(host)b:5060>\r\n"
_TAIL = b"Max-Forwards: 70\r\nUser-Agent: IP Camera\r\n"

_XML = b'<?xml version="1.0" encoding="GB2312"?>\r\n'
_KEEPALIVE_BODY = (
    _XML + b"<Notify>\r\n<CmdType>Keepalive</CmdType>\r\n<SN>%d</SN>\r\n"
    b"<DeviceID>%b</DeviceID>\r\n<Status>OK</Status>\r\n<Info>\r\n</Info>\r\n</Notify>\r\n"
)
_INFO_BODY = (
    _XML + b"<Response>\r\n<CmdType>DeviceInfo</CmdType>\r\n<SN>%b</SN>\r\n"
    b"<DeviceID>%b</DeviceID>\r\n<Result>OK</Result>\r\n<Manufacturer>Example</Manufacturer>\r\n"
    b"<Model>IP Camera</Model>\r\n<Firmware>V1.0</Firmware>\r\n</Response>\r\n"
)
_CATALOG_BODY = (
    _XML + b"<Response>\r\n<CmdType>Catalog</CmdType>\r\n<SN>%b</SN>\r\n"
    b'<DeviceID>%b</DeviceID>\r\n<SumNum>1</SumNum>\r\n<DeviceList Num="1">\r\n<Item>\r\n'
    b"<DeviceID>%b</DeviceID>\r\n<Name>Camera</Name>\r\n<Manufacturer>Example</Manufacturer>\r\n"
    b"<Model>IP Camera</Model>\r\n<Status>ON</Status>\r\n</Item>\r\n</DeviceList>\r\n</Response>\r\n"
)
_ALARM_BODY = (
    _XML + b"<Notify>\r\n<CmdType>Alarm</CmdType>\r\n<SN>%d</SN>\r\n<DeviceID>%b</DeviceID>\r\n"
    b"<AlarmPriority>1</AlarmPriority>\r\n<AlarmMethod>5</AlarmMethod>\r\n"
    b"<AlarmTime>2026-03-02T09:%02d:%02d</AlarmTime>\r\n<Info>\r\n<AlarmType>2</AlarmType>\r\n</Info>\r\n"
    b"</Notify>\r\n"
)
_AUTHORIZATION = (
    b'Authorization: Digest username="%b", realm="%b", nonce="%b", uri="%b", '
    b'response="%b", algorithm=MD5%b\r\n'
)
_ECHOED = re.compile(rb"^(?:Via|From|To|Call-ID|CSeq):[^\r]*\r\n", re.MULTILINE)
_ALARM_TAKEN = re.compile(rb"<Response>\s*<CmdType>Alarm</CmdType>\s*<SN>(\d+)</SN>")
_ASKED = re.compile(rb"<CmdType>(DeviceInfo|Catalog)</CmdType>\s*<SN>(\d+)</SN>")


def device_id(number: int) -> str:
    """The 20-digit id of a camera."""
    return f"34020000001320{number:06d}"


def host_of(number: int) -> str:
    """An address of its own for each camera, on this machine: 127.64.0.0 and up."""
    return f"127.{64 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


class Camera:
    """What one camera says; ``serial`` makes each message a transaction of its own."""

    __slots__ = ("_address", "_id", "_number", "cseq", "packet_info")

    def __init__(self, number: int) -> None:
        self._number = number
        self._id = device_id(number).encode()
        self._address = host_of(number).encode()
        self.cseq = 0
        self.packet_info = struct.pack("=I4s4s", 0, socket.inet_aton(host_of(number)), b"\0\0\0\0")
        """``struct in_pktinfo`` (ip(7)) that makes this address the source of a datagram."""

    def keepalive(self, serial: int) -> bytes:
        """A heartbeat."""
        return self.message(serial, _KEEPALIVE_BODY % (serial, self._id))

    def alarm(self, serial: int) -> bytes:
        """An alarm, another one for each ``serial``, which is its SN too."""
        return self.message(serial, _ALARM_BODY % (serial, self._id, serial // 60 % 60, serial % 60))

    def message(self, serial: int, body: bytes) -> bytes:
        """A MESSAGE with a MANSCDP body."""
        length = b"Content-Length: %d\r\n\r\n" % len(body)
        head = self._head(b"MESSAGE", serial, PLATFORM.encode())
        return b"".join((head, b"Content-Type: Application/MANSCDP+xml\r\n", _TAIL, length, body))

    def register(self, serial: int, expires: int, challenge: bytes = b"") -> bytes:
        """A REGISTER; with the answer to ``challenge``, a 401, when there was one."""
        said = [self._head(b"REGISTER", serial, self._id)]
        said.append(_CONTACT % {b"who": self._id, b"host": self._address})
        if challenge:
            said.append(self._authorization(_parameter(challenge, b"nonce"), b"qop=" in challenge))
        said.append(b"X-GB-Ver: 3.0\r\nExpires: %d\r\n" % expires + _TAIL + b"Content-Length: 0\r\n\r\n")
        return b"".join(said)

    def answer(self, question: bytes) -> tuple[bytes, bytes]:
        """The 200 to a MESSAGE of the platform, and the body that says what it asked (empty: nothing)."""
        ok = b"SIP/2.0 200 OK\r\n" + b"".join(_ECHOED.findall(question)) + b"Content-Length: 0\r\n\r\n"
        asked = _ASKED.search(question)
        if asked is None:
            return ok, b""
        if asked[1] == b"Catalog":
            return ok, _CATALOG_BODY % (asked[2], self._id, self._id)
        return ok, _INFO_BODY % (asked[2], self._id)

    def _head(self, method: bytes, serial: int, to: bytes) -> bytes:
        self.cseq += 1
        return _HEAD % {
            b"method": method,
            b"host": self._address,
            b"serial": serial,
            b"who": self._id,
            b"to": to,
            b"number": self._number,
            b"cseq": self.cseq,
        }

    def _authorization(self, nonce: bytes, with_qop: bool) -> bytes:
        uri = b"sip:%b@%b" % (PLATFORM.encode(), REALM.encode())
        ha1 = _md5(b"%b:%b:%b" % (self._id, REALM.encode(), PASSWORD.encode()))
        ha2 = _md5(b"REGISTER:" + uri)
        qop, middle = b"", nonce
        if with_qop:
            qop, middle = b', qop=auth, nc=00000001, cnonce="0a4f113b"', nonce + b":00000001:0a4f113b:auth"
        response = _md5(b"%b:%b:%b" % (ha1, middle, ha2))
        said = (self._id, REALM.encode(), nonce, uri, response, qop)
        return _AUTHORIZATION % said


def alarm_taken(message: bytes) -> int | None:
    """The SN of the alarm that a MESSAGE of the platform says it has taken; None for any other MESSAGE."""
    found = _ALARM_TAKEN.search(message)
    return None if found is None else int(found[1])


def _md5(text: bytes) -> bytes:
    return hashlib.md5(text, usedforsecurity=False).hexdigest().encode()


def _parameter(answer: bytes, name: bytes) -> bytes:
    """A quoted parameter of a challenge."""
    start = answer.index(name + b'="') + len(name) + 2
    return answer[start : answer.index(b'"', start)]
