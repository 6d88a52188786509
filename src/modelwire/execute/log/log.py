"""Log of changes of one database: the logged tables, and the installation of their triggers."""

from __future__ import annotations

import datetime as dt
import logging
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, ClassVar
from weakref import WeakSet

import asyncpg
from sqlalchemy import Table, event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection

from ...access.principal import ANYONE, Principal
from ...errors import Unavailable
from ...settings import Settings
from ...statement.statements import Values
from ..failure import describe_failure
from ..faults.translate import DRIVER_ERRORS, translate
from ..postgresql.engine import create_postgresql
from ..sqlite.connection import VERSION, SQLiteConnection
from ..sqlite.functions import FUNCTIONS
from ..tables import CREATE_LOCK
from . import postgresql, sqlite
from .logged_table import Noted
from .origin import find_origin

FRESH_S = 10.0
"""Seconds for which triggers are assumed to be installed, since migrations may run meanwhile."""

PRUNE_INTERVAL_S = 60.0
"""Interval between two removals of a table's old entries in one process, while they keep up."""

PRUNED = 1000
"""Maximum number of entries of a table that are removed at once."""

logger = logging.getLogger("modelwire")

_LOCK = f"SELECT pg_advisory_xact_lock({CREATE_LOCK})"

_logs: WeakSet[ChangeLog] = WeakSet()


class ChangeLog(ABC):
    """Log of the changes of tables, whatever writes to them.

    Args:
        url: The database.
        settings: The settings of connections.

    Attributes:
        stamps: Whether each transaction states its origin.
        tables: The logged tables, by name.
        is_on: Whether there are any.
        is_there: Whether the table of changes is known to exist.
        ring: Called after each commit, where changes are awaited.
    """

    stamps: ClassVar[bool]

    def __init__(self, url: URL, settings: Settings) -> None:
        self._url = url
        self._settings = settings
        self.tables: dict[str, Noted] = {}
        self.is_on = False
        self.ring: Callable[[], object] | None = None
        self.is_there = False
        self._due: dict[str, tuple[float, int]] = {}
        self._prune_at = math.inf

    @abstractmethod
    def find_stamp(self, caller: Principal) -> Values | None:
        """Return the parameters of a statement that stamps itself; None if none needs to."""

    @abstractmethod
    async def prune(self, raw: Any, table: str, days: int) -> int:
        """Remove the oldest entries of a table, `PRUNED` at most.

        Only the first entries are examined, since numbers grow with time.

        Args:
            raw: The driver's own connection.
            table: The name of the table.
            days: The number of days for which entries are kept.

        Returns:
            The number of removed entries.
        """

    async def prune_next(self, raw: Any) -> None:
        """Remove expired entries of the table that is due, if any; the next write takes the next.

        So no write waits for more than one statement.
        """
        now = time.monotonic()
        if now < self._prune_at:
            return
        name, (_, days) = min(self._due.items(), key=lambda item: item[1])
        self._set_due(name, now + PRUNE_INTERVAL_S, days)
        try:
            removed = await self.prune(raw, name, days)
        except DRIVER_ERRORS as error:
            reason = describe_failure(error) or type(error).__name__
            logger.warning("Old changes of %s can't be removed: %s", name, reason)
            return
        if removed == PRUNED:
            self._set_due(name, now, days)

    def _set_due(self, name: str, at: float, days: int | None) -> None:
        """Set when to remove old entries of a table; never where its days are None."""
        self._due.pop(name, None)
        if days is not None:
            self._due[name] = at, days
        self._prune_at = min((due for due, _ in self._due.values()), default=math.inf)

    def add(self, noted: Noted) -> None:
        """Log the changes of a table, from its next change on."""
        known = self.tables.get(noted.table.fullname)
        if known is not None:
            noted = noted._replace(live=noted.live or known.live)
        self.tables[noted.table.fullname] = noted
        self.is_on = True
        self._set_due(noted.table.fullname, 0.0, noted.keep_days)
        self.forget()
        _logs.add(self)

    def tell_committed(self) -> None:
        """Notify the waiters for changes that there may be some."""
        if self.ring is not None:
            self.ring()

    @abstractmethod
    def forget(self) -> None:
        """Check the triggers before the next change: tables may have been created or dropped."""

    @abstractmethod
    async def prepare(self, raw: Any, caller: Principal = ANYONE) -> None:
        """Have a connection log its changes, before a transaction.

        Args:
            raw: The driver's own connection.
            caller: The caller that it writes for; that of the current request by default.

        Raises:
            Unavailable: The triggers are missing, and this role can't create them.
        """

    @abstractmethod
    async def prepare_other(self, connection: AsyncConnection, caller: Principal) -> None:
        """Have a connection of another engine log its changes, in its transaction.

        Args:
            connection: The connection.
            caller: The caller that it writes for.
        """

    @abstractmethod
    def write_stamp(self, caller: Principal) -> str:
        """Write SQL that states the origin of a transaction; empty if none is needed."""


