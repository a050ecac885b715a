"""Planned work is announced with what it darkens, changed, ended; a site is edited; a circle is refused.

[civicam demo]──HTTP──[Chromium]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.ui.test_journey import channel_id

expect = pytest.importorskip("playwright.sync_api", reason="uv sync --group dev").expect

if TYPE_CHECKING:
    from tests.ui.conftest import District, Watched

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]


def feed_of(page: Any) -> dict[str, str]:
    """A feed of the district."""
    ask = "async () => (await (await fetch('/api/graph/nodes?kind=feed&limit=1')).json()).nodes[0]"
    found: dict[str, str] = page.evaluate(ask)
    return found


def test_work_a_site_and_a_channel(page: Any, district: District, watched: Watched) -> None:
    district.log_in(page)
    feed = feed_of(page)
    _work(page, feed)
    _a_circle_is_refused(page, feed)
    _a_site(page, district)
    _a_channel(page, district)
    said = [text for text in watched.errors if "Failed to load resource" not in text]
    assert said == []


def _work(page: Any, feed: dict[str, str]) -> None:
    """What goes dark stands there before anything is announced; then it runs, and ends early."""
    page.get_by_role("link", name="计划检修", exact=True).click()
    page.locator("[data-test=work-make]").click()
    page.locator("[data-test=place-search]").fill(feed["id"])
    page.locator("[data-test=place-hit]").first.click()
    expect(page.locator("[data-test=dark]")).to_contain_text("个点位")
    expect(page.locator("[data-test=work-save]")).to_be_disabled()
    page.locator("[data-test=work-2h]").click()
    page.locator("[data-test=work-reason]").fill("更换电表")
    page.locator("[data-test=work-contact]").fill("供电值班 0555-0000000")
    page.locator("[data-test=work-save]").click()
    row = page.locator("[data-test=work-row]").filter(has_text="更换电表")
    expect(row).to_contain_text("进行中")
    expect(row).to_contain_text("供电值班")
    row.locator("[data-test=work-end-now]").click()
    page.locator("[data-test=work-sure]").click()
    expect(row).to_have_count(0)
    page.goto(page.url.split("/works")[0] + "/works?when=past")
    expect(row).to_contain_text("已结束")


def _a_circle_is_refused(page: Any, feed: dict[str, str]) -> None:
    """What hangs on the feed cannot feed it: the words and their code."""
    page.goto(page.url.split("/works")[0] + f"/register/elements/{feed['id']}")
    expect(page.locator("[data-test=if-fails]")).to_contain_text("路通道")
    ask = "async (id) => (await (await fetch('/api/graph/nodes/' + id)).json()).below[0].lower"
    below = page.evaluate(ask, feed["id"])
    page.locator("[data-test=place-search]").fill(below)
    page.locator("[data-test=place-hit]").first.click()
    page.locator("[data-test=join]").click()
    expect(page.locator("[data-test=graph-error]")).to_contain_text("fleet.graph-")


def _a_site(page: Any, district: District) -> None:
    """A new name is saved, and the tree has it."""
    site = district.description["sites"][3]["id"]
    page.goto(f"{district.origin}/register?site={site}")
    page.locator("[data-test=site-name]").fill("改名后的点位")
    page.locator("[data-test=site-save]").click()
    page.get_by_text("已保存").wait_for()
    page.reload()
    expect(page.locator("[data-test=site-name]")).to_have_value("改名后的点位")
    page.locator("[data-test=tree-search]").fill("改名后的点位")
    page.locator(f"[data-node='{site}']").wait_for()


def _a_channel(page: Any, district: District) -> None:
    """Five legs, the record of who owns it, thirty days."""
    identity = channel_id(page, district.channel(codec="h264"))
    page.goto(f"{district.origin}/channels/{identity}")
    expect(page.locator("[data-test=leg]")).to_have_count(5)
    signalling = page.locator("[data-test=leg][data-leg=signalling]")
    expect(signalling).to_have_attribute("data-state", "good", timeout=90_000)  # once it has lasted
    expect(page.locator("[data-test=identity]")).to_contain_text("法律依据")
    expect(page.locator("[data-test=rate]")).to_contain_text("可用 (分子)")
    page.locator("[data-test=strip] [role=group]").focus()
    page.keyboard.press("ArrowRight")
