"""`modelwire mcp`: an agent that starts the service itself, as a process."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from .agents import read_result

ROOT = Path(__file__).parents[2]

GUARDED = """
from dataclasses import dataclass
from typing import Annotated

from fastapi import FastAPI, Header, HTTPException
from fastapi.security import HTTPBearer
from sqlmodel import Field, SQLModel

from modelwire import Caller, Database, Policy, Resource, mount


@dataclass
class Member:
    id: int


class StdioNote(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    owner_id: int
    text: str


def read_member(authorization: Annotated[str, Header()] = "") -> Member:
    if not authorization.startswith("Bearer "):
        raise HTTPException(401, "Who are you?", {"WWW-Authenticate": "Bearer"})
    return Member(int(authorization.removeprefix("Bearer ")))


print("this is no message")
me = Caller(read_member)
database = Database()
app = FastAPI(title="Notes", lifespan=database.lifespan)
own = Policy(read=StdioNote.owner_id == me.id)
resource = Resource(StdioNote, path="/notes", policy=own, assign_on_create={"owner_id": me.id})
mount(app, database, resource, caller=me)
"""


@asynccontextmanager
async def open_process(
    directory: Path, *arguments: str, mode: str = "auto", **environment: str
) -> AsyncIterator[Client]:
    """Start the command, and speak to it as agents do."""
    url = f"sqlite:///{directory}/stdio.db"
    known = {**os.environ, "MODELWIRE_DATABASE_URL": url, "PYTHONPATH": str(ROOT), **environment}
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "modelwire", "mcp", *arguments],
        env=known,
        cwd=directory,
    )
    with (directory / "log").open("w") as log:
        async with Client(stdio_client(command, errlog=log), mode=mode) as client:
            yield client


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_league(tmp_path: Path, mode: str) -> None:
    """An agent of a process lists the tools, writes a row and reads it."""
    async with open_process(tmp_path, str(ROOT / "examples" / "league.py"), mode=mode) as client:
        names = [tool.name for tool in (await client.list_tools()).tools]
        team = {"resource": "teams", "operation": "create", "values": {"name": "Red"}}
        created = read_result(await client.call_tool("write", team))
        found = read_result(await client.call_tool("query", {"resource": "teams"}))
    assert names[0] == "list_resources"
    assert created.value["item"] == {"id": 1, "name": "Red", "city": None}
    assert found.value["items"] == [created.value["item"]]


async def test_the_caller_of_a_process(tmp_path: Path) -> None:
    """The caller is given by a header or the environment; without one, tools answer 401."""
    (tmp_path / "notes.py").write_text(GUARDED)
    note = {"resource": "notes", "operation": "create", "values": {"text": "x"}}
    async with open_process(tmp_path, "notes.py", MODELWIRE_TOKEN="1") as client:
        created = read_result(await client.call_tool("write", note))
    async with open_process(tmp_path, "notes.py", "--header", "Authorization: Bearer 2") as client:
        others = read_result(await client.call_tool("query", {"resource": "notes"}))
    async with open_process(tmp_path, "notes.py") as client:
        refused = read_result(await client.call_tool("query", {"resource": "notes"}))
    assert created.value["item"] == {"id": 1, "owner_id": 1, "text": "x"}
    assert others == (False, {"items": [], "next": None})
    assert refused.is_error
    assert refused.value["status"] == 401
    assert "this is no message" in (tmp_path / "log").read_text()


WRONG = [
    (["nowhere.py"], "There is no file nowhere.py"),
    (["notes.py", "--header", "Authorization"], "--header should be a name and a value"),
    (["notes.py", "--path", "/mcp"], "--path /mcp: agents are served at none"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_wrong_commands(tmp_path: Path, arguments: list[str], message: str) -> None:
    """A wrong command is reported in one line, on standard error."""
    (tmp_path / "notes.py").write_text(GUARDED)
    url = f"sqlite:///{tmp_path}/stdio.db"
    done = subprocess.run(  # noqa: PLW1510 - it is to fail
        [sys.executable, "-m", "modelwire", "mcp", *arguments],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=120,
        env={**os.environ, "MODELWIRE_DATABASE_URL": url},
        input="",
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr.splitlines()[-1]
