"""The short way of reading a heartbeat reads what the long way reads, or nothing."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from civicam.kernel.errors import Refused
from civicam.signalling.gb28181.manscdp import Keepalive, parse_message
from civicam.signalling.gb28181.manscdp.keepalive import read_plain
from civicam.signalling.gb28181.xml import XmlLimits, parse

NVR = "34020000001180000001"
PLAIN = (
    '<?xml version="1.0" encoding="GB2312"?>\r\n<Notify>\r\n<CmdType>Keepalive</CmdType>\r\n<SN>412</SN>\r\n'
    f"<DeviceID>{NVR}</DeviceID>\r\n<Status>OK</Status>\r\n<Info>\r\n</Info>\r\n</Notify>\r\n"
)


def _long_way(body: bytes) -> Keepalive:
    return Keepalive.from_xml(parse(body))


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Heartbeats, usual and odd, some of them broken."""
    blank = st.sampled_from(["", "\r\n", "\n", "  ", "\t", "\x0b", "\u3000"])
    declarations = (
        "",
        '<?xml version="1.0"?>',
        '<?xml version="1.0" encoding="GB2312"?>',
        '<?xml version="1.0" encoding="gb18030" ?>',
        "<?xml version='1.0' encoding='UTF-8'?>",
    )
    sn = draw(st.sampled_from(["1", "412", "999999999", "2147483647", "2147483648", "0", "007", "x", ""]))
    gb_id = draw(st.sampled_from([NVR, NVR[:19], NVR + "0", "３" + NVR[1:], ""]))
    status = draw(st.sampled_from(["OK", "ERROR", "ok", "Error", "", "FAULT"]))
    info = draw(
        st.sampled_from(
            ["", "<Info></Info>", "<Info/>", "<Info>\r\n</Info>", f"<Info><DeviceID>{NVR}</DeviceID></Info>"]
        )
    )
    name = draw(st.sampled_from(["Keepalive", "keepalive", "Catalog"]))
    pieces = [
        draw(st.sampled_from(declarations)),
        "<Notify>",
        f"<CmdType>{name}</CmdType>",
        f"<SN>{sn}</SN>",
        f"<DeviceID>{gb_id}</DeviceID>",
        f"<Status>{status}</Status>",
        info,
        draw(st.sampled_from(["</Notify>", "</Notify>", "</Notify", ""])),
    ]
    return "".join(draw(blank) + piece for piece in pieces).encode() + draw(blank).encode()


@given(body=bodies())
@example(body=PLAIN.encode())
def test_the_short_way_reads_the_same_or_nothing(body: bytes) -> None:
    plain = read_plain(body)
    if plain is not None:
        assert plain == _long_way(body)
        assert type(plain.device_id) is type(_long_way(body).device_id)


@pytest.mark.parametrize(
    "body",
    [
        PLAIN,
        PLAIN.replace("\r\n", ""),
        PLAIN.replace("<Info>\r\n</Info>\r\n", "").replace("OK", "ERROR"),
        PLAIN[PLAIN.index("<Notify") :],
    ],
)
def test_what_devices_usually_write_goes_the_short_way(body: str) -> None:
    assert read_plain(body.encode()) == _long_way(body.encode())


def test_faulty_children_go_the_long_way() -> None:
    body = PLAIN.replace("<Info>\r\n</Info>", f"<Info><DeviceID>{NVR}</DeviceID></Info>").encode()
    assert read_plain(body) is None
    beat = parse_message(body)
    assert isinstance(beat, Keepalive)
    assert beat.faulty == (NVR,)


def test_the_limit_on_size_holds_for_both() -> None:
    with pytest.raises(Refused):
        parse_message(PLAIN.encode(), XmlLimits(size=20))
