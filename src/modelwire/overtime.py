"""Limits of time, which one timer looks after, however much is running.

A timer that is set for each piece of work, and cancelled when that has ended, costs more than most
of what is done in between. So all that runs on an event loop is looked at together, several times
a second; what has taken too long is noticed that much later.
"""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType
from typing import Any, Self

LOOK_S = 0.1
"""Seconds between two looks. That a limit is over is noticed two of them later, at most."""


class Timed:
    """Work that is looked at while it runs.

    Args:
        limit_s: Seconds that it may take.
    """

    __slots__ = ("_end_s", "_running", "limit_s")

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s

    def start(self) -> None:
        """Say that it runs."""
        self.start_in(asyncio.get_running_loop())

    def start_in(self, loop: asyncio.AbstractEventLoop) -> None:
        """Say that it runs in an event loop, which is the running one: to ask for that costs a call
        of the kernel."""
        # Its first look sets its end: most work has ended before that.
        self._end_s: float | None = None
        looks = _here.looks
        if looks is None or looks.loop is not loop:
            looks = _here.looks = _Looks(loop)
        if not looks.go_on:
            looks.begin()
        self._running = looks.running
        self._running.add(self)

    def stop(self) -> None:
        """Say that it has ended."""
        self._running.discard(self)

    def restart(self) -> None:
        """Give it its time anew."""
        self._end_s = None

    def allow(self, limit_s: float) -> None:
        """Give it another time.

        Args:
            limit_s: Seconds that it may take from now on.
        """
        self.limit_s = limit_s
        self._end_s = None

    def look(self, now_s: float) -> None:
        """Look at it; this is called every `LOOK_S` seconds.

        Args:
            now_s: The time, by the clock of the event loop.
        """
        if self._end_s is None:
            self._end_s = now_s + self.limit_s
        if now_s >= self._end_s:
            self.end()

    def end(self) -> None:
        """End it, now that its time is up; this is called again at each look until it has ended."""
        raise NotImplementedError


class TimeLimit(Timed):
    """Ends its block if that takes too long, as `asyncio.timeout` does.

    Args:
        limit_s: Seconds that it may take.

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
        # Where somebody else has cancelled the task as well, it stays cancelled.
        alone = self._task.uncancel() <= self._cancelling
        if alone and isinstance(error, asyncio.CancelledError):
            raise TimeoutError from error

    def end(self) -> None:
        """End it."""
        if not self._is_over:
            self._is_over = True
            self._task.cancel()


def raise_if_cancelled() -> None:
    """Go on with the end of a task that was cancelled, where an error has taken the place of that.

    What is cancelled while it commits raises that nobody knows what came of it.

    Raises:
        CancelledError: The task was cancelled.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


class _Looks:
    """Looks at what runs on one event loop, as long as anything does."""

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
    """The event loop that has last run in a thread, and what looks at it."""

    looks: _Looks | None = None


_here = _Here()
