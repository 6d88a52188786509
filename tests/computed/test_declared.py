"""Declarations of computed fields: names and types, and those refused at start-up."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from sqlalchemy import Integer, func, literal, literal_column, select, text
from sqlalchemy.orm import column_property
from sqlmodel import Field, SQLModel, col

from modelwire import ConfigurationError, Database, FieldPolicy, Resource, mount, nobody, shown
from tests.conftest import MakeClient, make_app, open_client

from .conftest import World
from .tables import GUARDED, RESOURCES, Base, Customer, Invoice, Line, me


class Part(SQLModel, table=True):
    __tablename__ = "computed_parts"
    model_config = ConfigDict(alias_generator=to_camel)  # type: ignore[assignment]

    id: int | None = Field(default=None, primary_key=True)
    unit_price: int = 2
    units: int = 3


PRICED = Resource(
    Part,
    computed={
        "total_price": col(Part.unit_price) * col(Part.units),
        "price_token": literal("hush"),
        "not_told": func.nullif(col(Part.units), 3, type_=Integer()),
    },
)


async def test_names_and_types(make_client: MakeClient, lane: str) -> None:
    """Names are made as those of columns are, secrets are hidden, and types told."""
    client = await make_client(replace(PRICED, hidden=["notTold"]))
    assert (await client.post("/computed_parts/", json={})).json() == {
        "id": 1,
        "unitPrice": 2,
        "units": 3,
        "totalPrice": 6,
    }
    found = (await client.get("/computed_parts/?totalPrice=6&fields=totalPrice")).json()
    assert found["items"] == [{"totalPrice": 6}]
    schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]
    assert schemas["PartRead"]["properties"]["totalPrice"] == {"type": "integer", "readOnly": True}
    assert "totalPrice" not in schemas["PartCreate"]["properties"]


async def test_null(make_client: MakeClient, lane: str) -> None:
    """A nullable computed field is shown and described as such."""
    client = await make_client(PRICED)
    assert (await client.post("/computed_parts/", json={})).json()["notTold"] is None
    schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]
    told = schemas["PartRead"]["properties"]["notTold"]
    assert told["anyOf"] == [{"type": "integer"}, {"type": "null"}]


async def test_csv(world: World, lane: str) -> None:
    """Streams have it too, as CSV."""
    invoice = {"id": 1, "number": "7", "net": 1, "tax": 2}
    await world.fill({"invoices": [invoice], "lines": [{"id": 1, "units": 4, "invoice_id": 1}]})
    answer = await world.clients[lane].get("/invoices/stream/?format=csv&fields=id,units,gross")
    assert answer.text.splitlines() == ["id,units,gross", "1,4,3.00"]


async def test_subqueries(world: World, lane: str, make_client: MakeClient) -> None:
    """An expression may be made of subqueries of any kind."""
    parts = (
        select(col(Part.units).label("kind"), func.sum(col(Part.unit_price)).label("paid"))
        .group_by(col(Part.units))
        .subquery()
    )
    same = select(parts.c.paid).where(parts.c.kind == col(Part.units))
    joined = select(parts.c.paid).select_from(parts).where(parts.c.kind == col(Part.units))
    client = await make_client(Resource(Part, computed={"paid": same, "also": joined}))
    for units in (1, 1, 2):
        assert (await client.post("/computed_parts/", json={"units": units})).is_success
    listed = (await client.get("/computed_parts/")).json()["items"]
    assert [(row["paid"], row["also"]) for row in listed] == [(4, 4), (4, 4), (2, 2)]


def mount_with(*resources: Resource, **options: Any) -> None:
    mount(FastAPI(), Database("sqlite://", metadata=Base.metadata), *resources, **options)


class WithUnits(BaseModel):
    units: int


IN_SUBQUERY = select(col(Line.units)).subquery()
IN_CTE = select(col(Line.units)).cte()
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "text": ({"computed": {"x": text("1")}}, "TextClause is not a value in SQL"),
    "a value": ({"computed": {"x": 1}}, "int is not a value in SQL"),
    "two values": (
        {"computed": {"x": select(col(Line.id), col(Line.units))}},
        "Select is not a value in SQL",
    ),
    "another table": ({"computed": {"x": col(Line.units)}}, "a column of another table"),
    "no type": (
        {"computed": {"x": func.frob(col(Invoice.id))}},
        "the type of its values is unknown",
    ),
    "a sum": ({"computed": {"x": func.sum(col(Invoice.net)) + 1}}, "`sum` aggregates many rows"),
    "a largest one": ({"computed": {"x": func.max(col(Invoice.net))}}, "`max` aggregates many"),
    "bits": (
        {"computed": {"x": func.bit_or(col(Invoice.id), type_=Integer())}},
        "`bit_or` aggregates many",
    ),
    "a list": (
        {"computed": {"x": func.jsonb_group_array(col(Invoice.id), type_=Integer())}},
        "`jsonb_group_array` aggregates many",
    ),
    "some counted": (
        {"computed": {"x": func.count(col(Invoice.id)).filter(col(Invoice.net) > 1)}},
        "`count` aggregates many",
    ),
    "a window": (
        {"computed": {"x": func.count(col(Invoice.id)).over(order_by=col(Invoice.net))}},
        "a window function aggregates many rows",
    ),
    "a field of that name": ({"computed": {"net": literal(1)}}, "of that name already"),
    "a relationship of that name": ({"computed": {"lines": literal(1)}}, "of that name already"),
    "no name": ({"computed": {"a b": literal(1)}}, "expressions by field"),
    "taken": ({"create_schema": WithUnits}, "WithUnits has it, but computed fields"),
    "written": ({"writable": ["units"]}, "computed by the database"),
    "a version": ({"version": "units"}, "there is no `units`"),
    "assigned": ({"assign_on_create": {"units": lambda: 1}}, "the database computes it"),
    "an unknown one hidden": ({"hidden": ["unit"]}, "did you mean `units`"),
}


@pytest.mark.parametrize(("arguments", "told"), REFUSED.values(), ids=list(REFUSED))
def test_refused(arguments: dict[str, Any], told: str) -> None:
    """An expression that can't be computed, or set, is refused with what to write."""
    with pytest.raises(ConfigurationError, match=told):
        mount_with(RESOURCES[0], replace(RESOURCES[1], **arguments), RESOURCES[2])


