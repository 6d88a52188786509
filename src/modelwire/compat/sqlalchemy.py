"""What is private to SQLAlchemy, and what 2.0 does otherwise than 2.1.

Tried with 2.0.44 to 2.0.58 and with 2.1.9. Documented nowhere are

- of pools: `_queue_class`, `_pool`, `_overflow`, `_do_get`, `_do_return_conn`, `_dec_overflow`,
  `_invalidate`, `_dialect`, `dispatch`, and `get_connection` of an entry; `QueueCommon`,
  `await_only` and `greenlet_spawn`;
- of compiled statements: `positiontup`, `binds`, `insert_prefetch` and `_result_columns`, and
  `effective_value` and `required` of a parameter;
- of tables and types: `_creation_order`, `_variant_mapping`, and `desc_op`;
- of engines: `_should_log_info`, `_for_update_arg` of a statement, that a dialect's `do_commit` may
  be replaced, and the errors of the adapter of asyncpg;
- of expressions: `_deep_deannotate`, `_correlate`, `_correlate_except` and `_auto_correlate`;
  of queries, `_limit_clause`, `_offset_clause`, `_fetch_clause`, `_group_by_clauses` and
  `_having_criteria`;
- of mappers: `dispatch`, and the module of SQLAlchemy's own listeners.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal, TypeVar, cast

import asyncpg
import sqlalchemy
from msgspec import Struct
from sqlalchemy import (
    Column,
    ColumnElement,
    Constraint,
    Engine,
    FromClause,
    Numeric,
    Select,
    Table,
)
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Mapper
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry, PoolProxiedConnection
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.operators import desc_op
from sqlalchemy.sql.util import _deep_deannotate
from sqlalchemy.types import TypeEngine
from sqlalchemy.util import await_only, greenlet_spawn
from sqlalchemy.util.queue import Empty, QueueCommon

__all__ = ["Empty", "QueueCommon", "await_only", "desc_op", "greenlet_spawn"]

Element = TypeVar("Element", bound=ColumnElement[Any])

_IS_2_0 = sqlalchemy.__version__.startswith("2.0.")


@contextmanager
def opening_connection() -> Iterator[None]:
    """Raise what a connection can't be opened for as an error of the engine's adapter.

    2.1 does so itself; 2.0 only with what a connection raises that is open.
    """
    try:
        yield
    except asyncpg.PostgresError as exc:
        if not _IS_2_0:
            raise
        translated = AsyncAdapt_asyncpg_dbapi.Error(f"{type(exc)}: {exc}")
        raise translated from exc


def settle_keys(tables: Iterable[Table]) -> None:
    """Have no key of Decimals counted up by the database, unless it says so.

    2.0 takes each for a counter, of which PostgreSQL makes a column of integers; 2.1 none.

    Args:
        tables: The tables, which are changed as if `autoincrement=False` stood in their columns.
    """
    for table in tables if _IS_2_0 else ():
        column = table.autoincrement_column
        if column is None or column.autoincrement != "auto":
            continue
        if isinstance(column.type, Numeric):
            column.autoincrement = False
            table.primary_key.__dict__.pop("_autoincrement_column")  # which it keeps


def without_annotations(element: Element) -> Element:
    """A copy of an expression without what the ORM notes of it, by which parts are passed over."""
    return _deep_deannotate(element)


def is_correlated(query: Select[Any], source: FromClause, sources: Collection[FromClause]) -> bool:
    """Whether a subquery means a row of the query around it by a source, and does not read that.

    Args:
        query: The subquery, right within a query that reads the source.
        source: The source.
        sources: All that the subquery would read by itself.
    """
    if query._correlate_except is not None:
        return source not in query._correlate_except
    if query._correlate:
        return source in query._correlate
    return query._auto_correlate and len(sources) > 1


def is_one_group(query: Select[Any]) -> bool:
    """Whether a query whose columns are told of a group has one row, whatever rows there are."""
    clauses = (query._limit_clause, query._offset_clause, query._fetch_clause)
    grouped = query._group_by_clauses or query._having_criteria
    return not grouped and all(clause is None for clause in clauses)


def creation_order(constraint: Constraint) -> int:
    """The place of a constraint among all that were made; a table has them in a set."""
    return constraint._creation_order


def variants_of(sql_type: TypeEngine[Any]) -> Mapping[str, TypeEngine[Any]]:
    """The types that stand for a type on some databases, by the names of their dialects."""
    return sql_type._variant_mapping


def listeners_of(mapper: Mapper[Any], event: str) -> Sequence[Any]:
    """What listens to an event of a mapper, such as `before_insert`, and is not SQLAlchemy's."""
    return _others(getattr(mapper.dispatch, event))


def instance_listeners_of(mapper: Mapper[Any], event: str) -> Sequence[Any]:
    """What listens to an event of a mapper's objects, such as `load`, and is not SQLAlchemy's."""
    return _others(getattr(mapper.class_manager.dispatch, event))


def is_set_listened_to(mapper: Mapper[Any], key: str) -> bool:
    """Whether anything listens to the setting of an attribute."""
    return any(mapper.class_manager[key].dispatch.set)


def _others(listeners: Iterable[Any]) -> Sequence[Any]:
    return [x for x in listeners if getattr(x, "__module__", "") != Mapper.__module__]


