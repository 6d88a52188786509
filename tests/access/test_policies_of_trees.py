"""Policies that look at other rows of the row's own table, such as its parent in a tree."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import httpx2
import pytest
import pytest_asyncio
from fastapi import Header
from pydantic import BaseModel
from sqlalchemy import MetaData
from sqlalchemy.orm import aliased, registry
from sqlmodel import Field, Relationship, SQLModel, col, select

from modelwire import Caller, Changes, Database, Policy, Resource
from tests.changes.exact import clear_log
from tests.conftest import empty_tables
from tests.worlds import Makers, World, make_world_fixture, on_lanes


class Base(SQLModel, registry=registry()):
    """Tables of their own."""

    metadata = MetaData()


class TreeNode(Base, table=True):
    __tablename__ = "tree_nodes"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    owner: str | None = None
    parent_id: int | None = Field(default=None, foreign_key="tree_nodes.id")
    parent: "TreeNode" = Relationship(
        back_populates="children", sa_relationship_kwargs={"remote_side": "TreeNode.id"}
    )
    children: list["TreeNode"] = Relationship(back_populates="parent")


class Member(BaseModel):
    name: str


def read_member(x_name: Annotated[str, Header()]) -> Member:
    return Member(name=x_name)


me = Caller(read_member, key="name")
Node: Any = TreeNode
Parent: Any = aliased(TreeNode)
Above: Any = aliased(TreeNode, name="above")
MINE: Any = col(TreeNode.owner) == me.name

Rows = Mapping[int, Mapping[str, Any]]
Sees = Callable[[Rows, Mapping[str, Any], str], bool]


def _parent(rows: Rows, row: Mapping[str, Any]) -> Mapping[str, Any]:
    return rows.get(row["parent_id"] or 0, {"owner": None, "parent_id": None})


def _has_mine_above(rows: Rows, row: Mapping[str, Any], who: str) -> bool:
    return bool(_parent(rows, row)["owner"] == who)


def _has_mine_twice_above(rows: Rows, row: Mapping[str, Any], who: str) -> bool:
    return bool(_parent(rows, _parent(rows, row))["owner"] == who)


def _has_mine_below(rows: Rows, row: Mapping[str, Any], who: str) -> bool:
    return any(other["parent_id"] == row["id"] and other["owner"] == who for other in rows.values())


CONDITIONS: dict[str, tuple[Any, Sees]] = {
    "has": (Node.parent.has(MINE), _has_mine_above),
    "any": (Node.children.any(MINE), _has_mine_below),
    "exists": (
        select(Parent.id).where(Parent.id == Node.parent_id, Parent.owner == me.name).exists(),
        _has_mine_above,
    ),
    "in": (
        Node.parent_id.in_(select(Parent.id).where(Parent.owner == me.name)),
        _has_mine_above,
    ),
    "twice": (
        select(Parent.id)
        .join(Above, Above.id == Parent.parent_id)
        .where(Parent.id == Node.parent_id, Above.owner == me.name)
        .exists(),
        _has_mine_twice_above,
    ),
}
"""What shows a row to others than its owner, in SQL and in Python."""

STORED: list[dict[str, Any]] = [
    {"id": 1, "name": "a", "owner": "ann", "parent_id": None},
    {"id": 2, "name": "a1", "owner": "bob", "parent_id": 1},
    {"id": 3, "name": "a2", "owner": None, "parent_id": 1},
    {"id": 4, "name": "a11", "owner": "cem", "parent_id": 2},
    {"id": 5, "name": "a21", "owner": "ann", "parent_id": 3},
    {"id": 6, "name": "b", "owner": "bob", "parent_id": None},
]
ROWS: Rows = {row["id"]: row for row in STORED}
CALLERS = ("ann", "bob", "cem")


class Tree:
    """A service of the tree, and what each of its callers should see."""

    def __init__(self, client: httpx2.AsyncClient, sees: Sees) -> None:
        self.client = client
        self._sees = sees

    def shows(self, row: Mapping[str, Any], who: str, rows: Rows = ROWS) -> bool:
        rows = {**rows, row["id"]: row}
        return bool(row["owner"] == who) or self._sees(rows, row, who)

    def seen_by(self, who: str) -> Sequence[Mapping[str, Any]]:
        return [row for row in STORED if self.shows(row, who)]

    async def ask(self, who: str, method: str, path: str, **options: Any) -> httpx2.Response:
        headers = {"x-name": who, **options.pop("headers", {})}
        return await self.client.request(method, path, headers=headers, **options)


def make_trees(database: Database) -> Makers:
    """An application for each condition on each lane, as in `has direct`."""
    made: Makers = {}
    for name, (condition, _) in CONDITIONS.items():
        resource = Resource(
            TreeNode,
            includes=["parent", "children"],
            nested_writes=["children"],
            writable=["id"],
            policy=Policy(read=MINE | condition),
            changes=Changes(),
        )
        apps = on_lanes((resource,), caller=me)(database)
        made |= {f"{name} {lane}": make for lane, make in apps.items()}
    return made


trees = make_world_fixture("trees", Base.metadata, make_trees, keeps_log=True)


@pytest_asyncio.fixture
async def tree(request: pytest.FixtureRequest, trees: World, lane: str) -> Tree:
    """The service under the condition that the test is about.

    Its tree is stored in order, so that the log has it all.
    """
    await empty_tables(trees.database)
    await clear_log(trees.database)
    async with trees.database.session() as session:
        for row in STORED:
            session.add(TreeNode(**row))
            await session.flush()
        await session.commit()
    _, sees = CONDITIONS[request.param]
    return Tree(trees.clients[f"{request.param} {lane}"], sees)


on_conditions = pytest.mark.parametrize("tree", CONDITIONS, indirect=True)


@on_conditions
async def test_rows_and_what_became_of_them(tree: Tree) -> None:
    """Lists, includes, history, earlier states and live changes show the same rows."""
    for who in CALLERS:
        seen = tree.seen_by(who)
        found = (await tree.ask(who, "GET", "/tree_nodes/?include=parent&sort=id")).json()["items"]
        assert [{k: v for k, v in row.items() if k != "parent"} for row in found] == seen
        keys = {row["id"] for row in seen}
        for row in found:
            parent = row["parent"]
            assert (parent or {}).get("id") == (row["parent_id"] if parent else None)
            assert (parent is not None) is (row["parent_id"] in keys)
        changes = (await tree.ask(who, "GET", "/tree_nodes/changes/")).json()["items"]
        assert [change["item"] for change in changes] == seen
        for row in STORED:
            path = f"/tree_nodes/{row['id']}"
            status = 200 if row["id"] in keys else 404
            for query in ("", "/history/", "?as_of=2999-01-01T00:00:00Z"):
                assert (await tree.ask(who, "GET", path + query)).status_code == status, (who, row)


WAYS = ("one", "bulk", "each", "upsert", "child", "nested", "batch")


async def _create(tree: Tree, who: str, way: str, row: dict[str, Any]) -> int:
    """Create a row in one of the ways; return the status of this row."""
    path = "/tree_nodes/"
    match way:
        case "one":
            answer = await tree.ask(who, "POST", path, json=row)
        case "bulk":
            answer = await tree.ask(who, "POST", f"{path}bulk/", json=[row])
        case "each":
            answer = await tree.ask(who, "POST", f"{path}bulk/?atomic=false", json=[row])
            return int(answer.json()["items"][0]["status"])
        case "upsert":
            answer = await tree.ask(who, "POST", f"{path}bulk/?on_conflict=name", json=[row])
        case "child":
            answer = await tree.ask(who, "POST", f"{path}{row['parent_id']}/children/", json=row)
        case "nested":
            body = {"id": 20, "name": "n", "owner": who, "children": [row | {"parent_id": 20}]}
            answer = await tree.ask(who, "POST", path, json=body)
        case _:
            one = {"method": "POST", "path": path, "body": row}
            answer = await tree.ask(who, "POST", "/batch", json={"requests": [one]})
    return answer.status_code


@on_conditions
@pytest.mark.parametrize("way", WAYS)
async def test_new_rows(tree: Tree, way: str) -> None:
    """A row is created exactly if its creator would see it, however it is written."""
    key = 100
    for who in CALLERS:
        for parent in tree.seen_by(who):
            for owner in (who, None):
                key += 1
                row = {"id": key, "name": f"n{key}", "owner": owner, "parent_id": parent["id"]}
                above = {20: {"id": 20, "owner": who, "parent_id": None}} if way == "nested" else {}
                stored = row | ({"parent_id": 20} if way == "nested" else {})
                allowed = tree.shows(stored, who, {**ROWS, **above})
                status = await _create(tree, who, way, row)
                assert (status in (200, 201)) is allowed, (who, row, status)
                assert allowed or status == 403
                for made in (key, 20):
                    await tree.ask(who, "DELETE", f"/tree_nodes/{made}")


@on_conditions
async def test_a_row_is_no_parent_of_itself_to_its_policy(tree: Tree) -> None:
    """What a new row says of itself shows it to nobody."""
    itself = {"id": 50, "name": "itself", "owner": None, "parent_id": 50}
    assert (await tree.ask("ann", "POST", "/tree_nodes/", json=itself)).status_code in (400, 403)


@on_conditions
async def test_changed_rows(tree: Tree) -> None:
    """A change is stored exactly if the row is seen after it."""
    for who in CALLERS:
        for row in tree.seen_by(who):
            for change in ({"owner": None}, {"owner": who}, {"parent_id": None}):
                changed = {**row, **change}
                allowed = tree.shows(changed, who)
                dry = {"Prefer": "tx=rollback"}
                path = f"/tree_nodes/{row['id']}"
                answer = await tree.ask(who, "PATCH", path, json=change, headers=dry)
                assert answer.status_code == (200 if allowed else 403), (who, row, change)
