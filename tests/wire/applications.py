"""Applications that the transcripts ask, each on both lanes."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException
from sqlalchemy import delete, update
from sqlalchemy.orm import selectinload
from sqlmodel import col, select

from modelwire import (
    Caller,
    CallerSessionDep,
    Change,
    Changes,
    Database,
    FieldPolicy,
    Hooks,
    Policy,
    Refused,
    Resource,
    everyone,
    nobody,
    row_of,
    shown,
)
from tests.conftest import make_app

from .tables import (
    Author,
    Book,
    Comment,
    Guarded,
    Node,
    Note,
    Office,
    Order,
    OrderLine,
    Paper,
    Place,
    Remark,
    Review,
    Shelf,
    Stage,
    Tag,
    Ticket,
    Topic,
)

Tell = Callable[[str], None]

HOOKS = (
    *("before_create", "before_update", "before_delete"),
    *("after_create", "after_update", "after_delete", "after_commit"),
)
KEPT = Changes(history=True, live=True)
KEPT_NOTES = (
    Resource(
        Note, changes=KEPT, soft_delete="deleted_at", includes=["remarks"], read_only=["rank"]
    ),
    Resource(
        Remark,
        changes=Changes(history=True, live=True, keep_days=9),
        soft_delete="deleted_at",
        includes=["note"],
    ),
)


def make_app_of(name: str, database: Database, tell: Tell) -> FastAPI:
    """Make an application.

    Args:
        name: Its name; the endpoints of `sessions` are in the way of a session.
        database: Its database.
        tell: Is told of every call of a hook.
    """
    if name == "members":
        app = make_app(database, "direct", MEMBERS, {"caller": me})
        _add_own(app)
        _add_own_writes(app)
        return app
    if name == "followed":
        # One group has it for itself: what was read of the log is remembered.
        return make_app(database, "direct", KEPT_NOTES, {})
    if name == "strict":
        options = {"conflict_status": 409, "prefix": "/v1", "batch": None, "max_body_bytes": 1000}
        return make_app(database, "direct", STRICT, options)
    return make_app(database, "session" if name == "sessions" else "direct", _library(tell), {})


def _library(tell: Tell) -> tuple[Resource, ...]:
    return (
        Resource(
            Author,
            includes=["books"],
            include_by_default=["books"],
            nested_writes=["books"],
            max_bulk_rows=3,
            filters={"name": "icontains"},
        ),
        Resource(
            Book,
            includes=["author", "tags", "reviews"],
            nested_writes=["tags", "reviews"],
            version="version",
            default_limit=3,
            max_limit=5,
        ),
        Resource(Tag, includes=["books"]),
        Resource(Review),
        Resource(Shelf, require_if_match=True),
        Resource(Place, includes=["shelf"]),
        Resource(Node, includes=["parent", "children"], nested_writes=["children"]),
        *KEPT_NOTES,
        Resource(
            Order,
            hooks=_hooks("order", tell),
            nested_writes=["lines", "labels"],
            includes=["lines", "labels"],
        ),
        Resource(OrderLine, hooks=_hooks("line", tell)),
        Resource(Guarded, operations=["create", "read", "list", "update"]),
        Resource(Ticket),
        Resource(Stage),
    )


LIMITS: Mapping[str, Mapping[str, int]] = {"strict": {"max_included": 2}}
"""Settings of applications."""

STRICT = (
    Resource(Author, includes=["books"], operations=["create", "read", "list", "delete", "stream"]),
    Resource(Book, path="/volumes", escape_formulas=True, hidden=["data"], max_bulk_rows=2),
)


def _hooks(name: str, tell: Tell) -> Hooks:
    """Hooks of every kind, which tell what they are called with, and do what a row asks for."""
    return Hooks(**{kind: [_hook(name, kind, tell)] for kind in HOOKS})


def _hook(name: str, kind: str, tell: Tell) -> Callable[[Change], Coroutine[Any, Any, None]]:
    async def hook(change: Change) -> None:
        await asyncio.sleep(0)  # what was sent before is told first
        for link in change.links:
            tell(f"{name}.{kind} {link.action} {link.relationship} {link.keys}")
        for row in change.rows:
            tell(f"{name}.{kind} {row.pointer!r} {_show(row.old)} -> {_show(row.new)}")
            values: Mapping[str, Any] = row.new or row.old or {}
            asked = values.get("state" if name == "order" else "item")
            if asked == kind:
                raise Refused("Not now", row.pointer)
            if asked == f"{kind} 403":
                raise HTTPException(403, "Not you")
            if asked == f"{kind} fails":
                raise RuntimeError("secret")
            if asked == f"{kind} numbers" and row.new is not None:
                row.new["number"] = "7"
            if asked == f"{kind} asks":
                rows = await change.session.exec(select(Order.number).order_by(col(Order.id)))
                tell(f"  orders: {list(rows)}")

    return hook


def _show(row: Any) -> str:
    return "-" if row is None else " ".join(f"{name}={value}" for name, value in row.items())


@dataclass
class Member:
    """Who asks."""

    id: int
    offices: list[int]
    is_boss: bool = False


CALLERS = {
    "ann": Member(1, [1]),
    "bob": Member(2, [2]),
    "eve": Member(3, []),
    "joe": Member(4, [1, 2], is_boss=True),
}


def read_member(authorization: Annotated[str, Header()] = "") -> Member:
    """The member whose name is the token."""
    member = CALLERS.get(authorization.removeprefix("Bearer "))
    if member is None:
        raise HTTPException(401, "Who are you?", {"WWW-Authenticate": "Bearer"})
    return member


me = Caller(read_member)

MEMBERS = (
    Resource(
        Office,
        policy=Policy(read=col(Office.id).in_(me.offices), write=me.is_boss),
        includes=["papers"],
        nested_writes=["papers"],
    ),
    Resource(
        Paper,
        policy=Policy(
            read=col(Paper.office_id).in_(me.offices),
            update=col(Paper.state) != "locked",
            delete=col(Paper.made_by) == me.id,
            fields={"fee": FieldPolicy(read=me.is_boss, write=me.is_boss)},
        ),
        assign_on_create={"made_by": me.id},
        assign_on_update={"changed_by": me.id},
        includes=["office", "topics", "comments"],
        nested_writes=["topics", "comments"],
        changes=KEPT,
    ),
    Resource(
        Topic,
        policy=Policy(
            read=(col(Topic.office_id).is_(None) | col(Topic.office_id).in_(me.offices))
            & (col(Topic.name) != "unseen"),
            create=everyone,
            update=me.is_boss,
            delete=nobody,
        ),
    ),
    Resource(
        Comment,
        policy=Policy(read=everyone, write=col(Comment.made_by) == me.id, restore=me.is_boss),
        assign_on_create={"made_by": me.id},
        soft_delete="deleted_at",
        includes=["paper"],
    ),
)


def _add_own(app: FastAPI) -> None:
    """Add endpoints of the application's own."""

    @app.post("/papers/{id}/issue", response_model=shown(Paper))
    async def issue(
        paper: Annotated[Paper, Depends(row_of(Paper, "update"))], session: CallerSessionDep
    ) -> Paper:
        paper.state = "issued"
        await session.flush()
        return paper

    @app.post("/papers/{id}/move", response_model=shown(Paper))
    async def move(paper: Annotated[Paper, Depends(row_of(Paper, "update"))], to: int) -> Paper:
        paper.office_id = to
        return paper

    @app.get("/own/titles")
    async def titles(session: CallerSessionDep) -> list[str]:
        return list(await session.exec(select(Paper.title).order_by(col(Paper.id))))

    @app.post("/own/papers")
    async def add(session: CallerSessionDep, title: str, office: int) -> int | None:
        paper = Paper(title=title, office_id=office)
        session.add(paper)
        await session.flush()
        return paper.id

    @app.delete("/own/papers/{number}")
    async def remove(session: CallerSessionDep, number: int) -> bool:
        paper = await session.get(Paper, number)
        if paper is not None:
            await session.delete(paper)
        return paper is not None


