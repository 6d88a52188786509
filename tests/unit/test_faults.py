"""Errors of the drivers, as what they mean to a request and to the log."""

import asyncio
import sqlite3
from typing import Any

import asyncpg
import pytest
from sqlalchemy import exc

from modelwire.errors import (
    Constraint,
    ConstraintViolation,
    Contention,
    DatabaseError,
    Forbidden,
    InvalidRequest,
    LockTimeout,
    MissingTable,
    ModelwireError,
    TimedOut,
    TooManyLevels,
    Unavailable,
    UnknownOutcome,
    UnreadableAnswer,
)
from modelwire.execute.failure import describe_failure
from modelwire.execute.faults.sqlite import TABLE_CHANGED
from modelwire.execute.faults.translate import (
    refuses_writes,
    translate,
    translating,
    was_given_up,
)
from modelwire.statement.changes import COLUMNS_CHANGED


def postgresql(sqlstate: str, message: str = "told", **fields: str) -> asyncpg.PostgresError:
    """An error that PostgreSQL has sent, with fields as its protocol names them by letters."""
    return asyncpg.PostgresError.new({"C": sqlstate, "M": message, "S": "ERROR", **fields})


def sqlite(name: str, message: str = "told") -> sqlite3.Error:
    """An error of SQLite's driver."""
    error = sqlite3.OperationalError(message)
    error.sqlite_errorname = name
    return error


def wrapped(error: Exception) -> exc.DBAPIError:
    """A driver's error as SQLAlchemy raises it: from one of its adapter."""
    adapted = RuntimeError("adapted")
    adapted.__cause__ = error
    return exc.DBAPIError("SELECT", None, adapted)


UNFIT = {"R": "cash_in", "W": "unnamed portal parameter $1 = 'x'"}
IN_TRIGGER = {"R": "cash_in", "W": "PL/pgSQL function f() line 1"}
ROW = {"s": "public", "t": "users", "n": "users_key"}

CONSTRAINTS: list[tuple[BaseException, ConstraintViolation]] = [
    *(
        (postgresql(state, **ROW), ConstraintViolation(kind, "users", "users_key", (), "public"))
        for state, kind in {
            "23505": Constraint.UNIQUE,
            "23503": Constraint.FOREIGN_KEY,
            "23001": Constraint.FOREIGN_KEY,
            "23502": Constraint.NOT_NULL,
            "23514": Constraint.CHECK,
            "23P01": Constraint.EXCLUSION,
            "22001": Constraint.LENGTH,
            "54000": Constraint.LENGTH,
            "22003": Constraint.RANGE,
            "22008": Constraint.RANGE,
            "P0001": Constraint.TRIGGER,
            "21000": Constraint.TRIGGER,
        }.items()
    ),
    (
        postgresql("23505", D='Key (lower(name), "a b")=(ann, (x) = (y)) already exists.'),
        ConstraintViolation(Constraint.UNIQUE, None, None, ("name", "a b")),
    ),
    (
        postgresql("23514", D="Partition key of the failing row contains (month) = (11)."),
        ConstraintViolation(Constraint.CHECK, None, None, ("month",)),
    ),
    (
        postgresql("23514", n="small", D="Failing row contains (name)=(1)."),
        ConstraintViolation(Constraint.CHECK, None, "small", ()),
    ),
    (
        postgresql("23502", c="name", D="Key (other)=(1)"),
        ConstraintViolation(Constraint.NOT_NULL, None, None, ("name",)),
    ),
    (postgresql("22P02", **UNFIT), ConstraintViolation(Constraint.FORM)),
    (postgresql("22003", **UNFIT), ConstraintViolation(Constraint.FORM)),
    (postgresql("22P02", **IN_TRIGGER), ConstraintViolation(Constraint.TRIGGER)),
    (postgresql("22P02", **{**UNFIT, "R": "x"}), ConstraintViolation(Constraint.TRIGGER)),
    (postgresql("22012"), ConstraintViolation(Constraint.TRIGGER)),
    (postgresql("XX001", R="exec_stmt_raise"), ConstraintViolation(Constraint.TRIGGER)),
    (sqlite("SQLITE_ERROR", "malformed JSON"), ConstraintViolation(Constraint.TRIGGER)),
    (sqlite("SQLITE_ERROR", "integer overflow"), ConstraintViolation(Constraint.RANGE)),
    (
        sqlite("SQLITE_CONSTRAINT_TRIGGER", "FOREIGN KEY constraint failed"),
        ConstraintViolation(Constraint.FOREIGN_KEY),
    ),
    (sqlite("SQLITE_CONSTRAINT_TRIGGER", "a: b.c"), ConstraintViolation(Constraint.TRIGGER)),
    (
        sqlite("SQLITE_CONSTRAINT_PRIMARYKEY", "UNIQUE constraint failed: a b.id, a b.n.x"),
        ConstraintViolation(Constraint.UNIQUE, "a b", None, ("id", "n.x")),
    ),
    (
        sqlite("SQLITE_CONSTRAINT_ROWID", "UNIQUE constraint failed: t.id"),
        ConstraintViolation(Constraint.UNIQUE, "t", None, ("id",)),
    ),
    (sqlite("SQLITE_CONSTRAINT_NOTNULL"), ConstraintViolation(Constraint.NOT_NULL)),
    (sqlite("SQLITE_CONSTRAINT_CHECK"), ConstraintViolation(Constraint.CHECK)),
]


