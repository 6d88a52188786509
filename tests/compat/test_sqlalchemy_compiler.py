"""Private parts of SQLAlchemy's compilers that modelwire uses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

import pytest
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    bindparam,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import registry
from sqlalchemy.sql.compiler import SQLCompiler

from modelwire.compat import sqlalchemy_compiler as compat

from .canary import missing_from, parameters_of

PARTS = ("construct_params", "get_render_as_alias_suffix", "_truncated_identifier")

ROWS = Table("rows", MetaData(), Column("id", Integer, primary_key=True), Column("owner", Integer))
OPEN = Table("open", ROWS.metadata, Column("id", Integer, primary_key=True))
ELSEWHERE = Table("rows", MetaData(), Column("id", Integer), Column("name", String), schema="other")


class CanaryDoor:
    """Gives the rows of an owner, and lets statements change any."""

    def __init__(self, owner: int = 1) -> None:
        self.owner = owner
        self.changes: list[bool] = []

    def rows_of(self, sql: Any) -> Select[Any] | None:
        if sql.name == "open":
            return None
        rows = sql.alias()
        condition = rows.c.id == bindparam("me_owner", type_=Integer())
        return select(rows).where(compat.ask_instead(condition, self.find))

    def find(self, name: str) -> Any:
        return (lambda: self.owner) if name.startswith("me_") else None

    def begin_change(self, *, is_part: bool) -> None:
        self.changes.append(is_part)

    def refuse_insert(self) -> NoReturn:
        raise LookupError


@pytest.fixture
def door() -> CanaryDoor:
    return CanaryDoor()


@pytest.fixture
def connection(door: CanaryDoor) -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    ROWS.metadata.create_all(engine)
    with engine.begin() as plain:
        plain.execute(insert(ROWS), [{"id": n, "owner": n % 2} for n in range(4)])
        plain.execute(insert(OPEN), [{"id": n} for n in range(3)])
        with compat.compiling_by(plain, compat.dialect_through(plain.dialect, door)):
            yield plain
    engine.dispose()


def test_compilers_have_their_parts() -> None:
    assert missing_from(SQLCompiler, PARTS) == []
    for name, given in {
        "visit_table": {"asfrom", "iscrud", "ashint", "enclosing_alias"},
        "visit_column": {"column", "include_table"},
        "visit_insert": set[str](),
        "visit_update": {"update_stmt", "visiting_cte"},
        "visit_delete": {"delete_stmt", "visiting_cte"},
    }.items():
        assert given <= {*parameters_of(getattr(SQLCompiler, name))}, f"SQLCompiler.{name}"


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        (select(ROWS.c.id), [(1,)]),
        (select(ROWS.alias().c.id), [(1,)]),
        (select(select(ROWS).subquery().c.id), [(1,)]),
        (select(func.count()).select_from(ROWS), [(1,)]),
        (select(OPEN.c.id).where(OPEN.c.id.in_(select(ROWS.c.id))), [(1,)]),
        (select(OPEN.c.id, ROWS.c.id).outerjoin(ROWS, ROWS.c.id == OPEN.c.id), None),
    ],
)
def test_tables_are_read_through_a_door(connection: Connection, sql: Any, found: Any) -> None:
    rows = sorted(tuple(row) for row in connection.execute(sql))
    assert rows == (found or [(0, None), (1, 1), (2, None)]), "SQLCompiler.visit_table"


def test_parameters_ask_for_their_values_each_time(
    connection: Connection, door: CanaryDoor
) -> None:
    for door.owner in (1, 2, 3):
        for given in ({}, {"me_owner": 0, "me_owner_1": 0, "param_1": 0}):
            found = connection.execute(select(ROWS.c.id), given).scalars().all()
            assert found == [door.owner], "SQLCompiler.construct_params, bind_names"


def test_changes_begin_with_a_door(connection: Connection, door: CanaryDoor) -> None:
    connection.execute(update(ROWS).values(owner=9).where(ROWS.c.id == 1))
    connection.execute(delete(ROWS).where(ROWS.c.id == 1))
    assert door.changes == [False, False], "SQLCompiler.visit_update, visit_delete, stack"
    part = select(delete(ROWS).returning(ROWS.c.id).cte().c.id)
    part.compile(dialect=compat.dialect_through(postgresql.dialect(), door))
    assert door.changes[2:] == [True], "SQLCompiler.visit_delete(visiting_cte=), stack"
    with pytest.raises(LookupError):
        connection.execute(insert(ROWS).values(id=9))


@pytest.mark.parametrize("dialect", [postgresql.dialect(), sqlite.dialect()])
def test_what_stands_for_a_table_is_named_without_its_schema(
    door: CanaryDoor, dialect: Any
) -> None:
    sql = select(ELSEWHERE.c.name, ROWS.c.id).join(ROWS, ROWS.c.id == ELSEWHERE.c.id)
    text = str(sql.compile(dialect=compat.dialect_through(dialect, door)))
    assert 'SELECT "other.rows".name' in text, "SQLCompiler.visit_column, preparer"
    assert ' AS "other.rows" JOIN (' in text, "SQLCompiler.get_render_as_alias_suffix"
    assert 'ON rows_1.id = "other.rows".id' in text or ' ON rows.id = "other.rows".id' in text


@pytest.mark.parametrize("dialect", [postgresql.dialect(), sqlite.dialect()])
@pytest.mark.parametrize("is_mapped", [True, False])
def test_a_table_that_is_changed_is_named_as_itself(
    door: CanaryDoor, dialect: Any, is_mapped: bool
) -> None:
    """It is read under its other name, also within what changes it."""
    row: Any = type("Row", (), {})
    registry().map_imperatively(row, ELSEWHERE, primary_key=[ELSEWHERE.c.id])
    table = row if is_mapped else ELSEWHERE.c
    own = select(ROWS.c.id).where(ROWS.c.owner == table.id).correlate(ELSEWHERE).exists()
    most = select(func.max(table.id)).scalar_subquery()
    changed = update(row if is_mapped else ELSEWHERE).where(table.id == most, own)
    changed = changed.values(name=table.name + "!").returning(table.id)
    removed = delete(row if is_mapped else ELSEWHERE).where(table.id == most, own)
    for statement in (changed, removed):
        text = str(statement.compile(dialect=compat.dialect_through(dialect, door)))
        assert 'WHERE other.rows.id = (SELECT max("other.rows".id)' in text, "SQLCompiler.stack"
        assert ".owner = other.rows.id" in text, "SQLCompiler.stack"
        assert 'SET name=("other' not in text
        assert 'RETURNING "other' not in text


def test_a_connection_writes_as_before_afterwards(connection: Connection) -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as plain:
        before = plain.dialect
        with compat.compiling_by(plain, connection.dialect):
            assert plain.dialect is connection.dialect, "Connection.dialect"
        assert plain.dialect is before
    engine.dispose()


def test_locks_name_what_stands_for_a_table(door: CanaryDoor) -> None:
    sql = select(ROWS.c.id).with_for_update(of=ROWS)
    text = str(sql.compile(dialect=compat.dialect_through(postgresql.dialect(), door)))
    assert text.endswith("FOR UPDATE OF rows"), "SQLCompiler.visit_table(ashint=)"


def test_statements_are_kept_by_dialect() -> None:
    """A statement compiled for one door is not run where another one stands."""
    engine, seen = create_engine("sqlite://"), []

    @event.listens_for(engine, "before_cursor_execute")
    def look(*arguments: Any) -> None:
        seen.append(arguments[2])

    ROWS.metadata.create_all(engine)
    with engine.connect() as plain:
        seen.clear()
        for _ in range(2):
            plain.execute(select(ROWS.c.id))
            with compat.compiling_by(plain, compat.dialect_through(plain.dialect, CanaryDoor())):
                plain.execute(select(ROWS.c.id))
    engine.dispose()
    assert ["WHERE" in text for text in seen] == [False, True, False, True]
