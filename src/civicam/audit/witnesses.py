"""Where checkpoints go so that the log's own keeper cannot take them back: a file, an HTTP endpoint."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import httpx

from civicam.audit.export import checkpoint_line
from civicam.audit.facts import Checkpoint
from civicam.kernel.errors import Operational


class FileWitness:
    """Appends to a file, best on another disk or a mount that this machine cannot rewrite."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.name = path.name

    async def tell(self, checkpoint: Checkpoint) -> None:
        """See `civicam.audit.ports.Witness`."""
        await asyncio.to_thread(self._append, checkpoint_line(checkpoint.note) + "\n")

    def _append(self, text: str) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            reason = error.strerror or str(error)
            raise Operational("audit.witness-failed", name=self.name, reason=reason) from error


class HttpWitness:
    """Posts ``{"checkpoint": …}``; any 2xx means that it is kept. Another civicam is asked the same way."""

    def __init__(
        self, url: str, timeout_s: float, token: str = "", transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._transport = transport
        parsed = httpx.URL(url)
        self.name = f"{parsed.scheme}://{parsed.host}{parsed.path}"

    async def tell(self, checkpoint: Checkpoint) -> None:
        """See `civicam.audit.ports.Witness`."""
        try:
            async with httpx.AsyncClient(timeout=self._timeout_s, transport=self._transport) as client:
                answer = await client.post(
                    self._url, json={"checkpoint": checkpoint.note}, headers=self._headers
                )
        except (httpx.HTTPError, OSError) as error:
            reason = str(error) or type(error).__name__
            raise Operational("audit.witness-failed", name=self.name, reason=reason) from error
        if not answer.is_success:
            raise Operational("audit.witness-failed", name=self.name, reason=f"HTTP {answer.status_code}")
