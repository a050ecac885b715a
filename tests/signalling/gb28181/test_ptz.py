"""PTZ codes: the vectors of the field, every command both ways, and codes that say nothing."""

from __future__ import annotations

import contextlib
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.signalling.gb28181.ptz import (
    Auxiliary,
    Cruise,
    CruiseAction,
    Decoded,
    Lens,
    LensStop,
    Move,
    Preset,
    PresetAction,
    PtzCommand,
    Scan,
    ScanAction,
    Stop,
    Unrecognised,
    Way,
    decode,
    encode,
    stop_of,
)
from civicam.signalling.gb28181.xml import Malformed

VECTORS: list[tuple[str, PtzCommand]] = [
    ("A50F0100000000B5", Stop()),
    ("A50F0101320000E8", Move(pan=1, pan_speed=50)),
    ("A50F01029600004D", Move(pan=-1, pan_speed=150)),
    ("A50F0108003200EF", Move(tilt=1, tilt_speed=50)),
    ("A50F0104003200EB", Move(tilt=-1, tilt_speed=50)),
    ("A50F010932320022", Move(pan=1, tilt=1, pan_speed=50, tilt_speed=50)),
    ("A50F011000008045", Move(zoom=1, zoom_speed=8)),
    ("A50F012000008055", Move(zoom=-1, zoom_speed=8)),
    ("A50F0129323280C2", Move(1, 1, -1, 50, 50, 8)),
    ("A50F014132000028", Lens(focus=1, focus_speed=50)),
    ("A50F014232000029", Lens(focus=-1, focus_speed=50)),
    ("A50F01440032002B", Lens(aperture=1, aperture_speed=50)),
    ("A50F01480032002F", Lens(aperture=-1, aperture_speed=50)),
    ("A50F0140000000F5", LensStop()),
    ("A50F018100020038", Preset(PresetAction.SET, 2)),
    ("A50F018200020039", Preset(PresetAction.CALL, 2)),
    ("A50F01830002003A", Preset(PresetAction.DELETE, 2)),
    ("A50F01840103003D", Cruise(CruiseAction.ADD, 1, 3)),
    ("A50F01850103003E", Cruise(CruiseAction.DELETE, 1, 3)),
    ("A50F01850100003B", Cruise(CruiseAction.DELETE_ALL, 1)),
    ("A50F0187011E005B", Cruise(CruiseAction.DWELL, 1, 30)),
    ("A50F0186012C1078", Cruise(CruiseAction.SPEED, 1, 300)),
    ("A50F01880100003E", Cruise(CruiseAction.START, 1)),
    ("A50F01890100003F", Scan(ScanAction.START, 1)),
    ("A50F018901010040", Scan(ScanAction.LEFT_LIMIT, 1)),
    ("A50F018901020041", Scan(ScanAction.RIGHT_LIMIT, 1)),
    ("A50F018A01320072", Scan(ScanAction.SPEED, 1, 50)),
    ("A50F018C01000042", Auxiliary(1, on=True)),
    ("A50F018D01000043", Auxiliary(1, on=False)),
]

ways = st.sampled_from(cast("list[Way]", [-1, 0, 1]))
byte = st.integers(0, 255)
long = st.integers(0, 4095)
commands: st.SearchStrategy[PtzCommand] = st.one_of(
    st.just(Stop()),
    st.just(LensStop()),
    st.tuples(ways, ways, ways, byte, byte, st.integers(0, 15))
    .filter(lambda parts: any(parts[:3]))
    .map(lambda parts: Move(*parts)),
    st.tuples(ways, ways, byte, byte).filter(lambda parts: any(parts[:2])).map(lambda parts: Lens(*parts)),
    st.builds(Preset, st.sampled_from(PresetAction), st.integers(1, 255)),
    st.builds(Cruise, st.sampled_from([CruiseAction.ADD, CruiseAction.DELETE]), byte, st.integers(1, 255)),
    st.builds(Cruise, st.sampled_from([CruiseAction.SPEED, CruiseAction.DWELL]), byte, long),
    st.builds(Cruise, st.sampled_from([CruiseAction.START, CruiseAction.DELETE_ALL]), byte),
    st.builds(Scan, st.just(ScanAction.SPEED), byte, long),
    st.builds(Scan, st.sampled_from([ScanAction.START, ScanAction.LEFT_LIMIT]), byte),
    st.builds(Auxiliary, byte, st.booleans()),
)


