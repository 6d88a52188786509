"""Holes planted in the session of a caller, each of which the tests of it would notice."""

from typing import Any

import pytest
import pytest_asyncio

from modelwire import Database
from modelwire.compat.sqlalchemy_compiler import DoorCompiler
from modelwire.execute.own import mass
from modelwire.execute.own.access import RowAccess
from modelwire.execute.own.flush import FlushCheck
from modelwire.statement.door import CallerDoor
from tests.access import test_own_endpoints as reads
from tests.access import test_own_endpoints_writes as writes
from tests.access.own_app import Own

pytestmark = [
    pytest.mark.filterwarnings("ignore:\\n.*You probably want:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning"),
]

TABLES = ["orgs", "invoices", "lines", "notes", "tags", "tag_links"]


@pytest_asyncio.fixture
async def own(database: Database) -> Own:
    """An application with the rows of two organisations."""
    made = Own(database, "direct")
    await made.fill()
    return made


async def _read_all(own: Own) -> dict[str, Any]:
    """What a caller reads, by each kind of statement."""
    found = {}
    for name, statement in reads.READS.items():
        if name not in ("lateral", "values"):
            answer = await own.run(reads.run_all(statement))
            found[name] = own.result if answer.is_success else answer.status_code
    for name in reads.LOADS:
        found[name] = await own.read(reads.load(name))
    return found


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


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (FlushCheck, "_check_stored"),
        (FlushCheck, "_check_written"),
        (FlushCheck, "_check_links"),
        (RowAccess, "check_stored"),
        (RowAccess, "check_written"),
        (mass._Change, "check"),
    ],
)
async def test_a_check_that_is_left_out_is_noticed(
    own: Own, owner: type, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, name, lambda *_: None)
    assert await _is_anything_stored(own)


async def test_parents_that_nobody_looks_at_are_noticed(
    own: Own, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RowAccess, "check_parent", lambda *_: None)
    before = await own.snapshot()
    await own.run(lambda session: writes.refer_note(session, 2))
    assert await own.snapshot() != before
