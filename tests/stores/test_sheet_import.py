"""Spreadsheets in and out on the store: round trips, repeats, permutations, undo; nothing is half applied."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, update
from tests.stores.registered import CHANNELS, ENCODER, RECORDER, RECORDER_ID, channel_id
from tests.stores.sheeted import NEW_CHANNEL, NEW_DEVICE, Rows, Sheeted, inside

from civicam.fleet import graph_rows
from civicam.fleet.facts import DeviceId, DeviceRegistered
from civicam.fleet.model import device_id_for, ha1
from civicam.fleet.register import Party, PartyId, PartyKind
from civicam.fleet.register_rows import put_parties
from civicam.fleet.sheets.compare import State
from civicam.fleet.sheets.ports import BatchState, ExportFilter
from civicam.fleet.sheets.schema import SheetName
from civicam.fleet.tables import channel, device, site
from civicam.kernel.errors import Operational, Refused

P, A, S, D, C, N, E = SheetName


def new_device(code: str = NEW_DEVICE, **more: Any) -> dict[str, Any]:
    return {"id": code, "name": "新设备", "kind": "camera", "site": "S2", "secret": "pass", **more}


def changed(rows: Rows) -> Rows:
    """A change in every sheet, something new in each, and a cabinet that hangs on another feed."""
    rows[P][0]["contact"] = "0553-99"
    rows[P].append({"id": "mall", "name": "商户", "kind": "third-party"})
    rows[A].append({"id": "340202001", "name": "一街道", "district": "340202"})
    rows[S][0].update(name="新名", street="340202001", lon="118.42", lat="31.30", system="gcj02")
    rows[S][0].update(source="survey", surveyed_on="2026-01-05", owner="mall", maintainer="bureau")
    rows[S].append({"id": "S9", "name": "九号", "district": "340202", "kind": "checkpoint", "lanes": "4"})
    recorder = next(row for row in rows[D] if row["id"] == RECORDER)
    recorder.update(name="改名", heartbeat_s=30, secret="other")
    rows[D].append(new_device())
    rows[C][0].update(name="改名通道", place="square", owner="mall", filed_on="2026-02-01")
    rows[C].append({"device": NEW_DEVICE, "id": NEW_CHANNEL, "name": "新图像", "site": "S9", "kind": "dome"})
    rows[N][0]["name"] = "改名节点"
    rows[N].append({"id": "FEED2", "name": "二号馈线", "kind": "feed", "party": "power"})
    cabinet = next(row for row in rows[E] if row["lower"] == "CAB2")
    cabinet["upper"] = "FEED2"
    rows[E].append({"upper": "TR1", "lower": "FEED2", "medium": "power", "backup": False})
    rows[E].append({"upper": "CAB2", "lower": NEW_DEVICE, "medium": "power", "backup": True})
    return rows


def test_an_export_imports_as_unchanged_in_every_row(url: str, tmp_path: Path) -> None:
    async def test(h: Sheeted) -> None:
        rows = await h.rows()
        batch = await h.bring(rows)
        assert batch.state is BatchState.READY
        found = await h.outcome(batch)
        assert {row.state for row in found} == {State.UNCHANGED}
        assert len(found) == sum(len(each) for each in rows.values())
        before = await h.everything()
        await h.imports.apply(batch.import_id, "ops")
        assert await h.everything() == before

    inside(url, tmp_path, test)


def test_an_import_says_what_it_changes_and_does_it(url: str, tmp_path: Path) -> None:
    async def test(h: Sheeted) -> None:
        rows = changed(await h.rows())
        batch = await h.bring(rows)
        counts = {name: {s: n for s, n in each.items() if n} for name, each in batch.counts.items()}
        assert counts[S] == {"new": 1, "changed": 1, "unchanged": 1}
        assert counts[E]["removed"] == 1
        diff = next(row for row in await h.outcome(batch, State.CHANGED) if row.key == ("S1",))
        cells = {each.column: (each.old, each.new) for each in diff.changes}
        assert cells["name"] == ("点位1", "新名")
        assert cells["owner"] == ("bureau", "mall")
        done = await h.imports.apply(batch.import_id, "chief")
        assert (done.state, done.by, done.applied_by) == (BatchState.APPLIED, "ops", "chief")
        assert h.enrolments == 1
        assert not list(h.folder.iterdir())
        kept = await h.fleet.credentials(NEW_DEVICE)
        assert kept is not None
        assert kept.ha1_md5 == ha1(NEW_DEVICE, "3402000000", "pass")[0]
        again = await h.bring(rows)
        left = await h.outcome(again, State.NEW, State.CHANGED, State.REMOVED, State.FAULTY)
        assert left == []
        graph = await h.database.read(lambda db: graph_rows.load(db).topology)
        kept_paths = await h.database.read(lambda db: graph_rows.paths(db, [device_id_for(NEW_DEVICE)]))  # type: ignore[list-item]
        assert kept_paths[device_id_for(NEW_DEVICE)] == list(graph.paths(device_id_for(NEW_DEVICE)))  # type: ignore[index,arg-type]

    inside(url, tmp_path, test)


def test_undo_restores_every_byte(url: str, tmp_path: Path) -> None:
    async def test(h: Sheeted) -> None:
        before = await h.everything()
        batch = await h.take_in(changed(await h.rows()))
        assert await h.everything() != before
        assert await h.imports.conflicts(batch.import_id) == []
        undone = await h.imports.undo(batch.import_id, "chief")
        assert (undone.state, undone.undone_by) == (BatchState.UNDONE, "chief")
        assert await h.everything() == before
        with pytest.raises(Refused, match=r"fleet\.import-state"):
            await h.imports.undo(batch.import_id, "chief")

    inside(url, tmp_path, test)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_the_order_of_rows_sheets_and_columns_does_not_matter(tmp_path_factory: Any, seed: int) -> None:
    from civicam.db.migrate import migrate

    rng = random.Random(seed)
    folder: Path = tmp_path_factory.mktemp("order")
    outcomes = []
    for turn in range(2):
        url = f"sqlite:///{folder}/{turn}.db"
        migrate(url)

        async def test(h: Sheeted, turn: int = turn) -> None:
            rows = changed(await h.rows())
            if turn:
                for each in rows.values():
                    rng.shuffle(each)
            batch = await h.bring(rows)
            done = await h.imports.apply(batch.import_id, "chief")
            outcomes.append((done.digest, done.counts, await h.everything()))

        (folder / str(turn)).mkdir()
        inside(url, folder / str(turn), test)
    assert outcomes[0] == outcomes[1]


def test_a_later_change_stands_against_undo_and_is_named(url: str, tmp_path: Path) -> None:
    async def test(h: Sheeted) -> None:
        batch = await h.take_in(changed(await h.rows()))
        after = Party(PartyId("mall"), PartyKind.OTHER, "商户")
        await h.database.write(lambda db: put_parties(db, [after]))
        before = await h.everything()
        (found,) = await h.imports.conflicts(batch.import_id)
        assert (found.table, found.key, found.column) == ("fleet_party", "mall", "kind")
        assert (found.wrote, found.found) == ("third-party", "other")
        with pytest.raises(Refused) as caught:
            await h.imports.undo(batch.import_id, "chief")
        assert caught.value.code == "fleet.undo-changed"
        assert "mall kind" in str(caught.value.data["cells"])
        assert await h.everything() == before

    inside(url, tmp_path, test)


def test_what_is_used_since_is_not_taken_away(url: str, tmp_path: Path) -> None:
    async def test(h: Sheeted) -> None:
        batch = await h.take_in(changed(await h.rows()))
        encoder = device_id_for(ENCODER)
        await h.database.write(
            lambda db: (
                db.execute(update(device).where(device.c.device_id == encoder).values(site_id="S9")).rowcount
            )
        )
        await h.fleet.registered(
            DeviceRegistered(
                DeviceId(device_id_for(NEW_DEVICE)), h.clock.now(), "192.0.2.1:5060", "udp", 3600
            )
        )
        found = await h.imports.conflicts(batch.import_id)
        assert {(each.code, each.key) for each in found} == {
            ("fleet.undo-in-use", "S9"),
            ("fleet.undo-heard", str(device_id_for(NEW_DEVICE))),
        }

    inside(url, tmp_path, test)


def test_what_devices_report_meanwhile_does_not_stand_against_undo(url: str, tmp_path: Path) -> None:
    async def test(h: Sheeted) -> None:
        batch = await h.take_in(changed(await h.rows()))
        await h.fleet.registered(
            DeviceRegistered(DeviceId(RECORDER_ID), h.clock.now(), "192.0.2.1:5060", "tcp", 3600)
        )
        assert (await h.imports.undo(batch.import_id, "ops")).state is BatchState.UNDONE

    inside(url, tmp_path, test)


# -- never half applied -----------------------------------------------------------------------------


def test_a_register_that_changed_since_the_preview_is_not_written(url: str, tmp_path: Path) -> None:
    async def test(h: Sheeted) -> None:
        batch = await h.bring(changed(await h.rows()))

        def rename(db: Connection) -> int:
            return db.execute(update(site).where(site.c.site_id == "S1").values(name_zh="别名")).rowcount

        await h.database.write(rename)
        before = await h.everything()
        with pytest.raises(Refused, match=r"fleet\.import-outdated"):
            await h.imports.apply(batch.import_id, "ops")
        assert await h.everything() == before
        found = await h.imports.batch(batch.import_id)
        assert (found.state, found.code) == (BatchState.READY, "fleet.import-outdated")
        await h.outcome(batch)  # looked at again: the new comparison counts
        assert (await h.imports.apply(batch.import_id, "ops")).state is BatchState.APPLIED

    inside(url, tmp_path, test)


def test_a_failure_in_the_last_step_leaves_nothing(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(h: Sheeted) -> None:
        batch = await h.bring(changed(await h.rows()))
        before = await h.everything()

        def full(*_args: object) -> bytes:
            raise Operational("db.full", reason="test")

        with monkeypatch.context() as patch:
            patch.setattr("civicam.fleet.sheets.journal.pack", full)
            with pytest.raises(Refused, match=r"db\.full"):
                await h.imports.apply(batch.import_id, "ops")
        assert await h.everything() == before
        assert (await h.imports.apply(batch.import_id, "ops")).state is BatchState.APPLIED

    inside(url, tmp_path, test)


def test_a_crash_while_applying_leaves_the_batch_to_be_confirmed_again(url: str, tmp_path: Path) -> None:
    async def test(h: Sheeted) -> None:
        batch = await h.bring(changed(await h.rows()))
        await h.imports._work.write(
            lambda store: store.turn(batch.import_id, [BatchState.READY], {"state": "applying"})
        )
        h.clock.advance(1)
        await h.imports.start()
        assert (await h.imports.batch(batch.import_id)).state is BatchState.READY
        assert (await h.imports.apply(batch.import_id, "ops")).state is BatchState.APPLIED

    inside(url, tmp_path, test)


def test_an_upload_that_nobody_confirms_goes(url: str, tmp_path: Path) -> None:
    async def test(h: Sheeted) -> None:
        batch = await h.bring(await h.rows())
        h.clock.advance(73 * 3600)
        await h.imports.start()
        assert (await h.imports.batch(batch.import_id)).state is BatchState.DISCARDED
        assert not list(h.folder.iterdir())

    inside(url, tmp_path, test)


# -- what a sheet leaves alone ----------------------------------------------------------------------


def test_a_column_that_is_not_there_is_not_touched(url: str, tmp_path: Path) -> None:
    import io

    import xlsxwriter

    async def test(h: Sheeted) -> None:
        target = io.BytesIO()
        with xlsxwriter.Workbook(target) as book:
            sheet = book.add_worksheet("点位")
            sheet.write_row(0, 0, ["点位编号", "名称"])
            sheet.write_row(1, 0, ["S1", "只改名"])
        batch = await h.upload(target.getvalue())
        (row,) = await h.outcome(batch)
        assert [each.column for each in row.changes] == ["name"]

    inside(url, tmp_path, test)


def test_an_empty_cell_empties_and_an_empty_record_goes_and_comes_back(url: str, tmp_path: Path) -> None:
    async def test(h: Sheeted) -> None:
        before = await h.everything()
        rows = await h.rows(C)
        kept = ("device", "id", "name", "site")
        batch = await h.take_in({C: [{name: row[name] for name in kept} for row in rows[C]]})
        with pytest.raises(Refused, match=r"fleet\.no-owner"):
            await h.fleet.route(channel_id(1))
        await h.imports.undo(batch.import_id, "ops")
        assert await h.everything() == before

    inside(url, tmp_path, test)


def test_a_source_without_a_code_goes_out_and_in(url: str, tmp_path: Path) -> None:
    from civicam.fleet.sources import SourceHome, new_source

    async def test(h: Sheeted) -> None:
        source = new_source("k" * 32, "社会摄像机", "rtsp://192.0.2.7/1", "", SourceHome("S1"))
        await h.fleet.add_source(source, "secret")
        rows = await h.rows()
        assert source.device_id in {row["id"] for row in rows[D]}
        batch = await h.bring(rows)
        assert {row.state for row in await h.outcome(batch)} == {State.UNCHANGED}
        next(row for row in rows[C] if row["id"] == "-")["name"] = "改名"
        await h.take_in({C: rows[C]})
        assert (await h.fleet.channel(source.channel_id)).name == "改名"

    inside(url, tmp_path, test)


def test_a_password_is_never_exported_and_compared_where_it_is_given(url: str, tmp_path: Path) -> None:
    async def test(h: Sheeted) -> None:
        rows = await h.rows(D)
        assert {row["secret"] for row in rows[D]} == {None}
        recorder = next(row for row in rows[D] if row["id"] == RECORDER)
        (same,) = await h.outcome(await h.bring({D: [{**recorder, "secret": "s"}]}))
        assert same.state is State.UNCHANGED
        (other,) = await h.outcome(await h.bring({D: [{**recorder, "secret": "t"}]}))
        assert [(each.column, each.new) for each in other.changes] == [("secret", "••••")]

    inside(url, tmp_path, test)


# -- exports are what is filtered -------------------------------------------------------------------


def test_an_export_gives_what_is_filtered(url: str, tmp_path: Path) -> None:
    async def test(h: Sheeted) -> None:
        async def keys(sheet: SheetName, wanted: ExportFilter) -> list[Any]:
            found = await h.imports._work.read(lambda store: store.export([sheet], wanted))
            return [row["id"] for row in found[sheet]]

        await h.database.write(
            lambda db: (
                db.execute(
                    update(channel).where(channel.c.channel_id == channel_id(1)).values(state="offline")
                ).rowcount
            )
        )
        assert await keys(C, ExportFilter(state="offline")) == [CHANNELS[0]]
        assert await keys(C, ExportFilter(q="球机")) == [ENCODER]
        assert await keys(D, ExportFilter(protocol="rtsp")) == [ENCODER]
        assert await keys(C, ExportFilter(district="none")) == []
        assert len(await keys(C, ExportFilter(district="340202"))) == 3
        assert await keys(C, ExportFilter(gap="filing")) == await keys(C, ExportFilter())
        assert await keys(C, ExportFilter(gap="owner")) == []
        assert await keys(S, ExportFilter(q="点位2")) == ["S2"]

    inside(url, tmp_path, test)
