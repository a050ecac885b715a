"""``python -m civicam`` and the ``civicam`` script."""

from __future__ import annotations


def main() -> None:
    """Run the command line; the import is late so that a worker process loads only what it needs."""
    from civicam.cli import run

    run()


if __name__ == "__main__":
    main()
