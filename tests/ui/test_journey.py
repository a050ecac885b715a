"""One evening shift at the console: in by the link, over the map to a picture, through every state of a pane.

[civicam demo]──HTTP, WebSocket──[Chromium]
     │
[simulated district: 60 sites, SIP, RTP]
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from civicam.bench.strip import Strip, decode

expect = pytest.importorskip("playwright.sync_api", reason="uv sync --group dev").expect

if TYPE_CHECKING:
    from tests.ui.conftest import District, Watched

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

# No wait_for_function here: it evaluates text inside the page, which the console's own CSP forbids.
_STRIP = """(element) => {
  const picture = element.querySelector('.picture:last-child');
  const width = picture.videoWidth || picture.width, height = picture.videoHeight || picture.height;
  const cell = Math.floor(width / 80) & ~1;
  if (cell === 0) return '';
  const x = Math.floor((width - 64 * cell) / 2) & ~1, y = height - 2 * cell;
  const canvas = Object.assign(document.createElement('canvas'), {width: 64, height: 1});
  const pen = canvas.getContext('2d', {willReadFrequently: true});
  pen.imageSmoothingEnabled = false;
  pen.drawImage(picture, x, y + cell / 2, 64 * cell, 1, 0, 0, 64, 1);
  const pixels = pen.getImageData(0, 0, 64, 1).data;
  return Array.from({length: 64}, (_, k) => pixels[4 * k + 1] > 125 ? '1' : '0').join('');
}"""


def next_strip(pane: Any, last: str = "") -> tuple[Strip, str]:
    """The strip of a picture that is not ``last``, and its cells; what is half drawn is passed over."""
    look = f"""(element, last) => new Promise((done) => {{
      const next = () => {{
        const bits = ({_STRIP})(element);
        if (bits !== last) done(bits);
        else requestAnimationFrame(next);
      }};
      next();
    }})"""
    for _ in range(200):
        last = pane.evaluate(look, last)
        strip = decode(last)
        if strip is not None:
            return strip, last
    raise AssertionError("no strip can be read from the picture")


def pane_of(page: Any, identity: str) -> Any:
    """The pane with this channel."""
    return page.locator(f'[data-test=pane][data-channel="{identity}"]')


def await_state(pane: Any, state: str) -> None:
    """Wait until the pane says so."""
    pane.and_(pane.page.locator(f'[data-state="{state}"]')).wait_for()


def find_in_tree(page: Any, channel: dict[str, Any]) -> Any:
    """Type the channel's GB id into the tree's search box and click the hit; its pane."""
    page.locator("[data-test=tree-search]").fill(channel["gb_id"])
    identity = channel_id(page, channel)
    page.locator(f'[data-test=tree] [data-node="{identity}"]').click()
    return pane_of(page, identity)


def channel_id(page: Any, channel: dict[str, Any]) -> str:
    """What the platform calls a channel of the district's description."""
    ask = "async (q) => (await (await fetch('/api/channels?q=' + q)).json()).channels[0].id"
    return str(page.evaluate(ask, channel["gb_id"]))


def test_a_shift_at_the_console(page: Any, district: District, watched: Watched) -> None:
    district.log_in(page)
    assert "token" not in page.url
    _the_situation_counts(page)
    _over_the_map_to_a_picture(page, district)
    _every_state_of_a_pane(page, district)
    _a_device_brings_pictures(page, district)
    _keys_language_and_theme(page)

    # Refusals are answered with 4xx and 5xx, which the browser reports by itself; nothing else may be said.
    # Chromium's own words: what was refused, and a pane that was closed while it connected.
    usual = re.compile("Failed to load resource|WebSocket connection to .* closed before the connection is")
    said = [text for text in watched.errors if not usual.match(text)]
    assert said == []
    hosts = {urlsplit(url).hostname for url in watched.urls if not url.startswith(("blob:", "data:"))}
    assert hosts == {"127.0.0.1"}


def _the_situation_counts(page: Any) -> None:
    """The district registers: most channels come online, and every figure leads to its list."""
    expect(page.locator("[data-test=rate]")).to_have_text(re.compile(r"^(9\d|100)\."), timeout=60_000)
    known = page.locator("[data-test=count][href='/channels?state=online'] .value")
    expect(known).to_have_text(re.compile(r"^1[0-5]\d$"), timeout=60_000)
    page.locator("[data-test=count][href='/channels?state=online']").click()
    page.wait_for_url("**/channels?state=online")
    page.locator("[data-test=channel-row]").first.wait_for()
    shown = page.locator("[data-test=range]").inner_text()
    assert int(re.sub(r"\D", "", shown.split("/")[-1])) > 100


def _over_the_map_to_a_picture(page: Any, district: District) -> None:
    """Find a site on the map, open it, play its channel: the burned-in counter moves."""
    channel = district.channel(codec="h264")
    page.get_by_role("link", name=re.compile("电子地图")).click()
    page.locator("[data-test=map] canvas").first.wait_for()
    page.locator("[data-test=map-search]").fill(district.site_name(channel["site"]))
    page.locator(f'[data-test=map-row][data-site="{channel["site"]}"]').click()
    panel = page.locator("[data-test=site-panel]")
    identity = channel_id(page, channel)
    panel.locator(f'[data-test=play][data-channel="{identity}"]').click()
    pane = pane_of(page, identity)
    await_state(pane, "playing")
    before, cells = next_strip(pane)
    after, _ = next_strip(pane, cells)
    assert 0 < (after.counter - before.counter) % 2**16 < 500
    assert 0 < after.ms - before.ms < 20_000


