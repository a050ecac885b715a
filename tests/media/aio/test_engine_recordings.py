"""What every `MediaEngine` must do with recordings: play, pause, seek, scale, download.

[recorder] ──PS over RTP──► [engine] ──WebSocket──► [viewer]
                               └──► file
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.media.aio.engines import SSRC, Run, binary, event, figures, text, watch

from civicam.kernel.errors import CivicamError
from civicam.media.engine import (
    EngineEvent,
    Idle,
    MediaEngine,
    ReceiveSpec,
    RecordingEnded,
    RecordingStats,
    StreamEnded,
    StreamKind,
    StreamStalled,
    StreamStarted,
    Transport,
    WireFormat,
)


async def opened(engine: MediaEngine, camera: Any, kind: StreamKind, **more: Any) -> Any:
    """A recorder that sends, started."""
    port = await engine.open_receiver(ReceiveSpec("S", Transport.UDP, SSRC, "127.0.0.1", kind))
    sender = camera(port.port, **more).start()
    await engine.pin("S", ssrc=SSRC, source_host="127.0.0.1")
    await event(engine, StreamStarted)
    return sender


async def written(engine: MediaEngine, good: Callable[[RecordingStats], bool]) -> RecordingStats:
    """The statistics of the only recording, as soon as they are ``good``."""
    while True:
        for stats in await engine.recordings():
            if good(stats):
                return stats


def test_a_paused_recording_is_neither_stalled_nor_idle_and_goes_on(run: Run, make: Any, camera: Any) -> None:
    async def scene() -> None:
        async with make(no_packets_s=0.5, linger_s=0.5, stream_timeout_s=2.0) as engine:
            sender = await opened(engine, camera, StreamKind.PLAYBACK)
            door = await engine.admit("S", "t", WireFormat.ANNEXB, "*", 60)
            async with watch(door, "t") as viewer:
                assert await text(viewer, "play") == {"type": "play", "kind": "playback", "scale": 1.0}
                await engine.pause("S", True)
                sender.rest()
                assert (await text(viewer, "state"))["state"] == "paused"
                assert (await figures(engine, lambda s: s.paused)).kind is StreamKind.PLAYBACK
                for _ in range(2):  # two seconds a time: longer than every patience above
                    await text(viewer, "stats")
                await engine.pause("S", False)
                assert (await text(viewer, "state"))["state"] == "playing"
                sender.start()
                await binary(viewer)
                sender.rest()
                stalled = await event(engine, StreamStalled)
                assert stalled.code == "media.no-packets", "playing again, silence means what it did"
            sender.stop()

    run(scene())


def test_nothing_of_a_pause_is_told_until_it_is_too_long(run: Run, make: Any, camera: Any) -> None:
    async def scene() -> None:
        async with make(no_packets_s=0.3, linger_s=0.3, pause_timeout_s=2.0) as engine:
            sender = await opened(engine, camera, StreamKind.PLAYBACK)
            await engine.pause("S", True)
            sender.stop()
            told: EngineEvent = await engine.next_event()
            assert told == StreamEnded("S", "media.pause-timeout")

    run(scene())


def test_a_seek_shows_the_new_place_at_once(run: Run, make: Any, camera: Any) -> None:
    async def scene() -> None:
        async with make() as engine:
            sender = await opened(engine, camera, StreamKind.PLAYBACK)
            door = await engine.admit("S", "t", WireFormat.ANNEXB, "*", 60)
            async with watch(door, "t") as viewer:
                head, _ = await binary(viewer)
                for seconds in (3, -2, 600):
                    await engine.seek("S")
                    sender.seek(seconds)
                    await text(viewer, "seek")
                    before = head
                    head, _ = await binary(viewer)
                    assert head[1] & 1, "the first thing after a seek is a key frame"
                    while not head[1] & 4:
                        before = head
                        head, _ = await binary(viewer)
                    assert head[1] & 1, "and a new time line begins with one"
                    following, _ = await binary(viewer)
                    assert before[4] < head[4] < following[4] <= head[4] + 40_000
                stats = await text(viewer, "stats")
                assert "media.timeline-jump" not in stats["warnings"]
            sender.stop()

    run(scene())


def test_scale_is_told_to_viewers_and_backwards_plays(run: Run, make: Any, camera: Any) -> None:
    async def scene() -> None:
        async with make() as engine:
            sender = await opened(engine, camera, StreamKind.PLAYBACK)
            await engine.scale("S", 4.0)
            door = await engine.admit("S", "t", WireFormat.ANNEXB, "*", 60)
            async with watch(door, "t") as viewer:
                assert (await text(viewer, "play"))["scale"] == 4.0
                assert (await figures(engine, lambda s: s.scale == 4.0)).warnings == ()
                await engine.scale("S", -1.0)
                assert (await text(viewer, "play"))["scale"] == -1.0
                sender.rest()
                sender.seek(0)
                for _ in range(3):
                    sender.shift -= 2 * 50 * 3600  # the group of pictures before the last one
                    sender.send(50)
                last, cuts = -1, list[int]()
                while len(cuts) < 3:
                    head, _ = await binary(viewer)
                    if head[1] & 4:
                        assert head[1] & 1, "each group is a time line of its own"
                        cuts.append(head[3])
                    assert head[4] > last
                    last = head[4]
                assert [after - before for before, after in pairwise(cuts)] == [50, 50]
            sender.stop()

    run(scene())


def test_what_is_no_recording_is_not_steered(run: Run, make: Any, camera: Any) -> None:
    async def scene() -> None:
        async with make() as engine:
            await engine.open_receiver(ReceiveSpec("S", Transport.UDP, SSRC))
            for call in (engine.pause("S", True), engine.scale("S", 2.0), engine.seek("S")):
                with pytest.raises(CivicamError) as caught:
                    await call
                assert caught.value.code == "media.not-history"
            with pytest.raises(CivicamError) as caught:
                await engine.connect("S", "127.0.0.1", 9)
            assert caught.value.code == "media.not-caller"

    run(scene())


@pytest.mark.parametrize("sound", [True, False])
def test_a_download_is_a_file_that_other_programs_play(
    run: Run, make: Any, camera: Any, tmp_path: Path, program: Callable[[str, str], str], sound: bool
) -> None:
    ffprobe = program("ffprobe", "ffmpeg")
    path = tmp_path / "gate 3.mp4"

    async def scene() -> None:
        async with make(linger_s=0.3) as engine:
            port = await engine.open_receiver(
                ReceiveSpec("S", Transport.UDP, SSRC, None, StreamKind.DOWNLOAD)
            )
            await engine.record("S", path)
            with pytest.raises(CivicamError) as caught:
                await engine.record("S", tmp_path / "other.mp4")
            assert caught.value.code == "media.record-exists"
            sender = camera(port.port, sound=sound).start()
            stats = await written(engine, lambda s: s.media_s > 4)
            assert stats.path == str(path)
            assert stats.sound is sound
            assert stats.bytes > 10_000
            assert not path.exists(), "no name before it is whole"
            await engine.stop_record("S")
            while not isinstance(told := await engine.next_event(), RecordingEnded):
                assert not isinstance(told, Idle), "a download is watched by nobody"
            assert await engine.recordings() == []
            await engine.stop_record("S")
            sender.stop()
            data = path.read_bytes()
            assert (told.stream_id, told.path, told.code) == ("S", str(path), "media.recorded")
            assert (told.bytes, told.sha256) == (len(data), hashlib.sha256(data).hexdigest())
            assert told.sound is sound
            with pytest.raises(CivicamError) as caught:
                await engine.record("S", path)
            assert caught.value.code == "media.record-exists"
            seen = probe(ffprobe, path)
            assert [s["codec_name"] for s in seen["streams"]] == ["h264", *["pcm_alaw"] * sound]
            assert float(seen["format"]["duration"]) == pytest.approx(told.media_s, abs=0.1)
            assert int(seen["streams"][0]["nb_read_frames"]) == round(told.media_s * 25)

    run(scene())
    assert list(tmp_path.iterdir()) == [path]


def probe(ffprobe: str, path: Path) -> Any:
    """What ffprobe says after reading the whole file; it must not complain."""
    asked = ["-of", "json", "-count_frames", "-show_streams", "-show_format", str(path)]
    command = [ffprobe, "-v", "warning", *asked]
    done = subprocess.run(command, capture_output=True, check=True, timeout=20)
    assert done.stderr == b""
    return json.loads(done.stdout)


def test_a_download_ends_with_its_stream_and_an_empty_one_leaves_nothing(
    run: Run, make: Any, camera: Any, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with make() as engine:
            sender = await opened(engine, camera, StreamKind.DOWNLOAD)
            await engine.record("S", tmp_path / "a.mp4")
            await written(engine, lambda s: s.media_s > 0)
            await engine.close("S")
            sender.stop()
            assert (await event(engine, RecordingEnded)).code == "media.recorded"
            await engine.open_receiver(ReceiveSpec("T", Transport.UDP, SSRC))
            await engine.record("T", tmp_path / "b.mp4")
            await engine.close("T")
            ended = await event(engine, RecordingEnded)
            assert (ended.code, ended.bytes, ended.sha256) == ("media.record-empty", 0, "")
            with pytest.raises(CivicamError) as caught:
                await engine.record("T", tmp_path / "c.mp4")
            assert caught.value.code == "media.no-stream"
            await engine.open_receiver(ReceiveSpec("U", Transport.UDP, SSRC))
            with pytest.raises(CivicamError) as caught:
                await engine.record("U", tmp_path / "no such folder" / "c.mp4")
            assert caught.value.code == "media.disk-failed"

    run(scene())
    assert [each.name for each in tmp_path.iterdir()] == ["a.mp4"]


def test_a_worker_that_is_stopped_finishes_its_files(
    run: Run, make: Any, camera: Any, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with make() as engine:
            sender = await opened(engine, camera, StreamKind.DOWNLOAD)
            await engine.record("S", tmp_path / "a.mp4")
            await written(engine, lambda s: s.media_s > 0)
        sender.stop()

    run(scene())
    assert [each.name for each in tmp_path.iterdir()] == ["a.mp4"]
