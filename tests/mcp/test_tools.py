"""The tools: how many there are, what they answer, and what they say of wrong arguments."""

import json
from typing import Any

import pytest
from fastapi import FastAPI
from mcp import MCPError
from sqlalchemy import MetaData
from sqlmodel import Field, SQLModel

from examples.league import Player, Team
from modelwire import Database, Resource, mount
from tests.conftest import LEAGUE
from tests.http.rows import store, store_users
from tests.zoo import City, Country

from .agents import Agent
from .conftest import MakeAgent

MOST_TOOLS = 8
MOST_BYTES = 8 * 1024

READING = ["list_resources", "describe_resource", "query", "read", "aggregate"]


def measure(tools: list[dict[str, Any]]) -> int:
    return len(json.dumps(tools, separators=(",", ":"), ensure_ascii=False).encode())


async def test_few_tools(agent: Agent) -> None:
    """The league has seven tools in less than 8 KB; what only reads says so."""
    tools = await agent.list_tools()
    assert [tool["name"] for tool in tools] == [*READING, "write", "batch"]
    assert measure(tools) <= MOST_BYTES
    reading = [t["name"] for t in tools if t.get("annotations", {}).get("readOnlyHint")]
    assert reading == READING


def make_tables(count: int) -> list[type[SQLModel]]:
    metadata = MetaData()
    base = type("AgentsBase", (SQLModel,), {"metadata": metadata, "__module__": __name__})
    return [
        type(
            f"AgentsTable{i}",
            (base,),
            {
                "__module__": __name__,
                "__tablename__": f"agents_table_{i}",
                "__annotations__": {"id": int | None, "name": str},
                "id": Field(default=None, primary_key=True),
            },
            table=True,
        )
        for i in range(count)
    ]


async def test_as_many_tools_for_a_hundred_tables() -> None:
    """A hundred tables have the same tools, byte for byte; all of them are listed."""
    database = Database("sqlite://")
    app, models = FastAPI(), make_tables(100)
    mount(app, database, *map(Resource, models), mcp=True)
    league = FastAPI()
    mount(league, database, *LEAGUE, mcp=True)
    agent = Agent(app)
    assert await agent.list_tools() == await Agent(league).list_tools()
    listed: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await agent.ask("list_resources", cursor=cursor)
        listed += [resource["name"] for resource in page["resources"]]
        cursor = page["next"]
    assert listed == [f"agents_table_{i}" for i in range(100)]
    await database.close_db()


async def test_without_batches(database: Database) -> None:
    """Without batches, there is no tool for them."""
    app = FastAPI()
    mount(app, database, *LEAGUE, batch=None, mcp=True)
    assert [tool["name"] for tool in await Agent(app).list_tools()] == [*READING, "write"]


async def test_resources_are_described(agent: Agent) -> None:
    """A resource is described with its fields, what they take, and what leads to others."""
    listed = await agent.ask("list_resources")
    everything = {"read": "all", "create": "all", "update": "all", "delete": "all"}
    assert listed == {
        "resources": [{"name": n, "may": everything} for n in ("users", "teams", "players")],
        "next": None,
    }
    users = await agent.ask("describe_resource", resource="users")
    assert users["key"] == ["id"]
    assert users["fields"]["id"]["read_only"]
    username = {"type": "string", "maxLength": 50, "minLength": 1, "required": True}
    assert users["fields"]["username"].items() >= (username | {"filters_by": "icontains"}).items()
    assert users["fields"]["full_name"]["nullable"]
    assert users["fields"]["created_at"]["format"] == "date-time"
    assert users["operators"]["is_active"] == "eq ne in not_in isnull"
    players = await agent.ask("describe_resource", resource="/players/")
    assert players["fields"]["team_id"]["refers_to"] == "teams"
    assert players["include"] == {"team": "teams"}
    teams = await agent.ask("describe_resource", resource="teams")
    assert teams["include"] == {"players": "players[]"}


async def test_rows_are_read(agent: Agent, database: Database) -> None:
    """Rows are queried page by page, read by their keys and added up."""
    await store(database, Team(name="Red"), Team(name="Blue"))
    await store(database, *(Player(name=name, team_id=1) for name in ("Ann", "Bo", "Cy")))
    wanted: dict[str, Any] = {
        "resource": "players",
        "filters": {"team.name": "Red", "id__in": [1, 2, 3]},
        "or_": "(name:Ann,name:Bo,name:Cy)",
        "sort": "-name",
        "fields": ["name"],
        "include": ["team"],
        "limit": 2,
    }
    page = await agent.ask("query", **wanted)
    red = {"id": 1, "name": "Red", "city": None}
    assert page["items"] == [{"name": "Cy", "team": red}, {"name": "Bo", "team": red}]
    page = await agent.ask("query", **wanted, cursor=page["next"])
    assert page == {"items": [{"name": "Ann", "team": red}], "next": None}
    row = await agent.ask("read", resource="players", key=1, fields=["id", "name"])
    assert row["item"] == {"id": 1, "name": "Ann"}
    assert row["etag"].startswith('"')
    sums = await agent.ask("aggregate", resource="players", group=["team.name"], search="o")
    assert sums == {"items": [{"team.name": "Red", "count": 1}], "next": None}
    sums = await agent.ask("aggregate", resource="players", group=["name"], limit=2)
    assert sums["next"] == "2"
    sums = await agent.ask("aggregate", resource="players", group=["name"], cursor="2")
    assert sums == {"items": [{"name": "Cy", "count": 1}], "next": None}