@pytest.mark.parametrize(("code", "command"), VECTORS, ids=[code for code, _ in VECTORS])
def test_the_vectors_of_the_field(code: str, command: PtzCommand) -> None:
    assert encode(command) == code
    assert decode(code) == Decoded(command, 1, sound=True)
    assert decode(f" {code.lower()} ") == Decoded(command, 1, sound=True)


@given(commands, st.integers(0, 4095))
def test_what_is_written_is_read_back(command: PtzCommand, address: int) -> None:
    assert decode(encode(command, address)) == Decoded(command, address, sound=True)


@pytest.mark.parametrize(
    "code",
    ["A50F0101320000E9", "A50E0101320000E7", "A51F0101320000F8"],
    ids=["sum", "check-nibble", "check-nibble-of-version-1"],
)
def test_a_wrong_check_is_told_not_hidden(code: str) -> None:
    assert decode(code) == Decoded(Move(pan=1, pan_speed=50), 1, sound=False)


def test_a_later_version_checks_by_its_own_nibble() -> None:
    assert decode("A5100100000000B6").sound


@pytest.mark.parametrize(
    ("code", "data"),
    [
        (0x03, (9, 9, 0)),
        (0x0C, (9, 9, 0)),
        (0x30, (0, 0, 9)),
        (0x43, (9, 0, 0)),
        (0x4C, (0, 9, 0)),
        (0x50, (1, 2, 3)),
        (0x80, (0, 1, 0)),
        (0x81, (0, 0, 0)),
        (0x84, (1, 0, 0)),
        (0x89, (1, 3, 0)),
        (0x8B, (1, 0, 0)),
        (0xFF, (255, 255, 15)),
    ],
)
def test_opposites_and_unknown_codes_are_no_command(code: int, data: tuple[int, int, int]) -> None:
    head = [0xA5, 0x0F, 0x01, code, data[0], data[1], data[2] << 4]
    found = decode(bytes([*head, sum(head) & 0xFF]).hex())
    assert found == Decoded(Unrecognised(code, *data), 1, sound=True)


@pytest.mark.parametrize(
    "text",
    ["", "A5", "A50F0101320000E", "A50F0101320000E8FF", "B50F0101320000E8", "Ａ50F0101320000E8", "zz" * 8],
)
def test_what_is_no_code(text: str) -> None:
    with pytest.raises(Malformed) as caught:
        decode(text)
    assert caught.value.code == "signalling.bad-field"


@pytest.mark.parametrize(
    "make",
    [
        Move,
        lambda: Move(pan=1, pan_speed=256),
        lambda: Move(tilt=1, tilt_speed=-1),
        lambda: Move(zoom=1, zoom_speed=16),
        Lens,
        lambda: Lens(focus=1, focus_speed=256),
        lambda: Lens(aperture=1, aperture_speed=256),
        lambda: Preset(PresetAction.CALL, 0),
        lambda: Preset(PresetAction.SET, 256),
        lambda: Cruise(CruiseAction.ADD, 256, 1),
        lambda: Cruise(CruiseAction.ADD, 1, 0),
        lambda: Cruise(CruiseAction.START, 1, 1),
        lambda: Cruise(CruiseAction.DWELL, 1, 4096),
        lambda: Scan(ScanAction.START, -1),
        lambda: Scan(ScanAction.START, 1, 1),
        lambda: Scan(ScanAction.SPEED, 1, 4096),
        lambda: Auxiliary(256, on=True),
        lambda: encode(Stop(), 4096),
    ],
)
def test_numbers_beyond_the_bytes_are_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(Malformed):
        make()


def test_who_starts_a_motion_owes_its_stop() -> None:
    assert stop_of(Move(pan=1)) == Stop()
    assert stop_of(Lens(focus=1)) == LensStop()
    for command in (Stop(), LensStop(), Preset(PresetAction.CALL, 1), Cruise(CruiseAction.START, 1)):
        assert stop_of(command) is None


@given(st.one_of(st.text(max_size=20), st.binary(min_size=8, max_size=8).map(bytes.hex)))
def test_no_text_does_anything_but_decode_or_be_refused(text: str) -> None:
    with contextlib.suppress(Malformed):
        decode(text)
