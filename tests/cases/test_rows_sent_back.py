"""A row that was read can be sent back: read-only fields are refused only if they differ."""

from typing import Any

import httpx2
import pytest
from pydantic import BaseModel, ConfigDict, computed_field
from sqlmodel import SQLModel

from examples.league import Player, Team, User
from modelwire import Database, Resource
from tests import zoo
from tests.conftest import LEAGUE, MakeClient
from tests.http.problems import faults_of, pointers_of, read_problem
from tests.http.rows import HIGH, KINDS, LOW, NULL, store

THING_FIELDS = [name for name, *_ in KINDS] + ["data", "tags"]
WAYS = ("PUT", "PATCH", "bulk", "each")


async def send_back(client: httpx2.AsyncClient, way: str, url: str, body: Any) -> httpx2.Response:
    """Send a row in one of the ways of a change."""
    if way in ("PUT", "PATCH"):
        return await client.request(way, url, json=body)
    base = url.rpartition("/")[0]
    query = "?atomic=false" if way == "each" else ""
    return await client.patch(f"{base}/bulk/{query}", json=[body])


async def store_things(database: Database) -> None:
    """Store three things: with every low value, with every high one, with NULL in every column."""
    low = {name: value for name, value, *_ in KINDS} | {"data": {"a": 1}, "tags": ["x"]}
    high = {name: value for name, _, value, *_ in KINDS} | {"data": {"a": 2}, "tags": []}
    await store(
        database,
        zoo.Thing(id=LOW, **low),
        zoo.Thing(id=HIGH, **high),
        zoo.Thing(id=NULL, tags=["y"]),
    )


def is_done(way: str, answer: httpx2.Response) -> bool:
    if way == "each":
        return bool(answer.json()["items"][0]["status"] == 200)
    return answer.status_code == 200


def faults_in(way: str, answer: httpx2.Response) -> list[tuple[str, str]]:
    """Return the faults, with their places in a row."""
    problem = answer.json()["items"][0]["problem"] if way == "each" else None
    faults = faults_of(problem or read_problem(answer, 422, "invalid"))
    return [(pointer.removeprefix("/0"), code) for pointer, code in faults]


@pytest.mark.parametrize("way", WAYS)
async def test_every_kind_of_value(make_client: MakeClient, database: Database, way: str) -> None:
    """A row of which nothing can be set is sent back as it was read, and stays so."""
    client = await make_client(Resource(zoo.Thing, read_only=THING_FIELDS, shown=["token_id"]))
    await store_things(database)
    for row in (await client.get("/things/")).json()["items"]:
        url = f"/things/{row['id']}"
        tag = (await client.get(url)).headers["etag"]
        answer = await send_back(client, way, url, row)
        assert is_done(way, answer), answer.text
        assert (await client.get(url)).headers["etag"] == tag


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", THING_FIELDS)
async def test_another_value(
    make_client: MakeClient, database: Database, name: str, way: str
) -> None:
    """The value of another row, or null in place of one, is refused with its field alone."""
    client = await make_client(Resource(zoo.Thing, read_only=THING_FIELDS))
    await store_things(database)
    first, second, nulls = (await client.get("/things/?sort=id")).json()["items"]
    others = [second[name], 7 if name != "number" else 8, *([None] if way != "PUT" else [])]
    for other in others:
        answer = await send_back(client, way, f"/things/{first['id']}", first | {name: other})
        assert faults_in(way, answer) == [(f"/{name}", "unknown_field")], other
    if first[name] is not None and nulls[name] is None:
        changed = nulls | {name: first[name]}
        answer = await send_back(client, way, f"/things/{nulls['id']}", changed)
        assert faults_in(way, answer) == [(f"/{name}", "unknown_field")]


SPELT: tuple[tuple[str, Any, Any], ...] = (
    ("moment", "2026-01-01T00:00:00Z", "2026-01-01T02:00:00+02:00"),
    ("price", "1.10", "1.1"),
    ("ratio", 1.0, 1),
    ("span", "P1D", "PT24H"),
)


@pytest.mark.parametrize(("name", "value", "spelt"), SPELT)
async def test_value_that_is_spelt_differently(
    make_client: MakeClient, name: str, value: Any, spelt: Any
) -> None:
    """A value counts, however it is written."""
    open_client = await make_client(Resource(zoo.Thing))
    row = (await open_client.post("/things/", json={name: value})).json()
    client = await make_client(Resource(zoo.Thing, read_only=THING_FIELDS))
    answer = await client.patch(f"/things/{row['id']}", json={name: spelt})
    assert answer.status_code == 200, answer.text


