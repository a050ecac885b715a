"""A workshop's process at the other end of a socket: it works for it and ends with it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from civicam.simulator.picture import Profile
from civicam.simulator.scene.mood import Mood
from civicam.simulator.workshop_wire import (
    Close,
    Delivery,
    Gone,
    Key,
    NewsReader,
    Open,
    Part,
    Rehearse,
    write_order,
)

PATIENCE_S = 60.0
MOOD = Mood(3, "plaza", "day", "clear")
PART = Part("34020000001310000001", "样例", "h264", Profile(160, 90, 100), MOOD)


class Owner:
    """Holds the socket."""

    def __init__(self) -> None:
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(PATIENCE_S)
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "civicam.simulator.workshop_process", str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
            )
        self._reader = NewsReader()
        self._news: list[Delivery | Gone] = []

    def tell(self, *orders: Open | Close | Key | Rehearse) -> None:
        self.socket.sendall(b"".join(map(write_order, orders)))

    def news(self) -> Delivery | Gone:
        while not self._news:
            data = self.socket.recv(1 << 16)
            assert data
            self._news = self._reader.feed(data)
        return self._news.pop(0)


@pytest.fixture
def owner() -> Iterator[Owner]:
    found = Owner()
    yield found
    found.socket.close()
    assert found.process.wait(PATIENCE_S) == 0


def test_it_works_for_its_socket(owner: Owner) -> None:
    owner.tell(Rehearse((MOOD,)), Open(1, PART, number=5, pts=7200))
    first = owner.news()
    assert isinstance(first, Delivery)
    assert (first.feed, first.number, first.coded.pts, first.coded.key) == (1, 5, 7200, True)
    owner.tell(Key(1), Key(99))
    later = [owner.news() for _ in range(20)]
    assert any(isinstance(each, Delivery) and each.coded.key for each in later), (
        "asked for: no GOP is that short"
    )
    owner.tell(Close(1), Open(2, replace(PART, mood=None, footage="/nowhere.mp4")), Open(3, PART))
    told = [owner.news() for _ in range(3)]
    while not any(isinstance(each, Gone) for each in told):
        told.append(owner.news())
    (gone,) = [each for each in told if isinstance(each, Gone)]
    assert gone.feed == 2
    assert "simulator.bad-footage" in gone.reason


def test_it_ends_with_its_owner_and_leaves_nothing_behind(owner: Owner) -> None:
    owner.tell(Open(1, PART))
    owner.news()
    group = {owner.process.pid, *children(owner.process.pid)}
    assert len(group) == 2, "the workshop and its painter"
    owner.socket.close()
    assert owner.process.wait(PATIENCE_S) == 0
    for pid in group:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def children(parent: int) -> set[int]:
    """Ids of the processes it started."""
    task = Path(f"/proc/{parent}/task")
    return {int(word) for each in task.iterdir() for word in (each / "children").read_text().split()}
