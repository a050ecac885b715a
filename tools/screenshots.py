"""Take the pictures of the console that the README shows, and those a reviewer wants to see.

    python -m tools.screenshots docs/img [--all]

Starts `civicam demo` and headless Chromium. Without ``--all`` only what the readme shows; with it every page
at 1600 × 900 in both languages and both themes.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from civicam.bench.live import demo
from civicam.bench.live_page import CHROMIUM

PAGES = (
    *("situation", "map", "site", "live", "playback", "alarms"),
    *("channels", "devices", "device", "system"),
)
THEMES: tuple[Literal["dark"], Literal["light"]] = ("dark", "light")
_REGISTERED = re.compile(r"^14\d$|^150$")


def shoot(page: Any, origin: str, name: str, target: Path) -> None:
    """Bring one page into the state worth seeing and take its picture."""
    path = {"site": "map", "device": "devices"}.get(name, name)
    page.goto(f"{origin}/{path}")
    if name in ("map", "site"):
        page.locator("[data-test=map] canvas").first.wait_for()
    if name == "site":
        _open_site(page)
    if name == "live":
        _fill_wall(page)
    if name == "playback":
        _play_recording(page)
    if name == "device":
        page.locator("[data-test=device-row] a").first.click()
    page.wait_for_timeout(2500)
    page.screenshot(path=str(target))


def _open_site(page: Any) -> None:
    page.locator("[data-test=map-sites]").click()
    page.locator("[data-test=map-all]").click()
    page.locator("[data-test=map-row]").nth(20).click()
    page.locator("[data-test=play]").first.click()
    page.locator("[data-test=pane][data-state=playing]").wait_for(timeout=30_000)


def _fill_wall(page: Any) -> None:
    """Four panes of different sites, the first time; the wall remembers them afterwards."""
    page.locator("[data-test=layout-4]").click()
    if page.locator("[data-test=pane][data-channel]").count() == 0:
        page.locator("[data-kind=street]").first.click()
        page.locator("[data-kind=site]").first.wait_for()
        for index in range(8):
            page.locator("[data-kind=site]").nth(index).click()
            page.locator("[aria-level='4']").first.wait_for()
            if page.locator("[data-kind=channel]").count() >= 4:
                break
        for index in range(4):
            page.locator("[data-kind=channel]").nth(index).click()
    page.locator("[data-test=pane][data-state=playing]").nth(2).wait_for(timeout=60_000)


def _play_recording(page: Any) -> None:
    """The first camera of the first recorder that has recorded today."""
    page.locator("[data-test=tree-search]").fill("枪机02")
    page.locator("[data-test=tree] [data-node]").first.click()
    page.locator("[data-test=toggle]:enabled").click(timeout=30_000)
    page.locator("[data-test=tape][data-state=playing]").wait_for(timeout=30_000)


def main() -> None:
    """Parse the command line and do it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--all", action="store_true")
    wish = parser.parse_args()
    wish.out.mkdir(parents=True, exist_ok=True)
    from playwright.sync_api import expect, sync_playwright

    executable = next(str(path) for path in CHROMIUM if path.exists())
    with (
        tempfile.TemporaryDirectory() as folder,
        demo(Path(folder) / "demo", 1) as link,
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        where = urlsplit(link)
        page = browser.new_page(viewport={"width": 1600, "height": 900}, locale="en", color_scheme="dark")
        page.goto(link)
        page.locator("[data-test=password-later]").click()
        online = page.locator("[data-test=count][href='/channels?state=online'] .value")
        expect(online).to_have_text(_REGISTERED, timeout=90_000)
        session = page.context.storage_state()
        looks = [(lang, theme) for lang in ("zh-CN", "en") for theme in THEMES]
        for lang, theme in looks if wish.all else looks[:1]:
            context = browser.new_context(
                viewport={"width": 1600, "height": 900},
                locale=lang,
                color_scheme=theme,
                storage_state=session,
            )
            view = context.new_page()
            view.add_init_script("sessionStorage.setItem('civicam.password-later', '1')")
            for name in PAGES if wish.all else ("live",):
                target = wish.out / f"{name}-{theme}-{lang[:2]}.png"
                shoot(view, f"{where.scheme}://{where.netloc}", name, target)
                sys.stdout.write(f"{target}\n")
            context.close()
        browser.close()


if __name__ == "__main__":
    main()
