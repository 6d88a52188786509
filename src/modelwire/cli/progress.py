"""Progress of a command, shown on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Advance = Callable[[int, int], None]
"""Report of the number of rows that are done, and of the share of the whole."""


@contextmanager
def showing(title: str, whole: int | None = None) -> Iterator[Advance]:
    """Show the progress of the block on standard error, if that is a terminal.

    Args:
        title: The title of the task.
        whole: The amount to do; None where it is unknown.

    Yields:
        The function that reports progress.
    """
    if not sys.stderr.isatty():
        yield lambda _rows, _done: None
        return
    # No other command needs it.
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    counts = TextColumn("{task.fields[rows]:,} rows")
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), counts)
    with Progress(
        *columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True
    ) as progress:
        task = progress.add_task(title, total=whole, rows=0)
        yield lambda rows, done: progress.update(task, completed=done, rows=rows)