def _every_state_of_a_pane(page: Any, district: District) -> None:
    """Not asked, connecting, playing, offline, no right, cannot decode: each with its words."""
    page.get_by_role("link", name=re.compile("实时视频")).click()
    page.locator("[data-test=layout-9]").click()
    empty = page.locator("[data-test=pane]:visible").nth(8)
    assert empty.get_attribute("data-state") == "idle"
    assert "未选通道" in empty.inner_text()

    # Connecting, caught in the act: the answer of the server is held back until it was seen.
    playing = district.channel(codec="h264")
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    page.route("**/api/live", hold)
    with page.expect_request("**/api/live"):
        pane = find_in_tree(page, playing)
    await_state(pane, "connecting")
    assert "正在向设备点播" in pane.inner_text()
    held.pop().continue_()
    page.unroute("**/api/live")
    await_state(pane, "playing")
    assert pane.get_attribute("data-way") == "webcodecs"

    # No right: there is one role yet, so the refusal is put into the server's mouth.
    refused = next(each for each in district.description["channels"] if each is not playing)
    refusal = {"code": "access.no-right", "message": {"zh-CN": "没有查看该通道的权限", "en": "no right"}}
    answer = json.dumps({"error": refusal})
    page.route(
        "**/api/live", lambda route: route.fulfill(status=403, body=answer, content_type="application/json")
    )
    pane = find_in_tree(page, refused)
    await_state(pane, "denied")
    assert "没有查看该通道的权限" in pane.inner_text()
    page.unroute("**/api/live")

    _a_device_that_is_away(page)

    # Debian's Chromium has no H.265: the pane says so and shows key frames.
    other = district.channel(codec="h265")
    page.locator("[data-test=layout-1]").click()
    pane = find_in_tree(page, other)
    await_state(pane, "undecodable")
    assert "H.265" in pane.inner_text()


def _a_device_that_is_away(page: Any) -> None:
    """A source nobody answers at: enrolled over the API, found by its name, offline with a reason."""
    record = {"place": "main-road", "ground": "799-7-government", "purpose": "public-order"}
    body = {
        "name": "远处的编码器",
        "url": "rtsp://127.0.0.1:9/none",
        "camera": {"kind": "third-party", "owner_id": "bureau", **record},
    }
    made = page.evaluate(
        """async (body) => (await (await fetch('/api/sources', {method: 'POST', body: JSON.stringify(body),
             headers: {'content-type': 'application/json'}})).json()).id""",
        body,
    )
    assert made, "the source was refused"
    page.evaluate(
        """async (id) => {
          for (;;) {
            const {sources} = await (await fetch('/api/sources')).json();
            if (sources.some((source) => source.id === id && source.state === 'offline')) return;
            await new Promise((again) => setTimeout(again, 500));
          }
        }""",
        made,
    )
    page.locator("[data-test=tree-search]").fill(body["name"])
    hit = page.locator("[data-test=tree] [data-node]").filter(has_text=body["name"]).first
    identity = hit.get_attribute("data-node")
    hit.click()
    pane = pane_of(page, identity)
    await_state(pane, "offline")
    assert "设备离线" in pane.inner_text()


def _a_device_brings_pictures(page: Any, district: District) -> None:
    """Asked for with a purpose, counted as they come, shown; what the device says of itself; back to the wall."""
    device = district.channel(codec="h264")["device"]
    page.get_by_role("link", name="设备", exact=True).click()
    page.locator("[data-test=device-filter]").fill(device)
    page.locator("[data-test=device-row]").filter(has_text=device).get_by_role("link").click()
    page.locator("[data-test=tab-use]").click()
    assert page.locator("[data-test=shots-ask]").is_disabled()
    page.locator("[data-test=shots-count]").fill("2")
    page.locator(".shots [data-test=purpose-maintenance]").check()
    page.locator("[data-test=shots-ask]").click()
    page.locator("[data-test=shot][data-stage=done]").wait_for()
    assert page.locator("[data-test=shot-picture]").count() == 0
    page.locator("[data-test=shots-show]").click()
    picture = page.locator("[data-test=shot-picture]").last
    picture.wait_for()
    expect(picture).to_have_js_property("naturalWidth", 640)
    page.locator("[data-test=tab-upkeep]").click()
    page.locator("[data-test=memory-card]").first.wait_for()
    page.get_by_role("link", name="实时视频").click()


def _keys_language_and_theme(page: Any) -> None:
    """Layouts, statistics and search by key; language and theme at a click, remembered."""
    page.locator("[data-test=layout-4]").focus()
    page.keyboard.press("9")
    assert page.locator("[data-test=pane]:visible").count() == 9
    page.keyboard.press("4")
    assert page.locator("[data-test=pane]:visible").count() == 4
    page.keyboard.press("s")
    page.locator("[data-test=pane-stats]").first.wait_for()
    page.keyboard.press("?")
    page.get_by_role("dialog").get_by_text("抓图").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")
    page.keyboard.press("Control+k")
    assert page.evaluate("document.activeElement.dataset.test") == "search"
    page.keyboard.press("Escape")

    assert page.evaluate("document.documentElement.className") == "dark"
    page.locator("[data-test=theme]").click()
    page.locator("html.light").wait_for()
    page.locator("[data-test=language]").click()
    page.get_by_role("link", name="Live view").wait_for()
    page.reload()
    page.locator("html.light").wait_for()
    page.get_by_role("link", name="Live view").wait_for()
    assert page.evaluate("document.documentElement.lang") == "en"


def test_the_door_is_shut_without_a_session(page: Any, district: District) -> None:
    """No session: the log-in page, and a link that was used already says so."""
    page.goto(f"{district.origin}/map")
    page.wait_for_url("**/login?next=/map")
    page.goto(f"{district.origin}/welcome#token=this-is-no-token")
    page.get_by_role("alert").wait_for()
    assert "登录链接无效" in page.get_by_role("alert").inner_text()
