"""The demonstration's simulator, asked over its control socket: one JSON object a line, one answer.

The console speaks to it as `civicam simulate fault` does; the platform itself never learns what was broken.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from civicam.kernel.errors import Operational, Refused

ANSWER_S = 5.0
LINE_MOST = 1 << 20


async def ask(path: Path, request: dict[str, Any]) -> dict[str, Any]:
    """What the simulator answers.

    Raises:
        Operational: ``web.demo-unreachable`` when nobody listens, or says nothing sensible in time.
        Refused: ``web.demo-refused`` with the simulator's own word.
    """
    try:
        async with asyncio.timeout(ANSWER_S):
            reader, writer = await asyncio.open_unix_connection(str(path), limit=LINE_MOST)
            try:
                writer.write(json.dumps(request).encode() + b"\n")
                await writer.drain()
                answer = json.loads(await reader.readline())
            finally:
                writer.close()
    except (OSError, ValueError) as error:  # TimeoutError is an OSError
        raise Operational("web.demo-unreachable", reason=str(error)) from error
    if not isinstance(answer, dict):
        raise Operational("web.demo-unreachable", reason="no object")
    if answer.get("ok") is not True:
        raise Refused("web.demo-refused", word=str(answer.get("error") or answer.get("code"))[:200])
    return answer
