"""That the server stops: who waits for changes in a request need not wait any longer, and whoever
distributes requests should ask another server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from typing import NamedTuple


class Stopping(NamedTuple):
    """When a server stops.

    Args:
        begun: Is done once it does.
        is_near: Tells whether it is about to: it serves on as before until then.
    """

    begun: asyncio.Future[None]
    is_near: Callable[[], bool]


STOPPING: ContextVar[Stopping | None] = ContextVar("modelwire_stopping", default=None)
"""When the server stops that has taken the request at hand; None where it doesn't say."""


def is_stopping() -> bool:
    """Whether the server of the request at hand stops."""
    stopping = STOPPING.get()
    return stopping is not None and stopping.begun.done()


def is_leaving() -> bool:
    """Whether the server of the request at hand is about to stop, with all of its processes."""
    stopping = STOPPING.get()
    return stopping is not None and stopping.is_near()
