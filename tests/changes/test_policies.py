"""Changes that callers see, and that they may revert."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import FastAPI, Header
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel, select

from modelwire import (
    Caller,
    CallerSessionDep,
    Changes,
    Database,
    FieldPolicy,
    Policy,
    Resource,
    SessionDep,
    everyone,
    mount,
    nobody,
)
from modelwire.testing import assert_isolated
from tests.changes.exact import clear_log
from tests.conftest import empty_tables, open_client
from tests.worlds import Makers, World, make_world_fixture, on_lanes


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own."""


class Wage(Base, table=True):
    __tablename__ = "wages"

    id: int | None = Field(default=None, primary_key=True)
    team: str
    label: str = ""
    amount: int = 0
    grade: int = 0
    hidden_mark: str | None = None
    made_by: int | None = None
    version: int = 1


class Member(BaseModel):
    id: int
    teams: list[str]
    manages: bool = False


def read_member(who: Annotated[str, Header()]) -> Member:
    name, *teams = who.split(",")
    return Member(id=int(name), teams=teams, manages=name == "1")


async def look_up(who: Annotated[str, Header()], session: SessionDep) -> Member:
    """The caller, whom the database is asked for first, in the transaction of the request."""
    await session.exec(select(Wage.id).limit(1))
    return read_member(who)


me = Caller(read_member)

WAGES = Resource(
    Wage,
    changes=Changes(),
    version="version",
    hidden=["hidden_mark"],
    policy=Policy(
        read=Wage.team.in_(me.teams),  # type: ignore[attr-defined]
        fields={
            "amount": FieldPolicy(read=me.manages, write=me.manages),
            "grade": FieldPolicy(write=nobody),
        },
    ),
    assign_on_update={"made_by": me.id},
    assign_on_create={"made_by": me.id},
)


def add_own_endpoint(app: FastAPI, _: object) -> None:
    @app.post("/own/{key}")
    async def relabel(key: int, session: CallerSessionDep) -> None:
        wage = await session.get(Wage, key)
        assert wage is not None
        wage.label = "own"


def make_apps(database: Database) -> Makers:
    everything = Resource(Wage, changes=Changes(), policy=Policy(read=everyone))
    apps = on_lanes((WAGES,), add_own_endpoint, caller=me)(database)
    asking = on_lanes((everything,), add_own_endpoint, caller=Caller(look_up))(database)
    return {**apps, "looks up": asking["direct"]}


wages_world = make_world_fixture("wages", Base.metadata, make_apps, keeps_log=True)


@pytest.fixture
async def client(wages_world: World, lane: str) -> httpx2.AsyncClient:
    await empty_tables(wages_world.database)
    await clear_log(wages_world.database)
    return wages_world.clients[lane]


BOSS = {"who": "1,red,blue"}
RED = {"who": "2,red"}
BLUE = {"who": "3,blue"}
NONE = {"who": "4"}


async def history(
    client: httpx2.AsyncClient, who: dict[str, str], key: int = 1
) -> list[tuple[str, Any, dict[str, Any]]] | int:
    """The changes of a row as a caller sees them: operation, author and fields."""
    answer = await client.get(f"/wages/{key}/history/", headers=who)
    if not answer.is_success:
        missing = await client.get("/wages/99/history/", headers=who)
        assert answer.content == missing.content
        return answer.status_code
    return [(i["operation"], i["by"], i["changed"]) for i in answer.json()["items"]]


async def send(
    client: httpx2.AsyncClient, who: dict[str, str], method: str, path: str, body: Any = None
) -> httpx2.Response:
    return await client.request(method, path, headers=who, json=body)


async def ok(
    client: httpx2.AsyncClient, who: dict[str, str], method: str, path: str, body: Any = None
) -> httpx2.Response:
    answer = await send(client, who, method, path, body)
    assert answer.is_success, answer.text
    return answer


