"""Private parts of SQLAlchemy that modelwire uses."""

from __future__ import annotations

import inspect
import logging
from typing import Any

import aiosqlite
import pytest
import sqlalchemy.util
import sqlalchemy.util.queue
from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    create_engine,
    event,
    insert,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import Mapper, registry
from sqlalchemy.pool import AsyncAdaptedQueuePool, PoolProxiedConnection
from sqlalchemy.pool.base import Pool, _ConnectionRecord
from sqlalchemy.sql.operators import desc_op

from modelwire.compat import sqlalchemy as compat
from modelwire.execute.connect.fair_queue import FairQueue

from .canary import missing_from, parameters_of, unwritten_in

POOL = ("_queue_class", "_do_get", "_do_return_conn", "_dec_overflow", "_invalidate", "_dialect")

RECORDS = Table(
    "records",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", String, default=lambda: "made"),
    Column("at", DateTime().with_variant(String, "sqlite")),
    Column("up", ForeignKey("records.id")),
    UniqueConstraint("name"),
)

mapping = registry()


@mapping.mapped
class Record:
    __table__ = Table("record", mapping.metadata, Column("id", Integer, primary_key=True))


class CanaryPool(compat.EntryPool, queue=FairQueue):
    renewed = 0
    closed = 0

    def renew(self, _record: Any) -> None:
        self.renewed += 1

    def note_closed(self) -> None:
        self.closed += 1


def test_pools_have_their_parts() -> None:
    assert missing_from(AsyncAdaptedQueuePool, POOL) == []
    assert unwritten_in(AsyncAdaptedQueuePool.__mro__[1], ("_pool", "_overflow")) == []
    assert "_checkin" in parameters_of(Pool._invalidate), "Pool._invalidate(_checkin=)"
    assert missing_from(_ConnectionRecord, ("get_connection", "invalidate")) == []
    assert "_connection_record" in inspect.getsource(Pool._invalidate), "_connection_record"
    assert missing_from(sqlalchemy.util, ("await_only", "greenlet_spawn")) == []
    assert missing_from(sqlalchemy.util.queue, ("QueueCommon", "Empty")) == []
    abstract = {name for name in vars(sqlalchemy.util.queue.QueueCommon) if name[0] != "_"}
    assert abstract <= {*dir(FairQueue)}, f"QueueCommon asks for {abstract - {*dir(FairQueue)}}"


async def test_connections_are_taken_with_and_without_a_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(aiosqlite.Connection, "is_dead", False, raising=False)
    engine = create_async_engine(
        "sqlite+aiosqlite://", poolclass=CanaryPool, pool_size=2, max_overflow=0
    )
    pool: Any = engine.sync_engine.pool
    assert isinstance(pool.queue, FairQueue), "QueuePool._queue_class, _pool"
    async with engine.connect():
        assert pool.renewed == 1, "QueuePool._do_get"
    assert len(pool.queue.idle) == 1, "QueuePool._do_return_conn"
    taken = pool.take_ready(pool.queue.idle)
    assert isinstance(taken, compat.TakenConnection), "Pool.dispatch"
    before = taken.driver_connection
    await pool.open_anew(taken)
    assert taken.driver_connection is not before, "Pool._invalidate, _connection_record"
    before.stop()
    taken.close()
    assert not taken.is_valid
    async with engine.connect(), engine.connect():
        assert pool.is_whole, "QueuePool._overflow"
    assert not pool.closed
    pool._dec_overflow()
    assert pool.closed == 1, "QueuePool._dec_overflow"
    pool._inc_overflow()
    event.listen(engine.sync_engine, "checkout", lambda *_: None)
    aloud = pool.take_ready(pool.queue.idle)
    assert isinstance(aloud, PoolProxiedConnection), "Pool.dispatch"
    await compat.greenlet_spawn(aloud.close)
    await engine.dispose()


async def test_functions_wait_in_greenlets() -> None:
    async def wait() -> str:
        return "waited"

    found = await compat.greenlet_spawn(lambda: compat.await_only(wait()))
    assert found == "waited", "await_only, greenlet_spawn"


