"""Outcomes of transactions whose COMMIT failed, or was not answered."""

import asyncio
import sqlite3
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import asyncpg
import pytest
from sqlalchemy import exc

from modelwire import Database
from modelwire.compat.sqlalchemy import PooledConnection
from modelwire.errors import Unavailable, UnknownOutcome
from modelwire.execute.connect.driver_lane import DriverLane, Row
from modelwire.execute.connect.pool import FairPool
from modelwire.execute.connect.slots import Claim, Slots
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
    "the driver is confused": asyncpg.InternalClientError("unexpected message"),
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
    "another statement runs": asyncpg.InternalClientError(
        "cannot switch to state 12; another operation (2) is in progress"
    ),
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
    """A write without a conclusive response is reported as unknown: it may have been stored."""
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
    """A transaction of a stopping server before its COMMIT is certainly undone."""
    assert type(translate(answered("57P01"))) is Unavailable


class LosingLane(DriverLane):
    """A lane whose first statement gets no answer, since its connection is lost."""

    is_idle = False
    in_transaction = False

    def __init__(self, *, is_open: bool, writes: bool) -> None:
        database = Database("sqlite://")
        slots = Slots(1, 1, 1, lambda: False)
        super().__init__(database.engine, writes=writes, transaction=False, slots=slots)
        self.connection = SimpleNamespace(may_be_outdated=False)
        self._pooled = cast("PooledConnection", SimpleNamespace(driver_connection=self.connection))
        self._pool = cast("FairPool", Reopening())
        self._is_open = is_open
        self.sent = 0

    @property
    def is_open(self) -> bool:
        return self._is_open

    async def run(self, _text: str, _values: Sequence[Any], _claim: Claim | None) -> Sequence[Row]:
        self.sent += 1
        if self.sent == 1:
            raise ConnectionResetError
        return []

    async def control(self, _text: str) -> None:
        raise AssertionError

    async def undo(self) -> None:
        raise AssertionError


class Reopening:
    """A pool in which a connection is opened anew."""

    async def reopen(self, connection: PooledConnection) -> None:
        """Open it anew."""


@pytest.mark.parametrize("is_open", [False, True], ids=["closed", "open"])
@pytest.mark.parametrize("commits", [False, True], ids=["reads", "commits"])
async def test_a_statement_is_sent_twice_only_where_that_changes_nothing(
    commits: bool, is_open: bool
) -> None:
    """One that commits itself may have done so, though its connection is known to be lost."""
    lane = LosingLane(is_open=is_open, writes=commits)
    if not commits and not is_open:
        assert await lane._send(lane.run, "", (), None, commits=commits, first=True) == []
        assert lane.sent == 2
        return
    with pytest.raises(UnknownOutcome if commits else Unavailable):
        await lane._send(lane.run, "", (), None, commits=commits, first=True)
    assert lane.sent == 1
