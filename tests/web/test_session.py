"""Getting in: the one-time link, the password, the cookie, and what is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

OpenHouse = Callable[[], AbstractAsyncContextManager[Any]]
PASSWORD = "correct horse battery"


def inside(house: OpenHouse, test: Callable[[Any], Awaitable[None]]) -> None:
    """Run a test in an open house."""

    async def main() -> None:
        async with asyncio.timeout(60), house() as opened:
            await test(opened)

    asyncio.run(main())


def code(answer: Any) -> str:
    return str(answer.json()["error"]["code"])


def test_a_link_lets_in_once(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        token = await h.access.make_link()
        answer = await h.http.post("/api/session/link", json={"token": token})
        assert answer.status_code == 200
        session = answer.json()
        assert session["user"]["roles"] == ["administrator"]
        assert session["must_set_password"] is True
        assert session["server"]["demo"] is True
        assert session["server"]["city"] == {
            "name": {"zh": "样例市", "en": "Sample City"},
            "center": [118.43, 31.35],
        }
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert token not in answer.text
        again = await h.http.post("/api/session/link", json={"token": token})
        assert (again.status_code, code(again)) == (401, "access.bad-link")

    inside(house, test)


def test_an_expired_or_replaced_link_does_not(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        old = await h.access.make_link()
        new = await h.access.make_link()
        answer = await h.http.post("/api/session/link", json={"token": old})
        assert code(answer) == "access.bad-link"
        h.clock.advance(3601)
        answer = await h.http.post("/api/session/link", json={"token": new})
        assert code(answer) == "access.bad-link"

    inside(house, test)


def test_a_password_is_set_and_used(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        await h.log_in()
        short = await h.http.post("/api/account/password", json={"password": "short"})
        assert (short.status_code, code(short)) == (422, "access.password-short")
        assert (await h.http.post("/api/account/password", json={"password": PASSWORD})).status_code == 204
        assert (await h.http.get("/api/session")).json()["must_set_password"] is False
        assert (await h.http.delete("/api/session")).status_code == 204
        h.http.cookies.clear()
        assert (await h.http.get("/api/session")).status_code == 401
        body = {"name": "admin", "password": PASSWORD}
        assert (await h.http.post("/api/session", json=body)).status_code == 200
        assert (await h.http.get("/api/session")).status_code == 200

    inside(house, test)


def test_a_new_password_ends_the_other_sessions(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        await h.log_in()
        elsewhere = dict(h.http.cookies)
        await h.log_in()
        await h.http.post("/api/account/password", json={"password": PASSWORD})
        assert (await h.http.get("/api/session")).status_code == 200
        h.http.cookies.clear()
        h.http.cookies.update(elsewhere)
        assert (await h.http.get("/api/session")).status_code == 401

    inside(house, test)


def test_guessing_is_slowed_and_the_owner_elsewhere_is_not(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        user = await h.access.user((await h.log_in())["user"]["name"])
        await h.access.set_password(user, PASSWORD)
        wrong, right = ({"name": "admin", "password": p} for p in ("not the password", PASSWORD))
        codes = [code(await h.http.post("/api/session", json=wrong)) for _ in range(6)]
        assert codes == ["access.bad-password"] * 5 + ["access.too-many-attempts"]
        # The right password must wait too, or the wait would tell which guess was right.
        answer = await h.http.post("/api/session", json=right)
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1
        assert (await h.access.log_in("admin", PASSWORD, "192.0.2.99")).user.user_id == user.user_id
        h.clock.advance(int(answer.headers["retry-after"]))
        assert (await h.http.post("/api/session", json=right)).status_code == 200

    inside(house, test)


def test_an_unknown_name_is_told_apart_by_nothing(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        await h.log_in()
        answers = [
            await h.http.post("/api/session", json={"name": name, "password": "not the password"})
            for name in ("admin", "nobody")
        ]
        assert answers[0].status_code == answers[1].status_code == 401
        first, second = (answer.json()["error"] for answer in answers)
        assert first["code"] == second["code"]
        assert first["message"] == second["message"]

    inside(house, test)


@pytest.mark.parametrize(
    ("pauses", "status"), [((11.9 * 3600,) * 3, 200), ((12.1 * 3600,), 401), ((11.9 * 3600,) * 15, 401)]
)
def test_a_session_ends_when_idle_and_after_its_whole_life(
    house: OpenHouse, pauses: tuple[float, ...], status: int
) -> None:
    async def test(h: Any) -> None:
        await h.log_in()
        answer = await h.http.get("/api/session")
        for pause in pauses:
            h.clock.advance(pause)
            answer = await h.http.get("/api/session")
        assert answer.status_code == status

    inside(house, test)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 204),
        ({"origin": "http://console.example"}, 204),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "same-origin"}, 204),
    ],
)
def test_another_site_cannot_act_for_the_user(house: OpenHouse, headers: dict[str, str], status: int) -> None:
    async def test(h: Any) -> None:
        await h.log_in()
        assert (await h.http.delete("/api/session", headers=headers)).status_code == status

    inside(house, test)


def test_errors_carry_both_languages_and_the_request(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        answer = await h.http.get("/api/situation")
        error = answer.json()["error"]
        assert error["message"] == {"zh-CN": "请先登录", "en": "Please log in"}
        assert error["request_id"] == answer.headers["x-request-id"]

    inside(house, test)


def test_tokens_stand_in_the_store_only_as_hashes(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        link = await h.access.make_link()
        await h.http.post("/api/session/link", json={"token": link})
        cookie = h.http.cookies["civicam_session"]
        await h.database.write(lambda c: None)

        def everything(connection: Any) -> str:
            tables = ("access_link", "access_session", "access_user")
            return str([connection.exec_driver_sql(f"SELECT * FROM {t}").all() for t in tables])

        seen = await h.database.read(everything)
        assert link not in seen
        assert cookie not in seen

    inside(house, test)
