"""How far a command has come, where somebody looks on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Advance = Callable[[int, int], None]
"""Says how many rows are done, and how much of the whole."""


@contextmanager
def showing(title: str, whole: int | None = None) -> Iterator[Advance]:
    """Show on standard error how far the block has come, if that is a terminal.

    Args:
        title: What is done.
        whole: How much there is to do; None where that is not known.

    Yields:
        What says how far it has come.
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
