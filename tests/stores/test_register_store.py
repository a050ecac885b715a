"""The register on its store: who may go live, whose place counts, what an upgrade brings."""

from __future__ import annotations

import asyncio
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select, text, update
from tests.stores.registered import (
    CHANNELS,
    ENCODER,
    RECORD,
    RECORDER,
    Registered,
    channel_id,
    city,
    inside,
)

from civicam.db.engine import Database
from civicam.db.migrate import migrate
from civicam.fleet import register_rows
from civicam.fleet.crs import System
from civicam.fleet.facts import CatalogueItem
from civicam.fleet.model import device_id_for
from civicam.fleet.placing import Source, Statement
from civicam.fleet.register import Role
from civicam.fleet.settings import FleetSettings, OwnChoice
from civicam.fleet.tables import channel, coordinate, register, site
from civicam.kernel.errors import Refused


def with_camera(camera: dict[str, Any] | None) -> dict[str, Any]:
    """The city, where the recorder's first channel has this record."""
    found = city()
    row = found["channels"][0]
    row.pop("camera")
    if camera is not None:
        row["camera"] = camera
    return found


# -- going live -------------------------------------------------------------------------------------


def test_a_camera_with_a_whole_record_goes_live(url: str, tmp_path: Path) -> None:
    async def test(h: Registered) -> None:
        assert (await h.fleet.route(channel_id(1))).channel_gb_id == CHANNELS[0]

    inside(url, tmp_path, test)


@pytest.mark.parametrize(
    ("gap", "code"),
    [
        ("owner", "fleet.no-owner"),
        ("ground", "fleet.no-ground"),
        ("purpose", "fleet.no-purpose"),
        ("place", "fleet.no-place-class"),
    ],
)
def test_a_gap_keeps_it_dark_until_it_is_filled(url: str, tmp_path: Path, gap: str, code: str) -> None:
    async def test(h: Registered) -> None:
        await h.take(with_camera({**RECORD, gap: ""}))
        with pytest.raises(Refused) as caught:
            await h.fleet.route(channel_id(1))
        assert caught.value.code == code
        assert (await h.fleet.route(channel_id(2))).channel_id == channel_id(2)
        await h.take(with_camera(RECORD))
        await h.fleet.route(channel_id(1))

    inside(url, tmp_path, test)


def test_a_file_that_says_nothing_of_a_record_takes_none_away(url: str, tmp_path: Path) -> None:
    async def test(h: Registered) -> None:
        await h.take(with_camera(None))
        await h.fleet.route(channel_id(1))

    inside(url, tmp_path, test)


def test_a_channel_that_a_catalogue_brings_has_no_record(url: str, tmp_path: Path) -> None:
    async def test(h: Registered) -> None:
        new = CatalogueItem("34020000001310000077", "IPC")
        device_id = device_id_for(RECORDER)
        await h.fleet.catalogue(device_id, [new], complete=False, at=h.clock.now())
        ids = await h.fleet.channel_ids([device_id])
        (fresh,) = set(ids[device_id]) - {channel_id(1), channel_id(2)}
        with pytest.raises(Refused, match=r"fleet\.no-owner"):
            await h.fleet.route(fresh)

    inside(url, tmp_path, test)


def test_a_forbidden_place_refuses_the_whole_file(url: str, tmp_path: Path) -> None:
    async def test(h: Registered) -> None:
        imported, problems = await h.fleet.import_city(
            json.dumps(with_camera({**RECORD, "place": "changing-room"}))
        )
        assert imported is None
        assert [(p.code, p.row, p.field) for p in problems] == [
            ("fleet.place-forbidden", "channels[0]", "camera")
        ]
        assert "changing-room" in problems[0].error().text("zh-CN")

    inside(url, tmp_path, test)


def test_what_was_entered_before_it_was_forbidden_goes_dark(url: str, tmp_path: Path) -> None:
    async def test(h: Registered) -> None:
        with pytest.raises(Refused) as caught:
            await h.fleet.route(channel_id(1))
        assert caught.value.code == "fleet.place-forbidden"

    async def before(h: Registered) -> None:
        await h.take(with_camera({**RECORD, "place": "balcony"}))

    allowed = FleetSettings(places=(OwnChoice(code="balcony", zh="阳台", en="Balcony"),))
    inside(url, tmp_path, before, allowed)

    async def main() -> None:
        forbidden = FleetSettings(
            places=(OwnChoice(code="balcony", zh="阳台", en="Balcony", forbidden=True),)
        )
        house = Registered(Database(url), tmp_path / "key", forbidden)
        try:
            await test(house)
        finally:
            await house.database.aclose()

    asyncio.run(main())


