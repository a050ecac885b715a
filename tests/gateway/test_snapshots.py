"""Pictures that devices upload: asked for, taken in, counted; and everything that goes wrong on the way."""

from __future__ import annotations

import contextlib
import io
import itertools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.gateway.camera import Camera
from tests.gateway.recorder import CAM1, CAM2, NVR, online
from tests.gateway.wire import GATE_HOST, PLATFORM, REALM, later, run, until
from tests.gateway.world import World

from civicam.fleet.facts import ChannelId
from civicam.fleet.orders import Snapshot
from civicam.gateway import snapshot_intake
from civicam.gateway.settings import GatewaySettings, SnapshotSettings
from civicam.gateway.snapshots import Snapshots, near
from civicam.kernel.errors import CivicamError
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp import Message
from civicam.signalling.gb28181.manscdp.config import DeviceConfig, DeviceConfigResponse
from civicam.signalling.gb28181.manscdp.config_types import SnapShotConfig
from civicam.signalling.gb28181.manscdp.snapshot_finished import SnapshotFinished

HOST = "10.0.1.2"
Story = Callable[["Place"], Any]
_sns = itertools.count(500)


def jpeg(number: int, size: int = 64) -> bytes:
    """A picture unlike the others."""
    out = io.BytesIO()
    Image.new("RGB", (size, size), (number * 20 % 256, 80, 120)).save(out, "JPEG")
    return out.getvalue()


class Place:
    """A recorder that is online, and what is asked of it."""

    def __init__(self, world: World, camera: Camera) -> None:
        self.world = world
        self.camera = camera
        self.channel: ChannelId = world.fleet.channel(NVR, CAM1)
        self.configs: list[SnapShotConfig] = []
        self.says: Callable[[Message], Iterable[Message]] = lambda command: [
            DeviceConfigResponse(command.sn, command.device_id, ok=True)
        ]
        camera.reply = self._reply

    def _reply(self, command: Message) -> Iterable[Message]:
        if not isinstance(command, DeviceConfig):
            return []
        self.configs += [each for each in command.items if isinstance(each, SnapShotConfig)]
        return self.says(command)

    @property
    def desk(self) -> Snapshots:
        found: Snapshots = self.world.gateway.operations.snapshots
        return found

    async def ask(self, wanted: int = 1, channel: ChannelId | None = None) -> Snapshot:
        return await self.desk.ask(channel or self.channel, wanted, 1, owner="u-1", purpose="duty")

    @property
    def token(self) -> str:
        return self.configs[-1].upload_url.rpartition("/")[2]

    async def upload(
        self, data: bytes, name: str = "", *, session: str = "", host: str = HOST, token: str = ""
    ) -> None:
        async with self.desk.admit(token or self.token, host) as intake:
            intake.arrived(len(data))
            await intake.begin(name)
            for at in range(0, len(data), 100):
                await intake.write(data[at : at + 100])
            await intake.end()
            await intake.keep(session)

    async def refused(self, data: bytes = b"", **how: Any) -> str:
        with pytest.raises(CivicamError) as caught:
            await self.upload(data or jpeg(1), **how)
        return caught.value.code

    async def tell(self, *files: str, session: str = "") -> None:
        notice = SnapshotFinished(
            next(_sns), GbId(CAM1), session or self.configs[-1].session_id, tuple(files)
        )
        assert (await self.camera.say(notice)).status == 200

    @property
    def job(self) -> Snapshot:
        return self.desk.all()[0]

    @property
    def stage(self) -> str:
        return self.job.stage

    def files(self) -> list[str]:
        return sorted(path.name for path in self.world.snapshots.rglob("*") if path.is_file())


@pytest.fixture
def story(tmp_path: Path) -> Callable[..., None]:
    def tell(what: Story, settings: SnapshotSettings | None = None, door: str = "0.0.0.0") -> None:
        async def main() -> None:
            world = World(
                GatewaySettings(
                    gb_id=PLATFORM,
                    realm=REALM,
                    advertise=GATE_HOST,
                    snapshot=settings or SnapshotSettings(free_bytes=0),
                )
            )
            world.snapshots, world.door = tmp_path / "snapshots", (door, 8080)
            await what(Place(world, await online(world)))

        run(main())

    return tell


def test_what_is_asked_arrives_and_is_kept(story: Callable[..., None]) -> None:
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


