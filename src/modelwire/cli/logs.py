"""How the command logs: itself, the server, and the application."""

from __future__ import annotations

from typing import Any

from ..settings import Settings


def configure_logs(settings: Settings) -> dict[str, Any]:
    """Describe the log of a server process, for `logging.config.dictConfig`.

    Args:
        settings: Lines for people, or JSON.

    Returns:
        The configuration. Everything goes to standard error, that of other libraries too where it
        is JSON, so that each line is an object.
    """
    formatter = "JSONFormatter" if settings.log_format == "json" else "TextFormatter"
    handler = {"class": "logging.StreamHandler", "formatter": "line"}
    logger = {"handlers": ["lines"], "level": "INFO", "propagate": False}
    pool = {"level": "WARNING"}  # SQLAlchemy logs in the name of the pool's module
    others = {"root": {"handlers": ["lines"]}} if settings.log_format == "json" else {}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": f"modelwire.observe.{formatter}"}},
        "handlers": {"lines": handler},
        "loggers": {"uvicorn": logger, "modelwire": logger, "modelwire.execute.connect.pool": pool},
        **others,
    }
