"""One upload of a device: who may, what is kept of it, and that whatever breaks off leaves nothing."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pytest
from PIL import Image
from tests.gateway.shooting import HOST, Place, Story, jpeg, teller

from civicam.gateway import snapshot_intake
from civicam.gateway.settings import SnapshotSettings
from civicam.gateway.snapshots import near
from civicam.kernel.errors import CivicamError


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return teller(tmp_path)


def test_our_answer_was_lost_and_the_picture_comes_again(story: Story) -> None:
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


def test_a_name_is_no_path(story: Story) -> None:
    async def main(p: Place) -> None:
        await p.ask()
        await p.upload(jpeg(1), "../../../etc/cron.d/x")
        assert p.files() == ["01.jpg", "ask.json"]

    story(main)


def test_who_may_upload(story: Story) -> None:
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
def test_what_is_no_picture_leaves_nothing(story: Story, data: bytes, code: str) -> None:
    async def main(p: Place) -> None:
        await p.ask()
        assert await p.refused(data) == code
        assert (p.files(), p.job.stage) == (["ask.json"], "asked")
        await p.upload(jpeg(1))  # it may try again
        assert p.job.stage == "done"

    story(main)


def test_an_upload_that_breaks_off_leaves_nothing(story: Story) -> None:
    async def main(p: Place) -> None:
        await p.ask()
        with contextlib.suppress(ConnectionError):
            async with p.desk.admit(p.token, HOST) as intake:
                await intake.begin("x")
                await intake.write(jpeg(1)[:200])
                raise ConnectionError
        assert p.files() == ["ask.json"]

    story(main)


def test_limits_of_a_picture_an_ask_and_the_city(story: Story) -> None:
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


def test_more_pictures_than_were_asked_for_are_refused(story: Story) -> None:
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


def test_a_full_disk_ends_the_ask_with_its_reason(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main(p: Place) -> None:
        await p.ask(2)
        await p.upload(jpeg(1))

        def full(_intake: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(snapshot_intake.Intake, "_open", full)
        assert await p.refused(jpeg(2)) == "gateway.snapshot-disk"
        assert (p.job.stage, p.job.code, len(p.job.pictures)) == ("failed", "gateway.snapshot-disk", 1)

    story(main)