class SQLiteLog(ChangeLog):
    """Log of changes on SQLite, where each connection has triggers of its own."""

    stamps = False

    def __init__(self, url: URL, settings: Settings) -> None:
        super().__init__(url, settings)
        self._state = 1

    def forget(self) -> None:
        """Have all connections check their triggers."""
        self._state += 1

    def is_prepared(self, raw: SQLiteConnection) -> bool:
        """Whether a connection logs its changes."""
        return raw.noting == self._state

    def note_origin(self, raw: SQLiteConnection, caller: Principal = ANYONE) -> None:
        """Set the origin of a connection's writes from now on."""
        raw.origin = find_origin(caller)

    async def prepare(self, raw: SQLiteConnection, caller: Principal = ANYONE) -> None:
        """Have a connection log its changes."""
        self.note_origin(raw, caller)
        if not self.is_prepared(raw):
            state = self._state  # tables may be created or dropped meanwhile
            installed: sqlite.Installed = await raw.run(self._install, raw)
            raw.version = installed.version
            # Triggers created in a transaction may be rolled back with it.
            raw.noting = state if installed.is_whole and not raw.in_transaction else 0
        if not raw.in_transaction:
            await self.prune_next(raw)

    async def prepare_session(self, raw: SQLiteConnection) -> None:
        """Have a session's connection log its changes.

        The session may not be able to begin again, so the schema is checked before it writes.
        """
        if self.is_prepared(raw):
            ((version,),) = await raw.execute_fetchall(VERSION)
            if version != raw.version:
                raw.look_anew()
        await self.prepare(raw)

    async def prepare_other(self, connection: AsyncConnection, caller: Principal) -> None:
        """Have a connection of another engine log its changes."""
        raw: Any = (await connection.get_raw_connection()).driver_connection
        origin = find_origin(caller)
        for name, (arguments, function) in FUNCTIONS.items():
            await raw.create_function(name, arguments, function, deterministic=True)
        for name, arguments, function in sqlite.functions(lambda: origin, lambda: None):
            await raw.create_function(name, arguments, function)
        steps = sqlite.write_steps([noted.table for noted in self.tables.values()])
        text = next(steps)
        with suppress(StopIteration):
            while True:
                found: Any = await connection.exec_driver_sql(text)
                text = steps.send(found.all() if found.returns_rows else ())

    async def prune(self, raw: SQLiteConnection, table: str, days: int) -> int:
        """Remove the oldest entries of a table."""
        before = sqlite.write_instant(dt.datetime.now(dt.UTC) - dt.timedelta(days))
        return len([*await raw.execute_fetchall(sqlite.PRUNE, (table, PRUNED, before, table))])

    def write_stamp(self, caller: Principal) -> str:  # noqa: ARG002 - the connection knows it
        """Return an empty text: a function of the connection knows the origin."""
        return ""

    def find_stamp(self, caller: Principal) -> None:
        """Return None: a function of the connection knows the origin."""

    def _install(self, raw: SQLiteConnection) -> sqlite.Installed:
        sqlite.add_functions(raw.driver, lambda: raw.origin, raw.look_anew)
        return sqlite.install(raw.driver, [noted.table for noted in self.tables.values()])


