"""Single rows, and what is shown of them, in endpoints of an application's own."""

import json
from collections.abc import Callable
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload
from sqlmodel import SQLModel, col

from modelwire import (
    CallerSessionDep,
    ConfigurationError,
    Database,
    Policy,
    Resource,
    SessionDep,
    UnitOfWorkDep,
    mount,
    nobody,
    row_of,
    shown,
)
from tests.access import own_models as m
from tests.access.own_app import Own
from tests.access.own_models import OwnAudit as Audit
from tests.access.own_models import OwnInvoice as Invoice
from tests.access.own_models import OwnLine as Line

pytestmark = pytest.mark.filterwarnings("ignore:\\n.*You probably want:DeprecationWarning")

InvoiceToChange = Annotated[Invoice, Depends(row_of(Invoice, "update"))]


def _add_endpoints(app: FastAPI) -> None:
    _add_actions(app)
    _add_shown(app)


def _add_actions(app: FastAPI) -> None:
    @app.get("/invoices/{id}/number")
    async def number(invoice: Annotated[Invoice, Depends(row_of(Invoice))]) -> str:
        return invoice.number

    @app.post("/invoices/{id}/rename")
    async def rename(invoice: InvoiceToChange, to: str) -> Invoice:
        invoice.number = to
        return invoice

    @app.post("/invoices/{id}/issue")
    async def issue(invoice: InvoiceToChange) -> Invoice:
        invoice.status = "issued"  # after which it may not be changed
        return invoice

    @app.post("/invoices/{id}/note")
    async def note(
        invoice: InvoiceToChange,
        session: CallerSessionDep,
        work: UnitOfWorkDep,
        fails: bool = False,
    ) -> None:
        invoice.number = "noted"
        assert invoice.id is not None
        session.add(Line(invoice_id=invoice.id, text="note"))
        work.add(Audit(text=f"noted {invoice.id}"))
        if fails:
            raise KeyError

    @app.post("/invoices/{id}/close")
    async def close(invoice: InvoiceToChange, work: UnitOfWorkDep) -> None:
        (await work.get_one(Invoice, invoice.id)).status = "issued"

    @app.delete("/invoices/{id}/now", status_code=204)
    async def remove(
        line: Annotated[Line, Depends(row_of(Line, "delete"))], session: CallerSessionDep
    ) -> None:
        await session.delete(line)


def _add_shown(app: FastAPI) -> None:
    @app.get("/shown/{id}", response_model=shown(Invoice))
    async def show(invoice: Annotated[Invoice, Depends(row_of(Invoice))]) -> Any:
        return invoice

    @app.get("/shown", response_model=list[shown(Invoice)])  # type: ignore[misc]
    async def show_all(session: CallerSessionDep) -> Any:
        return (await session.scalars(select(Invoice).order_by(col(Invoice.id)))).all()

    @app.get("/plainly", response_model=shown(Invoice))
    async def show_plainly(session: SessionDep) -> Any:
        return await session.get_one(Invoice, 2)

    @app.get("/dict", response_model=shown(Invoice))
    async def show_dict() -> Any:
        return m.rows()[3].model_dump()


@pytest.fixture(scope="module")
def add_endpoints() -> Callable[[FastAPI], None]:
    """Adds the endpoints of these tests."""
    return _add_endpoints


async def test_a_row_is_given_to_who_may_see_it(own: Own) -> None:
    assert (await own.send("GET", "/invoices/1/number")).json() == "a1"
    assert (await own.send("GET", "/invoices/2/number", m.BOB)).json() == "b1"


@pytest.mark.parametrize("path", ["number", "rename?to=x", "issue", "note"])
async def test_what_is_not_seen_is_answered_as_what_is_not_there(own: Own, path: str) -> None:
    method = "GET" if path == "number" else "POST"
    generated = await own.send("PATCH", "/own_invoices/999", json={"number": "x"})
    before = await own.snapshot()
    for key in (2, 999):
        answer = await own.send(method, f"/invoices/{key}/{path}")
        assert (answer.status_code, answer.content) == (404, generated.content)
    assert await own.snapshot() == before


