"""Tables of the same name in several schemas, which PostgreSQL has."""

from collections.abc import AsyncIterator

import httpx2
import pytest_asyncio
from sqlalchemy import MetaData
from sqlalchemy.schema import CreateSchema
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Database, Resource
from tests.conftest import create_postgres_database, make_app, open_client
from tests.http.problems import faults_of, read_problem


class Base(SQLModel):
    metadata = MetaData()


class Shop(Base, table=True):
    __tablename__ = "customers"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)


class Customer(Base, table=True):
    __tablename__ = "customers"
    __table_args__ = {"schema": "crm"}

    id: int | None = Field(default=None, primary_key=True)
    email: str = Field(unique=True)
    shop_id: int | None = Field(default=None, foreign_key="customers.id")
    calls: list["Call"] = Relationship(back_populates="customer", cascade_delete=True)


class Call(Base, table=True):
    __tablename__ = "calls"
    __table_args__ = {"schema": "crm"}

    id: int | None = Field(default=None, primary_key=True)
    customer_id: int = Field(foreign_key="crm.customers.id")
    customer: Customer = Relationship(back_populates="calls")


RESOURCES = (
    Resource(Shop),
    Resource(Customer, path="/crm/customers", includes=["calls"]),
    Resource(Call, includes=["customer"]),
)


@pytest_asyncio.fixture(scope="module")
async def database(postgres_server: str, worker_id: str) -> AsyncIterator[Database]:
    url = await create_postgres_database(postgres_server, f"modelwire_schemas_{worker_id}")
    database = Database(url, metadata=Base.metadata)
    async with database.engine.begin() as connection:
        await connection.execute(CreateSchema("crm"))
    await database.init_db()
    yield database
    await database.close_db()


@pytest_asyncio.fixture
async def client(database: Database, lane: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with database.engine.begin() as connection:
        names = ", ".join(("crm.calls", "crm.customers", "customers"))
        await connection.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY")
    async with open_client(make_app(database, lane, RESOURCES, {})) as client:
        yield client


async def test_each_is_a_resource(client: httpx2.AsyncClient) -> None:
    """Two tables of one name are two resources, each with its own rows and relations."""
    await client.post("/customers/", json={"name": "x"})
    await client.post("/crm/customers/", json={"email": "a", "shop_id": 1})
    await client.post("/calls/", json={"customer_id": 1})
    assert (await client.get("/customers/1")).json() == {"id": 1, "name": "x"}
    shown = (await client.get("/crm/customers/", params={"include": "calls"})).json()["items"]
    call = {"id": 1, "customer_id": 1}
    assert shown == [{"id": 1, "email": "a", "shop_id": 1, "calls": [call]}]
    found = await client.get("/calls/", params={"customer.email": "a", "include": "customer"})
    assert found.json()["total"] == 1
    assert (await client.get("/crm/customers/1/calls/")).json()["items"] == [call]


async def test_constraints_of_each(client: httpx2.AsyncClient) -> None:
    """A constraint is explained by the table of its own schema."""
    await client.post("/customers/", json={"name": "x"})
    await client.post("/crm/customers/", json={"email": "a", "shop_id": 1})
    answer = await client.post("/crm/customers/", json={"email": "a"})
    document = read_problem(answer, 400, "already_exists")
    assert (document["detail"], faults_of(document)) == (
        "Email already exists",
        [("/email", "already_exists")],
    )
    answer = await client.post("/crm/customers/", json={"email": "b", "shop_id": 9})
    assert read_problem(answer, 400, "parent_not_found")["detail"] == "Shop not found"
    answer = await client.delete("/customers/1")
    detail = read_problem(answer, 409, "still_referenced")["detail"]
    assert detail == "Shop is still referenced by customers"


async def test_what_goes_with_a_row(client: httpx2.AsyncClient) -> None:
    """Cascades that the model declares go to rows of the same schema."""
    await client.post("/customers/", json={"name": "x"})
    await client.post("/crm/customers/", json={"email": "a"})
    await client.post("/calls/", json={"customer_id": 1})
    assert (await client.delete("/customers/1")).status_code == 204
    assert (await client.get("/calls/")).json()["total"] == 1
    assert (await client.delete("/crm/customers/1")).status_code == 204
    assert (await client.get("/calls/")).json()["total"] == 0


async def test_document(client: httpx2.AsyncClient) -> None:
    """Each operation has an id of its own, which is an identifier."""
    document = (await client.get("/openapi.json")).json()
    ids = [
        operation["operationId"]
        for path in document["paths"].values()
        for operation in path.values()
    ]
    assert len(set(ids)) == len(ids)
    assert all(name.isidentifier() for name in ids)
    assert {"list_customers", "list_crm_customers", "create_shop", "create_customer"} <= set(ids)
