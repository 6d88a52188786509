"""Progress of a copy as its target records it: written in the transactions of the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table, Text, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ..errors import ConfigurationError
from ..execute.connect.begin import begin_writing

Place = Sequence[Any]


class Phase(StrEnum):
    """Phase of the copy of a table."""

    ROWS = "rows"
    LINKS = "links"
    DONE = "done"


_NOTES = Table(
    "modelwire_copies",
    MetaData(),
    Column("name", String(200), primary_key=True),
    Column("source", Text, nullable=False),
    Column("phase", String(8), nullable=False),
    Column("place", Text),
    Column("rows", BigInteger, nullable=False),
    Column("turn", Integer, nullable=False),
)
"""Table of notes, with a row for each table to copy."""


@dataclass(frozen=True, slots=True)
class Note:
    """Progress of the copy of one table.

    Args:
        phase: The phase.
        place: The key of the last row that the phase has done, as the source has it.
        rows: The number of rows that the phase has done.
        turn: The number of changes of this note.
    """

    phase: Phase
    place: Place | None
    rows: int
    turn: int

    def move(self, phase: Phase, place: Place | None, rows: int) -> Note:
        """Return the note that follows this one."""
        return Note(phase, place, rows, self.turn + 1)


class Taken(ConfigurationError):
    """Failure of a copy because another one is running into the same target."""


async def read_notes(engine: AsyncEngine, source: str) -> Mapping[str, Note] | None:
    """Read the progress of a copy.

    Args:
        engine: The target.
        source: The name of the source.

    Returns:
        A note for each table, by its name; None where no copy has begun.

    Raises:
        ConfigurationError: One has begun from another source.
    """
    async with engine.connect() as connection:
        if not await connection.run_sync(lambda c: c.dialect.has_table(c, _NOTES.name)):
            return None
        found = (await connection.execute(select(_NOTES))).all()
    for row in found:
        if row.source != source:
            raise ConfigurationError(
                f"The target has an unfinished copy of {row.source}, not of {source}: "
                "resume that one, or empty the target"
            )
    return {
        row.name: Note(Phase(row.phase), _decode(row.place), row.rows, row.turn) for row in found
    }


async def begin_notes(engine: AsyncEngine, source: str, names: Sequence[str]) -> Mapping[str, Note]:
    """Record that a copy begins."""
    first = Note(Phase.ROWS, None, 0, 0)
    async with engine.begin() as connection:
        await begin_writing(connection)
        await connection.run_sync(_NOTES.create)
        shared = {"source": source, "phase": first.phase.value, "place": None, "rows": 0, "turn": 0}
        await connection.execute(_NOTES.insert(), [{"name": name, **shared} for name in names])
    return dict.fromkeys(names, first)


async def write_note(connection: AsyncConnection, name: str, old: Note, new: Note) -> None:
    """Record the progress of a table, in the transaction that has made it.

    Raises:
        Taken: Another copy has made progress with it.
    """
    sql = _NOTES.update().where(_NOTES.c.name == name, _NOTES.c.turn == old.turn)
    values = {
        "phase": new.phase.value,
        "place": _encode(new.place),
        "rows": new.rows,
        "turn": new.turn,
    }
    if (await connection.execute(sql.values(values))).rowcount != 1:
        raise Taken("Another copy into the same target is running: let it end, then use --resume")


async def end_notes(engine: AsyncEngine) -> None:
    """Drop the record of a copy that has ended."""
    async with engine.begin() as connection:
        await begin_writing(connection)
        await connection.run_sync(lambda c: _NOTES.drop(c, checkfirst=True))


def _encode(place: Place | None) -> str | None:
    """Encode a place as text; of the values that SQLite stores, only bytes have no form in JSON."""
    if place is None:
        return None
    tagged = [{"hex": v.hex()} if isinstance(v, bytes) else v for v in place]
    return msgspec.json.encode(tagged).decode()


def _decode(text: str | None) -> Place | None:
    if text is None:
        return None
    return [
        bytes.fromhex(v["hex"]) if isinstance(v, dict) else v for v in msgspec.json.decode(text)
    ]
