"""Which statements on SQLite are short enough to run on the event loop itself.

The way to a connection's thread and back costs several times what looking up a row does, and every
row that is read there asks for the interpreter's lock anew. So a statement that changes nothing
runs at once where it is known to be short. Where only its rows are, its thread runs it to the first
of them, and the event loop reads them. Either has little time: what takes longer is broken off, and
runs in the thread as all others do.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from time import perf_counter, thread_time
from typing import Any, NamedTuple

Rows = list[Any]

SHORT_S = 0.001
"""Seconds of CPU that short work takes at most, besides making its rows."""

ROW_S = 0.000_005
"""Seconds more for each row: making it takes the interpreter's lock, in whichever thread."""

PATIENCE = 2
"""How many times what short work takes work may take before it is broken off."""

HELD_S = 0.03
"""Seconds that work may hold the event loop, however many rows it gives and whatever it waits for,
before it is broken off."""

_STEPS = 1000
"""Instructions of SQLite's machine between two looks at the clock: some 20 microseconds."""

_KNOWN = 1024
"""Texts that are remembered; the one that was found first goes first."""


class Run(NamedTuple):
    """What came of running a statement, or a part of it.

    Args:
        rows: Its rows.
        taken_s: Seconds of CPU that it took: waiting for the interpreter's lock is none.
    """

    rows: Rows
    taken_s: float


class ShortWork:
    """Work on statements that is known to be short, by their text.

    How long it takes, its first run tells, in the thread. So do later ones, two in a row: what was
    short need not be so with other values, or when its table has grown. A look at the clock breaks
    off whatever goes through rows; what SQLite does in one step, such as counting a whole table,
    grows slowly and is found out by those that took too long.
    """

    def __init__(self) -> None:
        self._known: dict[str, bool] = {}
        """With each of them whether it took too long the last time."""

    def __contains__(self, text: str) -> bool:
        return text in self._known

    def run(
        self, connection: sqlite3.Connection, text: str, begin: Callable[[], Iterable[Any]]
    ) -> Run | None:
        """Do work that is known to be short.

        Args:
            connection: A connection that nothing else uses.
            text: The statement, which changes nothing.
            begin: Begins the work, and gives the rows one by one.

        Returns:
            What came of it; None if it was broken off.
        """
        rows: Rows = []
        is_over = False
        begun, cpu_begun = perf_counter(), thread_time()

        def look() -> bool:
            nonlocal is_over
            held_s, limit_s = perf_counter() - begun, PATIENCE * limit_of(len(rows))
            # Short of that it is CPU that counts: other processes may have been running.
            spent = held_s > limit_s and thread_time() - cpu_begun > limit_s
            is_over = spent or held_s > HELD_S
            return is_over

        connection.set_progress_handler(look, _STEPS)
        try:
            rows.extend(begin())
        except sqlite3.OperationalError as exc:
            if not is_over or exc.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            self._doubt(text)
            return None
        finally:
            connection.set_progress_handler(None, 0)
        run = Run(rows, thread_time() - cpu_begun)
        self.note(text, run)
        return run

    def note(self, text: str, run: Run) -> None:
        """Remember work if it was short, and no more if it was not, twice in a row.

        Args:
            text: The statement.
            run: What came of it.
        """
        if run.taken_s > limit_of(len(run.rows)):
            self._doubt(text)
        elif self._known.get(text) is not False:
            self._known[text] = False
            if len(self._known) > _KNOWN:
                del self._known[next(iter(self._known))]

    def _doubt(self, text: str) -> None:
        """Forget work that was not short, if it was not before either.

        Once is no proof: the machine may be busy. While it is forgotten, all who send it wait for
        threads, which takes many times longer.
        """
        if self._known.pop(text, True) is False:
            self._known[text] = True


class ShortStatements:
    """What is known of the statements of an engine.

    Attributes:
        whole: Those that are short from their begin to their last row.
        rest: Those that are short once they have come to their first row.
    """

    def __init__(self) -> None:
        self.whole = ShortWork()
        self.rest = ShortWork()


def limit_of(rows: int) -> float:
    """Seconds of CPU that short work takes at most, where it gives so many rows."""
    return min(SHORT_S + ROW_S * rows, HELD_S / PATIENCE)