TRUE: tuple[tuple[type[SQLModel], dict[str, Any]], ...] = (
    (User, {"username": "ann", "email": "a"}),
    (zoo.OrderLine, {"sku": "a", "quantity": 3}),
    (zoo.Country, {"code": "no", "name": "Norway"}),
    (zoo.Group, {"name": "Chess"}),
)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("model", "body"), TRUE, ids=[m.__name__ for m, _ in TRUE])
async def test_whole_row_with_a_change(
    make_client: MakeClient, model: type[SQLModel], body: dict[str, Any], way: str
) -> None:
    """A row is changed by sending all of it: keys, computed columns and times among the rest."""
    client = await make_client(Resource(model))
    created = await client.post(f"/{model.__tablename__}/", json=body)
    url, row = created.headers["location"], created.json()
    name = next(name for name in body if name not in ("code", "quantity"))
    changed = row | {name: "changed"}
    answer = await send_back(client, way, url, changed)
    assert is_done(way, answer), answer.text
    assert (await client.get(url)).json() == changed


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("key", [2, "2", True, "x", None])
async def test_key_of_another_row(client: httpx2.AsyncClient, method: str, key: Any) -> None:
    """A key in the body is the one in the path, or refused; null means nothing to PUT."""
    await client.post("/teams/bulk/", json=[{"name": "Red"}, {"name": "Blue"}])
    answer = await client.request(method, "/teams/1", json={"id": key, "name": "Green"})
    if key is None and method == "PUT":
        assert answer.json()["name"] == "Green"
    else:
        assert faults_of(read_problem(answer, 422, "invalid")) == [("/id", "unknown_field")]
        assert (await client.get("/teams/1")).json()["name"] == "Red"


async def test_row_that_is_not_there(client: httpx2.AsyncClient) -> None:
    """A row that is not there is not found, whatever is said of it."""
    answer = await client.put("/teams/7", json={"id": 7, "players": [], "name": "Red"})
    read_problem(answer, 404, "not_found")


async def test_key_alone_needs_no_look(
    client: httpx2.AsyncClient, statements: list[str], lane: str
) -> None:
    """A change with its own key in it is one statement, as without."""
    await client.post("/teams/", json={"name": "Red"})
    del statements[:]
    assert (await client.put("/teams/1", json={"id": 1, "name": "Blue"})).status_code == 200
    assert len(statements) == 1, lane


async def test_includes(make_client: MakeClient) -> None:
    """Rows that were included are sent back with the row that shows them."""
    client = await make_client(
        Resource(Team, includes=["players"], include_by_default=["players"]),
        Resource(Player, includes=["team"], includes_back=["team"]),
    )
    await client.post("/teams/", json={"name": "Red"})
    await client.post("/players/bulk/", json=[{"name": n, "team_id": 1} for n in ("Ann", "Bo")])
    row = (await client.get("/teams/1")).json()
    assert len(row["players"]) == 2
    for method in ("PUT", "PATCH"):
        answer = await client.request(method, "/teams/1", json=row | {"city": method})
        assert answer.json()["city"] == method
        without_null = [{n: v for n, v in p.items() if v is not None} for p in row["players"]]
        body = row | {"city": method, "players": without_null}
        assert (await client.request(method, "/teams/1", json=body)).status_code == 200
    player = (await client.get("/players/1?include=team")).json()
    assert (await client.put("/players/1", json=player)).status_code == 200
    deep = (await client.get("/teams/1?include=players.team")).json()
    assert deep["players"][0]["team"]["name"] == "Red"
    assert (await client.put("/teams/1", json=deep)).status_code == 200


OTHER_PLAYERS: tuple[Any, ...] = (
    [],
    None,
    {},
    "x",
    [{}, {}],
    [{"id": 1, "name": "Ann", "team_id": 1}],
    [{"id": 1, "name": "Eve", "team_id": 1}, {"id": 2, "name": "Bo", "team_id": 1}],
    [{"id": 2, "name": "Bo", "team_id": 1}, {"id": 1, "name": "Ann", "team_id": 1}],
    [{"id": 1, "name": "Ann", "team_id": 1, "x": 1}, {"id": 2, "name": "Bo", "team_id": 1}],
    [{"id": 1, "name": "Ann", "team_id": 1, "team": {"id": 2}}, {"id": 2, "name": "Bo"}],
    [1, 2],
)


@pytest.mark.parametrize("index", range(len(OTHER_PLAYERS)))
async def test_other_includes(client: httpx2.AsyncClient, index: int) -> None:
    """Included rows that are other than they are shown are refused: they can't be set by this."""
    await client.post("/teams/", json={"name": "Red"})
    await client.post("/players/bulk/", json=[{"name": n, "team_id": 1} for n in ("Ann", "Bo")])
    answer = await client.patch("/teams/1", json={"city": "x", "players": OTHER_PLAYERS[index]})
    assert faults_of(read_problem(answer, 422, "invalid")) == [("/players", "unknown_field")]
    assert (await client.get("/teams/1")).json()["city"] is None


