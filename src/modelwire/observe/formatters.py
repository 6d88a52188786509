"""Formatters of log records: as text, or as JSON."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

import msgspec

from .logs import EventRecord

_encode = msgspec.json.Encoder(enc_hook=str).encode


class TextFormatter(logging.Formatter):
    """Formatter that writes a record as a line of text, as uvicorn does."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record."""
        label = f"{record.levelname}:"
        time = self.formatTime(record, "%H:%M:%S")
        return f"{label:<9} {time} {super().format(record)}"


class JSONFormatter(logging.Formatter):
    """Formatter that writes a record as a JSON object: time, level, logger, message and fields.

    It works with any handler of the standard library.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Format a record."""
        is_event = isinstance(record, EventRecord)
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.msg if is_event else record.getMessage(),
        }
        if isinstance(record, EventRecord):
            line.update(record.fields)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = record.stack_info
        return _encode(line).decode()
