"""Transfer of rows, piece by piece."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from operator import eq
from typing import Any, NamedTuple

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from ..execute.connect.begin import begin_writing
from .notes import Note, Phase, Place, write_note
from .progress import Progress
from .side import CopyFailed, Side, reason_of
from .tables import CopiedTable, End, place_values
from .values import digest, total

Row = Sequence[Any]

_UNREADABLE = (SQLAlchemyError, ValueError, TypeError, LookupError, ArithmeticError)
"""Errors that types and drivers raise for values that they can't take."""

_FIRST_ROWS, _MOST_ROWS = 16, 1000
_PIECE_BYTES = 1 << 20


class Piece(NamedTuple):
    """Rows that are read at once.

    Args:
        rows: The rows.
        place: The place of the last one, behind which the next ones begin.
        is_last: Whether no rows follow.
    """

    rows: Sequence[Row]
    place: Place | None
    is_last: bool


async def read_pieces(
    side: Side, end: End, table: CopiedTable, place: Place | None = None
) -> AsyncIterator[Piece]:
    """Read a table in the order of its key, in pieces of about a megabyte.

    A table without a key is one piece.

    Args:
        side: The database to read.
        end: The table there.
        table: The table.
        place: The row to begin after.

    Raises:
        CopyFailed: A value can't be read.
    """
    if not table.key_places:
        rows, _ = await _read(side, end, table, None, None)
        yield Piece(rows, None, True)
        return
    limit: int | None = _FIRST_ROWS
    width = len(table.columns)
    while True:
        found, limit = await _read(side, end, table, place, limit)
        rows = [row[:width] for row in found]
        place = found[-1][width:] if found else place
        is_last = limit is None or len(found) < limit
        yield Piece(rows, place, is_last)
        if is_last:
            return
        limit = _next_limit(rows)


def _next_limit(rows: Sequence[Row]) -> int:
    """Return how many rows to read next, for pieces of about the same size in bytes."""
    some = rows[:: max(1, len(rows) // _FIRST_ROWS)]
    size = sum(len(v) for row in some for v in row if isinstance(v, (str, bytes)))
    fitting = _PIECE_BYTES * len(some) // max(size, 1)
    return max(1, min(fitting, len(rows) * 4, _MOST_ROWS))


async def _read(
    side: Side, end: End, table: CopiedTable, place: Place | None, limit: int | None
) -> tuple[Sequence[Row], int | None]:
    """Read the next rows: fewer where one of them can't be read, until that one can be named.

    Returns:
        The rows, and how many were asked for.
    """
    values = place_values(place or ())
    while True:
        sql = end.read(limit, after=place is not None)
        try:
            async with side.engine.connect() as connection:
                return (await connection.execute(sql, values)).all(), limit
        except _UNREADABLE as exc:
            if limit is None or limit == 1 or is_lost(exc):
                raise CopyFailed(
                    f"{table.name}, the row {_after(place)}, can't be read in {side.name}: "
                    f"{reason_of(exc)}"
                ) from exc
        limit //= 2


def _after(place: Place | None) -> str:
    return f"after the key {', '.join(map(str, place))}" if place else "with the first key"


def is_lost(error: BaseException) -> bool:
    """Whether a connection is lost, and no value is at fault."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


async def copy_rows(
    source: Side, target: Side, table: CopiedTable, note: Note, progress: Progress
) -> Note:
    """Copy the rows of a table from a place on; each piece and its new place are one transaction.

    Returns:
        How far the table is copied then.

    Raises:
        CopyFailed: A row can't be read or written as it is; nothing of its piece is kept.
    """
    async for piece in read_pieces(source, table.source, table, note.place):
        rows = [table.withhold(row) for row in piece.rows]
        phase = _phase_after_rows(table) if piece.is_last else Phase.ROWS
        place = None if piece.is_last else piece.place
        new = note.move(phase, place, note.rows + len(rows))
        try:
            async with target.engine.begin() as connection:
                await begin_writing(connection)
                await write_note(connection, table.name, note, new)
                await _insert(connection, table, rows)
        except _UNREADABLE as exc:
            if is_lost(exc):
                raise CopyFailed(f"{target.name}: {reason_of(exc)}") from exc
            await _find_fault(target, table, rows)
            raise CopyFailed(f"{table.name}: {reason_of(exc)}") from exc
        note = new
        progress.advance(len(rows))
    return note


def _phase_after_rows(table: CopiedTable) -> Phase:
    return Phase.LINKS if table.postponed else Phase.DONE


class Changed(ValueError):
    """Difference between a stored row and the one that was given."""


async def _insert(connection: AsyncConnection, table: CopiedTable, rows: Sequence[Row]) -> None:
    """Insert rows, and compare them with what was stored.

    Raises:
        Changed: The database has stored something else.
    """
    if not rows:
        return
    parameters = [table.as_parameters(row) for row in rows]
    stored = (await connection.execute(table.target.insert(), parameters)).all()
    # Mostly they come back in the same order, and equal without conversion to canonical form.
    if all(map(eq, map(tuple, rows), map(tuple, stored))) and len(rows) == len(stored):
        return
    given, kept = table.source.canon, table.target.canon
    if total(digest(given.of(row)) for row in rows) != total(digest(kept.of(r)) for r in stored):
        if len(rows) > 1:
            raise Changed("some rows would not be stored as they are")
        names = _differing(table, rows[0], stored[0] if stored else None)
        raise Changed(f"it would be stored otherwise: {names}")


def _differing(table: CopiedTable, row: Row, stored: Row | None) -> str:
    if stored is None:
        return "not at all"
    given, kept = table.source.canon.of(row), table.target.canon.of(stored)
    pairs = zip(table.columns, given, kept, strict=True)
    return ", ".join(c.name for c, here, there in pairs if repr(here) != repr(there))


async def _find_fault(target: Side, table: CopiedTable, rows: Sequence[Row]) -> None:
    """Find the first row that is refused, by writing one after another; all are rolled back.

    Raises:
        CopyFailed: There is one; the error names it, and the reason.
    """
    async with target.engine.connect() as connection:
        await begin_writing(connection)
        try:
            for row in rows:
                try:
                    async with connection.begin_nested():
                        await _insert(connection, table, [row])
                except _UNREADABLE as exc:
                    raise CopyFailed(
                        f"{table.name}, the row with the key {table.show_key(row)!r}, can't be "
                        f"written to {target.name}: {reason_of(exc)}"
                    ) from exc
        finally:
            await connection.rollback()


async def link_rows(
    source: Side, target: Side, table: CopiedTable, note: Note, progress: Progress
) -> Note:
    """Write the postponed references of a table, which need all rows, from a place on.

    Raises:
        CopyFailed: One is refused.
    """
    async for piece in read_pieces(source, table.source, table, note.place):
        rows = [row for row in piece.rows if _has_links(table, row)]
        phase = Phase.DONE if piece.is_last else Phase.LINKS
        new = note.move(phase, None if piece.is_last else piece.place, note.rows)
        try:
            async with target.engine.begin() as connection:
                await begin_writing(connection)
                await write_note(connection, table.name, note, new)
                if rows:
                    sql = table.target.update(table.postponed)
                    await connection.execute(sql, [table.as_link(row) for row in rows])
        except _UNREADABLE as exc:
            raise CopyFailed(
                f"{table.name}, among the rows {_after(note.place)}: {reason_of(exc)}"
            ) from exc
        note = new
        progress.advance(len(piece.rows))
    return note


def _has_links(table: CopiedTable, row: Row) -> bool:
    return any(row[place] is not None for place in table.postponed_places)
