"""Undocumented parts of Alembic: how it alters tables on each database, and renders operations.

Tried with 1.20.0 and 1.20.1. A class with `__dialect__` takes the place of Alembic's own for that
database. A table that SQLite can't change is copied into one whose name begins with
`_alembic_tmp_`; then `drop_table` drops it, and `rename_table` puts the copy in its place.
`compare_server_default` is called with the defaults as SQL. `render_batch` renders the operations
on one table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.ddl.postgresql import PostgresqlImpl
from alembic.ddl.sqlite import SQLiteImpl
from alembic.operations.ops import ModifyTableOps
from sqlalchemy import JSON, Column, Table, inspect, text
from sqlalchemy.dialects.postgresql import JSONB

COPY = "_alembic_tmp_"
"""Prefix of the name of a copied table."""

render_batch: Callable[[AutogenContext, ModifyTableOps], list[str]]
render_batch = renderers.dispatch(ModifyTableOps)

_OF_VALUES = "_values"
"""Suffix of the name of an index of values, which modelwire creates by what is stored then."""

_KEPT = text(
    "SELECT name, sql FROM sqlite_master "
    "WHERE tbl_name = :name AND type IN ('index', 'trigger') AND sql IS NOT NULL"
)


class SQLiteCopies(SQLiteImpl):
    """SQLite implementation that keeps the triggers and expression indexes of a copied table.

    Alembic copies what it can reflect, which these are not.
    """

    __dialect__ = "sqlite"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._kept: dict[str, list[str]] = {}

    def drop_table(self, table: Table, **kw: Any) -> None:
        """Drop a table, and remember what is to be created again if a copy takes its place."""
        if self.connection is not None:
            reflected = {i["name"] for i in inspect(self.connection).get_indexes(table.name)}
            self._kept[table.name] = [
                sql
                for name, sql in self.connection.execute(_KEPT, {"name": table.name})
                if name not in reflected and not name.endswith(_OF_VALUES)
            ]
        super().drop_table(table, **kw)

    def rename_table(
        self, old_table_name: str, new_table_name: Any, schema: Any | None = None
    ) -> None:
        """Rename a table; a copy gets the triggers and indexes of the table that it replaces."""
        super().rename_table(old_table_name, new_table_name, schema)
        if old_table_name.startswith(COPY) and self.connection is not None:
            for sql in self._kept.pop(str(new_table_name), ()):
                self.connection.exec_driver_sql(sql)


class PostgreSQLDefaults(PostgresqlImpl):
    """PostgreSQL implementation that compares defaults of type `json` by text, and others in SQL.

    The type has no equality operator (PostgreSQL manual, 8.14).
    """

    __dialect__ = "postgresql"

    def compare_server_default(
        self,
        inspector_column: Column[Any],
        metadata_column: Column[Any],
        rendered_metadata_default: str | None,
        rendered_inspector_default: str | None,
    ) -> bool:
        """Return whether two defaults differ."""
        sql_type = metadata_column.type
        here, there = rendered_metadata_default, rendered_inspector_default
        if here and there and isinstance(sql_type, JSON) and not isinstance(sql_type, JSONB):
            return here.partition("::")[0] != there.partition("::")[0]
        return bool(
            super().compare_server_default(  # type: ignore[no-untyped-call]
                inspector_column, metadata_column, here, there
            )
        )
