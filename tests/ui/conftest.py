"""A running district and a browser for the console's journeys.

`civicam demo` is started as a person starts it; the journey goes through the one-time link it prints.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

CHROMIUM = next(
    (
        path
        for path in map(Path, ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"))
        if path.exists()
    ),
    None,
)
_LINK = re.compile(r"https?://\S+#token=\S+")
_START_S = 90.0


@dataclass
class District:
    """A running demonstration, shared by all journeys of a process."""

    link: str
    description: dict[str, Any]
    session: list[Any] = field(default_factory=list)
    """The cookies of who came in by the link, which opens the door once."""

    def log_in(self, page: Any) -> None:
        """In by the one-time link, the password may wait; later journeys go on in the same session."""
        page.context.add_cookies(self.session)
        page.goto(f"{self.origin}/situation" if self.session else self.link)
        page.wait_for_url("**/situation")
        page.locator("[data-test=password-later]").click()
        page.locator(".el-overlay").first.wait_for(state="hidden")
        self.session = page.context.cookies()

    @property
    def origin(self) -> str:
        """``http://host:port`` of its console."""
        where = urlsplit(self.link)
        return f"{where.scheme}://{where.netloc}"

    def channel(self, *, codec: str, protocol: str = "gb28181") -> dict[str, Any]:
        """A channel whose main stream has this codec, with its ``site`` filled in."""
        devices = {each["gb_id"]: each for each in self.description["devices"]}
        return next(
            each
            for each in self.description["channels"]
            if each.get("codec", "h264") == codec and devices[each["device"]]["protocol"] == protocol
        )

    def site_name(self, site_id: str) -> str:
        """The Chinese name of a site."""
        return next(str(s["name"]["zh"]) for s in self.description["sites"] if s["id"] == site_id)


@dataclass
class Watched:
    """What the page said and asked for while a journey went through it."""

    errors: list[str] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)


def _await(process: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + _START_S
    while time.monotonic() < until and process.poll() is None:
        found = _LINK.search(log.read_text(encoding="utf-8", errors="replace"))
        if found:
            return found.group()
        try:
            process.wait(0.2)
        except subprocess.TimeoutExpired:
            continue
    pytest.fail("civicam demo did not start:\n" + log.read_text(encoding="utf-8", errors="replace")[-2000:])


@pytest.fixture(scope="session")
def district(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[District]:
    """Server and simulated district, each in processes of its own."""
    if CHROMIUM is None:
        pytest.skip("no Chromium: apt-get install chromium")
    if not (repository / "src/civicam/web/static/index.html").is_file():
        pytest.skip("the console is not built: make ui")
    folder = tmp_path_factory.mktemp("district")
    log = folder / "demo.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "civicam", "demo", "--any-ports", "--data", str(folder / "data")],
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        link = _await(process, log)
        text = (folder / "data" / "district.json").read_text(encoding="utf-8")
        yield District(link, json.loads(text))
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def launch() -> Iterator[Callable[..., Any]]:
    """Starts headless Chromium of this machine with further flags; a process has one Playwright at a time."""
    if CHROMIUM is None:
        pytest.skip("no Chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        yield lambda *flags: play.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", *flags]
        )


@pytest.fixture(scope="module")
def browser(launch: Callable[..., Any]) -> Iterator[Any]:
    """One for all who need nothing special."""
    started = launch()
    yield started
    started.close()


@pytest.fixture
def watched() -> Watched:
    """Filled by the page fixture."""
    return Watched()


@pytest.fixture
def page(browser: Any, watched: Watched) -> Iterator[Any]:
    """A fresh page, Chinese and dark; what its console says and asks for is kept."""
    context = browser.new_context(
        viewport={"width": 1600, "height": 900}, locale="zh-CN", color_scheme="dark"
    )
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.on(
        "console",
        lambda said: watched.errors.append(said.text) if said.type in {"error", "warning"} else None,
    )
    page.on("pageerror", lambda error: watched.errors.append(str(error)))
    page.on("request", lambda request: watched.urls.append(request.url))
    page.on("websocket", lambda socket: watched.urls.append(socket.url))
    yield page
    context.close()
