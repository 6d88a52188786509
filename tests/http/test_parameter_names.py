"""Columns that are named like parameters, and how long a query may be."""

import httpx2
import pytest
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from modelwire import Database, Resource
from tests.conftest import MakeClient
from tests.http.rows import read_ids, refused_parameters, store

NAMES = ("limit", "sort", "count", "or", "q", "cursor", "fields", "include", "skip")


class Base(SQLModel, registry=registry(metadata=SQLModel.metadata)):
    """Classes of their own, whatever those of other tests are called."""


class Odd(Base, table=True):
    """A column for each parameter."""

    __tablename__ = "odd"

    id: int | None = Field(default=None, primary_key=True)
    limit: int = 5
    sort: int = 5
    count: int = 5
    or_: int = Field(default=5, alias="or", sa_column_kwargs={"name": "or"})
    q: int = 5
    cursor: int = 5
    fields_: int = Field(default=5, alias="fields", sa_column_kwargs={"name": "fields"})
    include: int = 5
    skip: int = 5


@pytest.mark.parametrize("name", NAMES)
async def test_column_named_like_a_parameter(
    make_client: MakeClient, database: Database, name: str
) -> None:
    """Such a column is filtered with an operator; by its bare name it is the parameter."""
    client = await make_client(Resource(Odd))
    await store(
        database, Odd(id=1), Odd(id=2, limit=6, sort=6, count=6, q=6, cursor=6, include=6, skip=6)
    )
    for path in ("/odd/", "/odd/stream/"):
        assert (await client.get(f"{path}?{name}__eq=5")).status_code == 200
        assert (await client.get(f"{path}?{name}__eq=x")).status_code == 422
    assert 1 in await read_ids(client, f"/odd/?{name}__eq=5")
    answer = await client.get(f"/odd/stream/?{name}=5")
    assert refused_parameters(answer) == [name] if name != "q" else answer.status_code == 422


async def test_length_of_a_query(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    """A query that is too long is 422, and names its longest parameter and the limit."""
    settings = database.settings.model_copy(update={"max_query_bytes": 40})
    monkeypatch.setattr(database, "settings", settings)
    client = await make_client(Resource(Odd))
    assert (await client.get("/odd/?limit=1&skip__in=" + "1" * 17)).status_code == 200
    answer = await client.get("/odd/?limit=1&skip__in=" + "1" * 50)
    assert refused_parameters(answer) == ["skip__in"]
    assert "40 bytes" in answer.text


async def test_ten_thousand_values(client: httpx2.AsyncClient) -> None:
    """A list that is far too long is 422 by its name."""
    answer = await client.get("/users/?id__in=" + ",".join(map(str, range(10_000))))
    assert refused_parameters(answer) == ["id__in"]
    assert "at most 200 values" in answer.text


async def test_limits_are_settings(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    """Each limit is a setting of the database's."""
    limits = {
        "max_filters": 1,
        "max_sort_terms": 1,
        "max_query_bytes": 100,
        "max_list_values": 1,
        "max_search_words": 1,
    }
    limits |= {
        "max_text_length": 3,
        "max_path_depth": 1,
        "max_logic_depth": 1,
        "max_logic_terms": 1,
    }
    monkeypatch.setattr(database, "settings", database.settings.model_copy(update=limits))
    client = await make_client(Resource(Odd))
    for query in (
        "limit__in=1,2",
        "or=(limit:1,limit:2)",
        "or=(not(not(limit:1)))",
        "limit__in=" + "1" * 100,
        "limit__eq=1&count__eq=1",
        "sort=limit,count",
    ):
        assert (await client.get(f"/odd/?{query}")).status_code == 422, query