async def test_a_caller_who_is_looked_up_in_the_transaction(wages_world: World) -> None:
    """A write is by the caller, even if its transaction began by looking the caller up."""
    await empty_tables(wages_world.database)
    await clear_log(wages_world.database)
    client = wages_world.clients["looks up"]
    await ok(client, BOSS, "POST", "/wages/", {"team": "red", "label": "a"})
    await ok(client, RED, "PATCH", "/wages/1", {"label": "b"})
    await ok(client, BLUE, "POST", "/own/1")
    await ok(client, NONE, "PATCH", "/wages/bulk/", [{"id": 1, "label": "d"}])
    await ok(client, RED, "DELETE", "/wages/1")
    async with wages_world.database.engine.connect() as connection:
        log = await connection.scalars(text("SELECT by FROM modelwire_changes ORDER BY number"))
        assert log.all() == ["1", "2", "3", "4", "2"]


async def test_a_row_that_moves(client: httpx2.AsyncClient) -> None:
    """Each sees what became of a row while he could see it, as it came and went."""
    await ok(client, BOSS, "POST", "/wages/", {"team": "red", "label": "a", "amount": 10})
    await ok(client, RED, "PATCH", "/wages/1", {"label": "b"})
    await ok(client, BOSS, "PATCH", "/wages/1", {"team": "blue"})
    await ok(client, BLUE, "PATCH", "/wages/1", {"label": "c"})
    assert await history(client, RED) == 404
    assert await history(client, NONE) == 404
    seen = await history(client, BLUE)
    assert isinstance(seen, list)
    assert [(operation, by) for operation, by, _ in seen] == [("update", 3), ("create", 1)]
    assert seen[0][2]["label"] == {"old": "b", "new": "c"}
    assert seen[1][2]["label"] == {"old": None, "new": "b"}
    assert "amount" not in seen[1][2]
    told = await history(client, BOSS)
    assert isinstance(told, list)
    assert [(operation, by) for operation, by, _ in told] == [
        ("update", 3),
        ("update", 1),
        ("update", 2),
        ("create", 1),
    ]
    assert told[3][2]["amount"] == {"old": None, "new": 10}


async def test_what_is_not_seen(client: httpx2.AsyncClient, wages_world: World) -> None:
    """A change of nothing but what may not be seen is none."""
    await ok(client, BOSS, "POST", "/wages/", {"team": "red"})
    await ok(client, BOSS, "PATCH", "/wages/1", {"hidden_mark": "x"})
    await ok(client, BOSS, "PATCH", "/wages/1", {"amount": 5})
    for who, count in ((BOSS, 3), (RED, 3)):
        seen = await history(client, who)
        assert isinstance(seen, list)
        assert len(seen) == count
        assert not any("hidden_mark" in changed for *_, changed in seen)
    # Their version is all that Red may see of the last two.
    seen = await history(client, RED)
    assert isinstance(seen, list)
    assert [list(changed) for *_, changed in seen[:2]] == [["version"], ["version"]]


async def test_rows_that_are_gone(client: httpx2.AsyncClient) -> None:
    """A caller who could see the last state of a row sees its history."""
    await ok(client, BOSS, "POST", "/wages/", {"team": "red"})
    await ok(client, BOSS, "PATCH", "/wages/1", {"team": "blue"})
    await ok(client, BOSS, "DELETE", "/wages/1")
    assert await history(client, RED) == 404
    seen = await history(client, BLUE)
    assert isinstance(seen, list)
    assert [operation for operation, *_ in seen] == ["delete", "create"]


async def test_as_of(client: httpx2.AsyncClient) -> None:
    """A row as it was is seen by who could see it as it was."""
    await ok(client, BOSS, "POST", "/wages/", {"team": "red", "amount": 4})
    then = {"as_of": datetime.now(UTC).isoformat()}
    await ok(client, BOSS, "PATCH", "/wages/1", {"team": "blue"})
    red = await client.get("/wages/1", headers=RED, params=then)
    assert red.json()["team"] == "red"
    assert "amount" not in red.json()
    boss = await client.get("/wages/1", headers=BOSS, params=then)
    assert boss.json()["amount"] == 4
    assert boss.headers["etag"] != red.headers["etag"]
    missing = await client.get("/wages/99", headers=BLUE, params=then)
    blue = await client.get("/wages/1", headers=BLUE, params=then)
    assert (blue.status_code, blue.content) == (404, missing.content)
    assert (await client.get("/wages/1", headers=RED)).status_code == 404
    included = await client.get("/wages/1", headers=BOSS, params={**then, "include": ""})
    assert "can't be combined with `as_of`" in included.json()["detail"]


