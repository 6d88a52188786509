"""The driver's lane: what is sent, and what becomes of its connection."""

import asyncio
from collections.abc import Awaitable, Sequence
from types import SimpleNamespace
from typing import Any, cast

import asyncpg
import pytest
from sqlalchemy import literal, select
from sqlalchemy.dialects import sqlite

from modelwire.access.principal import Principal
from modelwire.errors import (
    ConstraintViolation,
    Contention,
    NotFound,
    Outdated,
    RequestError,
    TimedOut,
    Unavailable,
    UnknownOutcome,
)
from modelwire.execute.connect.driver_lane import DriverLane, Noting
from modelwire.execute.connect.pool import FairPool
from modelwire.execute.connect.slots import Claim
from modelwire.statement.statements import Statement


def refused(sqlstate: str) -> asyncpg.PostgresError:
    return asyncpg.PostgresError.new({"C": sqlstate, "M": "told", "S": "ERROR"})


CLOSED = asyncpg.InterfaceError("connection is closed")
LOST = ConnectionResetError()


class Pool:
    """A pool with one connection, which says what was done with it.

    Args:
        error: The error of taking a connection.
    """

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.events: list[str] = []
        self.driver = SimpleNamespace(may_be_outdated=True)
        self.pooled = SimpleNamespace(
            driver_connection=self.driver, close=lambda: self.events.append("returned")
        )

    async def take(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.pooled

    async def discard(self, _connection: object) -> None:
        self.events.append("discarded")

    def forget(self, _connection: object) -> None:
        self.events.append("forgotten")

    async def reopen(self, _connection: object) -> None:
        self.events.append("reopened")


class Changes:
    """A log of changes."""

    def __init__(self, stamp: str = "") -> None:
        self.stamp = stamp
        self.events: list[str] = []
        self.error: Exception | None = None

    async def prepare(self, _raw: object, _caller: Principal) -> None:
        self.events.append("prepared")
        if self.error is not None:
            raise self.error

    def tell_committed(self) -> None:
        self.events.append("told")

    def write_stamp(self, _caller: Principal) -> str:
        return self.stamp

    def find_stamp(self, _caller: Principal) -> None:
        return None


class Claims:
    """A claim to a slot."""

    def __init__(self, *, is_quick: bool = False, is_refused: bool = False) -> None:
        self.is_quick, self.is_refused = is_quick, is_refused
        self.events: list[object] = []

    async def begin(self) -> None:
        self.events.append("begun")

    def end(self, error: BaseException | None) -> None:
        self.events.append(error)

    def refusal(self) -> Unavailable:
        return Unavailable("No slot")


class Lane(DriverLane):
    """A lane whose connection begins and ends transactions, unless a text fails.

    Args:
        pool: The pool.
        fails: The errors of texts, each the first time that it is sent.
    """

    def __init__(
        self,
        pool: Pool | None = None,
        fails: dict[str, BaseException] | None = None,
        *,
        writes: bool = True,
        transaction: bool = True,
        claim: Any = None,
        changes: Any = None,
    ) -> None:
        engine: Any = SimpleNamespace(
            sync_engine=SimpleNamespace(
                pool=cast("FairPool", pool or Pool()),
                logger=SimpleNamespace(isEnabledFor=lambda _level: False),
            )
        )
        super().__init__(
            engine,
            writes=writes,
            transaction=transaction,
            slots=cast("Any", None),
            claim=cast("Claim | None", claim),
            changes=cast("Noting | None", changes),
        )
        self.fails = fails or {}
        self.sent: list[str] = []
        self.is_alive = True
        self.has_begun = False
        self.undo_error: Exception | None = None

    async def _run(self, text: str) -> Sequence[Any]:
        self.sent.append(text)
        error = self.fails.pop(text, None)
        if error is not None:
            self.is_alive = error is not CLOSED and error is not LOST
            raise error
        self.is_alive = True
        if text.startswith("BEGIN") or text.endswith("CHAIN"):
            self.has_begun = True
        elif text in ("COMMIT", "ROLLBACK"):
            self.has_begun = False
        return [(1,)]

    def run(self, text: str, _values: Sequence[Any], _claim: Claim | None) -> Awaitable[Any]:
        return self._run("SELECT" if text.startswith("SELECT") else text)

    def control(self, text: str) -> Awaitable[object]:
        return self._run(text)

    @property
    def is_open(self) -> bool:
        return self.is_alive

    @property
    def in_transaction(self) -> bool:
        return self.has_begun

    @property
    def is_idle(self) -> bool:
        return self.is_alive and not self.has_begun

    async def undo(self) -> None:
        self.sent.append("undo")
        if self.undo_error is not None:
            raise self.undo_error


STATEMENT = Statement(select(literal(1)), sqlite.dialect())


async def use(lane: Lane, raised: BaseException | None = None, *, reads: bool = False) -> None:
    async with lane:
        if reads:
            await lane.fetch(STATEMENT, {})
        if raised is not None:
            raise raised


@pytest.mark.parametrize(
    ("raised", "fails", "error", "sent", "end"),
    [
        (None, {}, None, "BEGIN COMMIT", "returned"),
        (NotFound("x"), {}, NotFound, "BEGIN ROLLBACK", "returned"),
        (asyncio.CancelledError(), {}, asyncio.CancelledError, "BEGIN undo", "returned"),
        (
            NotFound("x"),
            {"ROLLBACK": refused("XX000")},
            NotFound,
            "BEGIN ROLLBACK",
            "discarded",
        ),
        (NotFound("x"), {"ROLLBACK": LOST}, NotFound, "BEGIN ROLLBACK", "forgotten"),
        (
            None,
            {"COMMIT": refused("23505")},
            ConstraintViolation,
            "BEGIN COMMIT ROLLBACK",
            "returned",
        ),
        (None, {"COMMIT": refused("40001")}, Contention, "BEGIN COMMIT ROLLBACK", "returned"),
        (None, {"COMMIT": LOST}, UnknownOutcome, "BEGIN COMMIT", "forgotten"),
        (None, {"COMMIT": CLOSED}, Unavailable, "BEGIN COMMIT", "forgotten"),
        (
            None,
            {"COMMIT": asyncio.CancelledError()},
            UnknownOutcome,
            "BEGIN COMMIT undo",
            "returned",
        ),
        (None, {"BEGIN": CLOSED}, None, "BEGIN BEGIN COMMIT", "reopened returned"),
        (None, {"BEGIN": LOST}, None, "BEGIN BEGIN COMMIT", "reopened returned"),
        (None, {"BEGIN": refused("53300")}, Unavailable, "BEGIN", "returned"),
        (None, {"BEGIN": refused("25006")}, Outdated, "BEGIN", "forgotten"),
        (
            None,
            {"BEGIN": asyncio.CancelledError()},
            asyncio.CancelledError,
            "BEGIN undo",
            "returned",
        ),
    ],
)
async def test_transactions(
    raised: BaseException | None,
    fails: dict[str, BaseException],
    error: type[BaseException] | None,
    sent: str,
    end: str,
) -> None:
    """A connection is returned only if nothing is left open on it; a dead one is opened anew."""
    pool = Pool()
    lane = Lane(pool, dict(fails))
    if error is None:
        await use(lane, raised)
    else:
        with pytest.raises(error):
            await use(lane, raised)
    assert " ".join(lane.sent) == sent
    assert " ".join(pool.events) == end


@pytest.mark.parametrize(
    ("writes", "fails", "error", "sent", "end"),
    [
        (False, None, None, "SELECT", "returned"),
        (True, None, None, "SELECT", "returned"),
        (False, CLOSED, None, "SELECT SELECT", "reopened returned"),
        (True, CLOSED, None, "SELECT SELECT", "reopened returned"),
        (False, LOST, None, "SELECT SELECT", "reopened returned"),
        (True, LOST, UnknownOutcome, "SELECT", "forgotten"),
        (False, TimeoutError(), RequestError, "SELECT undo", "returned"),
        (True, TimeoutError(), UnknownOutcome, "SELECT undo", "returned"),
        (True, refused("25006"), Outdated, "SELECT", "forgotten"),
        (True, refused("23505"), ConstraintViolation, "SELECT", "returned"),
        (True, refused("40001"), Contention, "SELECT", "returned"),
    ],
)
async def test_single_statements(
    writes: bool, fails: BaseException | None, error: type[Exception] | None, sent: str, end: str
) -> None:
    """One that commits itself is sent again only if it was not sent."""
    pool = Pool()
    lane = Lane(pool, {} if fails is None else {"SELECT": fails}, writes=writes, transaction=False)
    if error is None:
        await use(lane, reads=True)
    else:
        with pytest.raises(error):
            await use(lane, reads=True)
    assert " ".join(lane.sent) == sent
    assert " ".join(pool.events) == end


async def test_later_statements_are_not_sent_again() -> None:
    """Within a transaction a lost connection has lost what was done before."""
    for fails in (CLOSED, LOST):
        pool = Pool()
        lane = Lane(pool, {"SELECT": fails})
        with pytest.raises(Unavailable):
            await use(lane, reads=True)
        assert (lane.sent, pool.events) == (["BEGIN", "SELECT"], ["forgotten"])


async def test_a_connection_that_can_not_be_rolled_back() -> None:
    """It is closed, since a statement may still be running on it."""
    pool = Pool()
    lane = Lane(pool)
    lane.undo_error = LOST
    with pytest.raises(asyncio.CancelledError):
        await use(lane, asyncio.CancelledError())
    assert pool.events == ["discarded"]


async def test_a_new_connection_would_not_be_better() -> None:
    """A read-only connection that is known to be current is not given up."""
    pool = Pool()
    pool.driver.may_be_outdated = False
    with pytest.raises(Unavailable) as raised:
        await use(Lane(pool, {"BEGIN": refused("25006")}))
    assert not isinstance(raised.value, Outdated)
    assert pool.events == ["returned"]


@pytest.mark.parametrize("transaction", [False, True])
async def test_changes(transaction: bool) -> None:
    """A write is logged, with its origin, and told of once it is committed; a read is not."""
    changes = Changes("STAMP")
    lane = Lane(changes=changes, transaction=transaction)
    await use(lane)
    assert changes.events == ["prepared", "told"]
    assert lane.sent == ["BEGIN;STAMP", "COMMIT"] * transaction
    refused_one = Changes()
    with pytest.raises(NotFound):
        await use(Lane(changes=refused_one, transaction=transaction), NotFound("x"))
    assert refused_one.events == ["prepared"]
    read = Changes()
    await use(Lane(changes=read, transaction=transaction, writes=False))
    assert read.events == []


async def test_changes_that_can_not_be_logged() -> None:
    """Nothing is written then."""
    changes, pool = Changes(), Pool()
    changes.error = refused("42501")
    lane = Lane(pool, changes=changes)
    with pytest.raises(RequestError):
        await use(lane)
    assert (lane.sent, pool.events) == ([], ["returned"])


async def test_claims() -> None:
    """One that is not known to be quick begins first; each ends with the read, and its error."""
    claim = Claims()
    await use(Lane(claim=claim))
    assert claim.events == ["begun", None]
    quick, error = Claims(is_quick=True), NotFound("x")
    with pytest.raises(NotFound):
        await use(Lane(claim=quick), error)
    assert quick.events == [error]
    late, none = Claims(), Unavailable()
    with pytest.raises(Unavailable):
        await use(Lane(Pool(none), claim=late))
    assert late.events == ["begun", none]


@pytest.mark.parametrize("is_refused", [False, True])
async def test_reads_that_are_ended(is_refused: bool) -> None:
    """Whether one was ended for lack of a slot, or since its time was up, is told apart."""
    claim = Claims(is_refused=is_refused)
    lane = Lane(None, {"SELECT": refused("57014")}, writes=False, transaction=False, claim=claim)
    with pytest.raises(RequestError) as raised:
        await use(lane, reads=True)
    assert isinstance(raised.value, Unavailable) is is_refused
    assert raised.value.code == ("unavailable" if is_refused else "timeout")


async def test_an_early_commit() -> None:
    """Nothing is left to be committed, or rolled back, at the end."""
    lane = Lane()
    async with lane:
        await lane.commit()
        assert lane.sent == ["BEGIN", "COMMIT"]
    assert lane.sent == ["BEGIN", "COMMIT"]
    alone = Lane(transaction=False)
    async with alone:
        await alone.commit()
    assert alone.sent == []


CHAIN = "ROLLBACK AND CHAIN"


@pytest.mark.parametrize(
    ("transaction", "has_begun", "is_pooled", "undo", "sent"),
    [
        (True, True, True, CHAIN, [CHAIN]),
        (True, True, True, "ROLLBACK", ["ROLLBACK", "BEGIN"]),
        (True, False, True, CHAIN, ["BEGIN"]),
        (True, True, False, "ROLLBACK", ["ROLLBACK"]),
        (False, True, True, "ROLLBACK", ["ROLLBACK"]),
        (False, False, True, CHAIN, []),
        (True, False, False, CHAIN, []),
    ],
)
async def test_reads_after_a_rollback(
    transaction: bool, has_begun: bool, is_pooled: bool, undo: str, sent: list[str]
) -> None:
    """They share a transaction if each could get another connection otherwise."""
    lane = Lane(transaction=transaction)
    lane.undo_text, lane.may_be_behind_pooler = undo, is_pooled
    async with lane:
        lane.has_begun = has_begun
        lane.sent.clear()
        await lane.roll_back()
        assert lane.sent == sent
        lane.fails["SELECT"] = TimeoutError()
        with pytest.raises(TimedOut):  # it can't have committed anything
            await lane.fetch(STATEMENT, {})
        lane.has_begun = False


async def test_a_second_attempt() -> None:
    """It has a transaction, even if the first was a single statement."""
    lane = Lane(transaction=False)
    async with lane:
        await lane.restart()
    assert lane.sent == ["BEGIN", "COMMIT"]


@pytest.mark.parametrize("defers", [False, True])
@pytest.mark.parametrize("joins", [False, True])
async def test_savepoints(joins: bool, defers: bool) -> None:
    """Texts are joined, and constraints checked, as far as the database can do that."""
    lane = Lane()
    lane.joins_texts, lane.defers_checks = joins, defers
    async with lane:
        lane.sent.clear()
        async with lane.savepoint(checks=True):
            pass
        with pytest.raises(NotFound):
            async with lane.savepoint():
                raise NotFound("x")
        sent = lane.sent.copy()
    save, release = "SAVEPOINT modelwire_part", "RELEASE SAVEPOINT modelwire_part"
    check = ["SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS ALL DEFERRED"] * defers
    ends = [[*check, release], [f"ROLLBACK TO {save}", release]]
    first, second = [[";".join(end)] if joins else end for end in ends]
    assert sent == [save, *first, save, *second]
