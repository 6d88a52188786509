"""Changes of one row under a policy: one statement where nothing else has to be looked at."""

import httpx2
import pytest
from sqlmodel import col

from modelwire import Database, Policy, Resource, everyone
from tests.access import own_models as m
from tests.access.own_app import Own
from tests.conftest import MakeClient
from tests.http.problems import read_problem

pytestmark = pytest.mark.filterwarnings("ignore:\\n.*You probably want:DeprecationWarning")

Invoice = m.OwnInvoice
OPEN = col(Invoice.org_id).in_([1]) & (col(Invoice.status) == "draft")


@pytest.fixture
async def client(make_own_client: MakeClient, own: Own) -> httpx2.AsyncClient:
    """A client of invoices and notes that are read and changed by one condition."""
    notes = Resource(m.OwnNote, policy=Policy(read=m.OwnNote.owner_id == m.me.id))
    made: httpx2.AsyncClient = await make_own_client(
        Resource(Invoice, policy=Policy(read=OPEN)), notes, caller=m.me
    )
    made.headers["x-member"] = m.ANN.model_dump_json()
    return made


@pytest.mark.parametrize(
    ("body", "looks"),
    [({"number": "new"}, False), ({"cost": 1}, False), ({"status": "x"}, True)],
)
async def test_what_is_sent(
    client: httpx2.AsyncClient, statements: list[str], body: dict[str, str], looks: bool
) -> None:
    """The row is locked and looked at before only if what is set decides about the policy."""
    statements.clear()
    answer = await client.patch("/own_invoices/1", json=body)
    assert answer.status_code == (403 if looks else 200)
    assert statements[0].startswith("SELECT" if looks else "UPDATE")
    assert len(statements) == (3 if looks else 1)


async def test_references_are_looked_at_after_the_row(
    client: httpx2.AsyncClient, statements: list[str]
) -> None:
    """A row that is not seen is not there, whatever it would refer to."""
    statements.clear()
    answer = await client.patch("/own_invoices/2", json={"org_id": 99})
    assert read_problem(answer, 404, "not_found")
    assert statements[0].startswith("SELECT")


async def test_other_rows_are_not_there(client: httpx2.AsyncClient, database: Database) -> None:
    """Rows of others, and those that are no drafts, stay as they are."""
    hidden = await client.patch("/own_invoices/2", json={"number": "new"})
    missing = await client.patch("/own_invoices/999", json={"number": "new"})
    assert (hidden.status_code, hidden.content) == (404, missing.content)
    async with database.session() as session:
        assert (await session.get_one(Invoice, 2)).number == "b1"


async def test_another_condition_for_changes_is_looked_at(
    make_own_client: MakeClient, own: Own, statements: list[str]
) -> None:
    """Whoever sees a row that he may not change is told so."""
    policy = Policy(read=everyone, update=OPEN)
    client = await make_own_client(Resource(Invoice, policy=policy), caller=m.me)
    headers = {"x-member": m.ANN.model_dump_json()}
    statements.clear()
    answer = await client.patch("/own_invoices/2", json={"number": "new"}, headers=headers)
    assert read_problem(answer, 403, "forbidden")
    assert statements[0].startswith("SELECT")


async def test_a_delete_is_one_statement(
    client: httpx2.AsyncClient, database: Database, statements: list[str]
) -> None:
    """A hidden row stays, and is answered like one that is missing."""
    statements.clear()
    assert (await client.delete("/own_notes/1")).status_code == 204
    assert [text.split()[0] for text in statements] == ["DELETE"]
    hidden, missing = await client.delete("/own_notes/2"), await client.delete("/own_notes/99")
    assert read_problem(hidden, 404, "not_found")
    assert hidden.content == missing.content
    async with database.session() as session:
        assert await session.get(m.OwnNote, 2) is not None


async def test_another_condition_for_deletes_is_looked_at(
    make_own_client: MakeClient, own: Own, statements: list[str]
) -> None:
    """A caller who sees a row that he may not delete is told so."""
    policy = Policy(read=everyone, delete=m.OwnNote.owner_id == m.me.id)
    client = await make_own_client(Resource(m.OwnNote, policy=policy), caller=m.me)
    headers = {"x-member": m.ANN.model_dump_json()}
    statements.clear()
    assert read_problem(await client.delete("/own_notes/2", headers=headers), 403, "forbidden")
    assert not any(text.startswith("DELETE") for text in statements)
