"""What is known of a transaction whose COMMIT was answered with an error, or not at all."""

import asyncio
import sqlite3

import asyncpg
import pytest
from sqlalchemy import exc

from modelwire.errors import Unavailable, UnknownOutcome
from modelwire.execute.faults.translate import translate, translate_commit


def answered(sqlstate: str) -> asyncpg.PostgresError:
    """An error that the server has sent."""
    error = asyncpg.PostgresError.new({"C": sqlstate, "M": "told", "S": "FATAL"})
    assert error.sqlstate == sqlstate
    return error


UNKNOWN = {
    "the connection failed": answered("08006"),
    "the server stops": answered("57P01"),
    "the server has crashed": answered("57P02"),
    "the session was idle for too long": answered("57P05"),
    "the server does not know": answered("40003"),
    "the connection was reset": ConnectionResetError(),
    "nobody has answered in time": TimeoutError(110, "timed out"),
    "given up on": asyncio.CancelledError(),
}
KNOWN = {
    "a row is there already": answered("23505"),
    "two transactions can't be put in an order": answered("40001"),
    "two transactions wait for each other": answered("40P01"),
    "the statement was cancelled": answered("57014"),
    "the server starts": answered("57P03"),
    "the disk is full": answered("53100"),
    "it was not sent": asyncpg.InterfaceError("connection is closed"),
    "SQLite is busy": sqlite3.OperationalError("database is locked"),
}


def wrap(error: BaseException) -> BaseException:
    """The error as SQLAlchemy raises it."""
    if not isinstance(error, Exception):
        return error
    return exc.DBAPIError("COMMIT", None, error)


@pytest.mark.parametrize("wrapped", [False, True], ids=["driver", "session"])
@pytest.mark.parametrize("case", UNKNOWN)
def test_unknown(case: str, wrapped: bool) -> None:
    """Whoever has no answer, or one that doesn't tell, is told so: it may have been stored."""
    error = wrap(UNKNOWN[case]) if wrapped else UNKNOWN[case]
    assert isinstance(translate_commit(error), UnknownOutcome)


@pytest.mark.parametrize("wrapped", [False, True], ids=["driver", "session"])
@pytest.mark.parametrize("case", KNOWN)
def test_known(case: str, wrapped: bool) -> None:
    """An answer that tells is the truth."""
    error = wrap(KNOWN[case]) if wrapped else KNOWN[case]
    translated = translate_commit(error)
    assert not isinstance(translated, UnknownOutcome)
    assert type(translated) is type(translate(error))


def test_before_commit() -> None:
    """What a stopping server has not committed, and was not asked to, is undone for certain."""
    assert type(translate(answered("57P01"))) is Unavailable
