"""From the situation to a cause, over the map to the site it darkened, down its path, and back in time.

A district with a day behind it is staged (`tools.cityday`): its causes are there from the start.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.ui.conftest import CHROMIUM

if CHROMIUM is None:
    pytest.skip("no Chromium: apt-get install chromium", allow_module_level=True)

from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[str]:
    """The log-in link of a staged district."""
    if not (repository / "src/civicam/web/static/index.html").is_file():
        pytest.skip("the console is not built: make ui")
    data = tmp_path_factory.mktemp("staged") / "data"
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.cityday", str(data), "--scale", "district"],
        cwd=repository,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield next(line.strip() for line in process.stdout if "#token=" in line)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def test_from_the_situation_to_the_failing_element(page: Any, watched: Any, staged: str) -> None:
    where = urlsplit(staged)
    page.goto(staged)
    page.locator("[data-test=password-later]").click()
    page.wait_for_url("**/situation")
    causes = page.locator("[data-test=count][href='/outages?state=open'] .value")
    expect(causes).to_have_text(re.compile(r"^\d+$"))
    open_causes = int(causes.inner_text())
    assert open_causes > 1
    unusable = page.locator("[data-test=count][href='/channels?usable=bad']")
    lost = int(unusable.locator(".value").inner_text())
    unusable.click()
    expect(page.locator("[data-test=range]")).to_have_text(re.compile(rf"\b{lost}$"))
    page.go_back()
    page.locator("[data-test=cause] a").first.click()
    _a_cause_on_the_map(page, open_causes)
    _down_the_path(page)
    _back_in_time(page, f"{where.scheme}://{where.netloc}")
    assert watched.errors == []


def _a_cause_on_the_map(page: Any, open_causes: int) -> None:
    """It is chosen in the list, tells its sites, and the ledger's row leads to the same place."""
    page.wait_for_url("**/map?cause=*")
    expect(page.locator("[data-test=cause-row]")).to_have_count(open_causes)
    about = page.locator("[data-test=cause-about]")
    about.wait_for()
    chosen = page.locator("[data-test=cause-row][aria-expanded=true]").get_attribute("data-cause")
    about.get_by_role("link", name="证据与处理").click()
    row = page.locator("tr.open")
    row.locator("[data-test=outage-map]").click()
    page.wait_for_url(f"**/map?cause={chosen}")
    page.locator("[data-test=cause-site]").first.click()


def _down_the_path(page: Any) -> None:
    """The site's card leads to its paths, on which the failing element is marked; text says the same."""
    page.locator("[data-test=site-path]").click()
    page.locator("[data-test=path-drawing]").wait_for()
    failed = page.locator("[data-test=path-node][data-state=failed]").first
    failed.wait_for()
    assert "故障元件" in (failed.get_attribute("aria-label") or "")
    drawn = page.locator("[data-test=path-node]").count()
    page.locator("[data-test=path-text]").click()
    expect(page.locator("[data-test=path-list] > li")).to_have_count(drawn)


def _back_in_time(page: Any, origin: str) -> None:
    """A past moment says so, by keyboard too; "now" ends it."""
    page.goto(f"{origin}/map")
    slider = page.locator("[data-test=past-range]")
    slider.focus()
    page.keyboard.press("Home")
    expect(page.locator("[data-test=past-at]")).to_have_text(
        re.compile(r"正在查看过去:\d{4}-\d\d-\d\d \d\d:\d\d")
    )
    page.locator("[data-test=past-now]").click()
    expect(page.locator("[data-test=past-at]")).to_have_count(0)