def logger_of(engine: Engine) -> Any:
    """Where an engine logs statements; None if it does not."""
    return engine.logger if engine._should_log_info() else None


def wrap_commit(engine: Engine, wrap: Callable[[Callable[[Any], None]], Any]) -> None:
    """Put a function in the place of that by which an engine commits, which has no event."""
    dialect: Any = engine.dialect
    dialect.do_commit = wrap(dialect.do_commit)


def locks_rows(context: Any) -> bool:
    """Whether a statement asks for locks on its rows, which SQLite has no words for.

    In the driver's text nothing is left of it.

    Args:
        context: The statement's context, as events have it.
    """
    compiled = getattr(context, "compiled", None)
    return getattr(getattr(compiled, "statement", None), "_for_update_arg", None) is not None


class CompiledStatement:
    """A statement as SQLAlchemy has compiled it, in parts.

    Args:
        sql: The statement.
        dialect: The dialect.

    Attributes:
        text: The SQL, with the driver's own placeholders.
        names: The name of each placeholder, in order.
    """

    def __init__(self, sql: Executable, dialect: Dialect) -> None:
        compiled: Any = sql.compile(dialect=dialect)  # type: ignore[attr-defined]
        self._compiled = compiled
        self.text: str = compiled.string
        self.names: tuple[str, ...] = tuple(compiled.positiontup or ())

    def type_of(self, name: str) -> TypeEngine[Any]:
        """The type of a parameter."""
        found: TypeEngine[Any] = self._compiled.binds[name].type
        return found

    @property
    def constants(self) -> Mapping[str, Any]:
        """The parameters whose values stand in the statement itself."""
        binds = self._compiled.binds.items()
        return {name: bind.effective_value for name, bind in binds if not bind.required}

    @property
    def result_types(self) -> Sequence[TypeEngine[Any]]:
        """The types of the columns of its result."""
        return [column.type for column in self._compiled._result_columns]

    @property
    def prefetched(self) -> Sequence[Column[Any]]:
        """The columns whose defaults SQLAlchemy would make before it runs the statement."""
        return self._compiled.insert_prefetch or ()


class TakenConnection(Struct, eq=False):
    """A connection that was taken from a pool, until it is put back: by whoever took it.

    It stands where SQLAlchemy has its proxy, which sees to connections that nobody puts back.

    Args:
        queue: The entries of the pool at rest.
        driver_connection: The driver's own connection.
    """

    queue: QueueCommon[Any]
    _connection_record: ConnectionPoolEntry | None
    driver_connection: Any

    @property
    def is_valid(self) -> bool:
        """Whether it has not been put back."""
        return self._connection_record is not None

    def invalidate(self, error: BaseException | None = None) -> None:
        """Close it; its place in the pool is free for a new one."""
        record = self._connection_record
        try:
            if record is not None:
                record.invalidate(error)
        finally:
            self.close()

    def close(self) -> None:
        """Put it back."""
        record, self._connection_record = self._connection_record, None
        if record is not None:
            self.queue.put_nowait(record)


PooledConnection = PoolProxiedConnection | TakenConnection
"""A connection out of the pool."""


class EntryPool(AsyncAdaptedQueuePool):
    """A pool with a queue of its own, whose connections can be taken without SQLAlchemy's proxy.

    Attributes:
        queue: The entries at rest.
    """

    queue: QueueCommon[Any]

    def __init_subclass__(cls, *, queue: type[QueueCommon[Any]]) -> None:
        cls._queue_class = queue

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.queue = self._pool

    @property
    def is_whole(self) -> bool:
        """Whether as many connections are open as may be."""
        return self._overflow >= 0

    @property
    def is_listened_to(self) -> bool:
        """Whether anybody wants to know who takes connections."""
        return bool(self.dispatch.checkout or self.dispatch.checkin)

    def take_entry(self, record: Any) -> TakenConnection:
        """Take a connection out of an entry.

        Raises:
            MissingGreenlet: It is closed, and has to be opened anew.
        """
        connection = self._dialect.get_driver_connection(record.get_connection())
        return TakenConnection(self.queue, record, connection)

    def put_back(self, record: ConnectionPoolEntry) -> None:
        """Put a connection back that was taken."""
        self.queue.put_nowait(record)

    _do_return_conn = put_back

    def forget(self, connection: PooledConnection) -> None:
        """Throw a connection away that was lost; those as old as it are opened anew before use."""
        self._invalidate(cast("PoolProxiedConnection", connection))

    async def open_anew(self, connection: PooledConnection) -> None:
        """Open a connection anew, in its place, and those as old as it before their next use."""
        proxy = cast("Any", connection)
        record = proxy._connection_record
        self._invalidate(proxy, _checkin=False)
        record.invalidate()
        opened = await greenlet_spawn(record.get_connection)
        if isinstance(connection, TakenConnection):
            connection.driver_connection = record.driver_connection
        else:
            proxy.dbapi_connection = opened

    def renew(self, record: ConnectionPoolEntry) -> None:
        """Look at an entry that SQLAlchemy is to hand out."""

    def note_closed(self) -> None:
        """Take note that one less is open than was."""

    def _do_get(self) -> ConnectionPoolEntry:
        record = super()._do_get()
        self.renew(record)
        return record

    def _dec_overflow(self) -> Literal[True]:
        super()._dec_overflow()
        self.note_closed()
        return True