async def test_what_may_only_be_seen_is_forbidden_as_by_patch(own: Own) -> None:
    generated = await own.send("PATCH", "/own_invoices/3", json={"number": "x"})
    answer = await own.send("POST", "/invoices/3/rename?to=x")
    assert (answer.status_code, answer.content) == (403, generated.content)
    assert (await own.send("GET", "/invoices/3/number")).status_code == 200


async def test_a_key_that_is_none_is_refused_as_by_patch(own: Own) -> None:
    generated = await own.send("PATCH", "/own_invoices/x", json={"number": "x"})
    answer = await own.send("POST", "/invoices/x/rename?to=x")
    assert (answer.status_code, answer.content) == (422, generated.content)


async def test_nobody_is_refused_first(own: Own) -> None:
    assert (await own.send("GET", "/invoices/999/number", None)).status_code == 401


async def test_a_change_is_stored_before_it_is_answered(own: Own) -> None:
    answer = await own.send("POST", "/invoices/1/rename?to=new")
    assert (answer.status_code, answer.json()["number"]) == (200, "new")
    read = await own.send("GET", "/own_invoices/1")
    assert read.json()["number"] == "new"
    assert answer.headers["etag"] == read.headers["etag"]


async def test_a_change_that_breaks_the_policy_is_refused(own: Own) -> None:
    before = await own.snapshot()
    answer = await own.send("POST", "/invoices/1/issue")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert "etag" not in answer.headers
    assert await own.snapshot() == before


async def test_if_match_is_compared(own: Own) -> None:
    tag = (await own.send("GET", "/own_invoices/1")).headers["etag"]
    for header, status in (('"other"', 412), (tag, 200), (tag, 412)):
        answer = await own.send("POST", "/invoices/1/rename?to=new", headers={"if-match": header})
        assert answer.status_code == status
    assert (
        await own.send("POST", "/invoices/2/issue", headers={"if-match": "x"})
    ).status_code == 404


async def test_an_answer_that_changes_nothing_has_the_tag_of_the_row(own: Own) -> None:
    answer = await own.send("GET", "/invoices/1/number")
    assert answer.headers["etag"] == (await own.send("GET", "/own_invoices/1")).headers["etag"]


async def test_all_sessions_of_a_request_are_one_transaction(own: Own) -> None:
    before = await own.snapshot()
    assert (await own.send("POST", "/invoices/1/note?fails=true")).status_code == 500
    assert await own.snapshot() == before
    assert (await own.send("POST", "/invoices/1/note")).status_code == 200
    after = await own.snapshot()
    assert len(after["lines"]) == 4
    assert len(after["audit"]) == 1


async def test_a_tag_is_that_of_what_any_session_of_the_request_has_written(own: Own) -> None:
    before = (await own.send("GET", "/own_invoices/1")).headers["etag"]
    closed = await own.send("POST", "/invoices/1/close")
    assert closed.status_code == 200
    after = (await own.send("GET", "/own_invoices/1")).headers["etag"]
    assert closed.headers["etag"] == after != before


async def test_a_row_is_deleted(own: Own) -> None:
    assert (await own.send("DELETE", "/invoices/2/now")).status_code == 404
    assert (await own.send("DELETE", "/invoices/1/now")).status_code == 204
    assert len((await own.snapshot())["lines"]) == 2


async def test_rows_are_shown_as_by_the_generated_routes(own: Own) -> None:
    generated = (await own.send("GET", "/own_invoices/1")).json()
    assert (await own.send("GET", "/shown/1")).json() == generated
    assert "secret" not in generated
    assert (await own.send("GET", "/shown")).json()[0] == generated
    assert "secret" not in (await own.send("GET", "/plainly")).json()


async def test_a_dict_is_shown_without_what_is_hidden(own: Own) -> None:
    answer = await own.send("GET", "/dict")
    assert answer.status_code == 200, answer.text
    assert "secret" not in answer.json()