class PostgreSQLLog(ChangeLog):
    """Log of changes on PostgreSQL, where triggers are a part of the database."""

    stamps = True

    def __init__(self, url: URL, settings: Settings) -> None:
        super().__init__(url, settings)
        self._looked = -FRESH_S
        self._state = 1

    def forget(self) -> None:
        """Check the triggers before the next change."""
        self._looked = -FRESH_S
        self._state += 1

    async def prepare(self, raw: Any, caller: Principal = ANYONE) -> None:  # noqa: ARG002
        """Check whether the triggers exist, unless that was done recently, and create them."""
        if not raw.is_in_transaction():
            await self.prune_next(raw)
        if time.monotonic() - self._looked < FRESH_S:
            return
        began, state = time.monotonic(), self._state
        there, lacking = await self._look(raw)
        if not lacking:
            if there == len(self.tables) and state == self._state:
                self._looked = began
            return
        if await self.install() < there:
            # Tables that this transaction has created are not visible to others yet.
            await self._install(raw)

    async def prepare_other(self, connection: AsyncConnection, caller: Principal) -> None:
        """Have a connection of another engine log its changes."""
        noted = list(self.tables.values())
        look = postgresql.write_look([n.table for n in noted])
        steps: list[str] = []
        found: Any = await connection.exec_driver_sql(look)
        for lacking, schema in _find_lacking(noted, found):
            steps += postgresql.write_install(lacking, schema)
        for step in (*postgresql.write_log(), *steps) if steps else ():
            await connection.exec_driver_sql(step)
        await connection.exec_driver_sql(postgresql.stamp_text(*find_origin(caller)))

    def write_stamp(self, caller: Principal) -> str:
        """Write SQL that states the origin of a transaction."""
        return postgresql.stamp_text(*find_origin(caller), self._tells)

    def find_stamp(self, caller: Principal) -> Values:
        """Return the parameters of a statement that stamps itself."""
        by, request = find_origin(caller)
        return {"stamp_by": by or "", "stamp_request": request or "", "stamp_tells": self._tells}

    @property
    def _tells(self) -> str:
        return "" if self.ring is None else "1"

    async def prune(self, raw: Any, table: str, days: int) -> int:
        """Remove the oldest entries of a table."""
        return len(await raw.fetch(postgresql.PRUNE, table, PRUNED, days))

    async def install(self) -> int:
        """Create missing or outdated triggers, on a connection of their own.

        A request's own transaction may be rolled back.

        Returns:
            The number of the logged tables that exist.

        Raises:
            Unavailable: This role may not create them.
        """
        engine = create_postgresql(self._url, self._settings)
        try:
            async with engine.connect() as connection:
                raw = (await connection.get_raw_connection()).driver_connection
                return await self._install(raw)
        except asyncpg.InsufficientPrivilegeError as exc:
            raise Unavailable(
                "Changes can't be logged: their triggers are missing, and this service may not "
                "create them"
            ) from exc
        except DRIVER_ERRORS as exc:
            raise translate(exc) from exc
        finally:
            await engine.dispose()

    async def _install(self, raw: Any) -> int:
        async with raw.transaction():
            await raw.execute(_LOCK)
            for step in postgresql.write_log():
                await raw.execute(step)
            there, lacking = await self._look(raw)
            for noted, schema in lacking:
                for step in postgresql.write_install(noted, schema):
                    await raw.execute(step)
        return there

    async def _look(self, raw: Any) -> tuple[int, Sequence[tuple[Noted, str]]]:
        """Return the number of existing tables, and those whose triggers are missing or outdated.

        Each of the latter comes with the schema of the table of changes.
        """
        noted = list(self.tables.values())
        rows = await raw.fetch(postgresql.write_look([n.table for n in noted]))
        return len(rows), list(_find_lacking(noted, rows))


def _find_lacking(noted: Sequence[Noted], rows: Iterable[Any]) -> Iterator[tuple[Noted, str]]:
    """Yield the tables whose triggers are missing or outdated, by the result of a look."""
    for schema, number, source, triggers in rows:
        if not postgresql.is_installed(noted[number], schema, source, triggers):
            yield noted[number], schema


def _note_created(table: Table, _connection: Any, **_options: Any) -> None:
    for log in _logs:
        if table.fullname in log.tables:
            log.forget()


event.listen(Table, "after_create", _note_created)
event.listen(Table, "after_drop", _note_created)

LOGS: dict[str, type[ChangeLog]] = {"postgresql": PostgreSQLLog, "sqlite": SQLiteLog}
"""Logs by the name of their dialect."""
