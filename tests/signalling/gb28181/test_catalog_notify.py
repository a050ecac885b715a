"""Changes in a catalogue: every event both ways, and the ways devices tell them."""

from __future__ import annotations

import pytest

from civicam.kernel.errors import Refused
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp import CatalogItem, ItemStatus, parse_message, to_xml
from civicam.signalling.gb28181.manscdp.catalog_notify import CatalogChange, CatalogEvent, CatalogNotify
from civicam.signalling.gb28181.manscdp.lists import MAX_ITEMS

NVR = GbId("34020000001180000001")
CAM = GbId("34020000001310000001")
FULL = CatalogItem(CAM, "东门枪机", "SimCo", "IPC-1", "340200", "East gate", status=ItemStatus.ON)


@pytest.mark.parametrize("event", CatalogEvent)
def test_what_is_written_is_read_back(event: CatalogEvent) -> None:
    item = FULL if event.carries_fields else CatalogItem(CAM)
    command = CatalogNotify(9, NVR, (CatalogChange(event, item),))
    assert parse_message(to_xml(command)) == command


def test_the_form_of_the_standard() -> None:
    body = to_xml(
        CatalogNotify(
            9, NVR, (CatalogChange(CatalogEvent.OFF, CatalogItem(CAM)), CatalogChange(CatalogEvent.ADD, FULL))
        )
    ).decode("gb18030")
    assert '<SumNum>2</SumNum>\r\n<DeviceList Num="2">\r\n' in body
    assert f"<Item><DeviceID>{CAM}</DeviceID><Event>OFF</Event></Item>\r\n" in body
    assert f"<Item><DeviceID>{CAM}</DeviceID><Event>ADD</Event><Name>东门枪机</Name>" in body


def notify(items: str) -> CatalogNotify:
    body = (
        f"<Notify><CmdType>Catalog</CmdType><SN>9</SN><DeviceID>{NVR}</DeviceID><SumNum>1</SumNum>"
        f"<DeviceList>{items}</DeviceList></Notify>"
    )
    found = parse_message(body.encode())
    assert isinstance(found, CatalogNotify)
    return found


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("<Event>on</Event>", CatalogEvent.ON),
        ("<Event>Off</Event>", CatalogEvent.OFF),
        ("<Event>vlost</Event>", CatalogEvent.VLOST),
        ("<Event>DEFECT</Event>", CatalogEvent.DEFECT),
        ("<event>del</event>", CatalogEvent.DEL),
        ("<Event>DELETE</Event>", CatalogEvent.DEL),
        ("<Event/>", CatalogEvent.UPDATE),
        ("", CatalogEvent.UPDATE),
    ],
)
def test_events_as_devices_write_them(text: str, event: CatalogEvent) -> None:
    found = notify(f"<Item><DeviceID>{CAM}</DeviceID>{text}</Item>")
    assert [each.event for each in found.changes] == [event]


def test_what_cannot_be_read_is_counted() -> None:
    good = f"<Item><DeviceID>{CAM}</DeviceID><Event>ON</Event></Item>"
    bad = f"<Item><DeviceID>{CAM}</DeviceID><Event>EXPLODED</Event></Item><Item><Event>ON</Event></Item>"
    found = notify(good + bad + "<Other/>")
    assert (len(found.changes), found.rejected) == (1, 2)


@pytest.mark.parametrize("code", ["3402000000", "CivilCode", "", "340200"])
def test_odd_civil_codes_and_empty_names(code: str) -> None:
    fields = f"<Event>ADD</Event><Name/><CivilCode>{code}</CivilCode>"
    (change,) = notify(f"<Item><DeviceID>{CAM}</DeviceID>{fields}</Item>").changes
    assert (change.item.name, change.item.civil_code) == ("", code)


def test_no_list_is_no_change() -> None:
    body = f"<Notify><CmdType>Catalog</CmdType><SN>9</SN><DeviceID>{NVR}</DeviceID></Notify>"
    assert parse_message(body.encode()) == CatalogNotify(9, NVR)


def test_too_many_changes_are_refused() -> None:
    with pytest.raises(Refused):
        notify(f"<Item><DeviceID>{CAM}</DeviceID></Item>" * (MAX_ITEMS + 1))