PAST_POLICIES: dict[str, Any] = {
    "text": select(literal_column("units", Integer())).select_from(text("lines")).scalar_subquery(),
    "a literal": func.coalesce(literal_column("(SELECT units FROM lines)", Integer()), 0),
    "a subquery": select(func.sum(IN_SUBQUERY.c.units)).scalar_subquery(),
    "a CTE": select(func.sum(IN_CTE.c.units)).scalar_subquery(),
}


@pytest.mark.parametrize("expression", PAST_POLICIES.values(), ids=list(PAST_POLICIES))
def test_refused_past_policies(expression: Any) -> None:
    """An expression that reads rows past a policy is refused; without policies, it is not."""
    wrong = {"x": func.coalesce(expression, 0, type_=Integer())}
    guarded = replace(GUARDED[1], computed=wrong)
    with pytest.raises(ConfigurationError, match=r"polic|is text"):
        mount_with(GUARDED[0], guarded, GUARDED[2], caller=me)
    mount_with(GUARDED[0], replace(guarded, hidden=["x"]), GUARDED[2], caller=me)


@pytest.mark.parametrize("read", [nobody, me.is_auditor], ids=["nobody", "auditors"])
async def test_rules_of_fields(world: World, lane: str, read: Any) -> None:
    """A policy says by its name who may see it."""
    policy = GUARDED[1].policy
    assert policy is not None
    rules = {"units": FieldPolicy(read=read)}
    guarded = replace(GUARDED[1], policy=replace(policy, fields=rules))
    app = make_app(world.database, lane, (GUARDED[0], guarded, GUARDED[2]), {"caller": me})
    invoice = {"id": 1, "number": "7", "net": 1, "tax": 1, "customer_id": 1}
    customer = {"id": 1, "first": "A", "last": "B"}
    await world.fill({"customers": [customer], "invoices": [invoice]})
    async with open_client(app) as client:
        client.headers["x-reader"] = '{"id": "1", "most": 9, "customers": [1]}'
        (row,) = (await client.get("/invoices/")).json()["items"]
        assert "units" not in row
        assert row["gross"] == "2.00"
        for asked in ("units=0", "sort=units", "fields=units"):
            assert (await client.get(f"/invoices/?{asked}")).status_code == 422
        if read is nobody:
            return
        auditor = {"x-reader": '{"id": "2", "most": 9, "customers": [1], "is_auditor": true}'}
        found = await client.get("/invoices/?units=0&sort=units", headers=auditor)
        assert [row["units"] for row in found.json()["items"]] == [0]


def test_mapped_after_the_class() -> None:
    """A `column_property` of another table's rows is read as any expression is."""

    class Late(Base, table=True):
        __tablename__ = "late"
        id: int | None = Field(default=None, primary_key=True)

    count: Any = column_property(select(func.count(col(Line.id))).scalar_subquery())
    setattr(Late, "lines", count)  # noqa: B010  # as the documentation of SQLAlchemy adds one
    mount_with(*RESOURCES, Resource(Late, operations=["read", "list"]))


async def test_endpoints_of_ones_own(
    world: World, lane: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Objects are shown with what their class computes; what only the resource does, is said."""
    app = make_app(world.database, lane, RESOURCES, {})

    @app.get("/customer", response_model=shown(Customer))
    async def _customer() -> Any:
        return Customer(id=1, first="Ann", last="Lee")

    @app.get("/invoice", response_model=shown(Invoice))
    async def _invoice() -> Any:
        return Invoice(id=1, number="1", net=Decimal(1), tax=Decimal(2))

    async with open_client(app) as client:
        assert (await client.get("/customer")).json()["name"] == "Ann Lee"
        assert (await client.get("/invoice")).status_code == 500
    assert "computes `units`, which objects of Invoice don't have" in caplog.text


async def test_search(world: World, lane: str) -> None:
    """`q` looks into columns alone."""
    await world.fill({"customers": [{"id": 1, "first": "Ann", "last": "Lee"}]})
    client = world.clients[lane]
    assert (await client.get("/customers/?q=ann+lee")).json()["total"] == 1
    filtered = await client.get("/customers/", params={"name__icontains": "N L"})
    assert filtered.json()["total"] == 1
    assert (await client.get("/customers/", params={"q": "n%20l"})).json()["total"] == 0
    document = await client.get("/openapi.json")
    assert "occur in first or last, ignoring case" in document.text
