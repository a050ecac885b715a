"""Pictures of devices over HTTP: asked for, listed, shown on record; and the door devices bring them to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.web.conftest import BASE, House, OpenHouse

from civicam.kernel.errors import Operational, Refused

HEADERS = {"Origin": BASE}
PICTURE = b"\xff\xd8\xff\xdbsome picture\xff\xd9"


def ask(house: OpenHouse, test: Any, *, inside: bool = True) -> None:
    async def main() -> None:
        async with house() as h:
            if inside:
                await h.log_in()
            await test(h)

    asyncio.run(main())


async def asked(h: House, **body: Any) -> dict[str, Any]:
    path = f"/api/channels/{await h.channel_id()}/snapshots"
    answer = await h.http.post(path, json=body, headers=HEADERS)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def lines(h: House) -> list[tuple[str, str, bool]]:
    return [(line.stream, line.purpose, line.ended_at is not None) for line in await h.viewings()]


# -- people


def test_who_asks_and_why_is_on_record_before_the_device_hears_of_it(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        found = await asked(h, count=3, interval_s=2, purpose="maintenance")
        assert found["snapshot"]["wanted"] == 3
        assert h.operator.snapshots.asked == [
            (await h.channel_id(), 3, 2, h.user_id, "maintenance"),
        ]
        assert await lines(h) == [("snapshot-ask", "maintenance", True)]

    ask(house, test)


def test_no_line_no_picture(house: OpenHouse, tmp_path: Path) -> None:
    async def test(h: House) -> None:
        await asked(h)
        path = f"/api/channels/{await h.channel_id()}/snapshots"
        h.operator.snapshots.path = tmp_path / "1.jpg"
        h.operator.snapshots.path.write_bytes(PICTURE)

        async def broken(*_: object) -> None:
            raise Refused("access.no-record", reason="db.full")

        h.access.begin_viewing = broken  # type: ignore[method-assign, assignment]
        answer = await h.http.post(path, json={}, headers=HEADERS)
        assert answer.json()["error"]["code"] == "access.no-record"
        assert len(h.operator.snapshots.asked) == 1
        answer = await h.http.get("/api/snapshots/s1/pictures/1")
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "access.no-record")

    ask(house, test)


def test_a_refusal_ends_the_line(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        h.operator.snapshots.fault = Refused("gateway.snapshot-busy")
        path = f"/api/channels/{await h.channel_id()}/snapshots"
        answer = await h.http.post(path, json={}, headers=HEADERS)
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "gateway.snapshot-busy")
        assert await lines(h) == [("snapshot-ask", "duty", True)]

    ask(house, test)


@pytest.mark.parametrize(
    "body", [{"count": 0}, {"count": 11}, {"interval_s": 0}, {"interval_s": 61}, {"purpose": "fun"}, {"x": 1}]
)
def test_what_may_not_be_asked(house: OpenHouse, body: dict[str, Any]) -> None:
    async def test(h: House) -> None:
        path = f"/api/channels/{await h.channel_id()}/snapshots"
        answer = await h.http.post(path, json=body, headers=HEADERS)
        assert answer.status_code == 422
        assert await lines(h) == []

    ask(house, test)


def test_every_picture_shown_leaves_a_line_with_the_purpose_of_the_ask(
    house: OpenHouse, tmp_path: Path
) -> None:
    async def test(h: House) -> None:
        await asked(h, purpose="maintenance")
        h.operator.snapshots.path = tmp_path / "1.jpg"
        h.operator.snapshots.path.write_bytes(PICTURE)
        await h.http.get("/api/snapshots/s1/pictures/1")
        answer = await h.http.get("/api/snapshots/s1/pictures/1")
        assert (answer.status_code, answer.content) == (200, PICTURE)
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-disposition"].startswith("inline")
        assert await lines(h) == [
            ("snapshot-ask", "maintenance", True),
            *[("device-picture", "maintenance", True)] * 2,
        ]
        for number in ("0", "11", "x"):
            assert (await h.http.get(f"/api/snapshots/s1/pictures/{number}")).status_code == 422
        assert (await h.http.get("/api/snapshots/s1/pictures/2")).status_code == 404

    ask(house, test)


def test_what_others_asked_for_is_not_mine(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        await asked(h)
        jobs = h.operator.snapshots.jobs
        jobs[0] = replace(jobs[0], owner="u-other")
        assert (await h.http.get("/api/snapshots")).json() == {"snapshots": []}
        assert (await h.http.get("/api/snapshots/s1/pictures/1")).status_code == 404
        assert (await h.http.delete("/api/snapshots/s1", headers=HEADERS)).status_code == 204
        assert h.operator.snapshots.removed == []
        assert [line[0] for line in await lines(h)] == ["snapshot-ask"]

    ask(house, test)


def test_the_list_says_why_in_both_languages(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        await asked(h)
        jobs = h.operator.snapshots.jobs
        jobs[0] = replace(jobs[0], stage="failed", code="gateway.snapshot-none")
        (row,) = (await h.http.get("/api/snapshots")).json()["snapshots"]
        assert row["why"] == {"zh": "设备在时限内没有上传图片", "en": "No picture came in time"}
        assert (await h.http.get("/api/snapshots", params={"channel": "other"})).json()["snapshots"] == []
        await h.http.delete("/api/snapshots/s1", headers=HEADERS)
        assert h.operator.snapshots.removed == ["s1"]

    ask(house, test)


def test_nobody_asks_without_a_session(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        assert (await h.http.post("/api/channels/x/snapshots", json={}, headers=HEADERS)).status_code == 401
        for path in ("/api/snapshots", "/api/snapshots/s1/pictures/1"):
            assert (await h.http.get(path)).status_code == 401

    ask(house, test, inside=False)


# -- devices


def form(session: str = "s-1") -> tuple[bytes, str]:
    """As the largest maker writes it."""
    body = (
        f'--b0\r\nContent-Disposition: form-data; name="SessionID"\r\n\r\n{session}\r\n'
        '--b0\r\nContent-Disposition: form-data; name="file"; filename="1.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    ).encode()
    return body + PICTURE + b"\r\n--b0--\r\n", "multipart/form-data; boundary=b0"


@pytest.mark.parametrize(
    ("method", "path", "body", "kind", "kept"),
    [
        ("POST", "/upload/right", form()[0], form()[1], ("s-1", ["1.jpg"], [PICTURE])),
        ("POST", "/upload/right", form()[0], "image/jpeg", ("s-1", ["1.jpg"], [PICTURE])),
        ("POST", "/upload/right", PICTURE, "", ("", [""], [PICTURE])),
        ("PUT", "/upload/right", PICTURE, "image/jpeg", ("", [""], [PICTURE])),
        ("PUT", "/upload/right/ab%2F..%2Fc.jpg", PICTURE, "image/jpeg", ("", [""], [PICTURE])),
        ("POST", "/upload/right?SessionID=s-2", PICTURE, "text/plain", ("s-2", [""], [PICTURE])),
    ],
)
def test_devices_bring_pictures_without_a_session(
    house: OpenHouse, method: str, path: str, body: bytes, kind: str, kept: Any
) -> None:
    async def test(h: House) -> None:
        answer = await h.http.request(method, path, content=body, headers={"Content-Type": kind})
        assert answer.status_code == 200, answer.text
        assert h.operator.snapshots.kept == [kept]
        assert h.operator.snapshots.admitted == [("right", "192.0.2.7")]
        assert h.operator.snapshots.under_way == 0

    ask(house, test, inside=False)


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/upload/wrong", PICTURE, 404, "gateway.no-snapshot"),
        ("/upload/right", b"", 415, "web.upload-format"),
        ("/upload/right", b"hello", 415, "web.upload-format"),
        ("/upload/right", form()[0].replace(PICTURE, b"<?php"), 415, "media.not-jpeg"),
        ("/upload/right", PICTURE + bytes(2_000_000), 413, "gateway.snapshot-too-large"),
    ],
)
def test_what_the_door_turns_away(house: OpenHouse, path: str, body: bytes, status: int, code: str) -> None:
    async def test(h: House) -> None:
        answer = await h.http.post(path, content=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
        assert (h.operator.snapshots.kept, h.operator.snapshots.under_way) == ([], 0)

    ask(house, test, inside=False)


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Refused("gateway.snapshot-over"), 410),
        (Refused("gateway.snapshot-foreign-session"), 403),
        (Refused("gateway.snapshot-beyond"), 409),
        (Operational("gateway.snapshot-disk", reason="No space left on device"), 507),
    ],
)
def test_what_the_ask_says_reaches_the_device(
    house: OpenHouse, fault: Refused | Operational, status: int
) -> None:
    async def test(h: House) -> None:
        h.operator.snapshots.fault = fault
        answer = await h.http.post("/upload/right", content=PICTURE)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, fault.code)

    ask(house, test, inside=False)


def test_a_large_picture_passes_where_the_api_would_refuse_it(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        h.app.state.services.settings.__dict__["body_bytes"] = 1024
        answer = await h.http.post("/upload/right", content=PICTURE + bytes(500_000))
        assert answer.status_code == 200
        answer = await h.http.post("/api/session/link", content=bytes(2000), headers=HEADERS)
        assert answer.status_code == 413

    ask(house, test, inside=False)


def test_an_upload_that_dawdles_is_ended(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        h.operator.snapshots.upload_s = 0.05

        async def slowly() -> AsyncIterator[bytes]:
            yield PICTURE[:10]
            await asyncio.Event().wait()

        answer = await h.http.post("/upload/right", content=slowly())
        assert (answer.status_code, answer.json()["error"]["code"]) == (408, "web.upload-slow")
        assert (h.operator.snapshots.kept, h.operator.snapshots.under_way) == ([], 0)

    ask(house, test, inside=False)


def test_an_upload_that_breaks_off_is_not_kept(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        messages = [
            {"type": "http.request", "body": PICTURE[:10], "more_body": True},
            {"type": "http.disconnect"},
        ]

        async def receive() -> Any:
            return messages.pop(0)

        async def send(_message: Any) -> None:
            return None

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/upload/right",
            "raw_path": b"/upload/right",
            "query_string": b"",
            "headers": [(b"host", b"x"), (b"content-length", b"1000")],
            "scheme": "http",
            "client": ("192.0.2.7", 1),
            "server": ("x", 80),
            "http_version": "1.1",
            "root_path": "",
        }
        await h.app(scope, receive, send)
        assert (h.operator.snapshots.kept, h.operator.snapshots.under_way) == ([], 0)

    ask(house, test, inside=False)


@pytest.mark.parametrize("method", ["GET", "DELETE", "HEAD"])
def test_nothing_is_given_out_at_the_door(house: OpenHouse, method: str) -> None:
    async def test(h: House) -> None:
        answer = await h.http.request(method, "/upload/right")
        assert answer.status_code in {404, 405}
        assert h.operator.snapshots.admitted == []

    ask(house, test, inside=False)


def test_a_page_of_another_site_cannot_use_a_browser_as_a_device(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        answer = await h.http.post(
            "/upload/right", content=PICTURE, headers={"Origin": "http://evil.example"}
        )
        assert answer.status_code == 403
        assert h.operator.snapshots.admitted == []

    ask(house, test, inside=False)
