"""The end of a savepoint: which errors undo it, and which have ended the whole transaction."""

import asyncio
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from modelwire.errors import ModelwireError, NotFound
from modelwire.execute.connect.savepoint import Savepoint, SessionPart, Undone

CHECK = ("SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS ALL DEFERRED")


class Session:
    """A session that notes what is done with its savepoint.

    Args:
        is_gone: Whether the driver has lost the transaction; None where it can't tell.
    """

    def __init__(self, *, is_gone: bool | None) -> None:
        self.events: list[str] = []
        self.driver: Any = SimpleNamespace(rollback=self._noting("driver rolled back"))
        if is_gone is not None:
            self.driver.in_transaction = not is_gone

    def _noting(self, event: str) -> Any:
        async def note() -> Any:
            self.events.append(event)
            return self

        return note

    async def begin_nested(self) -> Any:
        self.events.append("begun")
        return SimpleNamespace(
            commit=self._noting("committed"), rollback=self._noting("rolled back")
        )

    async def connection(self) -> "Session":
        return self

    async def get_raw_connection(self) -> Any:
        return SimpleNamespace(driver_connection=self.driver)


def make_savepoint(session: Any, *, checks: bool = False, error: Exception | None = None) -> Any:
    async def control(*texts: str) -> None:
        session.events.append(texts)
        if error is not None:
            raise error

    return Savepoint(SessionPart(session, control, nullcontext), checks=checks)


@pytest.mark.parametrize("checks", [True, False])
async def test_the_usual_end(checks: bool) -> None:
    """Deferred constraints are checked before it is released, where that is asked for."""
    session = Session(is_gone=False)
    async with make_savepoint(session, checks=checks):
        pass
    assert session.events == ["begun", CHECK if checks else (), "committed"]


@pytest.mark.parametrize("is_gone", [True, False, None])
async def test_an_error_undoes_it(is_gone: bool | None) -> None:
    """An error that has ended the whole transaction is passed on as such, with its cause."""
    session, error = Session(is_gone=is_gone), NotFound("it")
    with pytest.raises(Undone if is_gone else NotFound) as raised:
        async with make_savepoint(session):
            raise error
    rest = ["rolled back", "driver rolled back"] if is_gone else ["rolled back"]
    assert session.events == ["begun", *rest]
    if isinstance(raised.value, Undone):
        assert raised.value.error is raised.value.__cause__ is error
        assert str(raised.value) == str(error)


async def test_an_error_at_its_end_undoes_it() -> None:
    """So does a deferred constraint, but not an error of another kind."""
    violation = ModelwireError("deferred")
    session = Session(is_gone=False)
    with pytest.raises(ModelwireError, match="deferred"):
        async with make_savepoint(session, checks=True, error=violation):
            pass
    assert session.events == ["begun", CHECK, "rolled back"]
    session = Session(is_gone=False)
    with pytest.raises(ValueError, match="other"):
        async with make_savepoint(session, error=ValueError("other")):
            pass
    assert session.events == ["begun", ()]


@pytest.mark.parametrize("error", [Undone(NotFound("it")), asyncio.CancelledError()], ids=type)
async def test_what_ends_the_transaction_undoes_no_part(error: BaseException) -> None:
    """The owner of the transaction rolls it back, after another part or a cancellation."""
    session = Session(is_gone=False)
    with pytest.raises(type(error)):
        async with make_savepoint(session):
            raise error
    assert session.events == ["begun"]
