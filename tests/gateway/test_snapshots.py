"""Pictures that devices upload: asked for, taken in, counted; and everything that goes wrong on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.gateway.recorder import CAM2, NVR
from tests.gateway.shooting import Place, Story, jpeg, teller
from tests.gateway.wire import GATE_HOST, later, until

from civicam.gateway.settings import SnapshotSettings
from civicam.kernel.errors import CivicamError
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp.config import DeviceConfigResponse
from civicam.signalling.gb28181.manscdp.snapshot_finished import SnapshotFinished


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return teller(tmp_path)


def test_what_is_asked_arrives_and_is_kept(story: Story) -> None:
    async def main(p: Place) -> None:
        job = await p.ask(2)
        (config,) = p.configs
        assert (config.count, config.interval) == (2, 1)
        assert config.upload_url == f"http://{GATE_HOST}:8080/upload/{p.token}"
        assert (len(p.token), len(config.session_id)) == (40, 40)
        assert (job.stage, job.wanted, job.owner, job.purpose) == ("asked", 2, "u-1", "duty")
        await p.upload(jpeg(1), "1.jpg", session=config.session_id)
        assert p.stage == "arriving"
        await p.upload(jpeg(2), "2.jpg")
        assert (p.job.stage, p.job.code, len(p.job.pictures)) == ("done", "", 2)
        assert [(each.width, each.height) for each in p.job.pictures] == [(64, 64)] * 2
        _, path = p.desk.picture(job.snapshot_id, 2)
        assert path.read_bytes().startswith(b"\xff\xd8")
        assert path == p.world.snapshots / job.snapshot_id / "02.jpg"
        assert p.files() == ["01.jpg", "02.jpg", "ask.json"]
        await p.tell("1.jpg", "2.jpg")  # late, and nothing new
        assert p.job.stage == "done"

    story(main)


def test_the_address_is_in_no_trace(story: Story) -> None:
    async def main(p: Place) -> None:
        await p.ask()
        sights = p.world.gateway.operations.sights
        device = p.world.fleet.secrets[NVR].device_id
        shown = "".join(row.text for row in sights.ladder(device))
        assert p.token not in shown
        assert p.token not in sights.trace_text(device)

    story(main)


@pytest.mark.parametrize(
    ("answer", "code", "detail"),
    [
        (
            lambda c: [DeviceConfigResponse(c.sn, c.device_id, ok=False, reason="no")],
            "gateway.snapshot-refused",
            "no",
        ),
        (405, "gateway.snapshot-unsupported", "SIP 405"),
        (486, "gateway.snapshot-refused", "SIP 486"),
    ],
)
def test_a_device_that_will_not(story: Story, answer: Any, code: str, detail: str) -> None:
    async def main(p: Place) -> None:
        if isinstance(answer, int):
            p.camera.message_status = answer
        else:
            p.says = answer
        job = await p.ask()
        assert (job.stage, job.code, job.detail) == ("failed", code, detail)
        if p.configs:
            assert await p.refused() == "gateway.snapshot-over"

    story(main)


def test_an_order_nobody_confirmed_may_be_carried_out(story: Story) -> None:
    async def main(p: Place) -> None:
        p.says = lambda _command: []
        job = await p.ask()
        assert job.stage == "asked"
        await p.upload(jpeg(1))
        assert p.job.stage == "done"

    story(main)


def test_nothing_comes(story: Story) -> None:
    async def main(p: Place) -> None:
        await p.ask(3)
        await later(61)
        assert p.job.stage == "asked"
        await later(2)
        assert (p.job.stage, p.job.code) == ("failed", "gateway.snapshot-none")
        await later(11)
        assert len(p.desk._asks) == 0  # the address is forgotten
        assert await p.refused() == "gateway.no-snapshot"

    story(main)


def test_the_device_says_it_is_finished_with_fewer(story: Story) -> None:
    async def main(p: Place) -> None:
        await p.ask(3)
        await p.upload(jpeg(1), "1.jpg")
        await p.tell("1.jpg")
        await later(11)
        assert (p.job.stage, p.job.code, p.job.told) == ("failed", "gateway.snapshot-fewer", 1)
        assert len(p.job.pictures) == 1  # it is kept all the same

    story(main)


def test_only_the_device_that_was_asked_ends_the_waiting(story: Story) -> None:
    async def main(p: Place) -> None:
        await p.ask()
        other = p.world.camera("34020000001180000002", "example-8")
        await p.world.gateway.devices_changed()
        await other.register()
        notice = SnapshotFinished(1, GbId(other.gb_id), p.configs[-1].session_id, ())
        assert (await other.say(notice)).status == 200
        await p.tell(session="0" * 40)
        await later(11)
        assert (p.job.stage, p.job.told) == ("asked", None)
        assert p.world.gateway.counters()["snapshot_unsolicited"] == 2

    story(main)


def test_nothing_is_asked_when_the_disk_is_nearly_full(story: Story) -> None:
    async def main(p: Place) -> None:
        with pytest.raises(CivicamError, match=r"gateway\.snapshot-no-space"):
            await p.ask()
        assert (p.configs, p.desk.all()) == ([], [])

    story(main, SnapshotSettings(free_bytes=1 << 60))


def test_a_door_devices_cannot_reach_is_told_before_anything_is_sent(story: Story) -> None:
    async def main(p: Place) -> None:
        with pytest.raises(CivicamError, match=r"gateway\.snapshot-no-door"):
            await p.ask()
        assert p.configs == []

    story(main, door="127.0.0.1")


@pytest.mark.parametrize(
    ("url", "door", "start"),
    [
        (
            "https://pictures.city.example/civicam/",
            "127.0.0.1",
            "https://pictures.city.example/civicam/upload/",
        ),
        ("", "10.9.9.9", "http://10.9.9.9:8080/upload/"),
        ("", "::", f"http://{GATE_HOST}:8080/upload/"),
        ("", "2001:db8::5", "http://[2001:db8::5]:8080/upload/"),
    ],
)
def test_where_devices_are_told_to_bring_them(story: Story, url: str, door: str, start: str) -> None:
    async def main(p: Place) -> None:
        await p.ask()
        assert p.configs[0].upload_url.startswith(start)

    story(main, SnapshotSettings(free_bytes=0, url=url), door)


def test_one_ask_a_channel_and_so_many_in_the_list(story: Story) -> None:
    async def main(p: Place) -> None:
        await p.ask()
        with pytest.raises(CivicamError, match=r"gateway\.snapshot-busy"):
            await p.ask()
        await p.upload(jpeg(1))
        await p.ask(channel=p.world.fleet.channel(NVR, CAM2))
        with pytest.raises(CivicamError, match=r"gateway\.too-many-snapshots"):
            await p.ask()
        for wrong in (0, 11):
            with pytest.raises(CivicamError, match=r"gateway\.bad-setting"):
                await p.ask(wrong)

    story(main, SnapshotSettings(free_bytes=0, most=2))


def test_removed_is_removed_and_what_still_comes_is_refused(story: Story) -> None:
    async def main(p: Place) -> None:
        job = await p.ask(2)
        await p.upload(jpeg(1))
        for _ in range(2):
            await p.desk.remove(job.snapshot_id)
        assert (p.desk.all(), p.files()) == ([], [])
        assert await p.refused(jpeg(2)) == "gateway.no-snapshot"
        assert p.files() == []

    story(main)


def test_pictures_go_when_their_time_is_over(story: Story) -> None:
    async def main(p: Place) -> None:
        job = await p.ask()
        await p.upload(jpeg(1))
        await later(3590)
        p.desk.picture(job.snapshot_id, 1)
        await later(11)
        with pytest.raises(CivicamError, match=r"gateway\.no-snapshot"):
            p.desk.picture(job.snapshot_id, 1)
        await until(lambda: p.files() == [], 100)
        assert p.desk.all() == []

    story(main, SnapshotSettings(free_bytes=0, keep_h=1))


def test_a_restart_keeps_what_came_and_waits_for_nothing(story: Story) -> None:
    async def main(p: Place) -> None:
        done = await p.ask()
        await p.upload(jpeg(1))
        other = await p.ask(2, p.world.fleet.channel(NVR, CAM2))
        await p.upload(jpeg(2))
        (p.world.snapshots / other.snapshot_id / "0123.part").write_bytes(b"half")
        (p.world.snapshots / "stray").mkdir()
        token = p.token
        await later(1)
        await p.world.crash()
        await p.world.start()
        stages = {job.snapshot_id: (job.stage, job.code, len(job.pictures)) for job in p.desk.all()}
        assert stages == {
            done.snapshot_id: ("done", "", 1),
            other.snapshot_id: ("failed", "gateway.snapshot-restarted", 1),
        }
        assert sorted(path.name for path in p.world.snapshots.iterdir()) == sorted(stages)
        assert "0123.part" not in p.files()
        assert p.desk.picture(done.snapshot_id, 1)[1].is_file()
        assert await p.refused(token=token) == "gateway.no-snapshot"

    story(main)


def test_a_stop_leaves_no_ask_open(story: Story) -> None:
    async def main(p: Place) -> None:
        await p.ask()
        assert p.world.gateway.gauges()["snapshots"] == 1
        desk = p.desk
        await p.world.gateway.stop()
        assert len(desk) == 0

    story(main)
