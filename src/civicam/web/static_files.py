"""Serves the built console: hashed files for ever, the page itself asked for anew, every address is the page.

``/map/*.pmtiles`` is read in ranges (RFC 9110 §14), which Starlette's file response does.
"""

from __future__ import annotations

import os
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from civicam.kernel.errors import Refused

HERE = Path(__file__).parent / "static"
FOR_EVER = "public, max-age=31536000, immutable"
ASK = "no-cache"

_NOT_BUILT = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>civicam</title>
<body><h1>控制台尚未构建 · The console is not built</h1>
<p>运行 <code>make ui</code> 后刷新本页。 · Run <code>make ui</code>, then reload.</p></body></html>"""


class Console:
    """An ASGI-callable route target for everything that is no API."""

    def __init__(self, folder: Path = HERE) -> None:
        self._folder = folder

    @property
    def built(self) -> bool:
        """Whether there is a page to serve."""
        return (self._folder / "index.html").is_file()

    async def __call__(self, request: Request) -> Response:
        """A file, or the page for an address of the console; `Refused` ``web.not-found`` otherwise."""
        path: str = request.path_params["path"]
        found = self._find(path)
        if found is not None:
            held = path.startswith("assets/")
            return FileResponse(found, headers={"Cache-Control": FOR_EVER if held else ASK})
        if "." in path.rsplit("/", 1)[-1] or path == "api" or path.startswith(("api/", "assets/", "upload/")):
            raise Refused("web.not-found")
        if not self.built:
            return HTMLResponse(_NOT_BUILT, 503, {"Cache-Control": "no-store"})
        return FileResponse(self._folder / "index.html", headers={"Cache-Control": ASK})

    def _find(self, path: str) -> Path | None:
        """The file under our folder; never one outside it, whatever the path says."""
        if not path or "\x00" in path:
            return None
        full = os.path.realpath(self._folder / path)
        inside = os.path.commonpath([full, os.path.realpath(self._folder)]) == os.path.realpath(self._folder)
        return Path(full) if inside and os.path.isfile(full) else None
