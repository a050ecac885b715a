"""Somebody speaks from the console: Chromium's own beeping microphone, the server, a loudspeaker on real sockets.

[Chromium, microphone]──WebSocket, A-law──[civicam serve]──SIP, RTP──[HORN]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.web.horn import Horn
from tests.web.stack import Stack, until

pytest.importorskip("playwright.sync_api", reason="uv sync --group dev")

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.serial, pytest.mark.timeout(180)]

_MICROPHONE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    made = Stack(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def horn(stack: Stack) -> Iterator[Horn]:
    """The only device of the city, registered."""
    described = stack.described()
    pole = next(each for each in described["devices"] if each["transport"] == "udp")
    described |= {"devices": [pole], "feeds": [], "fibres": [], "graph": {}}
    described["channels"] = [each for each in described["channels"] if each["device"] == pole["gb_id"]]
    stack.take_over(described)
    ready = stack.serve()
    realm, platform = described["realm"], described["platform"]
    made = Horn(pole["gb_id"], pole["secret"], platform=platform, realm=realm, port=ready["sip_port"])
    made.start()
    until(stack.all_online, "the horn online")
    yield made
    made.stop()


@pytest.fixture
def page(stack: Stack, horn: Horn, launch: Callable[..., Any]) -> Iterator[Any]:
    """The device's page, in a browser whose microphone beeps and whose person allows it."""
    base = str(stack.http.base_url).rstrip("/")
    stack.http.post("/api/account/password", json={"password": "quiet harbour lantern 9"})
    device = stack.http.get("/api/devices").json()["devices"][0]["id"]
    browser = launch(*_MICROPHONE)
    context = browser.new_context(viewport={"width": 1600, "height": 900}, locale="zh-CN")
    token = stack.http.cookies["civicam_session"]
    context.add_cookies([{"name": "civicam_session", "value": token, "url": base}])
    made = context.new_page()
    made.set_default_timeout(20_000)
    made.goto(f"{base}/devices/{device}?tab=use")
    yield made
    browser.close()


def state(page: Any, wanted: str) -> None:
    page.locator(f"[data-test=speak][data-state={wanted}]").wait_for()


def begin(page: Any) -> None:
    assert page.locator("[data-test=speak-start]").is_disabled()  # why comes first
    page.locator("[data-test=speak] [data-test=purpose-duty]").check()
    page.locator("[data-test=speak-start]").click()
    state(page, "open")


def lines(stack: Stack) -> list[Any]:
    return stack.rows("purpose, ended_at IS NOT NULL", "access_viewing", "stream = 'broadcast'")


def test_what_is_said_is_heard_while_it_is_held_and_only_then(stack: Stack, horn: Horn, page: Any) -> None:
    begin(page)
    assert len(horn.asked) == 1
    assert lines(stack) == [("duty", 0)]
    until(lambda: horn.packets > 25, "packets, of silence")
    assert horn.loud == 0

    page.keyboard.down(" ")  # the fake microphone beeps once a second
    until(lambda: horn.loud > 3, "sound")
    assert float(page.locator("[data-test=speak-level]").get_attribute("aria-valuenow")) >= 0
    page.keyboard.up(" ")
    page.locator("[data-test=speak-talk][aria-pressed=false]").wait_for()
    settled = horn.packets
    until(lambda: horn.packets > settled + 25, "what was on its way")
    loud, packets = horn.loud, horn.packets
    until(lambda: horn.packets > packets + 75, "a second and a half of silence")
    assert horn.loud == loud

    page.locator("[data-test=speak-end]").click()
    state(page, "idle")
    until(lambda: horn.byes == 1, "the device is told")
    until(lambda: lines(stack) == [("duty", 1)], "the line's end")


def test_who_leaves_the_page_has_stopped_speaking(stack: Stack, horn: Horn, page: Any) -> None:
    begin(page)
    page.get_by_role("link", name="实时视频").click()
    until(lambda: horn.byes == 1, "the device is told")
    until(lambda: lines(stack) == [("duty", 1)], "the line's end")
    page.go_back()
    begin(page)
    page.close()
    until(lambda: horn.byes == 2, "the device is told once more")
    until(lambda: [ended for _, ended in lines(stack)] == [1, 1], "both lines' ends")


def test_a_device_that_hangs_up_is_told_as_such(stack: Stack, horn: Horn, page: Any) -> None:
    begin(page)
    horn.hang_up()
    state(page, "ended")
    assert page.locator("[data-test=speak-why]").inner_text().startswith("喊话已结束")
    until(lambda: lines(stack) == [("duty", 1)], "the line's end")
