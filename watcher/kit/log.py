"""Logs: one line an event, for people on a terminal or as JSON for machines."""

import logging
import sys
from typing import Any

# Where it finds rich, structlog loads it for stack traces that are not printed so here: that costs
# each process 5 MB and a tenth of its start. With None in its place there is none to be found.
_rich = sys.modules.get("rich")
if _rich is None:
    sys.modules["rich"] = None  # type: ignore[assignment]  # as imports have it
import structlog  # noqa: E402 - see above

if _rich is None:
    del sys.modules["rich"]


def configure(level: str = "info", *, as_json: bool = False) -> None:
    """Sets the log up for this process; lines go to standard error."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


def logger(part: str) -> Any:
    """The log of one part of Watcher."""
    return structlog.get_logger(part=part)