async def test_the_document_describes_keys_and_what_is_shown(own: Own) -> None:
    document = own.app.openapi()
    operation = document["paths"]["/invoices/{id}/number"]["get"]
    parameter, who = operation["parameters"]
    assert (who["name"], who["in"]) == ("x-member", "header")
    assert (parameter["name"], parameter["in"], parameter["required"]) == ("id", "path", True)
    assert parameter["schema"]["type"] == "integer"
    content = document["paths"]["/shown/{id}"]["get"]["responses"]["200"]["content"]
    schema = content["application/json"]["schema"]
    name = schema["$ref"].rpartition("/")[2] if "$ref" in schema else ""
    described = document["components"]["schemas"][name] if name else schema
    assert "number" in described["properties"]
    assert "secret" not in described["properties"]


async def test_a_caller_is_overridden_in_tests(own: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(own.app.dependency_overrides, m.read_own_member, lambda: m.BOB)
    assert (await own.send("GET", "/invoices/2/number", None)).json() == "b1"
    assert (await own.send("GET", "/invoices/1/number", None)).status_code == 404


async def test_a_key_of_several_fields_stands_in_the_path_by_their_names(own: Own) -> None:
    policy = Policy(read=m.OwnTagLink.tag_id != 2, write=nobody)
    made = Own(own.database, "direct", [*m.RESOURCES, Resource(m.OwnTagLink, policy=policy)])

    @made.app.get("/tags/{tag_id}/of/{invoice_id}", response_model=shown(m.OwnTagLink))
    async def link(found: Annotated[m.OwnTagLink, Depends(row_of(m.OwnTagLink))]) -> Any:
        return found

    @made.app.delete("/tags/{tag_id}/of/{invoice_id}")
    async def unlink(
        found: Annotated[m.OwnTagLink, Depends(row_of(m.OwnTagLink, "delete"))],
    ) -> None: ...

    found = await made.send("GET", "/tags/1/of/2")
    assert found.json() == {"invoice_id": 2, "tag_id": 1}
    generated = await made.send("GET", "/own_tag_links/2,1")
    assert found.headers["etag"] == generated.headers["etag"]
    for path, status in (("2/of/2", 404), ("1/of/9", 404), ("1/of/2", 403), ("x/of/2", 422)):
        assert (await made.send("DELETE", f"/tags/{path}")).status_code == status


async def test_a_row_is_loaded_along_as_far_as_it_may_be_seen(own: Own) -> None:
    options = [selectinload(Invoice.tags), joinedload(Invoice.guest)]  # type: ignore[arg-type]

    @own.app.get("/loaded/{id}")
    async def loaded(
        invoice: Annotated[Invoice, Depends(row_of(Invoice, options=options))],
    ) -> tuple[list[str], bool]:
        return [tag.name for tag in invoice.tags], invoice.guest is None

    assert (await own.send("GET", "/loaded/1")).json() == [["ta"], True]


def _client(database: Database, *resources: Resource, **options: Any) -> TestClient:
    app = FastAPI()
    _add_endpoints(app)
    if resources:
        mount(app, database, *resources, **options)
    else:
        app.state.modelwire_database = database
    return TestClient(app)


@pytest.mark.parametrize("path", ["/invoices/1/number", "/shown"])
async def test_without_mount_or_caller_a_sentence_says_what_is_missing(
    database: Database, path: str
) -> None:
    headers = {"x-member": json.dumps(m.ANN.model_dump())}
    with pytest.raises(ConfigurationError, match="nothing is mounted"):
        _client(database).get(path, headers=headers)
    with pytest.raises(ConfigurationError, match=r"mount\(caller=Caller"):
        _client(database, Resource(Invoice)).get(path, headers=headers)
    country = [r for r in m.RESOURCES if r.model is m.OwnCountry]
    with pytest.raises(ConfigurationError, match=r"own_invoices: .* Resource"):
        _client(database, *country, caller=m.me).get(path, headers=headers)


def test_row_of_what_is_no_table_is_refused() -> None:
    class Plain(SQLModel):
        id: int

    with pytest.raises(ConfigurationError, match="Plain"):
        row_of(Plain)
    with pytest.raises(ConfigurationError, match="create"):
        row_of(Invoice, "create")  # type: ignore[arg-type]
