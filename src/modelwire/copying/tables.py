"""The tables to copy: their order, and the statements that read and write each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import (
    Column,
    ColumnClause,
    ColumnElement,
    ForeignKeyConstraint,
    Insert,
    MetaData,
    Select,
    Text,
    Update,
    and_,
    bindparam,
    cast,
    column,
    func,
    literal,
    select,
    tuple_,
    type_coerce,
)
from sqlalchemy import Table as SQLTable
from sqlalchemy import table as table_clause
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import sort_tables_and_constraints
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.expression import TableClause
from sqlalchemy.types import NullType, TypeEngine

from ..catalog.kinds import type_on
from ..catalog.views import tables_in
from ..statement.dialects.known import DIALECTS
from .values import Canon, types_of

_PLACE, _KEY, _VALUE = "modelwire_place_", "modelwire_key_", "modelwire_value_"


class Overriding(Insert):
    """INSERT of given values into columns that are otherwise always generated."""

    inherit_cache = True


@compiles(Overriding, "postgresql")
def _override(element: Overriding, compiler: Any, **options: Any) -> str:
    text: str = compiler.visit_insert(element, **options)
    return text.replace(") VALUES (", ") OVERRIDING SYSTEM VALUE VALUES (", 1)


class End:
    """A table on one of the two databases.

    Args:
        table: The table as the models have it.
        columns: Its columns to copy.
        types: The types under which they are read and written here.
        dialect: The dialect of the database.
    """

    def __init__(
        self,
        table: SQLTable,
        columns: Sequence[Column[Any]],
        types: Sequence[TypeEngine[Any]],
        dialect: Dialect,
    ) -> None:
        self.sql: TableClause = table_clause(
            table.name,
            *(column(c.name, t) for c, t in zip(columns, types, strict=True)),
            schema=table.schema,
        )
        self.canon = Canon(types)
        self._dialect = dialect
        self._keys = [c for c in table.primary_key if c in columns]

    @property
    def _key_columns(self) -> Sequence[ColumnClause[Any]]:
        return [self.sql.c[key.name] for key in self._keys]

    def read(self, limit: int | None, *, after: bool) -> Select[Any]:
        """Select the next rows in the order of the key, each with its place.

        Args:
            limit: The number of rows; all, if None.
            after: Whether to begin behind a given place.
        """
        raw = [_uncoerced(column) for column in self._key_columns]
        places = [_write_place(column, self._dialect) for column in raw]
        sql = select(*self.sql.c, *places).order_by(*raw).limit(limit)
        if not after:
            return sql
        named = [f"{_PLACE}{i}" for i in range(len(raw))]
        given = [
            _read_place(name, type_on(key, self._dialect.name), self._dialect)
            for name, key in zip(named, self._keys, strict=True)
        ]
        return sql.where(tuple_(*raw) > tuple_(*given) if len(raw) > 1 else raw[0] > given[0])

    def insert(self) -> Executable:
        """Insert rows as they are given; answered with the rows as stored."""
        return Overriding(self.sql).returning(*self.sql.c)

    def update(self, columns: Sequence[Column[Any]]) -> Update:
        """Update some columns of the row with a key."""
        keys = [key == bindparam(f"{_KEY}{key.name}", type_=key.type) for key in self._key_columns]
        values = {
            c.name: bindparam(f"{_VALUE}{c.name}", type_=self.sql.c[c.name].type) for c in columns
        }
        return self.sql.update().where(and_(*keys)).values(values)

    def count(self) -> Select[Any]:
        """Select the number of rows."""
        return select(func.count()).select_from(self.sql)

    def any(self) -> Select[Any]:
        """Select one row if the table has any."""
        return select(literal(1)).select_from(self.sql).limit(1)


def _uncoerced(of: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a column as it is stored, by which it is sorted."""
    return type_coerce(of, NullType())


