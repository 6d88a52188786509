"""How `modelwire serve` writes its log: as text, or as one JSON object a line."""

from __future__ import annotations

import asyncio
import logging
import sys
from datetime import UTC, datetime
from typing import Any

import msgspec

from .logs import EventRecord

DELAY_S = 0.05
"""Seconds that a line may wait for others to be written with."""

_encode = msgspec.json.Encoder(enc_hook=str).encode


class TextFormatter(logging.Formatter):
    """Writes a record as a line for people, as uvicorn does."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        time = self.formatTime(record, "%H:%M:%S")
        label = f"{record.levelname}:"
        return f"{label:<9} {time} {super().format(record)}"


class JSONFormatter(logging.Formatter):
    """Writes a record as a JSON object: time, level, logger, message, and its fields.

    It works with any handler of the standard library.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _name_event(record),
        }
        if isinstance(record, EventRecord):
            line.update(record.fields)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = record.stack_info
        return _encode(line).decode()


def _name_event(record: logging.LogRecord) -> str:
    return str(record.msg) if isinstance(record, EventRecord) else record.getMessage()


class BatchHandler(logging.Handler):
    """Writes to standard error what comes within 50 ms of each other at once.

    A warning is written at once, with what came before it; so is everything outside of a loop.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line of a record, and have it written soon."""
        try:
            self._lines.append(self.format(record))
        except Exception:
            self.handleError(record)
            return
        if record.levelno >= logging.WARNING:
            self.flush()
        elif len(self._lines) == 1:
            self._flush_soon()

    def _flush_soon(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.flush()
        else:
            loop.call_later(DELAY_S, self.flush)

    def flush(self) -> None:
        """Write the lines that wait."""
        self.acquire()
        try:
            lines, self._lines = self._lines, []
            if lines:
                sys.stderr.write("\n".join(lines) + "\n")
                sys.stderr.flush()
        finally:
            self.release()
