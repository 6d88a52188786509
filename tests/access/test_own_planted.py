"""Holes planted in the session of a caller, each of which the tests of it would notice."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import pytest
import pytest_asyncio
from fastapi import Depends
from sqlalchemy import update

from modelwire import Database, row_of
from modelwire.compat.sqlalchemy_compiler import DoorCompiler
from modelwire.execute.own.access import RowAccess
from modelwire.statement.caller_door import CallerDoor
from tests.access import test_own_endpoints as reads
from tests.access import test_own_endpoints_writes as writes
from tests.access.own_app import Own
from tests.access.own_models import OwnInvoice as Invoice
from tests.access.two_worlds.planted import find_plants

pytestmark = [
    pytest.mark.filterwarnings("ignore:\\n.*You probably want:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning"),
]

on_one_database = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""The faults are in what both databases share; that tests notice them is shown on one."""

TABLES = ["orgs", "invoices", "lines", "notes", "tags", "tag_links"]


@pytest_asyncio.fixture
async def own(database: Database) -> Own:
    """An application with the rows of two organisations."""
    made = Own(database, "direct")
    await made.fill()
    return made


async def _read_all(own: Own) -> dict[str, Any]:
    """Read all that a caller can read, by each kind of statement."""
    found = {}
    for name, statement in reads.READS.items():
        if name not in ("lateral", "values"):
            answer = await own.run(reads.run_all(statement))
            found[name] = own.result if answer.is_success else answer.status_code
    for name in reads.LOADS:
        found[name] = await own.read(reads.load(name))
    return found


@on_one_database
@pytest.mark.parametrize("name", TABLES)
async def test_a_table_that_is_open_is_noticed(
    own: Own, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await _read_all(own)
    rows_of = CallerDoor.rows_of

    def rows_of_most(self: CallerDoor, sql: Any) -> Any:
        return None if sql.name == f"own_{name}" else rows_of(self, sql)

    monkeypatch.setattr(CallerDoor, "rows_of", rows_of_most)
    again = Own(own.database, "direct")
    after = await _read_all(again)
    assert {key for key in before if before[key] != after[key]}


@on_one_database
async def test_values_that_are_kept_are_noticed(own: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[int, Any] = {}
    construct = DoorCompiler.construct_params

    def keep(self: Any, *args: Any, **options: Any) -> Any:
        return kept.setdefault(id(self), construct(self, *args, **options))

    monkeypatch.setattr(DoorCompiler, "construct_params", keep)
    with pytest.raises(AssertionError):
        await reads.test_a_caller_whose_statement_is_known_reads_his_own_rows(own)


async def _is_anything_stored(own: Own) -> bool:
    """Whether a caller stores something that they may not."""
    before = await own.snapshot()
    for work in writes.REFUSED.values():
        await own.run(work)
        if await own.snapshot() != before:
            return True
    return False


async def _is_taken(own: Own) -> bool:
    """Whether a caller is given a row to change that they may not."""

    @own.app.post("/take/{id}")
    async def take(
        _invoice: Annotated[Invoice, Depends(row_of(Invoice, "update"))],
    ) -> None: ...

    return (await own.send("POST", "/take/3")).is_success


async def _is_too_much_meant(own: Own) -> bool:
    """Whether a change of many rows means some that may not be changed."""
    change = update(Invoice).values(number=Invoice.number + "x")
    return not (await own.run(lambda session: session.execute(change))).is_success


ACCESS, FLUSH = "execute/own/access.py:RowAccess", "execute/own/flush.py:FlushCheck"
MASS = "execute/own/mass.py:_Change"
FOUND_BY: dict[str, Callable[[Own], Awaitable[bool]]] = {
    f"{ACCESS}.check_stored:raise refuse:0": _is_anything_stored,
    f"{ACCESS}.check_stored:restricts:0": _is_anything_stored,
    f"{ACCESS}.check_written:raise refuse:0": _is_anything_stored,
    f"{ACCESS}.take:raise refuse:0": _is_taken,
    f"{FLUSH}._check_link:raise refuse:0": _is_anything_stored,
    f"{FLUSH}._check_written:check_written:0": _is_anything_stored,
    f"{MASS}.check:check_written:0": _is_anything_stored,
    f"{MASS}.check:raise refuse:0": _is_anything_stored,
    "statement/door.py:render_allowed:render_condition:0": _is_too_much_meant,
}
NOT_SHOWN = {
    f"{FLUSH}._check_all_seen:raise refuse:0",
    f"{FLUSH}._check_assigned:raise refuse:0",
    "statement/caller_door.py:CallerDoor._is_seen:rows_of:0",
    "statement/caller_door.py:CallerDoor._relations_by:links_of:0",
}
"""Calls behind other checks, for objects that a listener changes in a flush.

`test_own_references` and `tag_links` above show their effect; some give the plain table of links
that are no resource.
"""

PLANTS = {str(plant): plant for plant in find_plants()}


def test_every_place_is_known() -> None:
    """A new place where own endpoints ask what a caller may do is given a fault too."""
    files = ("execute/own/", "statement/caller_door.py", "statement/door.py:render_allowed")
    assert {name for name in PLANTS if name.startswith(files)} == {*FOUND_BY, *NOT_SHOWN}


@on_one_database
@pytest.mark.parametrize("name", FOUND_BY)
async def test_a_check_that_is_left_out_is_noticed(
    own: Own, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    PLANTS[name].install(monkeypatch)
    assert await FOUND_BY[name](own)


@on_one_database
async def test_parents_that_nobody_looks_at_are_noticed(
    own: Own, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RowAccess, "check_parent", lambda *_: None)
    before = await own.snapshot()
    await own.run(lambda session: writes.refer_note(session, 2))
    assert await own.snapshot() != before
