"""Shared by every test: where hostile input lies, what is installed, and that nothing may be skipped.

On a reader's machine a missing program skips its tests with a line that says what to install. Where
``CIVICAM_TEST_NO_SKIPS=1`` is set (``.ci/run`` installs everything) a skipped test fails the whole run.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAY_BE_SKIPPED: frozenset[str] = frozenset()
"""Node ids that may be skipped even where nothing may be. Empty, and meant to stay so."""

_NO_SKIPS = os.environ.get("CIVICAM_TEST_NO_SKIPS") == "1"


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Coroutine tests marked ``anyio`` run on asyncio, as the product does."""
    return "asyncio"


@pytest.fixture(scope="session")
def torture() -> Path:
    """The folder of hostile input beside the checkout; a user's clone has none."""
    folder = Path(os.environ.get("CIVICAM_TORTURE", ROOT.parent / "shared" / "torture"))
    if not folder.is_dir():
        pytest.skip("no hostile input in ../shared/torture; set CIVICAM_TORTURE to its folder")
    return folder


@pytest.fixture(scope="session")
def program() -> Callable[[str, str], str]:
    """``program("sipp", "sip-tester")``: its path, or a skip that names Debian's package."""

    def find(name: str, package: str) -> str:
        path = shutil.which(name)
        if path is None:
            pytest.skip(f"{name} is not installed: apt-get install {package}")
        return path

    return find


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Turn a skip into a failure where nothing may be skipped, with the reason the skip gave."""
    report: pytest.TestReport = yield  # type: ignore[assignment]  # the hook's result type is not in its stub
    if _NO_SKIPS and report.skipped and not hasattr(report, "wasxfail") and item.nodeid not in MAY_BE_SKIPPED:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"CIVICAM_TEST_NO_SKIPS=1, and this test was skipped: {reason}"
    return report  # type: ignore[return-value]  # what a wrapper hands on


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    """The same for a file that skips itself while it is collected (``importorskip``)."""
    report: pytest.CollectReport = yield  # type: ignore[assignment]
    if _NO_SKIPS and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"CIVICAM_TEST_NO_SKIPS=1, and {collector.nodeid} was skipped: {report.longrepr}"
    return report  # type: ignore[return-value]