async def test_lists_of_one_text_with_commas(agent: Agent, database: Database) -> None:
    """A list of values is one, however many it has, and whatever is in them."""
    await store_users(database, ann="A, B", bob="A")
    found = await agent.ask("query", resource="users", filters={"full_name__in": ["A, B"]})
    assert [row["username"] for row in found["items"]] == ["ann"]
    wanted = {"resource": "users", "operation": "delete", "filters": {"full_name__in": ["A, B"]}}
    assert (await agent.ask("write", **wanted))["affected"] == 1


@pytest.mark.parametrize("text", ["a/b", "é ?#", "bulk", "a,b", "%2F", "..", "query", "{0.id}"])
async def test_keys_of_any_kind(make_agent: MakeAgent, database: Database, text: str) -> None:
    """Keys are texts with anything in them, or named like a route; composite ones are arrays."""
    agent = make_agent(Resource(Country), Resource(City))
    country, city = {"code": text, "name": "x"}, {"country_code": text, "name": "a/b,c"}
    await agent.ask("write", resource="countries", operation="create", values=country)
    await agent.ask("write", resource="cities", operation="create", values=city)
    row = await agent.ask("read", resource="countries", key=text, fields=["code"])
    assert row["item"] == {"code": text}
    key = [text, "a/b,c"]
    row = await agent.ask("read", resource="cities", key=key, fields=["name"])
    assert row["item"] == {"name": "a/b,c"}
    deleted = {"resource": "cities", "operation": "delete"}
    tried = await agent.ask("write", **deleted, keys=[key])
    assert tried["confirm"] == 1
    await agent.ask("write", **deleted, keys=[key], confirm=1)
    problem = await agent.refuse("write", **deleted, key=key)
    assert problem["status"] == 404


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("query", {}, "Object missing required field `resource`"),
    ("query", {"resource": 5}, "Expected `str`, got `int` - at `$.resource`"),
    ("query", {"resource": "user"}, "There is no resource `user` (did you mean `users`?)"),
    ("query", {"resource": "users", "limits": 5}, "There is no argument `limits` (did you mean"),
    ("query", {"resource": "users", "filters": {"limit": 5}}, "`limit` is an argument of its own"),
    ("query", {"resource": "users", "filters": {"q": "a"}}, "`search` is an argument of its own"),
    ("aggregate", {"resource": "users", "cursor": "x"}, "cursor: should be `next`"),
    ("list_resources", {"cursor": "-1"}, "cursor: should be `next`"),
    ("read", {"resource": "users", "key": ""}, "key: should not be empty"),
    ("read", {"resource": "users", "key": [1, 2]}, "key: should have a value for each of id"),
]


@pytest.mark.parametrize(("tool", "arguments", "detail"), WRONG)
async def test_wrong_arguments(
    agent: Agent, tool: str, arguments: dict[str, Any], detail: str
) -> None:
    """A wrong argument is named, with what would be right."""
    problem = await agent.refuse(tool, **arguments)
    assert problem["code"] == "invalid_arguments"
    assert detail in problem["detail"]


async def test_other_tools(agent: Agent) -> None:
    """A tool that is not there is an error of the protocol, which names those that are."""
    async with agent.connect() as client:
        with pytest.raises(MCPError, match="There is no tool history; there are list_resources"):
            await client.call_tool("history", {"resource": "users", "key": 1})


async def test_problems_come_as_they_are(agent: Agent, database: Database) -> None:
    """A refusal by the application is passed on in its own words."""
    problem = await agent.refuse("query", resource="users", filters={"usernam": "x"})
    assert problem == {
        "type": "urn:modelwire:invalid",
        "title": "Unprocessable Content",
        "status": 422,
        "code": "invalid",
        "detail": "usernam: is not a parameter here (did you mean `username`?)",
        "errors": [
            {
                "parameter": "usernam",
                "code": "unknown_parameter",
                "message": "is not a parameter here (did you mean `username`?)",
            }
        ],
    }
    problem = await agent.refuse("read", resource="users", key=7)
    assert (problem["status"], problem["detail"]) == (404, "User not found")
    values = {"username": "", "email": 5}
    problem = await agent.refuse("write", resource="users", operation="create", values=values)
    assert [error["pointer"] for error in problem["errors"]] == ["/username", "/email"]


HOSTILE: list[Any] = ["\0", "a" * 20_000, 2**70, 1e400, "'; DROP TABLE users; --", True]


@pytest.mark.parametrize("value", HOSTILE)
async def test_hostile_values(agent: Agent, value: Any) -> None:
    """Whatever is sent, nothing fails but the request."""
    for arguments in (
        {"filters": {"username": value}},
        {"filters": {"id": value}},
        {"filters": {"id__in": [value]}},
        {"search": str(value)},
        {"sort": str(value)},
        {"cursor": str(value)},
    ):
        is_error, answer = await agent.call("query", resource="users", **arguments)
        assert not is_error or answer.get("status", 422) < 500, answer
    values = {"username": value, "email": "a@example.org"}
    is_error, answer = await agent.call(
        "write", resource="users", operation="create", values=values
    )
    assert not is_error or answer["status"] < 500, answer
