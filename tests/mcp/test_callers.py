"""Responses to agents depend on their callers."""

from dataclasses import dataclass
from typing import Annotated

import pytest
from fastapi import FastAPI, Header, HTTPException
from sqlalchemy import MetaData
from sqlmodel import Field, SQLModel

from modelwire import Caller, Database, FieldPolicy, Policy, Resource, everyone, mount, nobody
from tests.conftest import PATIENT

from .agents import Agent
from .histories import keep_history


class CallersBase(SQLModel):
    metadata = MetaData()


class AgentsMember(CallersBase, table=True):
    """Membership of an organisation."""

    __tablename__ = "agents_members"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    wage: int = 0


class AgentsNote(CallersBase, table=True):
    __tablename__ = "agents_notes"

    id: int | None = Field(default=None, primary_key=True)
    member_id: int = Field(foreign_key="agents_members.id")
    text: str


@dataclass
class Asking:
    """Caller."""

    id: int
    is_admin: bool = False


def read_asking(x_asking: Annotated[str, Header()] = "") -> Asking:
    if not x_asking:
        raise HTTPException(401, "Who are you?")
    return Asking(int(x_asking), is_admin=x_asking == "1")


me = Caller(read_asking)
ADMIN, OTHER = {"x-asking": "1"}, {"x-asking": "2"}


@pytest.fixture
def app() -> FastAPI:
    """An application of two resources, which an administrator sees more of."""
    app = FastAPI()
    rules = {"wage": FieldPolicy(read=me.is_admin, write=nobody)}
    members = Policy(read=everyone, write=me.is_admin, delete=nobody, fields=rules)
    notes = Policy(read=AgentsNote.member_id == me.id)
    mount(
        app,
        Database("sqlite://", metadata=CallersBase.metadata, **PATIENT),
        Resource(AgentsMember, path="/members", policy=members),
        Resource(AgentsNote, path="/notes", policy=notes, operations=["read", "list", "create"]),
        caller=me,
        mcp=True,
    )
    return app


async def test_rights(app: FastAPI) -> None:
    """For how many rows a caller may do what is told where that is known, and only then."""
    notes = {"read": "some", "create": "some", "update": "none", "delete": "none"}
    for headers, may in ((ADMIN, "all"), (OTHER, "none")):
        listed = await Agent(app, headers).ask("list_resources")
        members = {"read": "all", "create": may, "update": may, "delete": "none"}
        assert listed["resources"] == [
            {"name": "members", "about": "Membership of an organisation.", "may": members},
            {"name": "notes", "may": notes},
        ]


async def test_fields(app: FastAPI) -> None:
    """A field that a caller may not see is as unknown to it as what never was."""
    admin, other = Agent(app, ADMIN), Agent(app, OTHER)
    described = await admin.ask("describe_resource", resource="members")
    assert described["fields"]["wage"]["read_only"]
    described = await other.ask("describe_resource", resource="members")
    assert "wage" not in str(described)
    problem = await other.refuse("query", resource="members", filters={"wage": 1})
    assert problem["errors"][0]["code"] == "unknown_parameter"
    notes = await other.ask("describe_resource", resource="notes")
    assert notes["fields"]["member_id"]["refers_to"] == "members"


async def test_history(app: FastAPI) -> None:
    """Resources with a history have a tool for it, and eight tools are within the bounds."""
    agent = Agent(app, ADMIN)
    assert "history" not in [tool["name"] for tool in await agent.list_tools()]
    asked = keep_history(app, "/notes/{id}/history")
    tools = await agent.list_tools()
    assert [tool["name"] for tool in tools][-1] == "history"
    assert len(tools) == 8
    assert len(str(tools).encode()) <= 8 * 1024
    page = await agent.ask("history", resource="notes", key=7, limit=2)
    assert page == {"items": [{"number": 3}, {"number": 2}], "next": "1"}
    page = await agent.ask("history", resource="notes", key=7, limit=2, cursor="1")
    assert page == {"items": [{"number": 1}], "next": None}
    assert asked == ["7", "7"]
    problem = await agent.refuse("history", resource="members", key=1)
    assert problem["detail"] == "`members` keeps no history"
