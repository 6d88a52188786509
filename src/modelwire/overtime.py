"""Timeouts, all checked by one timer for each event loop.

Setting a timer for each piece of work, and cancelling it when the work has ended, costs more than
most of the work itself. Instead, all running work is checked together, several times a second; a
timeout is noticed that much later.
"""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType
from typing import Any, Self

LOOK_S = 0.1
"""Seconds between two checks. A timeout is noticed at most two checks late."""


class Timed:
    """Work with a time limit, checked while it runs.

    Args:
        limit_s: Seconds that the work may take.
    """

    __slots__ = ("_end_s", "_running", "limit_s")

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s

    def start(self) -> None:
        """Start the clock."""
        self.start_in(asyncio.get_running_loop())

    def start_in(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start the clock in the running event loop, given by the caller: looking it up costs a
        system call."""
        # The first check sets the end: most work has ended before that.
        self._end_s: float | None = None
        looks = _here.looks
        if looks is None or looks.loop is not loop:
            looks = _here.looks = _Looks(loop)
        if not looks.go_on:
            looks.begin()
        self._running = looks.running
        self._running.add(self)

    def stop(self) -> None:
        """Stop the clock: the work has ended."""
        self._running.discard(self)

    def restart(self) -> None:
        """Start the time limit anew."""
        self._end_s = None

    def allow(self, limit_s: float) -> None:
        """Set another time limit, from now on.

        Args:
            limit_s: Seconds that it may take from now on.
        """
        self.limit_s = limit_s
        self._end_s = None

    def look(self, now_s: float) -> None:
        """Check the work; called every `LOOK_S` seconds.

        Args:
            now_s: The time, by the clock of the event loop.
        """
        if self._end_s is None:
            self._end_s = now_s + self.limit_s
        if now_s >= self._end_s:
            self.end()

    def end(self) -> None:
        """End the work, as its time is up; called again at each check until the work has ended."""
        raise NotImplementedError


class TimeLimit(Timed):
    """Context manager that ends its block if it takes too long, like `asyncio.timeout`.

    Args:
        limit_s: Seconds that the block may take.

    Raises:
        TimeoutError: The time is up.
    """

    __slots__ = ("_cancelling", "_is_over", "_task")

    def __enter__(self) -> Self:
        loop = asyncio.get_running_loop()
        task: Any = asyncio.current_task(loop)
        self._task, self._cancelling, self._is_over = task, task.cancelling(), False
        self.start_in(loop)
        return self

    def __exit__(
        self,
        cls: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
        if not self._is_over:
            return
        # If the task was cancelled for another reason too, it stays cancelled.
        alone = self._task.uncancel() <= self._cancelling
        if alone and isinstance(error, asyncio.CancelledError):
            raise TimeoutError from error

    def end(self) -> None:
        """Cancel the task of the block."""
        if not self._is_over:
            self._is_over = True
            self._task.cancel()


def raise_if_cancelled() -> None:
    """Raise the cancellation of the current task where another error has replaced it.

    A task that is cancelled during COMMIT raises that the outcome is unknown.

    Raises:
        CancelledError: The task was cancelled.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


class _Looks:
    """Timer that checks the running work of one event loop, as long as there is any."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.running: set[Timed] = set()
        self.go_on = False

    def begin(self) -> None:
        self.go_on = True
        self.loop.call_later(LOOK_S, self._look)

    def _look(self) -> None:
        self.go_on = False
        now_s = self.loop.time()
        for watched in tuple(self.running):
            watched.look(now_s)
        if self.running and not self.go_on:
            self.begin()


class _Here(threading.local):
    """The event loop that ran last in a thread, and its timer."""

    looks: _Looks | None = None


_here = _Here()