def parts_of(violation: ConstraintViolation) -> tuple[Any, ...]:
    where = (violation.table, violation.constraint, tuple(violation.columns), violation.schema)
    return (violation.kind, *where)


@pytest.mark.parametrize(("error", "violation"), CONSTRAINTS)
def test_constraints(error: Exception, violation: ConstraintViolation) -> None:
    """A constraint is known by what the database tells of it, however the error arrives."""
    for arrived in (error, wrapped(error)):
        found = translate(arrived)
        assert isinstance(found, ConstraintViolation)
        assert parts_of(found) == parts_of(violation)


OTHERS: list[tuple[BaseException, type[ModelwireError], str]] = [
    (postgresql("40001"), Contention, ""),
    (postgresql("40P01"), Contention, ""),
    (postgresql("40003"), UnknownOutcome, ""),
    (postgresql("42501"), Forbidden, ""),
    (postgresql("55P03"), LockTimeout, ""),
    (postgresql("57014"), TimedOut, "A statement took longer than its time limit"),
    (postgresql("08006"), Unavailable, ""),
    (postgresql("53300"), Unavailable, ""),
    (postgresql("57P03"), Unavailable, ""),
    (postgresql("25006"), Unavailable, ""),
    (postgresql("25001"), DatabaseError, ""),
    (postgresql("42703"), DatabaseError, ""),
    (postgresql("54001"), DatabaseError, ""),
    (postgresql("42P01", 'relation "a.users" does not exist'), MissingTable, "users"),
    (postgresql("42P01", "Relation »users« existiert nicht"), MissingTable, "users"),
    (postgresql("42P01", "la relation «\u00a0users\u00a0» n'existe pas"), MissingTable, "users"),
    (postgresql("42P01", "отношение «users» не существует"), MissingTable, "users"),
    (postgresql("42P01"), MissingTable, ""),
    (sqlite("SQLITE_BUSY_SNAPSHOT"), Contention, "Other writes were in the way"),
    (sqlite("SQLITE_LOCKED"), Contention, "Other writes were in the way"),
    (sqlite("SQLITE_CONSTRAINT_TRIGGER", COLUMNS_CHANGED), Contention, TABLE_CHANGED),
    (sqlite("SQLITE_CANTOPEN"), Unavailable, ""),
    (sqlite("SQLITE_FULL"), Unavailable, ""),
    (sqlite("SQLITE_IOERR_READ"), Unavailable, ""),
    (sqlite("SQLITE_READONLY_DBMOVED"), Unavailable, ""),
    (sqlite("SQLITE_ERROR", "no such table: main.users"), MissingTable, "users"),
    (sqlite("", "Could not decode to UTF-8 column 'a'"), UnreadableAnswer, ""),
    (sqlite("SQLITE_ERROR", "too many levels of trigger recursion"), TooManyLevels, ""),
    (sqlite("SQLITE_ERROR", "no such column: x"), DatabaseError, ""),
    (sqlite("SQLITE_ERROR", 'near "x": syntax error'), DatabaseError, ""),
    (sqlite("SQLITE_CORRUPT", "integer overflow"), DatabaseError, ""),
    (sqlite("SQLITE_INTERRUPT"), TimedOut, "A statement took longer than its time limit"),
    (OSError("reset"), Unavailable, ""),
    (TimeoutError(110, "timed out"), Unavailable, ""),
    (TimeoutError(), TimedOut, "A statement was not answered within its time limit"),
    (asyncpg.InterfaceError("connection is closed"), Unavailable, ""),
    (asyncpg.InterfaceError("anything"), Unavailable, ""),
    (
        asyncpg.InternalClientError(
            "cannot switch to state 12; another operation (2) is in progress"
        ),
        Unavailable,
        "",
    ),
    (asyncpg.InternalClientError("anything"), DatabaseError, ""),
]