def _add_own_writes(app: FastAPI) -> None:
    """Add endpoints that write many rows, or by relationships."""

    @app.patch("/own/papers")
    async def mark(session: CallerSessionDep, state: str, office: int | None = None) -> int:
        values = {"state": state} if office is None else {"state": state, "office_id": office}
        changed = await session.exec(
            update(Paper).where(col(Paper.state) == "draft").values(**values)
        )
        return changed.rowcount

    @app.delete("/own/papers")
    async def sweep(session: CallerSessionDep, state: str) -> int:
        removed = await session.exec(delete(Paper).where(col(Paper.state) == state))
        return removed.rowcount

    @app.put("/own/papers/{number}/topics/{topic}")
    async def file(session: CallerSessionDep, number: int, topic: int) -> int:
        paper = await session.get(Paper, number, options=[selectinload(PAPER_TOPICS)])
        found = await session.get(Topic, topic)
        if paper is None or found is None:
            raise HTTPException(404, "Not here")
        paper.topics.append(found)
        await session.flush()
        return len(paper.topics)

    @app.put("/own/papers/{number}/office/{office}")
    async def settle(session: CallerSessionDep, number: int, office: int) -> int | None:
        paper = await session.get(Paper, number)
        found = await session.get(Office, office)
        if paper is None or found is None:
            raise HTTPException(404, "Not here")
        paper.office, paper.made_by, paper.changed_by = found, 9, 9
        await session.flush()
        return paper.changed_by


PAPER_TOPICS: Any = Paper.topics