async def number_of(client: httpx2.AsyncClient, place: int = 0, key: int = 1) -> int:
    answer = await client.get(f"/wages/{key}/history/", headers=BOSS)
    number: int = answer.json()["items"][place]["number"]
    return number


async def test_revert(client: httpx2.AsyncClient) -> None:
    """A revert increments the version, and assigns the values of its caller."""
    await ok(client, BOSS, "POST", "/wages/", {"team": "red", "label": "a"})
    await ok(client, BOSS, "PATCH", "/wages/1", {"label": "b", "hidden_mark": "x"})
    path = f"/wages/1/history/{await number_of(client)}/revert"
    assert (await send(client, BLUE, "POST", path)).status_code == 404
    back = await ok(client, RED, "POST", path)
    row = back.json()
    assert (row["label"], row["version"], row["made_by"]) == ("a", 3, 2)
    seen = await history(client, RED)
    assert isinstance(seen, list)
    assert seen[0][1] == 2
    again = await send(client, RED, "POST", path)
    assert (again.status_code, again.json()["code"]) == (409, "changed_since")
    assert again.json()["detail"] == "Changed since: label"


async def test_revert_of_a_hidden_field(client: httpx2.AsyncClient) -> None:
    """A field that may not be seen is reverted too, and not shown."""
    await ok(client, BOSS, "POST", "/wages/", {"team": "red", "hidden_mark": "x"})
    await ok(client, BOSS, "PATCH", "/wages/1", {"hidden_mark": "y"})
    path = f"/wages/1/history/{await number_of(client)}/revert"
    await ok(client, BOSS, "POST", path)
    again = await send(client, BOSS, "POST", path)
    assert again.json()["detail"] == "The row has changed since"


async def test_what_may_not_be_set(client: httpx2.AsyncClient) -> None:
    """A change of what the caller may not set can't be taken back by him."""
    await ok(client, BOSS, "POST", "/wages/", {"team": "red", "amount": 1})
    await ok(client, BOSS, "PATCH", "/wages/1", {"amount": 2})
    path = f"/wages/1/history/{await number_of(client)}/revert"
    assert (await send(client, RED, "POST", path)).status_code == 403
    assert (await ok(client, BOSS, "POST", path)).json()["amount"] == 1


async def test_where_it_may_not_go(client: httpx2.AsyncClient) -> None:
    """A reverted row has to satisfy the policy."""
    await ok(client, BOSS, "POST", "/wages/", {"team": "red"})
    await ok(client, BOSS, "PATCH", "/wages/1", {"team": "blue"})
    path = f"/wages/1/history/{await number_of(client)}/revert"
    # To Blue the row has been created by it.
    assert (await send(client, BLUE, "POST", path)).status_code == 409
    assert (await ok(client, BOSS, "POST", path)).json()["team"] == "red"


async def test_conditional(client: httpx2.AsyncClient) -> None:
    """`If-Match` is compared, and a key makes it happen once."""
    tag = (await ok(client, BOSS, "POST", "/wages/", {"team": "red", "label": "a"})).headers["etag"]
    await ok(client, BOSS, "PATCH", "/wages/1", {"label": "b"})
    path = f"/wages/1/history/{await number_of(client)}/revert"
    assert (await client.post(path, headers={**BOSS, "If-Match": tag})).status_code == 412
    for _ in range(2):
        answer = await client.post(path, headers={**BOSS, "Idempotency-Key": "k"})
        assert answer.json()["label"] == "a"
    minimal = await client.post(
        f"/wages/1/history/{await number_of(client)}/revert",
        headers={**BOSS, "Prefer": "return=minimal"},
    )
    assert minimal.status_code == 204