@pytest.mark.parametrize(("error", "kind", "told"), OTHERS)
def test_other_errors(error: Exception, kind: type[ModelwireError], told: str) -> None:
    """Whether it is worth trying again, and whether the server is away, is known by the error."""
    for arrived in (error, wrapped(error)):
        found = translate(arrived)
        assert type(found) is kind
        if isinstance(found, MissingTable):
            assert found.name == told
        elif told:
            assert str(found) == told


VALUES = (ValueError("x"), TypeError("x"), KeyError("x"), ZeroDivisionError("x"))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (exc.TimeoutError("QueuePool limit"), Unavailable),
        *((exc.StatementError("x", "SELECT", None, value), InvalidRequest) for value in VALUES),
        (exc.StatementError("x", "SELECT", None, RuntimeError("x")), DatabaseError),
        (exc.DBAPIError("SELECT", None, ValueError("x")), DatabaseError),
        (exc.DBAPIError("SELECT", None, ValueError("x"), connection_invalidated=True), Unavailable),
        (exc.InvalidRequestError("x"), DatabaseError),
        (asyncpg.DataError("invalid input for query argument $1"), InvalidRequest),
    ],
)
def test_errors_of_the_client_side(error: Exception, kind: type[ModelwireError]) -> None:
    """A value that a type or the driver can't accept is the request's fault."""
    found = translate(error)
    assert type(found) is kind
    with pytest.raises(kind) as raised, translating():
        raise error
    assert raised.value.__cause__ is error


def test_what_a_driver_raises_from_another_error() -> None:
    """The driver's own error counts, whatever it was raised from."""
    error = OSError("reset")
    error.__cause__ = ValueError("x")
    assert type(translate(error)) is Unavailable


def test_no_other_errors_are_translated() -> None:
    """What is no error of a driver passes."""
    with pytest.raises(ValueError, match="mine"), translating():
        raise ValueError("mine")


@pytest.mark.parametrize(
    ("error", "refused"),
    [
        (postgresql("25006"), True),
        (postgresql("25001"), False),
        (sqlite("SQLITE_READONLY"), True),
        (sqlite("SQLITE_READONLY_DBMOVED"), True),
        (sqlite("SQLITE_FULL"), False),
        (OSError("reset"), False),
    ],
)
def test_refused_writes(error: Exception, refused: bool) -> None:
    """A read-only server, or file, is known by its code."""
    assert refuses_writes(error) is refused
    assert refuses_writes(wrapped(error)) is refused


def test_given_up() -> None:
    """A server has been given up on if not even the end of a statement was confirmed."""
    for error, given_up in (
        (TimeoutError(), True),
        (TimeoutError(110, "timed out"), False),
        (postgresql("57014"), False),
        (OSError(), False),
    ):
        with pytest.raises(ModelwireError) as raised, translating():
            raise error
        assert was_given_up(raised.value) is given_up


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (postgresql("23505", "a  key\nis there", D="Key (a)=(secret)"), "a key is there"),
        (postgresql("22P02", "invalid input: 'secret'"), None),
        (sqlite("SQLITE_FULL", "the disk\n is full"), "the disk is full"),
        (asyncpg.InterfaceError("is closed"), "is closed"),
        (OSError("reset"), "reset"),
        (TimeoutError(), None),
    ],
)
def test_descriptions_for_the_log(error: Exception, told: str | None) -> None:
    """One line with the kind, the code and the message, but for messages that quote values."""
    code = getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorname", None)
    name = type(error).__name__ if code is None else f"{type(error).__name__} {code}"
    expected = name if told is None else f"{name}: {told}"
    raised = translate(error)
    raised.__cause__ = wrapped(error)
    for found in (error, wrapped(error), raised):
        assert describe_failure(found) == expected


def test_other_errors_are_not_described() -> None:
    """The message of any other error may contain anything."""
    for error in (ValueError("secret"), Contention(), asyncio.CancelledError()):
        assert describe_failure(error) is None
