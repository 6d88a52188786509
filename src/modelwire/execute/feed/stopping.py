"""That the server is about to stop: who waits for changes in a request need not wait any longer."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar

STOPPING: ContextVar[asyncio.Future[None] | None] = ContextVar("modelwire_stopping", default=None)
"""Is done once the server that has taken the request at hand stops; None where it doesn't say."""


def is_stopping() -> bool:
    """Whether the server of the request at hand stops."""
    stopping = STOPPING.get()
    return stopping is not None and stopping.done()
