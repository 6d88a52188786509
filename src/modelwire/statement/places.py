"""The table of consumers that process the changes in order, and its statements."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    Double,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    Text,
    Update,
    bindparam,
    case,
    func,
    literal,
    null,
    or_,
    select,
)
from sqlalchemy import cast as cast_to
from sqlalchemy.sql.base import Executable

from .asynchronous_commit import commit_unhurried
from .changes import CHANGES
from .dialect import SQLDialect
from .door import every_row_of, insert_any_into, update_any_in
from .given_rows import PLACE
from .reading import read_column

MAX_NAME = 255
"""Characters of a name."""

PLACES = Table(
    "modelwire_places",
    MetaData(),
    Column("name", String(MAX_NAME), primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("trying", BigInteger),
    Column("attempts", Integer, nullable=False),
    Column("holder", String(64)),
    Column("held_until", Double, nullable=False),
)
"""The progress of a consumer of the change log.

name: The consumer's name.
number: The last change that it has processed.
trying: The change that it is processing; NULL if there is none.
attempts: The number of attempts to process that.
holder: The process that currently runs the consumer, a random text; NULL if none does.
held_until: The end of its lease, in seconds since 1970 by the database's clock.
"""

_PLACE = PLACES.c


def build_look(dialect: SQLDialect) -> Executable:
    """Select whether the table and the change log exist."""
    return select(dialect.is_there(PLACES), dialect.is_there(CHANGES))


def build_places(dialect: SQLDialect) -> Select[Any]:
    """Select all consumers, each with the number of remaining changes, and whether it is
    running."""
    log = CHANGES.c
    left = select(func.count()).select_from(every_row_of(CHANGES)).where(log.number > _PLACE.number)
    works = _PLACE.holder.is_not(None) & (_PLACE.held_until > dialect.now_s())
    shown = (_PLACE.name, _PLACE.number, _PLACE.trying, _PLACE.attempts)
    sql = select(*shown, left.scalar_subquery(), works).select_from(every_row_of(PLACES))
    return sql.order_by(_PLACE.name)


def build_begin(dialect: SQLDialect) -> Executable:
    """Insert a consumer, unless there is one of its name."""
    given: dict[str, Any] = {name: _given(name) for name in ("name", "number")}
    given |= {"attempts": literal(0), "held_until": literal(0.0)}
    sql = insert_any_into(PLACES, dialect).values(given)
    return cast(Executable, sql.on_conflict_do_nothing(index_elements=["name"]))


def build_free(dialect: SQLDialect) -> Select[Any]:
    """Select whether no process runs a consumer."""
    free = or_(_PLACE.holder.is_(None), _PLACE.held_until <= dialect.now_s())
    return select(free).select_from(every_row_of(PLACES)).where(_PLACE.name == _given("name"))


def build_take(dialect: SQLDialect) -> Update:
    """Take the lease of a consumer for a process, unless another process holds it."""
    free = or_(_PLACE.holder.is_(None), _PLACE.held_until <= dialect.now_s())
    sql = update_any_in(PLACES).where(_PLACE.name == _given("name"), free)
    return sql.values(holder=_given("holder"), held_until=_until(dialect)).returning(_PLACE.number)


def build_hold(dialect: SQLDialect) -> Update:
    """Extend the lease."""
    return _own().values(held_until=_until(dialect)).returning(_PLACE.number)


def build_leave() -> Update:
    """Release the lease."""
    return _own().values(holder=null(), held_until=literal(0.0)).returning(_PLACE.number)


def build_go_on(dialect: SQLDialect) -> Update:
    """Record that a change is processed, and which one is next, if any.

    If the consumer was moved further meanwhile, that counts. If a crash of PostgreSQL loses the
    record, the changes after the last one are delivered again, as they are if the process is
    killed.
    """
    done, following = _number("done"), _number("following")
    again = _PLACE.trying == following
    sql = _own().values(
        number=case((_PLACE.number > done, _PLACE.number), else_=done),
        trying=following,
        attempts=case((again, _PLACE.attempts + 1), (following.is_(None), 0), else_=1),
        held_until=_until(dialect),
    )
    unhurried = () if dialect.has_one_writer else (commit_unhurried(),)
    return sql.returning(_PLACE.number, *unhurried)


def build_move() -> Update:
    """Move a consumer to some change, whichever process runs it."""
    sql = update_any_in(PLACES).where(_PLACE.name == _given("name"))
    moved = {"number": _number("done"), "trying": null(), "attempts": literal(0)}
    return sql.values(moved).returning(_PLACE.number)


def build_work(tables: int) -> Select[Any]:
    """Select the changes between two numbers, in order, up to a limit.

    Args:
        tables: The number of tables to select from; all if 0. Their names are `table0`, `table1`, …
    """
    log = CHANGES.c
    images = (cast_to(log.old, Text()), cast_to(log.new, Text()))
    sql = select(log.number, log.at, log.table, log.operation, *images, log.by, log.request)
    sql = sql.select_from(every_row_of(CHANGES))
    sql = sql.where(log.number > _number("after"), log.number <= _number("upto"))
    if tables:
        sql = sql.where(log.table.in_([bindparam(f"table{i}") for i in range(tables)]))
    return sql.order_by(log.number).limit(bindparam("most", type_=Integer()))


def build_given(table: Table, dialect: SQLDialect) -> Select[Any]:
    """Select rows of a table from images of the log, as their columns are read, with their
    positions."""
    rows = dialect.given_rows(table).subquery()
    return select(*(read_column(rows.c[c.key], dialect) for c in table.columns), rows.c[PLACE])


def _own() -> Update:
    held = (_PLACE.name == _given("name"), _PLACE.holder == _given("holder"))
    return update_any_in(PLACES).where(*held)


def _until(dialect: SQLDialect) -> Any:
    return dialect.now_s() + bindparam("lease_s")


def _given(name: str) -> BindParameter[Any]:
    """Return a parameter; SQLAlchemy reserves the names of the columns."""
    return bindparam(f"v_{name}")


def _number(name: str) -> BindParameter[int]:
    return bindparam(name, type_=BigInteger())
