"""Structured logs on stderr: lines for people on a terminal, JSON elsewhere; repeated faults counted."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import MutableMapping
from typing import Any

import structlog

from civicam.observability.repeats import Repeats
from civicam.observability.settings import LogSettings

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_PART_OF_KEY = ("event", "code", "device_id", "stream_id", "listener")
_COUNTED = frozenset({"warning", "error", "critical"})


class CountRepeats:
    """A structlog processor: drops a fault said within the window, tells the number on the next one."""

    def __init__(self, window_s: float) -> None:
        self.repeats = Repeats(window_s)

    def __call__(
        self, _logger: object, method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        if method not in _COUNTED:
            return event
        key = "|".join(str(event[name]) for name in _PART_OF_KEY if name in event)
        left_out = self.repeats.take(key, time.monotonic())
        if left_out is None:
            raise structlog.DropEvent
        if left_out:
            event["repeated"] = left_out
        return event

    def tell_due(self) -> None:
        """Say how often faults came that have stopped."""
        for key, left_out in self.repeats.due(time.monotonic()):
            structlog.get_logger("civicam.log").info("log.repeated", fault=key, repeated=left_out)


def configure(settings: LogSettings) -> CountRepeats:
    """Set structlog and the standard library's logging up; returns the counter for its flush."""
    counter = CountRepeats(settings.repeat_s)
    pretty = settings.format == "console" or (settings.format == "auto" and sys.stderr.isatty())
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: Any = (
        structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[counter, *shared, structlog.processors.format_exc_info, last],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[settings.level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[_clean, last])
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(_LEVELS[settings.level], logging.WARNING))
    return counter


def _clean(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop what the bridge from the standard library carries along."""
    event.pop("_record", None)
    event.pop("_from_structlog", None)
    return event
