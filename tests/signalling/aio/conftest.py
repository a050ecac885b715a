"""The shell runs on both loops: uvloop serves, asyncio stands in where there is none."""

from __future__ import annotations

import pytest


@pytest.fixture(params=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Every test twice."""
    return "asyncio", {"use_uvloop": request.param == "uvloop"}
