"""Which statements on SQLite are short enough to run on the event loop itself.

The way to a connection's thread and back costs several times what looking up a row does, and every
row that is read there asks for the interpreter's lock anew. So a statement that changes nothing
runs at once where it is known to be short. It has little time then: one that takes longer is broken
off, and runs in the thread as all others do.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from time import perf_counter, thread_time
from typing import Any

Rows = list[Any]

SHORT_S = 0.001
"""Seconds of CPU that a short statement takes at most."""

BUDGET_S = 2 * SHORT_S
"""Seconds that a statement may hold the event loop, whatever it does there, before it is broken
off."""

_STEPS = 1000
"""Instructions of SQLite's machine between two looks at the clock: some 20 microseconds."""

_KNOWN = 1024
"""Texts that are remembered; the one that was found first goes first."""


class ShortStatements:
    """The statements of an engine that are known to be short, by their text.

    How long a statement takes, its first run tells, in the thread. So do later ones, two in a
    row: what was short need not be so with other values, or when its table has grown. A look at the
    clock breaks off whatever goes through rows; what SQLite does in one step, such as counting a
    whole table, grows slowly and is found out by those that took too long.
    """

    def __init__(self) -> None:
        self._known: dict[str, bool] = {}
        """With each of them whether it took too long the last time."""

    def __contains__(self, text: str) -> bool:
        return text in self._known

    def run(self, connection: sqlite3.Connection, text: str, values: Sequence[Any]) -> Rows | None:
        """Run a statement that is known to be short.

        Args:
            connection: A connection that nothing else uses.
            text: The statement, which changes nothing.
            values: Its parameters.

        Returns:
            The rows; None if it was broken off.
        """
        begun, end = thread_time(), perf_counter() + BUDGET_S
        connection.set_progress_handler(lambda: perf_counter() > end, _STEPS)
        try:
            rows = connection.execute(text, values).fetchall()
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            self._doubt(text)
            return None
        finally:
            connection.set_progress_handler(None, 0)
        self.note(text, thread_time() - begun)
        return rows

    def note(self, text: str, taken_s: float) -> None:
        """Remember a statement if it was short, and no more if it was not, twice in a row.

        Args:
            text: The statement.
            taken_s: Seconds of CPU that it took.
        """
        if taken_s > SHORT_S:
            self._doubt(text)
        elif self._known.get(text) is not False:
            self._known[text] = False
            if len(self._known) > _KNOWN:
                del self._known[next(iter(self._known))]

    def _doubt(self, text: str) -> None:
        """Forget a statement that was not short, if it was not before either.

        Once is no proof: the machine may be busy. While it is forgotten, all who send it wait for
        threads, which takes many times longer.
        """
        if self._known.pop(text, True) is False:
            self._known[text] = True


def take_time(run: Callable[[], Rows]) -> tuple[Rows, float]:
    """Run a statement in the thread of a connection.

    Args:
        run: Runs it.

    Returns:
        The rows, and the seconds of CPU that it took: waiting for the interpreter's lock, which it
        would not have to do on the event loop, is none.
    """
    begun = thread_time()
    return run(), thread_time() - begun
