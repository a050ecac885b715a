"""What several commands share: their options, and addresses printed for people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from civicam.config import Settings

Data = Annotated[Path | None, typer.Option(help="Directory of the store, the key and civicam.toml.")]
Config = Annotated[
    Path | None, typer.Option(help="Settings file; default: civicam.toml in the data directory.")
]

WILDCARDS = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 -- compared, not bound


def address(settings: Settings, port: int | None = None) -> str:
    """The console's address: as set, else by host and port; a wildcard is reached on this machine."""
    if settings.web.public_url:
        return settings.web.public_url.rstrip("/")
    host = "127.0.0.1" if settings.web.host in WILDCARDS else settings.web.host
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{settings.web.port if port is None else port}"


def welcome(url: str, token: str) -> str:
    """The one-time link: the token stands behind ``#``, so no server, log or Referer ever sees it."""
    return f"{url}/welcome#token={token}"
