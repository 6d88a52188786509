"""Tables whose names statements could have used for what stands beside them in FROM."""

from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Changes, Database, Resource
from tests.conftest import PATIENT, MakeURL, make_app, open_client
from tests.lanes import DIALECTS


class Own(SQLModel, registry=registry()):
    """Tables of its own."""


class RowFan(Own, table=True):
    __tablename__ = "given"

    row: int = Field(foreign_key="rows.id", primary_key=True)
    fan: int = Field(foreign_key="rows.id", primary_key=True)


class RowOfTable(Own, table=True):
    __tablename__ = "rows"

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    rows: int | None = None
    fans: list["RowOfTable"] = Relationship(
        sa_relationship_kwargs={
            "secondary": "given",
            "primaryjoin": "RowOfTable.id == RowFan.row",
            "secondaryjoin": "RowOfTable.id == RowFan.fan",
        }
    )


class TreeOfTable(Own, table=True):
    __tablename__ = "tree"

    id: int | None = Field(default=None, primary_key=True)
    level: int | None = None
    above_id: int | None = Field(default=None, foreign_key="tree.id")
    below: list["TreeOfTable"] = Relationship(cascade_delete=True)


class ExcludedOfTable(Own, table=True):
    __tablename__ = "excluded"

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    excluded: int | None = None


@pytest_asyncio.fixture(params=DIALECTS)
async def named(
    request: pytest.FixtureRequest, make_url: MakeURL, lane: str
) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the tables."""
    url = await make_url(request.param, "named")
    database = Database(url, metadata=Own.metadata, **PATIENT)
    await database.init_db()
    resources = (
        Resource(RowOfTable, includes=["fans"], changes=Changes()),
        Resource(TreeOfTable, includes=["below"], nested_writes=["below"], changes=Changes()),
        Resource(ExcludedOfTable, changes=Changes()),
    )
    async with open_client(make_app(database, lane, resources, {})) as client:
        yield client
    await database.close_db()


async def test_rows(named: httpx2.AsyncClient) -> None:
    """Rows are changed, merged, linked and removed in a table called `rows`."""
    for method, path, body, status in (
        ("POST", "/rows/bulk/", [{"slug": "a"}, {"slug": "b"}], 201),
        ("PATCH", "/rows/bulk/", [{"id": 1, "rows": 7}, {"id": 2, "rows": 8}], 200),
        ("POST", "/rows/bulk/?on_conflict=slug", [{"slug": "a", "rows": 9}, {"slug": "c"}], 200),
        ("PATCH", "/rows/1", {"fans": [1, 2]}, 200),
        ("PUT", "/rows/2/fans/1", None, 204),
        ("DELETE", "/rows/1/fans/1", None, 204),
        ("PATCH", "/rows/?rows__gte=8", {"rows": 10}, 200),
    ):
        headers = {"Prefer": "max-affected=9"}
        answer = await named.request(method, path, json=body, headers=headers)
        assert answer.status_code == status, (path, answer.text)
    items = (await named.get("/rows/?include=fans")).json()["items"]
    assert [(row["rows"], [fan["id"] for fan in row["fans"]]) for row in items] == [
        (10, [2]),
        (10, [1]),
        (None, []),
    ]
    assert (await named.get("/rows/1/history/")).status_code == 200
    assert (await named.request("DELETE", "/rows/bulk/", json=[1, 2])).status_code == 204


async def test_tree(named: httpx2.AsyncClient) -> None:
    """A delete cascades in a table called `tree`."""
    body = {"below": [{"level": 1, "below": [{"level": 2}]}]}
    answer = await named.post("/tree/", json=body)
    assert answer.status_code == 201, answer.text
    answer = await named.delete("/tree/1")
    assert answer.status_code == 204, answer.text
    assert (await named.get("/tree/")).json()["total"] == 0


async def test_excluded(named: httpx2.AsyncClient) -> None:
    """A table called `excluded` can't be merged into, and says so: SQL could not tell its rows from
    those that were to be stored. All else is as ever."""
    rows = [{"slug": "a", "excluded": 1}, {"slug": "b"}]
    assert (await named.post("/excluded/bulk/", json=rows)).status_code == 201
    for resolution in ("merge-duplicates", "ignore-duplicates"):
        headers = {"Prefer": f"resolution={resolution}"}
        url = "/excluded/bulk/?on_conflict=slug"
        answer = await named.post(url, json=[{"slug": "a", "excluded": 2}], headers=headers)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["parameter"] == "on_conflict"
    changed = await named.patch("/excluded/bulk/", json=[{"id": 1, "excluded": 3}])
    assert (changed.status_code, changed.json()[0]["excluded"]) == (200, 3)
    assert (await named.get("/excluded/?excluded__gt=2")).json()["total"] == 1