def test_statements_are_compiled_into_parts() -> None:
    new = insert(RECORDS).values(id=sqlalchemy.bindparam("id")).returning(RECORDS.c.at)
    compiled = compat.CompiledStatement(new, postgresql.asyncpg.dialect())
    assert compiled.names == ("id", "name"), "SQLCompiler.positiontup"
    assert isinstance(compiled.type_of("id"), Integer), "SQLCompiler.binds"
    assert [c.key for c in compiled.prefetched] == ["name"], "SQLCompiler.insert_prefetch"
    assert [type(t) for t in compiled.result_types] != [], "SQLCompiler._result_columns"
    found = compat.CompiledStatement(
        select(RECORDS).where(RECORDS.c.name == "constant"), sqlite.aiosqlite.dialect()
    )
    assert {*found.constants.values()} == {"constant"}, "BindParameter.effective_value, required"


def test_constraints_and_types_tell_their_order_and_variants() -> None:
    orders = [compat.creation_order(constraint) for constraint in RECORDS.constraints]
    assert len({*orders}) == len(orders) > 1, "Constraint._creation_order"
    variants = compat.variants_of(RECORDS.c.at.type)
    assert [*variants] == ["sqlite"], "TypeEngine._variant_mapping"
    assert RECORDS.c.id.desc().modifier is desc_op, "UnaryExpression.modifier"


def test_keys_keep_what_counts_them_up() -> None:
    key = RECORDS.primary_key
    assert RECORDS.autoincrement_column is RECORDS.c.id, "Table.autoincrement_column"
    assert "_autoincrement_column" in vars(key), "PrimaryKeyConstraint._autoincrement_column"


def test_engines_tell_where_they_log() -> None:
    assert create_engine("sqlite://", echo=True).logger.isEnabledFor(logging.INFO), "logger"
    assert not create_engine("sqlite://").logger.isEnabledFor(logging.INFO), "logger"


def test_commit_of_an_engine_can_be_replaced() -> None:
    engine, commits = create_engine("sqlite://"), []

    def wrap(commit: Any) -> Any:
        def counted(connection: Any) -> None:
            commits.append(connection)
            commit(connection)

        return counted

    compat.wrap_commit(engine, wrap)
    with engine.begin():
        pass
    engine.dispose()
    assert commits, "Dialect.do_commit"


@pytest.mark.parametrize("locks", [False, True])
def test_statements_tell_whether_they_lock_rows(locks: bool) -> None:
    engine, seen = create_engine("sqlite://"), []

    @event.listens_for(engine, "before_cursor_execute")
    def look(*arguments: Any) -> None:
        seen.append(compat.locks_rows(arguments[4]))

    statement = select(sqlalchemy.literal(1))
    with engine.connect() as connection:
        run(connection, statement.with_for_update() if locks else statement)
    engine.dispose()
    assert seen == [locks], "Select._for_update_arg"


def run(connection: Connection, statement: Any) -> None:
    connection.execute(statement)


def test_listeners_of_mapped_classes_are_told_apart() -> None:
    mapper: Mapper[Any] = sqlalchemy.inspect(Record)
    assert compat.listeners_of(mapper, "before_insert") == [], "Mapper.dispatch"
    assert compat.instance_listeners_of(mapper, "load") == [], "ClassManager.dispatch"
    assert compat.instance_listeners_of(mapper, "init") == [], "the module of its own listeners"
    assert not compat.is_set_listened_to(mapper, "id"), "attributes' dispatch"
    event.listen(Record, "before_insert", lambda *_: None)
    event.listen(Record, "load", lambda *_: None)
    event.listen(mapper.attrs["id"].class_attribute, "set", lambda *_: None)
    assert compat.listeners_of(mapper, "before_insert"), "Mapper.dispatch"
    assert compat.instance_listeners_of(mapper, "load"), "ClassManager.dispatch"
    assert compat.is_set_listened_to(mapper, "id"), "attributes' dispatch"


def test_adapter_of_asyncpg_has_errors() -> None:
    assert missing_from(AsyncAdapt_asyncpg_dbapi, ("Error",)) == []
