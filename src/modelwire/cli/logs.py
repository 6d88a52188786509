"""Logging configuration of the command, the server and the application."""

from __future__ import annotations

from typing import Any

from ..settings import Settings


def configure_logs(settings: Settings) -> dict[str, Any]:
    """Build the logging configuration of a server process, for `logging.config.dictConfig`.

    Args:
        settings: Text or JSON.

    Returns:
        The configuration. All logs go to standard error; with JSON those of other libraries too, so
        that each line is an object.
    """
    formatter = "JSONFormatter" if settings.log_format == "json" else "TextFormatter"
    handler = {"class": "logging.StreamHandler", "formatter": "line"}
    logger = {"handlers": ["lines"], "level": "INFO", "propagate": False}
    pool = {"level": "WARNING"}  # SQLAlchemy logs under the name of the pool's module
    others = {"root": {"handlers": ["lines"]}} if settings.log_format == "json" else {}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": f"modelwire.observe.{formatter}"}},
        "handlers": {"lines": handler},
        "loggers": {"uvicorn": logger, "modelwire": logger, "modelwire.execute.connect.pool": pool},
        **others,
    }
