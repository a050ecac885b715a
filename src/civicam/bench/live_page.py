"""Drives the console in a real browser and reads what is on its screen.

The console is used as a person uses it: the tree's search box, a click on a hit, the Delete key. Times are
taken inside the page, from the click to the moment the pane says that a picture is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from civicam.bench.strip import Strip, decode
from civicam.kernel.errors import Operational

if TYPE_CHECKING:
    from playwright.sync_api import Page

Way = Literal["webcodecs", "mse"]
CHROMIUM = (Path("/usr/bin/chromium"), Path("/usr/bin/chromium-browser"), Path("/usr/bin/google-chrome"))
_PATIENCE_MS = 30_000

_PLAY = """([id, patience]) => new Promise((done) => {
  const pane = () => document.querySelector(`[data-test=pane][data-channel="${id}"]`);
  const started = performance.now();
  const finish = () => {
    const state = pane()?.dataset.state ?? 'none';
    const final = ['playing', 'undecodable', 'offline', 'denied'].includes(state);
    if (!final && performance.now() - started < patience) return;
    observer.disconnect();
    clearInterval(timer);
    done([state, performance.now() - started]);
  };
  const observer = new MutationObserver(finish);
  observer.observe(document.body, {subtree: true, attributes: true, attributeFilter: ['data-state']});
  const timer = setInterval(finish, 500);
  document.querySelector(`[data-test=tree] [data-node="${id}"]`).click();
})"""

# Looks at the picture at every frame of the screen; keeps the time at which each new strip was first seen.
_WATCH = """([id, seconds]) => new Promise((done) => {
  const pane = document.querySelector(`[data-test=pane][data-channel="${id}"]`);
  const pen = Object.assign(document.createElement('canvas'), {width: 64, height: 1})
    .getContext('2d', {willReadFrequently: true});
  pen.imageSmoothingEnabled = false;
  const seen = [];
  const until = performance.now() + seconds * 1000;
  let last = '';
  const look = () => {
    const picture = pane.querySelector('.picture:last-child');
    const width = picture.videoWidth || picture.width, height = picture.videoHeight || picture.height;
    const cell = Math.floor(width / 80) & ~1;
    const x = Math.floor((width - 64 * cell) / 2) & ~1, y = height - 2 * cell;
    if (cell > 0) {
      pen.drawImage(picture, x, y + cell / 2, 64 * cell, 1, 0, 0, 64, 1);
      const pixels = pen.getImageData(0, 0, 64, 1).data;
      const now = Date.now();
      let bits = '';
      for (let k = 0; k < 64; k++) bits += pixels[4 * k + 1] > 125 ? '1' : '0';
      if (bits !== last) seen.push([now, bits]);
      last = bits;
    }
    if (performance.now() < until) requestAnimationFrame(look);
    else done(seen);
  };
  requestAnimationFrame(look);
})"""

_CADENCE = """(count) => new Promise((done) => {
  const gaps = [];
  let last = performance.now();
  const tick = (now) => {
    gaps.push(now - last);
    last = now;
    if (gaps.length < count) requestAnimationFrame(tick);
    else done(gaps.slice(1));
  };
  requestAnimationFrame(tick);
})"""

_ECHO = """([url, count]) => new Promise((done, fail) => {
  const ages = [];
  const socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  socket.onmessage = ({data}) => {
    ages.push(Date.now() - new DataView(data).getFloat64(0));
    if (ages.length >= count) { socket.close(); done(ages); }
  };
  socket.onerror = () => fail(new Error('the floor socket failed'));
})"""


@dataclass(frozen=True, slots=True)
class Seen:
    """One picture on the screen: its strip, and when it was first seen there (Unix ms)."""

    strip: Strip
    at_ms: float

    @property
    def age_ms(self) -> float:
        """From the drawing of the scene to the screen."""
        return self.strip.age(self.at_ms)


class LivePage:
    """The live page of one console, logged in."""

    def __init__(self, page: Page, origin: str) -> None:
        self._page = page
        self._origin = origin

    def beside(self) -> LivePage:
        """Another page of the same session."""
        return LivePage(self._page.context.new_page(), self._origin)

    def open(self, way: Way | None = None) -> None:
        """The live page with one pane, its main stream; ``way`` prefers a player."""
        self._page.goto(f"{self._origin}/live" + (f"?player={way}" if way else ""))
        self._page.locator("[data-test=tree-search]").wait_for()
        later = self._page.locator("[data-test=password-later]")
        if later.is_visible():
            later.click()
        self._page.locator("[data-test=layout-1]").click()

    def offer(self, channel_id: str, name: str) -> None:
        """Search for a channel, so that its row waits to be clicked."""
        self._page.locator("[data-test=tree-search]").fill(name)
        self._page.locator(f'[data-test=tree] [data-node="{channel_id}"]').wait_for()

    def play(self, channel_id: str) -> tuple[str, float]:
        """Click the offered channel; the pane's state at the end and the milliseconds to it."""
        state, ms = self._page.evaluate(_PLAY, [channel_id, _PATIENCE_MS])
        return str(state), float(ms)

    def way(self, channel_id: str) -> str:
        """Which way the pane's picture comes."""
        pane = self._page.locator(f'[data-test=pane][data-channel="{channel_id}"]')
        return pane.get_attribute("data-way") or ""

    def close_pane(self, channel_id: str) -> None:
        """Press Delete and wait until the pane is empty."""
        self._page.locator("[data-test=pane]:visible").first.click(position={"x": 30, "y": 60})
        self._page.keyboard.press("Delete")
        self._page.locator(f'[data-test=pane][data-channel="{channel_id}"]').wait_for(state="detached")

    def streams(self) -> set[str]:
        """Channels whose stream the server has open."""
        found = self._page.evaluate("async () => (await (await fetch('/api/live')).json()).streams")
        return {str(stream["channel_id"]) for stream in found}

    def online(self) -> dict[str, str]:
        """Channels that are online: GB id to the platform's own id."""
        query = "async () => (await (await fetch('/api/channels?state=online&limit=1000')).json()).channels"
        return {str(channel["gb_id"]): str(channel["id"]) for channel in self._page.evaluate(query)}

    def watch(self, channel_id: str, seconds: float) -> list[Seen]:
        """Every new picture that the screen showed, with a strip that can be read."""
        rows = self._page.evaluate(_WATCH, [channel_id, seconds])
        strips = ((decode(bits), float(at)) for at, bits in rows)
        return [Seen(strip, at) for strip, at in strips if strip is not None]

    def cadence(self, frames: int) -> list[float]:
        """Milliseconds between frames of the screen with nothing to do."""
        return [float(gap) for gap in self._page.evaluate(_CADENCE, frames)]

    def echo(self, url: str, messages: int) -> list[float]:
        """Milliseconds that messages of a bare WebSocket server take into the page."""
        return [float(age) for age in self._page.evaluate(_ECHO, [url, messages])]


@contextmanager
def console(link: str) -> Iterator[LivePage]:
    """A headless browser, logged in by the one-time ``link``.

    Raises:
        Operational: ``bench.no-browser`` when Playwright or Chromium is absent.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise Operational("bench.no-browser", what="playwright") from error
    executable = next((path for path in CHROMIUM if path.exists()), None)
    if executable is None:
        raise Operational("bench.no-browser", what="chromium")
    where = urlsplit(link)
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=str(executable),
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
        )
        try:
            page = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en").new_page()
            page.goto(link)
            page.wait_for_url("**/situation")
            yield LivePage(page, f"{where.scheme}://{where.netloc}")
        finally:
            browser.close()