# -- upgrades ---------------------------------------------------------------------------------------


def test_cameras_that_ran_before_have_until_the_end_of_their_grace(url: str, tmp_path: Path) -> None:
    """[as an upgrade leaves it]: channels without an entry date, and when the register came."""

    async def test(h: Registered) -> None:
        since = h.clock.now()

        def age(connection: Connection) -> None:
            connection.execute(update(channel).values(enrolled_at=None))
            connection.execute(text("DELETE FROM fleet_camera"))
            connection.execute(register.insert().values(id=1, since=since))

        await h.database.write(age)
        await h.fleet.route(channel_id(1))
        h.clock.advance(timedelta(days=90).total_seconds() - 1)
        await h.fleet.route(channel_id(1))
        h.clock.advance(1)
        with pytest.raises(Refused, match=r"fleet\.no-owner"):
            await h.fleet.route(channel_id(1))

    inside(url, tmp_path, test)


def test_an_upgrade_writes_down_when_the_register_came(empty_url: str) -> None:
    """[schema 0004 with one channel] ── upgrade ── grace from now, its site's place as the import's word."""
    from alembic import command

    from civicam.db.engine import open_engine
    from civicam.db.migrate import _config

    engine = open_engine(empty_url, writer=True)
    with engine.begin() as connection:
        command.upgrade(_config(connection), "0004")
    with engine.begin() as connection:
        for line in OLD:
            connection.execute(text(line))
    migrate(empty_url)
    with engine.begin() as connection:
        assert register_rows.since(connection) is not None
        assert connection.execute(select(channel.c.enrolled_at)).scalar_one() is None
        (place,) = connection.execute(select(coordinate)).all()
        assert (place.kind, place.subject, place.source) == ("site", "S1", "import")
        assert (place.raw_lon, place.raw_lat, place.system) == ("118.41", "31.3", "wgs84")
        row = connection.execute(select(site)).one()
        assert (row.lon, row.lat, row.placed, row.lanes) == (118.41, 31.3, True, None)
    engine.dispose()


def test_a_new_installation_has_no_grace(url: str) -> None:
    async def main() -> None:
        database = Database(url)
        try:
            assert await database.read(register_rows.since) is None
        finally:
            await database.aclose()

    asyncio.run(main())


def insert(table: str, **row: object) -> str:
    values = (f"'{each}'" if isinstance(each, str) else str(each).lower() for each in row.values())
    return f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(values)})"


TEXTS = ("realm", "ha1_md5", "ha1_sha256", "rtsp_url", "username", "reason", "source", "user_agent")
BLANK = dict.fromkeys((*TEXTS, "gb_version", "manufacturer", "model", "firmware"), "")
OLD = (
    insert("fleet_district", code="340202", name_zh="东区", name_en="East"),
    insert(
        "fleet_site",
        site_id="S1",
        name_zh="点位",
        name_en="Site",
        district="340202",
        lon=118.41,
        lat=31.3,
        kind="dome",
    ),
    insert(
        "fleet_device",
        device_id="d1",
        gb_id="34020000001320000001",
        protocol="gb28181",
        kind="camera",
        **{"name": "相机", "site_id": "S1", "enabled": True, "heartbeat_s": 60, "misses": 3, **BLANK},
        presence="unknown",
        transport="udp",
        expires_s=0,
    ),
    insert(
        "fleet_channel",
        channel_id="c1",
        device_id="d1",
        gb_id="34020000001310000001",
        name="通道",
        reported_name="",
        site_id="S1",
        imported=True,
        reported=False,
        missing=False,
        faulty=False,
        status="",
        ptz_type=0,
        item="",
        state="unknown",
        reason="",
    ),
)


# -- places -----------------------------------------------------------------------------------------


async def place_of(h: Registered, site_id: str = "S1") -> tuple[float, float, bool]:
    def work(connection: Connection) -> tuple[float, float, bool]:
        row = connection.execute(select(site).where(site.c.site_id == site_id)).one()
        return (round(row.lon, 5), round(row.lat, 5), row.placed)

    return await h.database.read(work)


