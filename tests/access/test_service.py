"""Links, log-in, sessions and viewings on a real store, with a clock moved by hand."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from tests.schema import migrated

from civicam.access.facts import Login, Purpose
from civicam.access.model import token_hash
from civicam.access.service import AccessService
from civicam.access.settings import AccessSettings
from civicam.access.store import AccessStore
from civicam.audit.facts import Entry, Result, Target
from civicam.db.engine import Database
from civicam.db.unit import UnitOfWork
from civicam.kernel.clock import ManualClock
from civicam.kernel.errors import Operational, Refused

GOOD = "correct horse battery"
OFFICE, HOME = "192.0.2.1", "192.0.2.2"


class Hasher:
    """Not slow: the real one has its own test."""

    def hash(self, password: str) -> str:
        return f"hashed:{password}"

    def verify(self, stored: str | None, password: str) -> bool:
        return stored == f"hashed:{password}"


class Log:
    """Keeps entries; ``broken`` takes none."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.broken = False

    async def append(self, entry: Entry) -> int:
        if self.broken:
            raise Refused("audit.no-entry", reason="db.full")
        self.entries.append(entry)
        return len(self.entries) - 1


class House:
    """The room on its store; tokens count."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = ManualClock()
        self.log = Log()
        numbers = itertools.count(1)
        self.access = AccessService(
            UnitOfWork(database, AccessStore),
            Hasher(),
            lambda: f"token-{next(numbers)}",
            self.clock,
            AccessSettings(session_idle_s=3600, session_absolute_s=86400, login_free_attempts=3),
            self.log,
        )

    async def administrator(self) -> Login:
        """The first log-in, with a password set."""
        login = await self.access.log_in_by_link(await self.access.make_link(), OFFICE)
        await self.access.set_password(login.user, GOOD, keep_session=login.token)
        return login

    async def sessions(self) -> int:
        def count(connection: Any) -> int:
            return int(connection.execute(text("SELECT count(*) FROM access_session")).scalar_one())

        return await self.database.read(count)


@pytest.fixture
def inside(tmp_path: Path) -> Callable[[Callable[[House], Awaitable[None]]], None]:
    """``inside(test)``: run a coroutine function with a fresh house."""
    url = migrated(tmp_path / "store.db")

    def run(test: Callable[[House], Awaitable[None]]) -> None:
        async def main() -> None:
            async with asyncio.timeout(60):
                database = Database(url)
                try:
                    await test(House(database))
                finally:
                    await database.aclose()

        asyncio.run(main())

    return run


async def refusal(attempt: Awaitable[object]) -> str:
    """The code somebody is refused with; empty when he is not."""
    try:
        await attempt
    except (Refused, Operational) as error:
        return error.code
    return ""


@pytest.mark.parametrize("at_once", [2, 20])
def test_a_link_used_by_several_at_once_gives_exactly_one_session(inside: Any, at_once: int) -> None:
    async def test(h: House) -> None:
        link = await h.access.make_link()
        uses = [refusal(h.access.log_in_by_link(link, f"192.0.2.{n}")) for n in range(at_once)]
        assert Counter(await asyncio.gather(*uses)) == {"": 1, "access.bad-link": at_once - 1}
        assert await h.sessions() == 1

    inside(test)


def test_a_link_ends_with_its_time_and_with_the_next_one(inside: Any) -> None:
    async def test(h: House) -> None:
        late = await h.access.make_link()
        h.clock.advance(3600)
        assert await refusal(h.access.log_in_by_link(late, OFFICE)) == "access.bad-link"
        first, second = await h.access.make_link(), await h.access.make_link()
        assert await refusal(h.access.log_in_by_link(first, OFFICE)) == "access.bad-link"
        assert (await h.access.log_in_by_link(second, OFFICE)).user.name == "admin"
        assert await refusal(h.access.make_link("nobody")) == "access.unknown-user"
        assert await refusal(h.access.user("nobody")) == "access.unknown-user"
        assert await h.access.user("admin") == (await h.access.users())[0]

    inside(test)


def test_guessing_links_makes_only_the_guesser_wait(inside: Any) -> None:
    async def test(h: House) -> None:
        link = await h.access.make_link()
        for _ in range(3):
            assert await refusal(h.access.log_in_by_link("guess", HOME)) == "access.bad-link"
        assert await refusal(h.access.log_in_by_link(link, HOME)) == "access.too-many-attempts"
        assert await refusal(h.access.log_in_by_link(link, OFFICE)) == ""

    inside(test)


@pytest.mark.parametrize(("used_every", "lives"), [(3599, True), (3600, False)])
def test_a_session_ends_when_nobody_uses_it(inside: Any, used_every: int, lives: bool) -> None:
    async def test(h: House) -> None:
        login = await h.administrator()
        alive = True
        for _ in range(3):
            h.clock.advance(used_every)
            alive = await h.access.session(login.token) is not None
        assert alive is lives
        assert await h.sessions() == (1 if lives else 0), "what is over is forgotten"

    inside(test)


def test_a_session_ends_after_a_day_however_busy(inside: Any) -> None:
    async def test(h: House) -> None:
        login = await h.administrator()
        for _ in range(47):
            h.clock.advance(1800)
            assert await h.access.session(login.token) is not None
        h.clock.advance(1800)
        assert await h.access.session(login.token) is None

    inside(test)


def test_a_look_that_touches_nothing_keeps_nobody_logged_in(inside: Any) -> None:
    async def test(h: House) -> None:
        login = await h.administrator()
        h.clock.advance(1800)
        assert await h.access.session(login.token, touch=False) is not None
        h.clock.advance(1800)
        assert await h.access.session(login.token, touch=False) is None

    inside(test)


@pytest.mark.parametrize("token", ["", "token-999", "x" * 201])
def test_what_is_no_session(inside: Any, token: str) -> None:
    async def test(h: House) -> None:
        await h.administrator()
        assert await h.access.session(token) is None

    inside(test)


def test_wrong_passwords_from_one_address_do_not_lock_out_the_right_user_elsewhere(inside: Any) -> None:
    async def test(h: House) -> None:
        await h.administrator()
        for _ in range(3):
            assert await refusal(h.access.log_in("admin", "guess guess guess", HOME)) == "access.bad-password"
        assert await refusal(h.access.log_in("admin", GOOD, HOME)) == "access.too-many-attempts"
        assert await refusal(h.access.log_in("other", GOOD, HOME)) == "access.too-many-attempts"
        assert await refusal(h.access.log_in("admin", GOOD, OFFICE)) == ""
        h.clock.advance(2.1)
        assert await refusal(h.access.log_in("admin", GOOD, HOME)) == "", "and it passes"

    inside(test)


def test_guesses_made_at_once_are_not_all_tried(inside: Any) -> None:
    async def test(h: House) -> None:
        await h.administrator()
        tries = [refusal(h.access.log_in("admin", f"guess number {n}", HOME)) for n in range(20)]
        told = Counter(await asyncio.gather(*tries))
        assert set(told) == {"access.bad-password", "access.too-many-attempts"}
        assert told["access.bad-password"] <= 5, "three are free; two hashes are computed at a time"

    inside(test)


def test_a_new_password_ends_the_other_sessions(inside: Any) -> None:
    async def test(h: House) -> None:
        assert await h.access.needs_administrator()
        login = await h.administrator()
        assert not await h.access.needs_administrator()
        other = await h.access.log_in("admin", GOOD, HOME)
        await h.access.set_password(login.user, GOOD + "!", keep_session=login.token)
        assert await h.access.session(other.token) is None
        assert await h.access.session(login.token) is not None
        await h.access.log_out(login.token)
        await h.access.log_out(login.token)
        assert await h.sessions() == 0

    inside(test)


def test_a_disabled_user_is_out_at_once(inside: Any) -> None:
    async def test(h: House) -> None:
        login = await h.administrator()
        link = await h.access.make_link()
        await h.database.write(lambda c: c.execute(text("UPDATE access_user SET enabled = false")).close())
        assert await h.access.session(login.token) is None
        assert await refusal(h.access.log_in("admin", GOOD, HOME)) == "access.bad-password"
        assert await refusal(h.access.log_in_by_link(link, OFFICE)) == "access.bad-link"
        assert await h.access.needs_administrator()

    inside(test)


def test_a_viewing_is_written_before_and_ended_once(inside: Any) -> None:
    async def test(h: House) -> None:
        login = await h.administrator()
        viewing = await h.access.begin_viewing(login.user, "C1", "sub", (Purpose.DUTY, OFFICE))
        open_still = await h.access.begin_viewing(login.user, "C2", "main", (Purpose.DUTY, OFFICE))
        h.clock.advance(60)
        await h.access.end_viewing(viewing.viewing_id)
        assert {v.channel_id for v in await h.access.viewings()} == {"C1", "C2"}
        assert len(await h.access.viewings(limit=1)) == 1
        assert await h.access.start() == 1, "the one a crash would have left open"
        assert await h.access.start() == 0
        assert open_still.user_name == "admin"

    inside(test)


def test_no_line_no_picture(inside: Any) -> None:
    async def test(h: House) -> None:
        login = await h.administrator()
        await h.database.aclose()
        with pytest.raises(Refused) as caught:
            await h.access.begin_viewing(login.user, "C1", "sub", (Purpose.DUTY, OFFICE))
        assert caught.value.code == "access.no-record"
        assert caught.value.data["reason"] == "db.closed"

    inside(test)


def test_a_viewing_is_in_the_audit_log_with_the_name_of_the_camera(inside: Any) -> None:
    async def test(h: House) -> None:
        login = await h.administrator()

        async def names(channel_ids: Sequence[str]) -> dict[str, str]:
            return dict.fromkeys(channel_ids, "东门")

        h.access.channel_names = names
        viewing = await h.access.begin_viewing(login.user, "C1", "sub", (Purpose.DUTY, OFFICE))
        began = h.log.entries[-1]
        assert (began.action, began.target, began.result, began.purpose) == (
            *("view.sub", Target("channel", "C1", "东门"), Result.ALLOWED),
            "duty",
        )
        assert began.actor is not None
        assert (began.actor.name, began.actor.client, began.facts) == (
            *("admin", OFFICE),
            {"viewing": viewing.viewing_id},
        )
        await h.access.end_viewing(viewing.viewing_id)
        assert (h.log.entries[-1].action, h.log.entries[-1].facts) == ("view.end", began.facts)

    inside(test)


def test_no_audit_line_no_picture(inside: Any) -> None:
    async def test(h: House) -> None:
        login = await h.administrator()
        h.log.broken = True
        with pytest.raises(Refused) as caught:
            await h.access.begin_viewing(login.user, "C1", "sub", (Purpose.DUTY, OFFICE))
        assert (caught.value.code, caught.value.data["reason"]) == ("access.no-record", "db.full")
        assert await h.access.viewings() == []

    inside(test)


def test_only_the_hash_of_a_token_is_kept(inside: Any) -> None:
    async def test(h: House) -> None:
        login = await h.administrator()

        def stored(connection: Any) -> list[str]:
            return [
                row.token_hash for row in connection.execute(text("SELECT token_hash FROM access_session"))
            ]

        assert await h.database.read(stored) == [token_hash(login.token)]

    inside(test)
