"""Selection of SQLite statements that are short enough to run on the event loop itself.

The way to a connection's thread and back costs several times as much as looking up a row, and there
each row requests the interpreter's lock anew. So a read runs on the event loop if it is known to be
short. If only reading its rows is short, the thread runs it up to the first row, and the event loop
reads the rows. Both have a time limit: a statement that exceeds it is interrupted, and runs in the
thread like all others.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from time import perf_counter, thread_time
from typing import Any, NamedTuple

Rows = list[Any]

SHORT_S = 0.001
"""Maximum CPU time of short work in seconds, besides making its rows."""

ROW_S = 0.000_005
"""Additional seconds for each row: making one takes the interpreter's lock in any thread."""

PATIENCE = 2
"""Multiple of its limit after which short work is interrupted."""

HELD_S = 0.03
"""Maximum time that work may hold the event loop, in seconds, whatever its number of rows."""

_STEPS = 1000
"""Instructions of SQLite's virtual machine between two clock checks: some 20 microseconds."""

_KNOWN = 1024
"""Maximum number of remembered statements; the oldest are dropped first."""


class Run(NamedTuple):
    """Result of running a statement, or a part of it.

    Args:
        rows: Its rows.
        taken_s: Its CPU time in seconds, which excludes waiting for the interpreter's lock.
    """

    rows: Rows
    taken_s: float


class ShortWork(dict[str, bool]):
    """Statements that are known to be short, by their texts.

    The value of each is whether its last run took too long.

    The first run, in the thread, shows how long it takes. Two long runs in a row later revoke that:
    a statement may take longer with other values, or once its table has grown. Clock checks
    interrupt statements that iterate over rows; a single long step of SQLite, such as counting a
    whole table, grows slowly, and is noticed by the runs that took too long.
    """

    def run(
        self, connection: sqlite3.Connection, text: str, begin: Callable[[], Iterable[Any]]
    ) -> Run | None:
        """Run work that is known to be short.

        Args:
            connection: A connection that nothing else uses.
            text: The statement, which changes nothing.
            begin: Begins the work, and returns its rows one by one.

        Returns:
            The result; None if the work was interrupted.
        """
        rows: Rows = []
        is_over = False
        begun, cpu_begun = perf_counter(), thread_time()

        def look() -> bool:
            nonlocal is_over
            held_s, limit_s = perf_counter() - begun, PATIENCE * limit_of(len(rows))
            # Below that, CPU time counts, since other processes may have been running.
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
        """Remember work that was short, and forget work that was not, twice in a row.

        Args:
            text: The statement.
            run: Its result.
        """
        if run.taken_s > limit_of(len(run.rows)):
            self._doubt(text)
        elif self.get(text) is not False:
            self[text] = False
            if len(self) > _KNOWN:
                del self[next(iter(self))]

    def _doubt(self, text: str) -> None:
        """Forget work that was not short, if its previous run was not either.

        One long run is no proof: the machine may be busy. Forgotten work has to wait for threads,
        which takes many times longer.
        """
        if self.pop(text, True) is False:
            self[text] = True


class ShortStatements:
    """Statements of an engine that are known to be short.

    Attributes:
        whole: Those that are short from beginning to end.
        rest: Those that are short after their first row.
    """

    def __init__(self) -> None:
        self.whole = ShortWork()
        self.rest = ShortWork()


def limit_of(rows: int) -> float:
    """Return the maximum CPU time of short work in seconds, given its number of rows."""
    return min(SHORT_S + ROW_S * rows, HELD_S / PATIENCE)
