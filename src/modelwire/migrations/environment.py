"""Runs steps on a database: the one that the application has."""

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
"""Seconds within which another process has to be done with its steps."""

_LOOK_S = 0.5
"""Seconds between two looks whether it is."""

_LOCK = 0x6D6967726174
"""The advisory lock of PostgreSQL that is held while steps are run: "migrat"."""

ORDERS = "modelwire"
"""What a command's `Orders` are called among the attributes of Alembic's configuration."""


Decide = Callable[[UpgradeOps, Dialect], bool]
"""Is given what differs and for which dialect; may change it, and tells whether a step is made."""


@dataclass(slots=True)
class Orders:
    """What a command asks of `run`, and what it learns from it.

    Args:
        takes_as_empty: Whether the database is taken for one without tables.
        completes: Whether what modelwire keeps beside the tables is created.
        decide: Tells whether a step is made of what differs; if None, it is.
        done: The steps that were run, in order.
    """

    takes_as_empty: bool = False
    completes: bool = False
    decide: Decide | None = None
    done: list[str] = field(default_factory=list)


class StepFailed(Exception):
    """A step has done what it must not; it is undone."""


def run(database: Database, *, ignored: Collection[str] = ()) -> None:
    """Run what `modelwire migrate`, or Alembic's own command, asks for.

    Args:
        database: The application's database, whose URL and tables are taken.
        ignored: Tables that are in the database, and of which the models know nothing; none, by
            default. They are not compared. modelwire's own tables are none of these steps either.

    Raises:
        ConfigurationError: The database is in memory, and gone when this is done.
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
    """The same database, for one connection that has time."""
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
    # Alembic begins the transactions: a step is one.
    connection.rollback()

    def note(ctx: Any, step: Any, heads: object, run_args: object) -> None:  # noqa: ARG001
        if _count_broken(ctx.connection) > broken:
            raise StepFailed("leaves rows that refer to rows which are not there")
        orders.done.append(step.up_revision_id)

    context.configure(connection=connection, on_version_apply=note, **options)
    with warnings.catch_warnings():
        # Types and indexes that SQLAlchemy can't read are left as they are.
        warnings.simplefilter("ignore", SAWarning)
        with context.begin_transaction():
            context.run_migrations()
    connection.commit()


def _take_turn(connection: Connection) -> None:
    """Wait until no other process runs steps; on SQLite, let no row go with a table that is copied.

    A lock that is asked for again and again leaves no transaction open meanwhile, for which
    `CREATE INDEX CONCURRENTLY` would wait (PostgreSQL manual, CREATE INDEX).
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        return
    deadline = time.monotonic() + _TURN_S
    asked = text("SELECT pg_try_advisory_lock(:number)").bindparams(number=_LOCK)
    while not connection.scalar(asked):
        connection.rollback()
        if time.monotonic() > deadline:
            raise ConfigurationError("Another process runs steps, and has not come to an end")
        time.sleep(_LOOK_S)


def _count_broken(connection: Connection) -> int:
    """Count the references that lead nowhere, which SQLite doesn't mind while steps run."""
    if connection.dialect.name != "sqlite":
        return 0
    return len(connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall())
