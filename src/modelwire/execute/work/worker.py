"""Worker that processes changes one after another, in one of several processes at a time."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Literal, NamedTuple

from sqlalchemy import MetaData, Table
from sqlalchemy.engine import Dialect
from sqlmodel import SQLModel

from ...catalog.kinds import moment_in_utc
from ...changes import LoggedChange
from ...errors import ConfigurationError, ModelwireError
from ...overtime import raise_if_cancelled
from ...statement.dialects.known import DIALECTS
from ...statement.given_rows import IMAGES, join_images
from ...statement.places import MAX_NAME, build_given, build_work
from ...statement.statements import Statement
from ..failure import describe_failure
from ..feed.feed import Feed
from .places import LEASE_S, Hold, Lost, Open, Places

logger = logging.getLogger("modelwire")

Start = Literal["oldest", "now"]

BATCH = 100
"""Number of changes that are read at a time."""

KEEP_S = LEASE_S / 4
"""Interval at which a process renews its lease, in seconds."""

ASK_S = 0.5
"""Interval at which a waiting process checks whether the place is free, in seconds."""

_IDLE_S = 60.0
_FAILED_S = 1.0


class _Entry(NamedTuple):
    """Change, as in the log."""

    number: int
    at: dt.datetime
    table: str
    operation: Literal["create", "update", "delete"]
    old: str | None
    new: str | None
    by: str | None
    request: str | None


class Worker:
    """Worker that processes the changes of some tables under one name.

    Args:
        name: The name of its place.
        tables: The names of the tables; all logged tables if empty.
        start: The start of a new name: at the oldest change that is kept, or after the last one.
        metadata: The tables, whose columns convert the values of rows.
        feed: Tells how far the log is final.
        places: The places.
        reading: Takes a lane that reads.
        dialect: SQLAlchemy's dialect of the engine.

    Raises:
        ConfigurationError: The name or the start is invalid.
    """

    def __init__(
        self,
        name: str,
        tables: Sequence[str],
        start: Start,
        *,
        metadata: MetaData,
        feed: Feed,
        places: Places,
        reading: Open,
        dialect: Dialect,
    ) -> None:
        if not name or len(name) > MAX_NAME:
            raise ConfigurationError(
                f"database.changes(name=…): should have 1 to {MAX_NAME} characters."
            )
        if start not in ("oldest", "now"):
            raise ConfigurationError(f"database.changes(start={start!r}): should be oldest or now.")
        self._name = name
        self._start = start
        self._tables: Mapping[str, Table] = {t.fullname: t for t in metadata.tables.values()}
        self._feed = feed
        self._places = places
        self._reading = reading
        self._dialect = dialect
        self._named = {f"table{i}": table for i, table in enumerate(tables)}
        self._work = Statement(build_work(len(tables)), dialect)
        self._given: dict[str, Statement] = {}

    async def changes(self) -> AsyncGenerator[LoggedChange, None]:
        """Yield the changes, each once the one before it is processed."""
        while True:
            try:
                async with self._take() as hold:
                    async for change in self._go_through(hold):
                        yield change
            except Lost:
                logger.warning("Another process works as %s now", self._name)
            except ModelwireError as error:
                raise_if_cancelled()
                if isinstance(error, ConfigurationError):
                    raise
                reason = describe_failure(error) or type(error).__name__
                logger.warning("%s waits for the database: %s", self._name, reason)
                await asyncio.sleep(_FAILED_S)

    async def _go_through(self, hold: Hold) -> AsyncIterator[LoggedChange]:
        while True:
            upto = await self._feed.wait(hold.number, _IDLE_S)
            entries = await self._read(hold.number, upto) if upto > hold.number else ()
            for entry, change in zip(entries, await self._show(entries), strict=True):
                if await hold.go_on(entry.number) < entry.number:
                    yield change
                    hold.number = entry.number
            if len(entries) < BATCH:
                hold.number = max(hold.number, upto)
            await hold.go_on(None)

    @asynccontextmanager
    async def _take(self) -> AsyncIterator[Hold]:
        """Wait until no other process has the place, and hold it during the block."""
        start = 0 if self._start == "oldest" else await self._find_end()
        await self._places.open(self._name, start)
        while (hold := await self._places.take(self._name)) is None:
            await asyncio.sleep(ASK_S)
        keeping = asyncio.create_task(_keep(hold))
        try:
            yield hold
        finally:
            keeping.cancel()
            await asyncio.wait([keeping])
            # A change that was not processed is given again.
            with suppress(ModelwireError):
                await asyncio.shield(hold.leave())

    async def _find_end(self) -> int:
        while (final := await self._feed.find(_IDLE_S)) is None:
            pass
        return final

    async def _read(self, after: int, upto: int) -> Sequence[_Entry]:
        async with self._reading() as lane:
            values = {**self._named, "after": after, "upto": upto, "most": BATCH}
            return [_Entry(*row) for row in await lane.fetch(self._work, values)]

    async def _show(self, entries: Sequence[_Entry]) -> Sequence[LoggedChange]:
        """Convert the values in changes to those of Python."""
        images: dict[str, dict[str, Mapping[str, Any]]] = {}
        for name in dict.fromkeys(entry.table for entry in entries):
            texts = [
                image
                for entry in entries
                if entry.table == name
                for image in (entry.old, entry.new)
                if image is not None
            ]
            images[name] = await self._read_rows(name, list(dict.fromkeys(texts)))
        return [_show_change(entry, images[entry.table]) for entry in entries]

    async def _read_rows(self, name: str, images: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        table = self._tables.get(name)
        if table is None:  # it was dropped, or belongs to another application
            return {image: json.loads(image) for image in images}
        if name not in self._given:
            given = build_given(table, DIALECTS[self._dialect.name])
            self._given[name] = Statement(given, self._dialect)
        async with self._reading() as lane:
            rows = await lane.fetch(self._given[name], {IMAGES: join_images(images)})
        columns = [column.name for column in table.columns]
        return {images[row[-1]]: dict(zip(columns, row, strict=False)) for row in rows}


def _show_change(entry: _Entry, images: Mapping[str, Mapping[str, Any]]) -> LoggedChange:
    return LoggedChange(
        entry.number,
        moment_in_utc(entry.at),
        entry.table,
        entry.operation,
        None if entry.old is None else images[entry.old],
        None if entry.new is None else images[entry.new],
        None if entry.by is None else json.loads(entry.by),
        entry.request,
    )


def name_table(model: type[SQLModel]) -> str:
    """Return the name of a model's table, as in the log.

    Raises:
        ConfigurationError: It is not a model of a table.
    """
    table = getattr(model, "__table__", None)
    if not isinstance(table, Table):
        raise ConfigurationError(
            f"database.changes(…, {model!r}): should be a class declared as "
            "class Name(SQLModel, table=True)."
        )
    return table.fullname


async def _keep(hold: Hold) -> None:
    """Renew the lease at intervals; its loss is noticed elsewhere."""
    with suppress(Lost):
        while True:
            await asyncio.sleep(KEEP_S)
            with suppress(ModelwireError):
                await hold.keep()
            raise_if_cancelled()