def _write_place(of: ColumnElement[Any], dialect: Dialect) -> ColumnElement[Any]:
    return cast(of, Text()) if DIALECTS[dialect.name].has_own_types else of


def _read_place(name: str, sql_type: TypeEngine[Any], dialect: Dialect) -> ColumnElement[Any]:
    if not DIALECTS[dialect.name].has_own_types:
        return bindparam(name, type_=NullType())
    return cast(bindparam(name, type_=Text()), sql_type)


def place_values(place: Sequence[Any]) -> Mapping[str, Any]:
    """Return the parameters that hold a place."""
    return {f"{_PLACE}{i}": value for i, value in enumerate(place)}


@dataclass(frozen=True)
class CopiedTable:
    """Table to copy.

    Args:
        sql: The table as the models have it.
        columns: Its columns, but for those that the database computes.
        postponed: Those that are written when all rows exist, since they may refer to rows that
            come later.
        source: The table in the source.
        target: The table in the target.
    """

    sql: SQLTable
    columns: Sequence[Column[Any]]
    postponed: Sequence[Column[Any]]
    source: End
    target: End

    @property
    def name(self) -> str:
        """Name of the table, with its schema."""
        return self.sql.fullname

    @cached_property
    def key_places(self) -> Sequence[int]:
        """Positions of the key's values in a row."""
        return [self.columns.index(c) for c in self.sql.primary_key if c in self.columns]

    @cached_property
    def postponed_places(self) -> Sequence[int]:
        """Positions in a row of the columns that are written later."""
        return [self.columns.index(c) for c in self.postponed]

    def withhold(self, row: Sequence[Any]) -> Sequence[Any]:
        """Return a row as it is first written, without its postponed values."""
        if not self.postponed:
            return row
        values = list(row)
        for place in self.postponed_places:
            values[place] = None
        return values

    def as_parameters(self, row: Sequence[Any]) -> dict[str, Any]:
        """Return a row as parameters of INSERT."""
        return dict(zip((c.name for c in self.columns), row, strict=True))

    def as_link(self, row: Sequence[Any]) -> dict[str, Any]:
        """Return a row as parameters of the UPDATE that writes its postponed values."""
        keys = {f"{_KEY}{self.columns[i].name}": row[i] for i in self.key_places}
        values = {f"{_VALUE}{self.columns[i].name}": row[i] for i in self.postponed_places}
        return keys | values

    def show_key(self, row: Sequence[Any]) -> str:
        """Return the key of a row, for users to find it by."""
        return ", ".join(str(row[place]) for place in self.key_places)


def plan_tables(metadata: MetaData, source: Dialect, target: Dialect) -> Sequence[CopiedTable]:
    """Plan how tables are copied, each after those that it refers to.

    Args:
        metadata: The tables; views among them are left out.
        source: The dialect of the source.
        target: The dialect of the target.
    """
    tables = tables_in(metadata)
    # The last entry has the foreign keys by which tables refer to each other in cycles.
    circular = sort_tables_and_constraints(tables)[-1][1]
    later = {key for key in circular if _free_columns(key)}
    later |= {k for t in tables for k in t.foreign_key_constraints if k.referred_table is t}
    ordered = sort_tables_and_constraints(tables, lambda key: True if key in later else None)
    planned = []
    for table, _ in ordered[:-1]:
        postponed = {c for k in table.foreign_key_constraints & later for c in _free_columns(k)}
        columns = [c for c in table.columns if c.computed is None]
        types = [types_of(c, source, target) for c in columns]
        planned.append(
            CopiedTable(
                table,
                columns,
                [c for c in columns if c in postponed],
                End(table, columns, [t for t, _ in types], source),
                End(table, columns, [t for _, t in types], target),
            )
        )
    return planned


def _free_columns(key: ForeignKeyConstraint) -> Sequence[Column[Any]]:
    """Return the columns of a foreign key that may be NULL until the rows they refer to exist."""
    return [c for c in key.columns if c.nullable and not c.primary_key]
