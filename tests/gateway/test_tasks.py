"""Background work that ends as a whole."""

from __future__ import annotations

import asyncio

from tests.gateway.wire import later, run

from civicam.gateway.tasks import Tasks


def test_what_runs_under_a_name_is_waited_for_but_not_for_ever() -> None:
    async def story() -> None:
        tasks = Tasks(lambda error, name: None)
        done: list[str] = []

        async def work(seconds: float) -> None:
            await later(seconds)
            done.append(str(seconds))

        tasks.spawn(work(1.0), "wanted")
        tasks.spawn(work(100.0), "wanted")
        tasks.spawn(work(2.0), "other")
        await tasks.finish("nobody", 50.0)
        assert done == []
        await tasks.finish("wanted", 50.0)
        assert done == ["1.0", "2.0"]
        await tasks.cancel_all()

    run(story())


def test_what_begins_while_the_rest_ends_is_ended_too() -> None:
    """A session that is told to end spawns its goodbye; a stop leaves neither behind."""
    ended: list[str] = []

    async def story() -> None:
        tasks = Tasks(lambda error, name: ended.append(f"{name} failed: {error!r}"))

        async def wait(name: str, *then: str) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(name)
                if then:
                    tasks.spawn(wait(*then), then[0])

        tasks.spawn(wait("session", "goodbye", "note"), "session")
        await asyncio.sleep(0)
        await tasks.cancel_all()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(story())
    assert ended == ["session", "goodbye", "note"]


def test_a_failure_is_told_once() -> None:
    told: list[str] = []

    async def story() -> None:
        tasks = Tasks(lambda error, name: told.append(f"{name}: {error}"))

        async def fail() -> None:
            raise ValueError("no")

        await asyncio.gather(tasks.spawn(fail(), "one"), return_exceptions=True)
        await tasks.cancel_all()
        assert len(tasks) == 0

    asyncio.run(story())
    assert told == ["one: no"]
