"""Child processes: none is left behind, whichever way the parent goes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from civicam.demo import children
from civicam.kernel.errors import Operational

_PARENT = """
    import asyncio, sys
    from pathlib import Path
    from civicam.demo import children

    async def main():
        child = await children.start("simulate", ["simulate", "describe", "--help"], {}, Path(sys.argv[1]))
        sleeper = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "import signal; signal.pause()",
            start_new_session=True, preexec_fn=children._die_with_parent)
        print(sleeper.pid, flush=True)
        await asyncio.Event().wait()

    asyncio.run(main())
"""


@pytest.mark.anyio
async def test_a_command_that_ends_well_gives_its_words(tmp_path: Path) -> None:
    """The output is in the log and is returned."""
    said = await children.finish("version", ["--version"], {}, tmp_path / "logs" / "version.log")
    assert said.strip() == (tmp_path / "logs" / "version.log").read_text().strip()
    assert said.strip()


@pytest.mark.anyio
async def test_a_command_that_fails_says_what_it_said(tmp_path: Path) -> None:
    """The error carries the last lines."""
    with pytest.raises(Operational, match=r"demo\.step-failed") as caught:
        await children.finish("nothing", ["no-such-command"], {}, tmp_path / "nothing.log")
    assert "no-such-command" in str(caught.value)


@pytest.mark.anyio
async def test_a_stopped_child_is_gone(tmp_path: Path) -> None:
    """Also when it had not come far."""
    child = await children.start("check", ["simulate", "describe"], {}, tmp_path / "check.log")
    await asyncio.wait_for(child.stop(), 30)
    assert not child.running()
    assert not psutil.pid_exists(child.pid)


def test_killing_the_parent_ends_the_children(tmp_path: Path) -> None:
    """SIGKILL leaves the parent no time for anything; the kernel tells the child."""
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(_PARENT), str(tmp_path / "log")],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    with parent.stdout:
        orphan = psutil.Process(int(parent.stdout.readline()))
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait(10)
    _, alive = psutil.wait_procs([orphan], timeout=10)
    assert not alive
