"""How far a copy has come, as its target knows it: written in the transactions of its rows."""

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
    """What is being done to a table."""

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
"""A row for each table that is copied."""


@dataclass(frozen=True, slots=True)
class Note:
    """How far one table is copied.

    Args:
        phase: What is being done.
        place: The key of the last row that it was done to, as the source has it.
        rows: How many rows that phase has been through.
        turn: How often this has changed.
    """

    phase: Phase
    place: Place | None
    rows: int
    turn: int

    def move(self, phase: Phase, place: Place | None, rows: int) -> Note:
        """The note that follows this one."""
        return Note(phase, place, rows, self.turn + 1)


class Taken(ConfigurationError):
    """Another copy goes on in the same target."""


async def read_notes(engine: AsyncEngine, source: str) -> Mapping[str, Note] | None:
    """Read how far a copy has come.

    Args:
        engine: The target.
        source: Where the rows come from.

    Returns:
        A note for each table, by its name; None where no copy has begun.

    Raises:
        ConfigurationError: One has begun from elsewhere.
    """
    async with engine.connect() as connection:
        if not await connection.run_sync(lambda c: c.dialect.has_table(c, _NOTES.name)):
            return None
        found = (await connection.execute(select(_NOTES))).all()
    for row in found:
        if row.source != source:
            raise ConfigurationError(
                f"What has begun in the target is a copy of {row.source}, and not of {source}: "
                "go on with that, or empty the target"
            )
    return {
        row.name: Note(Phase(row.phase), _decode(row.place), row.rows, row.turn) for row in found
    }


async def begin_notes(engine: AsyncEngine, source: str, names: Sequence[str]) -> Mapping[str, Note]:
    """Note that a copy begins."""
    first = Note(Phase.ROWS, None, 0, 0)
    async with engine.begin() as connection:
        await begin_writing(connection)
        await connection.run_sync(_NOTES.create)
        shared = {"source": source, "phase": first.phase.value, "place": None, "rows": 0, "turn": 0}
        await connection.execute(_NOTES.insert(), [{"name": name, **shared} for name in names])
    return dict.fromkeys(names, first)


async def write_note(connection: AsyncConnection, name: str, old: Note, new: Note) -> None:
    """Note how far a table is, in the transaction that has taken it there.

    Raises:
        Taken: Somebody else has taken it further.
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
    """Forget how far the copy has come: it has ended."""
    async with engine.begin() as connection:
        await begin_writing(connection)
        await connection.run_sync(lambda c: _NOTES.drop(c, checkfirst=True))


def _encode(place: Place | None) -> str | None:
    """A place as text; of SQLite's values only bytes are none in JSON."""
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