def test_a_survey_outlives_every_import(url: str, tmp_path: Path) -> None:
    async def test(h: Registered) -> None:
        assert await place_of(h) == (118.41, 31.3, True)
        survey = Statement(
            Source.SURVEY, ("118.417", "31.307"), System.CGCS2000, date(2026, 5, 1), h.clock.now(), "测绘队"
        )
        await h.database.write(lambda c: register_rows.state(c, "site", [("S1", survey)]))
        assert await place_of(h) == (118.417, 31.307, True)
        await h.take(city())
        assert await place_of(h) == (118.417, 31.307, True)
        older = Statement(
            Source.SURVEY, ("118", "31"), System.WGS84, date(2026, 4, 1), h.clock.now(), "测绘队"
        )
        await h.database.write(lambda c: register_rows.state(c, "site", [("S1", older)]))
        assert await place_of(h) == (118.417, 31.307, True)
        said = await h.database.read(lambda c: register_rows.statements_of(c, "site", "S1"))
        assert {each.source: each.raw for each in said} == {
            Source.SURVEY: ("118.417", "31.307"),
            Source.IMPORT: ("118.41", "31.3"),
        }
        assert await h.database.write(lambda c: register_rows.unstate(c, "site", "S1", Source.SURVEY))
        assert await place_of(h) == (118.41, 31.3, True)

    inside(url, tmp_path, test)


def test_numbers_in_another_system_are_kept_and_the_place_is_derived(url: str, tmp_path: Path) -> None:
    async def test(h: Registered) -> None:
        moved = city()
        moved["sites"][0] |= {"lon": 118.8112693, "lat": 31.3455211, "crs": "gcj02", "source": "survey"}
        await h.take(moved)
        lon, lat, placed = await place_of(h)
        assert placed
        assert 0.003 < 118.8112693 - lon < 0.008
        assert 0.001 < lat - 31.3455211 < 0.004
        statements = await h.database.read(lambda c: register_rows.statements_of(c, "site", "S1"))
        said = {each.source: (each.raw, each.system) for each in statements}
        assert said[Source.SURVEY] == (("118.8112693", "31.3455211"), System.GCJ02)
        assert said[Source.IMPORT] == (("118.41", "31.3"), System.WGS84)

    inside(url, tmp_path, test)


def test_a_site_without_a_place_is_taken_and_is_nowhere(url: str, tmp_path: Path) -> None:
    async def test(h: Registered) -> None:
        found = city()
        for row in found["sites"]:
            row["id"] = {"S1": "S1", "S2": "S3"}[row["id"]]
        found["sites"].append({k: v for k, v in found["sites"][1].items() if k not in ("lon", "lat")})
        found["sites"][2]["id"] = "S2"
        found["sites"].append({**found["sites"][0], "id": "S4", "lon": -1, "lat": -1})
        await h.take(found)
        assert await place_of(h, "S2") == (118.42, 31.3, True), "it had one, and the file says none"
        assert await place_of(h, "S4") == (0, 0, False)

    inside(url, tmp_path, test)


# -- parties ----------------------------------------------------------------------------------------


def test_parties_and_what_they_do(url: str, tmp_path: Path) -> None:
    async def test(h: Registered) -> None:
        parties = await h.database.read(register_rows.parties)
        assert {each.party_id: each.kind for each in parties} == {
            "bureau": "government",
            "power": "power-company",
            "carrier": "carrier",
        }
        roles = await h.database.read(lambda c: register_rows.site_parties(c, "S1"))
        assert roles == {Role.OWNER: "bureau", Role.POWER: "power"}
        change = {"S1": {Role.OWNER: "", Role.CARRIER: "carrier"}}
        await h.database.write(lambda c: register_rows.put_site_parties(c, change))
        roles = await h.database.read(lambda c: register_rows.site_parties(c, "S1"))
        assert roles == {Role.POWER: "power", Role.CARRIER: "carrier"}

    inside(url, tmp_path, test)


def test_a_source_that_goes_takes_its_record_along(url: str, tmp_path: Path) -> None:
    async def test(h: Registered) -> None:
        await h.fleet.remove_source(device_id_for(ENCODER))
        left = await h.database.read(
            lambda c: c.execute(text("SELECT count(*) FROM fleet_camera")).scalar_one()
        )
        assert left == 2

    inside(url, tmp_path, test)
