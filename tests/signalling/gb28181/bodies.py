"""Bodies and values for the tests of commands: one case serves writing and reading."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeVar

from hypothesis import strategies as st

from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp import Message, parse_message, to_xml

NVR = GbId("34020000001180000001")
CAM = GbId("34020000001310000001")
OTHER = GbId("34020000001320000002")
BAD_IDS = (
    "",
    "3402000000131000000",
    "３４０２００００００１３１００００００１",
    "' OR 1=1 --",
    "../../etc/passwd",
)
WILD_SUMS = ("-1", "1000001", "99999999999999999999", "NaN", "1e3", "２")

T = TypeVar("T", bound=Message)

texts = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), max_size=30)
ids = st.from_regex(r"\A[0-9]{20}\Z").map(GbId)
sns = st.integers(1, 2**31 - 1)
moments = st.integers(0, int(datetime(9999, 12, 31, 15, tzinfo=UTC).timestamp())).map(
    lambda each: datetime.fromtimestamp(each, UTC)
)
reasons = st.sampled_from(["", "忙", "not <now> & here"])


def streams() -> st.SearchStrategy[int | None]:
    """StreamNumber, or none."""
    return st.none() | st.integers(0, 15)


def decimals(low: float, high: float) -> st.SearchStrategy[float | None]:
    """Numbers as devices write them, or none."""
    return st.none() | st.floats(low, high).map(lambda each: round(each, 6))


def body(root: str, cmd_type: str, content: str, device_id: str = CAM, sn: str = "17") -> bytes:
    """A body as a device would write it."""
    head = f"<CmdType>{cmd_type}</CmdType><SN>{sn}</SN><DeviceID>{device_id}</DeviceID>"
    return f'<?xml version="1.0"?>\n<{root}>\n{head}\n{content}\n</{root}>'.encode()


def read(kind: type[T], content: str, cmd_type: str = "", device_id: str = CAM, sn: str = "17") -> T:
    """What `parse_message` makes of ``content``; it must be a ``kind``."""
    found = parse_message(body(kind.ROOT, cmd_type or kind.CMD_TYPE, content, device_id, sn))
    assert isinstance(found, kind)
    return found


def check_both_ways(command: Message, content: str) -> None:
    """``command`` is written exactly so, and that text, in any encoding, is read as ``command``."""
    written = to_xml(command, "UTF-8").decode()
    assert written == (
        '<?xml version="1.0" encoding="UTF-8"?>\r\n'
        f"<{command.ROOT}>\r\n<CmdType>{command.CMD_TYPE}</CmdType>\r\n<SN>{command.sn}</SN>\r\n"
        f"<DeviceID>{command.device_id}</DeviceID>\r\n{content}</{command.ROOT}>\r\n"
    )
    for encoding in ("UTF-8", "GB2312", "GB18030"):
        assert parse_message(to_xml(command, encoding)) == command


def check_round_trip(command: Message) -> None:
    """Nothing is lost or invented on the way."""
    assert parse_message(to_xml(command, "UTF-8")) == command
