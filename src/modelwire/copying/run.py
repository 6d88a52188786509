"""A copy from its beginning to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import MetaData

from ..errors import ConfigurationError
from ..execute.tables import create_tables, find_mismatched_columns, find_missing_tables
from .compare import Compared, compare
from .counters import set_counters
from .notes import Note, Phase, begin_notes, end_notes, read_notes
from .progress import Progress
from .rows import copy_rows, link_rows
from .side import Side, saying_why
from .tables import CopiedTable, End, plan_tables


@dataclass(frozen=True, slots=True)
class Result:
    """Result of a copy.

    Args:
        tables: The comparison of each table.
        copied: The number of rows that were copied this time.
        resumed: Whether an earlier copy was resumed.
    """

    tables: Sequence[Compared]
    copied: int
    resumed: bool

    @property
    def is_verified(self) -> bool:
        """Whether both sides have the same rows."""
        return all(table.is_same for table in self.tables)


async def copy_database(
    source: Side, target: Side, metadata: MetaData, progress: Progress, *, resume: bool
) -> Result:
    """Copy the rows of some tables, and compare both sides in the end.

    Args:
        source: The database to copy from.
        target: The database to copy to; missing tables are created.
        metadata: The tables.
        progress: Receives the progress.
        resume: Whether to resume a copy that has begun.

    Raises:
        ConfigurationError: The source lacks tables, or the target has rows, or another copy runs
            into it.
        CopyFailed: A row can't be copied as it is.
    """
    tables = plan_tables(metadata, source.engine.dialect, target.engine.dialect)
    try:
        await _check_columns(source, "FROM", metadata, tables, is_target=False)
        notes = await _prepare(source, target, metadata, tables, resume=resume)
        copied = await _copy(source, target, tables, notes, progress)
        compared = [await _compare(source, target, table, progress) for table in tables]
        result = Result(compared, copied, resume)
        if result.is_verified:
            with saying_why(target):
                await end_notes(target.engine)
        return result
    finally:
        await asyncio.gather(source.engine.dispose(), target.engine.dispose())


async def _check_columns(
    side: Side,
    argument: str,
    metadata: MetaData,
    tables: Sequence[CopiedTable],
    *,
    is_target: bool,
) -> None:
    """Check that tables exist with the columns of their models.

    The target may lack tables, which are created then.

    Raises:
        ConfigurationError: One is missing, or the target needs one that the model lacks.
    """
    with saying_why(side):
        missing = await find_missing_tables(side.engine, [table.sql for table in tables])
        mismatched = await find_mismatched_columns(side.engine, metadata)
    if missing and not is_target:
        raise ConfigurationError(f"{argument} ({side.name}) has no table {missing[0]}")
    for table, columns in mismatched.items():
        start = f"{argument} ({side.name}): the table {table}"
        if columns.missing:
            raise ConfigurationError(
                f"{start} lacks the column {columns.missing[0]}; bring it up to the models by "
                "modelwire migrate apply"
            )
        if columns.unfilled and is_target:
            raise ConfigurationError(
                f"{start} requires a value in {columns.unfilled[0]}, a column that its model "
                "lacks; bring it up to the models by modelwire migrate apply"
            )


async def _prepare(
    source: Side,
    target: Side,
    metadata: MetaData,
    tables: Sequence[CopiedTable],
    *,
    resume: bool,
) -> Mapping[str, Note]:
    """Find where the copy begins, and prepare the target for it.

    Raises:
        ConfigurationError: The target has rows, and the copy is not resumed.
    """
    await _check_columns(target, "TO", metadata, tables, is_target=True)
    with saying_why(target):
        notes = await read_notes(target.engine, source.name)
        if notes is not None and not resume:
            raise ConfigurationError(
                f"A copy into {target.name} has begun: resume it by --resume, or empty its "
                "tables and drop modelwire_copies"
            )
        if notes is None:
            filled = await _find_filled(target, tables)
            if filled is not None and not resume:
                raise ConfigurationError(
                    f"TO ({target.name}) has rows in {filled} already; copy into a database "
                    "without any"
                )
            if filled is not None:
                # Nothing is left to do, or the rows are not ours: what is stored is compared.
                return {table.name: Note(Phase.DONE, None, 0, 0) for table in tables}
            await create_tables(target.engine, metadata)
            notes = await begin_notes(target.engine, source.name, [table.name for table in tables])
    new = [table.name for table in tables if table.name not in notes]
    if new:
        raise ConfigurationError(
            f"The copy that has begun is one of other tables, without {new[0]}"
        )
    return notes


async def _find_filled(target: Side, tables: Sequence[CopiedTable]) -> str | None:
    """Return the name of a table that has rows, if any has."""
    missing = await find_missing_tables(target.engine, [table.sql for table in tables])
    async with target.engine.connect() as connection:
        for table in tables:
            if table.name in missing:
                continue
            if (await connection.execute(table.target.any())).first() is not None:
                return table.name
    return None


async def _copy(
    source: Side,
    target: Side,
    tables: Sequence[CopiedTable],
    notes: Mapping[str, Note],
    progress: Progress,
) -> int:
    copied, reached = 0, dict(notes)
    for table in tables:
        note = notes[table.name]
        if note.phase is Phase.ROWS:
            rows = await _count(source, table.source, progress)
            progress.begin(f"Copying {table.name}", rows, note.rows)
            reached[table.name] = await copy_rows(source, target, table, note, progress)
            copied += reached[table.name].rows - note.rows
    for table in tables:
        if reached[table.name].phase is Phase.LINKS:
            rows = await _count(source, table.source, progress)
            progress.begin(f"Linking {table.name}", rows)
            await link_rows(source, target, table, reached[table.name], progress)
    await set_counters(source, target, tables)
    return copied


async def _compare(source: Side, target: Side, table: CopiedTable, progress: Progress) -> Compared:
    rows = await _count(source, table.source, progress)
    progress.begin(f"Comparing {table.name}", None if rows is None else 2 * rows)
    return await compare(source, target, table, progress)


async def _count(side: Side, end: End, progress: Progress) -> int | None:
    """Return the number of rows; None where progress is not shown."""
    if not progress.shown:
        return None
    with saying_why(side):
        async with side.engine.connect() as connection:
            rows: int = (await connection.execute(end.count())).scalar_one()
            return rows
