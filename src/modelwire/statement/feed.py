"""How far the log of changes can be read, as each database tells it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Text,
    bindparam,
    case,
    cast,
    func,
    literal,
    select,
)

from .changes import CHANGES, NOTIFIED
from .dialect import SQLDialect
from .source import every_row_of
from .unhurried import commit_unhurried


def build_look(dialect: SQLDialect) -> Select[Any]:
    """Write the highest number that is committed, and which transactions it may have to wait for.

    Where there is one writer, numbers appear in their order, and nothing is waited for. Otherwise
    three things are told as of the moment at which the statement begins: the number, a transaction
    that begins after that moment if the number is higher than the parameter `seen`, and the oldest
    that had not ended (PostgreSQL manual, 9.27.8). The first of the two is the statement's own,
    since no other function tells what has begun last.
    """
    number = func.coalesce(func.max(CHANGES.c.number), literal(0)).label("number")
    highest = select(number).select_from(every_row_of(CHANGES))
    if dialect.has_one_writer:
        return highest
    found = highest.subquery("found")
    is_new = found.c.number > bindparam("seen", type_=BigInteger())
    return select(
        found.c.number,
        case((is_new, _number(func.pg_current_xact_id()))),
        _number(func.pg_snapshot_xmin(func.pg_current_snapshot())),
    )


def build_notice() -> Select[Any]:
    """Write a notification that there are changes, on PostgreSQL.

    It is a transaction of its own, and need not survive a crash.
    """
    return select(commit_unhurried(), func.pg_notify(literal(NOTIFIED), literal("")))


def _number(transaction: ColumnElement[Any]) -> ColumnElement[int]:
    """A transaction as a number, in the order in which they began."""
    return cast(cast(transaction, Text), BigInteger())


def build_oldest() -> Select[Any]:
    """Write the number of the oldest change of a table that is kept."""
    oldest = select(func.min(CHANGES.c.number)).select_from(every_row_of(CHANGES))
    return oldest.where(CHANGES.c.table == bindparam("name"))


def build_entries() -> Select[Any]:
    """Write the changes of a table between two numbers, in their order; the first of them."""
    log = CHANGES.c
    images = (cast(log.old, Text), cast(log.new, Text))
    return (
        select(log.number, log.at, log.operation, *images)
        .select_from(every_row_of(CHANGES))
        .where(log.table == bindparam("name"))
        .where(log.number > bindparam("after", type_=BigInteger()))
        .where(log.number <= bindparam("upto", type_=BigInteger()))
        .order_by(log.number)
        .limit(bindparam("most", type_=Integer()))
    )
