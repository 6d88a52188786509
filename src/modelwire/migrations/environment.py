"""Run of steps on the application's database."""

from __future__ import annotations

import asyncio
import time
import warnings
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from alembic import context
from alembic.operations.ops import UpgradeOps
from sqlalchemy import Connection, text
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import SAWarning

from ..errors import ConfigurationError
from ..execute.database import Database
from ..execute.tables import complete_tables
from ..execute.url import is_memory
from .comparison import write_options

_STATEMENT_S = 86_400.0
"""Seconds that a statement of a step may run: large tables take long."""

_TURN_S = 600.0
"""Seconds within which another process has to finish its steps."""

_LOOK_S = 0.5
"""Seconds between two attempts to take the lock."""

_LOCK = 0x6D6967726174
"""PostgreSQL advisory lock that is held while steps run: "migrat"."""

ORDERS = "modelwire"
"""Name of a command's `Orders` among the attributes of Alembic's configuration."""


Decide = Callable[[UpgradeOps, Dialect], bool]
"""Decision whether a step is made of the differences, which it may change, for a dialect."""


@dataclass(slots=True)
class Orders:
    """Options that a command passes to `run`, and the results that it gets back.

    Args:
        takes_as_empty: Whether to assume a database without tables.
        completes: Whether to create what modelwire keeps beside the tables.
        decide: Decides whether a step is made of the differences; it is, if None.
        done: The steps that have run, in order.
    """

    takes_as_empty: bool = False
    completes: bool = False
    decide: Decide | None = None
    done: list[str] = field(default_factory=list)


class StepFailed(Exception):
    """Failure of a step that left broken references; it is rolled back."""


def run(database: Database, *, ignored: Collection[str] = ()) -> None:
    """Run the steps that `modelwire migrate`, or Alembic's own command, asks for.

    Args:
        database: The application's database, whose URL and tables are used.
        ignored: Tables of the database that the models don't know, and that are not compared; none,
            by default. modelwire's own tables are always ignored.

    Raises:
        ConfigurationError: The database is in memory, and would be gone afterwards.
    """
    if is_memory(database.url):
        raise ConfigurationError(
            "A database in memory has nothing to migrate; name a file, as in sqlite:///file.db"
        )
    orders: Orders = context.config.attributes.setdefault(ORDERS, Orders())
    options = write_options(
        database.metadata, ignored, orders.decide, takes_as_empty=orders.takes_as_empty
    )
    if context.is_offline_mode():
        context.configure(dialect_name=database.dialect, literal_binds=True, **options)
        with context.begin_transaction():
            context.run_migrations()
        return
    asyncio.run(_run(_copy(database), options, orders))


def _copy(database: Database) -> Database:
    """Return the same database with one connection and long timeouts."""
    copied = Database(
        database.settings.database_url.get_secret_value(),
        pool_size=1,
        statement_timeout_s=_STATEMENT_S,
        read_timeout_s=_STATEMENT_S,
        pgbouncer=database.settings.pgbouncer,
        metadata=database.metadata,
    )
    for noted in database.tracking.log.tables.values():
        copied.tracking.note(noted)
    return copied


async def _run(database: Database, options: Mapping[str, Any], orders: Orders) -> None:
    try:
        async with database.engine.connect() as connection:
            await connection.run_sync(_migrate, options, orders)
        if orders.completes:
            await complete_tables(database.engine, database.metadata)
            if database.tracking.log.is_on:
                await database.open_log()
    finally:
        await database.close_db()


def _migrate(connection: Connection, options: Mapping[str, Any], orders: Orders) -> None:
    _take_turn(connection)
    broken = _count_broken(connection)
    # Alembic begins the transactions, one for each step.
    connection.rollback()

    def note(ctx: Any, step: Any, heads: object, run_args: object) -> None:  # noqa: ARG001
        if _count_broken(ctx.connection) > broken:
            raise StepFailed("leaves rows that refer to rows which are not there")
        orders.done.append(step.up_revision_id)

    context.configure(connection=connection, on_version_apply=note, **options)
    with warnings.catch_warnings():
        # Types and indexes that SQLAlchemy can't reflect are left as they are.
        warnings.simplefilter("ignore", SAWarning)
        with context.begin_transaction():
            context.run_migrations()
    connection.commit()


def _take_turn(connection: Connection) -> None:
    """Wait until no other process runs steps; on SQLite, disable foreign keys, which copies break.

    Polling for the lock leaves no transaction open in the meantime, for which `CREATE INDEX
    CONCURRENTLY` would wait (PostgreSQL manual, CREATE INDEX).
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        return
    deadline = time.monotonic() + _TURN_S
    asked = text("SELECT pg_try_advisory_lock(:number)").bindparams(number=_LOCK)
    while not connection.scalar(asked):
        connection.rollback()
        if time.monotonic() > deadline:
            raise ConfigurationError("Another process is running steps, and has not finished")
        time.sleep(_LOOK_S)


def _count_broken(connection: Connection) -> int:
    """Count the broken references, which SQLite doesn't check while steps run."""
    if connection.dialect.name != "sqlite":
        return 0
    return len(connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall())
