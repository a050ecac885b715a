"""``python -m civicam`` and the ``civicam`` script."""

from __future__ import annotations

import gc


def main() -> None:
    """Run the command line; the import is late so that a worker process loads only what it needs.

    Until the command is loaded the garbage collector rests: imports make a million objects and no garbage,
    and its passes over them are a quarter of a start. `civicam.cli` wakes it.
    """
    gc.disable()
    from civicam.cli import run

    run()


if __name__ == "__main__":
    main()