async def test_links(zoo_client: httpx2.AsyncClient) -> None:
    """Linked rows are sent back as they were shown; keys in their place still set the links."""
    await zoo_client.post("/people/bulk/", json=[{"first_name": n, "last_name": "x"} for n in "ab"])
    await zoo_client.post("/groups/", json={"name": "Chess", "members": [1, 2]})
    row = (await zoo_client.get("/groups/1?include=members")).json()
    assert len(row["members"]) == 2
    assert (await zoo_client.put("/groups/1", json=row)).status_code == 200
    answer = await zoo_client.put("/groups/1", json=row | {"members": row["members"][:1]})
    problem = read_problem(answer, 422, "invalid")
    assert faults_of(problem) == [("/members/0", "nested_write")]
    assert (await zoo_client.get("/groups/1?include=members")).json() == row
    assert (await zoo_client.put("/groups/1", json=row | {"members": [2]})).status_code == 200
    shown = (await zoo_client.get("/groups/1?include=members")).json()
    assert [member["id"] for member in shown["members"]] == [2]


class Card(BaseModel):
    """Shows less than there is, and more."""

    id: int
    name: str

    @computed_field  # type: ignore[prop-decorator]
    @property
    def label(self) -> str:
        return f"{self.id}: {self.name}"


async def test_read_schema(make_client: MakeClient) -> None:
    """A value computed by a user's own schema can be sent back too."""
    client = await make_client(Resource(Team, read_schema=Card))
    row = (await client.post("/teams/", json={"name": "Red"})).json()
    assert row["label"] == "1: Red"
    assert (await client.put("/teams/1", json=row | {"name": "Blue"})).json()["label"] == "1: Blue"
    answer = await client.put("/teams/1", json=row)
    assert pointers_of(read_problem(answer, 422, "invalid")) == ["/label"]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")
    city: str | None = None


class Lax(BaseModel):
    model_config = ConfigDict(extra="ignore")
    city: str | None = None


class Bare(BaseModel):
    city: str | None = None


@pytest.mark.parametrize(("schema", "status"), [(Strict, 422), (Lax, 200), (Bare, 200)])
async def test_update_schema(make_client: MakeClient, schema: type[BaseModel], status: int) -> None:
    """A schema that says itself what becomes of other fields has its way."""
    client = await make_client(Resource(Team, update_schema=schema))
    row = (await client.post("/teams/", json={"name": "Red"})).json()
    answer = await client.put("/teams/1", json=row | {"city": "Oslo"})
    assert answer.status_code == status, answer.text
    other = await client.put("/teams/1", json=row | {"name": "Blue"})
    assert other.status_code == (200 if schema is Lax else 422)


async def test_hidden_field(make_client: MakeClient, database: Database) -> None:
    """A field that is not shown can't be guessed at by sending it back."""
    client = await make_client(Resource(User, hidden=["email"], read_only=["email"]))
    await store(database, User(username="ann", email="ann@x"))
    answers = [
        await client.patch("/users/1", json={"email": guess}) for guess in ("ann@x", "bob@x")
    ]
    first, second = (read_problem(answer, 422, "invalid")["errors"] for answer in answers)
    assert first == second


async def test_mass_change(client: httpx2.AsyncClient) -> None:
    """A patch of all that match may have what all of them have."""
    await client.post("/teams/", json={"name": "Red"})
    await client.post("/players/bulk/", json=[{"name": "Ann", "team_id": 1}] * 2)
    headers = {"Prefer": "max-affected=2"}
    url, team = "/players/?name=Ann", {"id": 1, "name": "Red"}
    same = await client.patch(url, json={"team": team, "position": "x"}, headers=headers)
    assert same.json() == {"affected": 2}
    other = await client.patch(url, json={"id": 1, "position": "y"}, headers=headers)
    assert pointers_of(read_problem(other, 422, "invalid")) == ["/id"]
    assert (await client.get("/players/2")).json()["position"] == "x"


async def test_what_is_not_read_only(make_client: MakeClient) -> None:
    """Tables are named in a message that they are of."""
    client = await make_client(*LEAGUE)
    await client.post("/teams/", json={"name": "Red"})
    answer = await client.patch("/teams/1", json={"id": 2})
    (error,) = read_problem(answer, 422, "invalid")["errors"]
    assert error["message"] == "is not a field that can be set here"
    assert Player.__tablename__ not in answer.text


async def test_document(make_client: MakeClient) -> None:
    """The document says which fields of a change are for reading only."""
    client = await make_client(*LEAGUE)
    schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]
    marked = {n for n, p in schemas["TeamUpdate"]["properties"].items() if p.get("readOnly")}
    assert marked == {"id", "players"}
    assert "id" not in schemas["TeamCreate"]["properties"]