def test_the_address_is_in_no_trace(story: Callable[..., None]) -> None:
    async def main(p: Place) -> None:
        await p.ask()
        sights = p.world.gateway.operations.sights
        device = p.world.fleet.secrets[NVR].device_id
        shown = "".join(row.text for row in sights.ladder(device))
        assert p.token not in shown
        assert p.token not in sights.trace_text(device)

    story(main)


def test_our_answer_was_lost_and_the_picture_comes_again(story: Callable[..., None]) -> None:
    async def main(p: Place) -> None:
        await p.ask(2)
        for _ in range(2):
            await p.upload(jpeg(1), "1.jpg")
        assert len(p.job.pictures) == 1
        await p.upload(jpeg(2), "2.jpg")
        await p.upload(jpeg(2), "2.jpg")  # the last one, too
        assert (p.job.stage, len(p.job.pictures)) == ("done", 2)
        assert p.files() == ["01.jpg", "02.jpg", "ask.json"]

    story(main)


def test_a_name_is_no_path(story: Callable[..., None]) -> None:
    async def main(p: Place) -> None:
        await p.ask()
        await p.upload(jpeg(1), "../../../etc/cron.d/x")
        assert p.files() == ["01.jpg", "ask.json"]

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
def test_a_device_that_will_not(story: Callable[..., None], answer: Any, code: str, detail: str) -> None:
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


def test_an_order_nobody_confirmed_may_be_carried_out(story: Callable[..., None]) -> None:
    async def main(p: Place) -> None:
        p.says = lambda _command: []
        job = await p.ask()
        assert job.stage == "asked"
        await p.upload(jpeg(1))
        assert p.job.stage == "done"

    story(main)


def test_nothing_comes(story: Callable[..., None]) -> None:
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


def test_the_device_says_it_is_finished_with_fewer(story: Callable[..., None]) -> None:
    async def main(p: Place) -> None:
        await p.ask(3)
        await p.upload(jpeg(1), "1.jpg")
        await p.tell("1.jpg")
        await later(11)
        assert (p.job.stage, p.job.code, p.job.told) == ("failed", "gateway.snapshot-fewer", 1)
        assert len(p.job.pictures) == 1  # it is kept all the same

    story(main)


def test_only_the_device_that_was_asked_ends_the_waiting(story: Callable[..., None]) -> None:
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


def test_who_may_upload(story: Callable[..., None]) -> None:
    async def main(p: Place) -> None:
        await p.ask()
        assert await p.refused(token="0" * 40) == "gateway.no-snapshot"
        assert await p.refused(host="192.0.2.9") == "gateway.snapshot-foreign-source"
        assert await p.refused(host="not an address") == "gateway.snapshot-foreign-source"
        assert await p.refused(session="0" * 40) == "gateway.snapshot-foreign-session"
        assert p.files() == ["ask.json"]
        await p.upload(jpeg(1), host="::ffff:10.0.1.77")  # the same NAT's next address
        assert p.job.stage == "done"

    story(main)


@pytest.mark.parametrize(
    ("host", "known", "rules"),
    [
        ("10.0.1.2", "10.0.1.2", {"host", "network", "any"}),
        ("::ffff:10.0.1.2", "10.0.1.2", {"host", "network", "any"}),
        ("10.0.1.9", "10.0.1.2", {"network", "any"}),
        ("10.0.2.2", "10.0.1.2", {"any"}),
        ("2001:db8::1", "2001:db8::2", {"network", "any"}),
        ("2001:db8:0:1::1", "2001:db8::2", {"any"}),
        ("2001:db8::1", "10.0.1.2", {"any"}),
        ("fe80::1%eth0", "fe80::1", {"host", "network", "any"}),
        ("", "10.0.1.2", {"any"}),
        ("10.0.1.2", "", {"any"}),
    ],
)
def test_how_near_is_near(host: str, known: str, rules: set[str]) -> None:
    assert {rule for rule in ("host", "network", "any") if near(host, known, rule)} == rules


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<?php evil", "media.not-jpeg"),
        (jpeg(1)[:-20], "media.picture-cut"),
        (jpeg(1)[:2] + b"\xff\xfe\xff\xff" + bytes(65_533), "media.picture-cut"),
    ],
)
def test_what_is_no_picture_leaves_nothing(story: Callable[..., None], data: bytes, code: str) -> None:
    async def main(p: Place) -> None:
        await p.ask()
        assert await p.refused(data) == code
        assert (p.files(), p.job.stage) == (["ask.json"], "asked")
        await p.upload(jpeg(1))  # it may try again
        assert p.job.stage == "done"

    story(main)