async def test_anew(client: httpx2.AsyncClient) -> None:
    """A row that was deleted is created anew, under its key."""
    await ok(client, BOSS, "POST", "/wages/", {"team": "red", "amount": 7, "hidden_mark": "x"})
    await ok(client, BOSS, "DELETE", "/wages/1")
    path = f"/wages/1/history/{await number_of(client)}/revert"
    assert (await send(client, BLUE, "POST", path)).status_code == 404
    assert (await send(client, RED, "POST", path)).status_code == 403
    made = await ok(client, BOSS, "POST", path)
    assert made.status_code == 201
    assert made.headers["location"] == "/wages/1"
    assert made.json() | {"version": 1} == {
        "id": 1,
        "team": "red",
        "label": "",
        "amount": 7,
        "grade": 0,
        "made_by": 1,
        "version": 1,
    }
    assert (await send(client, BOSS, "POST", path)).json()["code"] == "changed_since"
    first = f"/wages/1/history/{await number_of(client, -1)}/revert"
    assert (await send(client, BOSS, "POST", first)).status_code == 409


async def test_own_endpoints(client: httpx2.AsyncClient) -> None:
    """Writes of an application's own endpoint are the caller's as well."""
    await ok(client, BOSS, "POST", "/wages/", {"team": "red"})
    await ok(client, RED, "POST", "/own/1")
    seen = await history(client, RED)
    assert isinstance(seen, list)
    assert (seen[0][1], seen[0][2]["label"]) == (2, {"old": "", "new": "own"})


async def test_in_a_batch(client: httpx2.AsyncClient) -> None:
    """History is read and changes are taken back in batches as well."""
    await ok(client, BOSS, "POST", "/wages/", {"team": "red", "label": "a"})
    await ok(client, BOSS, "PATCH", "/wages/1", {"label": "b"})
    requests = [
        {"method": "POST", "path": f"/wages/1/history/{await number_of(client)}/revert"},
        {"method": "GET", "path": "/wages/1/history/"},
    ]
    answer = await ok(client, BOSS, "POST", "/batch", {"requests": requests})
    reverted, told = answer.json()["responses"]
    assert reverted["body"]["label"] == "a"
    assert told["body"]["items"][0]["changed"]["label"] == {"old": "b", "new": "a"}


async def test_pages(client: httpx2.AsyncClient) -> None:
    """Pages lead on and back, and show each change once."""
    await ok(client, BOSS, "POST", "/wages/", {"team": "red", "label": "0"})
    for i in range(1, 8):
        await ok(client, BOSS, "PATCH", "/wages/1", {"label": str(i)})

    async def read(cursor: str) -> Any:
        query: dict[str, str | int] = {"limit": 3, "cursor": cursor}
        return (await client.get("/wages/1/history/", headers=RED, params=query)).json()

    def labels_of(page: Any) -> list[str]:
        return [item["changed"]["label"]["new"] for item in page["items"]]

    page = await read("")
    labels = labels_of(page)
    while page["next"] is not None:
        page = await read(page["next"])
        labels += labels_of(page)
    assert labels == list("76543210")
    backwards: list[str] = []
    while page["previous"] is not None:
        page = await read(page["previous"])
        backwards = labels_of(page) + backwards
    assert backwards == list("765432")
    for query in ({"limit": 0}, {"limit": 101}, {"cursor": "x"}, {"skip": 1}, {"sort": "at"}):
        answer = await client.get("/wages/1/history/", headers=RED, params=query)
        assert answer.status_code == 422, query


def test_two_callers(tmp_path: Path) -> None:
    """No caller sees another's rows by their history, or reverts their changes."""
    own = Resource(
        Wage,
        changes=Changes(),
        policy=Policy(read=Wage.made_by == me.id),
        assign_on_create={"made_by": me.id},
    )
    database = Database(f"sqlite:///{tmp_path}/isolated.db", metadata=Base.metadata)
    app = FastAPI(lifespan=database.lifespan)
    mount(app, database, own, caller=me)
    assert_isolated(app, alice={"who": "1"}, bob={"who": "2"})


async def test_without_history(tmp_path: Path) -> None:
    """Without history there are no routes for it, and no parameter."""
    database = Database(f"sqlite:///{tmp_path}/none.db", metadata=Base.metadata)
    app = FastAPI()
    await database.init_db()
    mount(app, database, Resource(Wage, changes=Changes(history=False)))
    async with open_client(app) as client:
        assert (await client.post("/wages/", json={"team": "a"})).status_code == 201
        assert (await client.get("/wages/1/history/")).status_code == 404
        assert (await client.get("/wages/1?as_of=2026-01-01T00:00:00Z")).status_code == 422
    await database.close_db()
