"""Builds the console into the wheel and the sdist, so that who installs a wheel needs no Node.js.

In a checkout it runs npm when the built console is missing or older than its sources; in an unpacked sdist
the built console is there and npm is never asked for. An editable install (what `uv sync` makes) builds
nothing: `make` does that as a step of its own, with progress.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ConsoleBuildHook(BuildHookInterface[Any]):
    """Hatchling calls `initialize` before it collects the files of a wheel or an sdist."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make sure ``src/civicam/web/static`` holds the console."""
        if version == "editable":
            return
        root = Path(self.root)
        built = (root / "src" / "civicam" / "web" / "static" / "index.html").is_file()
        if (root / "PKG-INFO").is_file():
            if not built:
                raise RuntimeError(
                    "this source distribution lacks the built console; make it with `uv build`"
                )
            return
        sys.path.insert(0, str(root))
        from tools.console import build
        from tools.steps import Failed, Steps

        try:
            build(Steps(root, total=4), root)
        except Failed as problem:
            raise RuntimeError(str(problem)) from problem