def test_an_upload_that_breaks_off_leaves_nothing(story: Callable[..., None]) -> None:
    async def main(p: Place) -> None:
        await p.ask()
        with contextlib.suppress(ConnectionError):
            async with p.desk.admit(p.token, HOST) as intake:
                await intake.begin("x")
                await intake.write(jpeg(1)[:200])
                raise ConnectionError
        assert p.files() == ["ask.json"]

    story(main)


def test_limits_of_a_picture_an_ask_and_the_city(story: Callable[..., None]) -> None:
    async def main(p: Place) -> None:
        await p.ask(2)
        noisy = io.BytesIO()
        Image.effect_noise((900, 900), 90).save(noisy, "JPEG", quality=95)
        assert await p.refused(noisy.getvalue()) == "gateway.snapshot-too-large"
        async with p.desk.admit(p.token, HOST):
            with pytest.raises(CivicamError, match=r"gateway\.snapshot-crowded"):
                p.desk.admit(p.token, HOST)
        async with p.desk.admit(p.token, HOST) as intake:
            with pytest.raises(CivicamError, match=r"gateway\.snapshot-too-large"):
                intake.arrived(2 * 1024 * 1024)
        assert p.files() == ["ask.json"]

    limits = SnapshotSettings(
        free_bytes=0, picture_bytes=64 * 1024, session_bytes=2 * 1024 * 1024, concurrent=1
    )
    story(main, limits)


def test_more_pictures_than_were_asked_for_are_refused(story: Callable[..., None]) -> None:
    async def main(p: Place) -> None:
        await p.ask()
        async with p.desk.admit(p.token, HOST) as intake:
            await intake.begin("1")
            await intake.write(jpeg(1))
            await intake.end()
            with pytest.raises(CivicamError, match=r"gateway\.snapshot-beyond"):
                await intake.begin("2")
        await p.upload(jpeg(1))
        assert await p.refused(jpeg(2)) == "gateway.snapshot-beyond"
        assert p.files() == ["01.jpg", "ask.json"]

    story(main)


def test_a_full_disk_ends_the_ask_with_its_reason(
    story: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main(p: Place) -> None:
        await p.ask(2)
        await p.upload(jpeg(1))

        def full(_intake: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(snapshot_intake.Intake, "_open", full)
        assert await p.refused(jpeg(2)) == "gateway.snapshot-disk"
        assert (p.job.stage, p.job.code, len(p.job.pictures)) == ("failed", "gateway.snapshot-disk", 1)

    story(main)


def test_nothing_is_asked_when_the_disk_is_nearly_full(story: Callable[..., None]) -> None:
    async def main(p: Place) -> None:
        with pytest.raises(CivicamError, match=r"gateway\.snapshot-no-space"):
            await p.ask()
        assert (p.configs, p.desk.all()) == ([], [])

    story(main, SnapshotSettings(free_bytes=1 << 60))


def test_a_door_devices_cannot_reach_is_told_before_anything_is_sent(story: Callable[..., None]) -> None:
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
def test_where_devices_are_told_to_bring_them(
    story: Callable[..., None], url: str, door: str, start: str
) -> None:
    async def main(p: Place) -> None:
        await p.ask()
        assert p.configs[0].upload_url.startswith(start)

    story(main, SnapshotSettings(free_bytes=0, url=url), door)


def test_one_ask_a_channel_and_so_many_in_the_list(story: Callable[..., None]) -> None:
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


def test_removed_is_removed_and_what_still_comes_is_refused(story: Callable[..., None]) -> None:
    async def main(p: Place) -> None:
        job = await p.ask(2)
        await p.upload(jpeg(1))
        for _ in range(2):
            await p.desk.remove(job.snapshot_id)
        assert (p.desk.all(), p.files()) == ([], [])
        assert await p.refused(jpeg(2)) == "gateway.no-snapshot"
        assert p.files() == []

    story(main)


def test_pictures_go_when_their_time_is_over(story: Callable[..., None]) -> None:
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


def test_a_restart_keeps_what_came_and_waits_for_nothing(story: Callable[..., None]) -> None:
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


def test_a_stop_leaves_no_ask_open(story: Callable[..., None]) -> None:
    async def main(p: Place) -> None:
        await p.ask()
        assert p.world.gateway.gauges()["snapshots"] == 1
        desk = p.desk
        await p.world.gateway.stop()
        assert len(desk) == 0

    story(main)
