"""A service whose requests are guarded, for one caller or another."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import BackgroundTasks, Depends, FastAPI, Header, HTTPException, Response, Security
from fastapi.security import SecurityScopes
from pydantic import BaseModel
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel, select

from modelwire import (
    Caller,
    CallerSessionDep,
    Change,
    Database,
    Hooks,
    Policy,
    Refused,
    Resource,
    SessionDep,
    everyone,
    mount,
)
from tests.conftest import use_sessions


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own."""


class Note(Base, table=True):
    __tablename__ = "notes"

    id: int | None = Field(default=None, primary_key=True)
    owner: str = ""
    text: str = ""


class Page(Base, table=True):
    __tablename__ = "pages"

    id: int | None = Field(default=None, primary_key=True)
    title: str


class Visit(Base, table=True):
    """Visit that a guard records."""

    __tablename__ = "visits"

    id: int | None = Field(default=None, primary_key=True)
    page_id: int


class Tag(Base, table=True):
    __tablename__ = "tags"

    id: int | None = Field(default=None, primary_key=True)
    name: str


class Member(BaseModel):
    name: str
    is_admin: bool = False


class Service:
    """An application, and what was called in it."""

    def __init__(  # noqa: C901 - its dependencies, one after another
        self, database: Database, lane: str, *, with_session: bool = False
    ) -> None:
        self.calls: Counter[str] = Counter()
        self.ran: list[str] = []
        self.rights = {"ann": "abc", "bo": ""}
        calls = self.calls

        def find_member(x_name: str | None) -> Member:
            calls["caller"] += 1
            if x_name not in self.rights:
                raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
            return Member(name=x_name, is_admin=x_name == "ann")

        async def read_member(x_name: Annotated[str | None, Header()] = None) -> Member:
            return find_member(x_name)

        async def look_member_up(
            session: SessionDep, x_name: Annotated[str | None, Header()] = None
        ) -> Member:
            await session.exec(select(Tag))
            return find_member(x_name)

        chosen = look_member_up if with_session else read_member
        me = Caller(chosen, key="name")
        Who = Annotated[Member, Depends(chosen)]  # noqa: N806 - a type

        def demand(scopes: SecurityScopes, who: Who) -> None:
            calls["scoped"] += 1
            if not set(scopes.scopes) <= set(self.rights[who.name]):
                raise HTTPException(403, "You lack a scope")

        async def visit(id: int, session: SessionDep, tasks: BackgroundTasks) -> None:  # noqa: A002
            """See the page of the path, and write that down."""
            calls["visit"] += 1
            if await session.get(Page, id) is None:
                raise HTTPException(404, "No such page to visit")
            session.add(Visit(page_id=id))
            await session.commit()
            tasks.add_task(self.ran.append, f"task {id}")

        async def look_around(session: CallerSessionDep) -> None:
            notes = (await session.exec(select(Note.owner))).all()
            self.ran.append(f"sees {', '.join(notes)}")

        async def enclose(response: Response) -> AsyncIterator[None]:
            self.ran.append("open")
            response.headers["X-Enclosed"] = "yes"
            yield
            self.ran.append("close")

        def refuse(change: Change) -> None:
            for row in change.rows:
                if row.new and row.new["name"] == "bad":
                    raise Refused("No such tag", row.pointer)
                if row.new and row.new["name"] == "teapot":
                    raise HTTPException(418, "short and stout")

        def after(change: Change) -> None:
            self.ran.append(
                f"{change.operation} {[row.new['id'] for row in change.rows if row.new]}"
            )

        self.app = FastAPI()
        mount(
            self.app,
            database,
            Resource(
                Note,
                policy=Policy(read=Note.owner == me.name, create=everyone),
                assign_on_create={"owner": me.name},
                operation_dependencies={
                    "create": [Security(demand, scopes=["a"])],
                    "delete": [Security(demand, scopes=["b"])],
                },
            ),
            Resource(
                Page,
                policy=Policy(read=everyone, write=me.is_admin),
                operation_dependencies={"update": [Depends(visit)], "create": [Depends(enclose)]},
            ),
            Resource(Visit, policy=Policy(read=everyone)),
            Resource(
                Tag,
                policy=Policy(read=everyone),
                operations=["create", "read", "list", "update", "bulk_update"],
                operation_dependencies={"bulk_update": [Depends(look_around)]},
                hooks=Hooks(before_create=[refuse], after_commit=[after]),
            ),
            caller=me,
        )

        @self.app.get("/pages/latest")
        def latest() -> str:
            return "own"

        @self.app.post("/own/{key}")
        def own(key: str) -> Any:
            return key

        if lane == "session":
            use_sessions(self.app, database)
