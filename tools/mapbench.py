"""How long the map takes to show a city in headless Chromium, and how it pans.

    python -m tools.mapbench LINK [--runs 5]

LINK is the log-in link that `python -m tools.cityday` prints. Each run opens the map, with cached files as an
operator's next visit has them, and without, and says milliseconds from the navigation to the first frame with
all spots; then it drags and says how far frames lie apart. The floor is the same drag over another page.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from typing import Any
from urllib.parse import urlsplit

from civicam.bench.live_page import CHROMIUM

_FRAMES = """() => { window.gaps = []; let last = performance.now();
  const tick = (now) => { window.gaps.push(now - last); last = now;
    window.running && requestAnimationFrame(tick); };
  window.running = true; requestAnimationFrame(tick); }"""
_DRAG_STEPS = 90


def shown_ms(page: Any, url: str) -> float:
    """From the navigation to everything drawn."""
    page.goto(url)
    for _ in range(600):  # the console's policy lets nothing wait inside the page
        found = page.evaluate("() => performance.getEntriesByName('map-shown').map((each) => each.startTime)")
        if found:
            return float(found[0])
        page.wait_for_timeout(100)
    raise SystemExit("the map was not shown within a minute")


def drag(page: Any) -> list[float]:
    """Frames while the pointer drags to and fro, milliseconds apart."""
    page.evaluate(_FRAMES)
    page.mouse.move(1000, 450)
    page.mouse.down()
    for step in range(_DRAG_STEPS):
        way = step if step < _DRAG_STEPS / 2 else _DRAG_STEPS - step
        page.mouse.move(1000 - 6 * way, 450 + 3 * way)
    page.mouse.up()
    page.evaluate("() => { window.running = false; }")
    return [float(gap) for gap in page.evaluate("window.gaps")][2:]


def spread(values: list[float]) -> dict[str, float]:
    """Median, 95 of 100, and the worst."""
    ordered = sorted(values)
    return {
        "p50": round(statistics.median(ordered), 1),
        "p95": round(ordered[int(len(ordered) * 0.95) - 1], 1),
        "max": round(ordered[-1], 1),
    }


def measure(link: str, runs: int) -> dict[str, Any]:
    """All of it, as written to stdout."""
    from playwright.sync_api import sync_playwright

    where = urlsplit(link)
    origin = f"{where.scheme}://{where.netloc}"
    executable = next(str(path) for path in CHROMIUM if path.exists())
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1600, "height": 900})
        page = context.new_page()
        page.add_init_script("sessionStorage.setItem('civicam.password-later', '1')")
        page.goto(link)
        page.wait_for_timeout(1500)
        later = page.locator("[data-test=password-later]")
        if later.count():
            later.click()
        page.wait_for_url("**/situation")
        state = context.storage_state()
        first = shown_ms(page, f"{origin}/map")
        warm = [shown_ms(page, f"{origin}/map") for _ in range(runs)]
        cold = []
        for _ in range(runs):
            fresh = browser.new_context(viewport={"width": 1600, "height": 900}, storage_state=state)
            cold.append(shown_ms(fresh.new_page(), f"{origin}/map"))
            fresh.close()
        panned = [gap for _ in range(runs) for gap in drag(page)]
        page.goto(f"{origin}/system")
        floor = drag(page)
        browser.close()
    return {
        "shown_first_ms": round(first, 1),
        "shown_ms": spread(warm),
        "shown_without_cache_ms": spread(cold),
        "frame_while_panning_ms": spread(panned),
        "frame_floor_ms": spread(floor),
    }


def main() -> None:
    """Parse the command line and do it."""
    parser = argparse.ArgumentParser(prog="python -m tools.mapbench", description=__doc__)
    parser.add_argument("link", help="the log-in link of a staged city")
    parser.add_argument("--runs", type=int, default=5)
    wish = parser.parse_args()
    sys.stdout.write(json.dumps(measure(wish.link, wish.runs), indent=1) + "\n")


if __name__ == "__main__":
    main()
