"""Queries of how far the change log can be read, in the way of each database."""

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

from .asynchronous_commit import commit_unhurried
from .changes import CHANGES, NOTIFIED
from .dialect import SQLDialect
from .door import every_row_of


def build_look(dialect: SQLDialect) -> Select[Any]:
    """Select the highest committed number, and the transactions that may have to be awaited.

    With one writer, numbers become visible in order, and there is nothing to wait for. Otherwise,
    three values are read as of the start of the statement: the number; a transaction that begins
    after that, if the number is higher than the parameter `seen`; and the oldest transaction that
    is still running (PostgreSQL manual, 9.27.8). The second is the statement's own, since no other
    function returns the latest one.
    """
    number = func.coalesce(func.max(CHANGES.c.number), literal(0)).label("number")
    highest = select(number).select_from(every_row_of(CHANGES))
    if dialect.has_one_writer:
        return highest
    found = highest.subquery("found")
    is_new = found.c.number > bindparam("seen")
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
    """Cast a transaction id to a number; ids increase in the order in which transactions began."""
    return cast(cast(transaction, Text), BigInteger())


def build_oldest() -> Select[Any]:
    """Select the number of the oldest change of a table that is kept."""
    oldest = select(func.min(CHANGES.c.number)).select_from(every_row_of(CHANGES))
    return oldest.where(CHANGES.c.table == bindparam("name"))


def build_entries() -> Select[Any]:
    """Select the changes of a table between two numbers, in order, up to a limit."""
    log = CHANGES.c
    images = (cast(log.old, Text), cast(log.new, Text))
    return (
        select(log.number, log.at, log.operation, *images)
        .select_from(every_row_of(CHANGES))
        .where(log.table == bindparam("name"))
        .where(log.number > bindparam("after"))
        .where(log.number <= bindparam("upto"))
        .order_by(log.number)
        .limit(bindparam("most", type_=Integer()))
    )
