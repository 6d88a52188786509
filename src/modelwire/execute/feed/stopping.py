"""Signals that the server stops.

Requests that wait for changes end then, and load balancers should choose another server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from typing import NamedTuple


class Stopping(NamedTuple):
    """Signals of a server that stops.

    Args:
        begun: Is done once the stop has begun.
        is_near: Tells whether the stop is announced; until it begins, the server goes on as before.
    """

    begun: asyncio.Future[None]
    is_near: Callable[[], bool]


STOPPING: ContextVar[Stopping | None] = ContextVar("modelwire_stopping", default=None)
"""Signals of the server of the current request; None where it provides none."""


def is_stopping() -> bool:
    """Whether the server of the current request has begun to stop."""
    stopping = STOPPING.get()
    return stopping is not None and stopping.begun.done()


def is_leaving() -> bool:
    """Whether the server of the current request, with all of its processes, is about to stop."""
    stopping = STOPPING.get()
    return stopping is not None and stopping.is_near()
