"""What every target shares: how it is started, and what one input may cost.

``python fuzz/FILE.py TARGET [libFuzzer options] [CORPUS FOLDER]``. Two limits hold for every input, however
the parser is instrumented: CPU time, and nothing but a refusal may come out. With ``--cost FOLDER`` the
inputs of a corpus are run without instrumentation and the dearest is named.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import atheris

Target = Callable[[bytes], None]

MOST_S = 0.1
"""CPU seconds of one input of at most 64 KiB."""
_INSTRUMENTED = 10
"""Counting every edge makes Python about so many times slower."""
_COST = "--cost"


@contextlib.contextmanager
def instrumented(*packages: str) -> Iterator[None]:
    """Import the parsers inside: their edges guide the fuzzer, unless only their cost is asked."""
    if _COST in sys.argv:
        yield
        return
    with atheris.instrument_imports(include=list(packages)):
        yield


def main(targets: dict[str, Target]) -> None:
    """Run the target named first on the command line."""
    if len(sys.argv) < 2 or sys.argv[1] not in targets:
        raise SystemExit(f"which of {' '.join(targets)}?")
    target = targets[sys.argv.pop(1)]
    if _COST in sys.argv:
        _dearest(target, Path(sys.argv[-1]))
        return
    atheris.Setup(sys.argv, _timed(target))
    atheris.Fuzz()


def _timed(target: Target) -> Target:
    def run(data: bytes) -> None:
        before = time.process_time()
        target(data)
        spent = time.process_time() - before
        if spent > MOST_S * _INSTRUMENTED:
            raise AssertionError(f"{len(data)} bytes cost {spent:.2f} s")

    return run


def _dearest(target: Target, corpus: Path) -> None:
    costs: list[tuple[float, int, str]] = []
    for path in sorted(corpus.iterdir()):
        data = path.read_bytes()
        before = time.process_time()
        target(data)
        costs.append((time.process_time() - before, len(data), path.name))
    dearest = max(costs, default=(0.0, 0, "none"))
    print(
        f"{len(costs)} inputs; the dearest: {dearest[0] * 1000:.1f} ms for {dearest[1]} bytes ({dearest[2]})"
    )
    if dearest[0] > MOST_S:
        raise SystemExit(1)
