"""Decisions of policies on each route, case by case; the differential tests cover the rest."""

import json
from typing import Annotated, Any

import pytest
from fastapi import Header, HTTPException
from pydantic import BaseModel
from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Caller, Policy, Resource, everyone
from tests.conftest import MakeClient


class Base(SQLModel, registry=registry(metadata=SQLModel.metadata)):
    """Classes of their own, whatever those of other tests are called."""


class Firm(Base, table=True):
    __tablename__ = "access_firms"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)

    bills: list["Bill"] = Relationship(back_populates="firm")


class BillTag(Base, table=True):
    __tablename__ = "access_bill_tags"

    bill_id: int = Field(foreign_key="access_bills.id", primary_key=True)
    tag_id: int = Field(foreign_key="access_tags.id", primary_key=True)


class Bill(Base, table=True):
    __tablename__ = "access_bills"

    id: int | None = Field(default=None, primary_key=True)
    number: str
    firm_id: int = Field(foreign_key="access_firms.id")
    status: str = "draft"
    created_by: int | None = None
    changed_by: int | None = None

    firm: Firm | None = Relationship(back_populates="bills")
    lines: list["BillLine"] = Relationship(back_populates="bill", cascade_delete=True)
    tags: list["Tag"] = Relationship(link_model=BillTag)


class BillLine(Base, table=True):
    __tablename__ = "access_bill_lines"

    id: int | None = Field(default=None, primary_key=True)
    bill_id: int = Field(foreign_key="access_bills.id")
    text: str

    bill: Bill | None = Relationship(back_populates="lines")


class Tag(Base, table=True):
    __tablename__ = "access_tags"
    __table_args__ = (UniqueConstraint("by", "code"),)

    id: int | None = Field(default=None, primary_key=True)
    owner_id: int
    code: str = "a"
    name: str = ""
    by: int | None = None


class Wish(Base, table=True):
    """Wish that everyone may leave, and admins read."""

    __tablename__ = "access_wishes"

    id: int | None = Field(default=None, primary_key=True)
    text: str
    secret_number: int = 7


class Visitor(BaseModel):
    id: int
    firms: list[int]
    is_admin: bool = False


async def read_visitor(x_visitor: Annotated[str | None, Header()] = None) -> Visitor:
    if x_visitor is None:
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
    return Visitor(**json.loads(x_visitor))


me = Caller(read_visitor)
mine = Bill.firm_id.in_(me.firms)  # type: ignore[attr-defined]

RESOURCES = (
    Resource(
        Firm,
        policy=Policy(read=Firm.id.in_(me.firms), create=everyone, update=me.is_admin),  # type: ignore[union-attr]
        includes=["bills"],
    ),
    Resource(
        Bill,
        policy=Policy(read=mine, update=mine & (Bill.status == "draft"), delete=me.is_admin),
        assign_on_create={"created_by": me.id},
        assign_on_update={"changed_by": me.id},
        includes=["firm", "lines", "tags"],
        nested_writes=["lines"],
    ),
    Resource(BillLine, policy=Policy(read=BillLine.bill.has(mine)), includes=["bill"]),  # type: ignore[union-attr]
    Resource(
        Tag,
        policy=Policy(read=Tag.owner_id == me.id),
        assign_on_create={"by": me.id},
        assign_on_update={"name": lambda: "changed"},
    ),
    Resource(Wish, policy=Policy(read=me.is_admin, create=everyone)),
)


def visitor(number: int, *firms: int, is_admin: bool = False) -> dict[str, str]:
    return {"x-visitor": json.dumps({"id": number, "firms": firms, "is_admin": is_admin})}


ANN, BEN, ADMIN = visitor(1, 1), visitor(2, 2), visitor(3, 1, 2, is_admin=True)


class Service:
    """The service, with a firm and a bill of each of two visitors."""

    def __init__(self, client: Any) -> None:
        self.client = client

    async def ask(
        self, method: str, path: str, who: dict[str, str], body: Any = None, **headers: str
    ) -> Any:
        return await self.client.request(method, path, json=body, headers={**who, **headers})

    async def status(self, *arguments: Any, **headers: Any) -> int:
        return int((await self.ask(*arguments, **headers)).status_code)

    async def code(self, *arguments: Any, **headers: Any) -> tuple[str, list[str]]:
        problem = (await self.ask(*arguments, **headers)).json()
        return problem["code"], [error.get("pointer") for error in problem.get("errors", [])]


@pytest.fixture
async def service(make_client: MakeClient) -> Service:
    made = Service(await make_client(*RESOURCES, caller=me))
    for who, name in ((ANN, "one"), (BEN, "two")):
        await made.ask("POST", "/access_firms/", who, {"name": name})
    for number, who in ((1, ANN), (2, BEN)):
        body = {"number": f"n{number}", "firm_id": number, "lines": [{"text": f"line {number}"}]}
        answer = await made.ask("POST", "/access_bills/", who, body)
        assert answer.status_code == 201, answer.text
        assert answer.json()["created_by"] == number
        await made.ask("POST", "/access_tags/", who, {"owner_id": number})
    return made


async def test_reads(service: Service) -> None:
    assert await service.status("GET", "/access_bills/", {}) == 401
    hidden = await service.ask("GET", "/access_bills/2", ANN)
    missing = await service.ask("GET", "/access_bills/9", ANN)
    assert hidden.status_code == 404
    assert hidden.content == missing.content
    page = (await service.ask("GET", "/access_bills/?include=lines,firm", ANN)).json()
    assert page["total"] == 1
    assert [line["text"] for line in page["items"][0]["lines"]] == ["line 1"]
    other = await service.ask("GET", "/access_bill_lines/?bill.number=n2", ANN)
    assert other.json()["total"] == 0
    assert await service.status("GET", "/access_firms/2/bills/", ANN) == 404
    assert await service.status("GET", "/access_firms/2/bills/", BEN) == 200


async def test_changes(service: Service) -> None:
    """404 for what is not seen, 403 for what may not be changed, or would leave the policy."""
    hidden = await service.ask("PATCH", "/access_bills/2", ANN, {"status": "x"})
    missing = await service.ask("PATCH", "/access_bills/9", ANN, {"status": "x"})
    assert (hidden.status_code, hidden.content) == (404, missing.content)
    issued = "PATCH", "/access_bills/1", ANN, {"status": "issued"}
    assert await service.code(*issued) == ("forbidden", ["/status"])
    beside = {"number": "y", "status": "issued"}
    assert await service.code(*issued[:-1], beside) == ("forbidden", ["/status"])
    either = {"firm_id": 1, "status": "issued"}
    assert await service.code(*issued[:-1], either) == ("forbidden", [""])
    changed = await service.ask("PATCH", "/access_bills/1", ANN, {"number": "z"})
    assert (changed.json()["number"], changed.json()["changed_by"]) == ("z", 1)
    assert await service.status("DELETE", "/access_bills/1", ANN) == 403
    assert await service.status("DELETE", "/access_bills/1", BEN) == 404
    assert await service.status("DELETE", "/access_bills/1", ADMIN) == 204


async def test_parents(service: Service) -> None:
    """A parent that is not seen is missing, also beside other faults."""
    for path, body, pointer in (
        ("/access_bills/", {"number": "n1", "firm_id": 2}, "/firm_id"),
        ("/access_bills/bulk/", [{"number": "n8", "firm_id": 2}], "/0/firm_id"),
    ):
        hidden = await service.ask("POST", path, ANN, body)
        assert hidden.status_code == 400, hidden.text
        row = body[0] if isinstance(body, list) else body
        row["firm_id"] = 9
        missing = await service.ask("POST", path, ANN, body)
        assert hidden.content == missing.content
        assert hidden.json()["errors"][0]["pointer"] == pointer
    assert await service.code("PATCH", "/access_bills/1", ANN, {"firm_id": 2}) == (
        "parent_not_found",
        ["/firm_id"],
    )


async def test_many(service: Service) -> None:
    """Mass writes refuse as a whole, and each row of a 207 by itself."""
    some = {"prefer": "max-affected=10"}
    refused = "PATCH", "/access_bills/?status=draft", BEN, {"status": "open"}
    assert (await service.code(*refused, **some))[0] == "forbidden"
    assert await service.status("DELETE", "/access_bills/?status=draft", BEN, None, **some) == 403
    rows = [{"number": "a", "firm_id": 1}, {"number": "b", "firm_id": 2}]
    each = await service.ask("POST", "/access_bills/bulk/?atomic=false", ANN, rows)
    assert [item["status"] for item in each.json()["items"]] == [201, 400]
    page = (await service.ask("GET", "/access_bills/?sort=number", ANN)).json()
    assert [item["number"] for item in page["items"]] == ["a", "n1"]


async def test_upserts(service: Service) -> None:
    """A row that is there and not seen is taken; one that may not be changed is forbidden."""
    path = "/access_firms/bulk/?on_conflict=name"
    taken = await service.ask("POST", path, ANN, [{"name": "new"}, {"name": "two"}])
    assert (taken.status_code, taken.json()["code"]) == (400, "already_exists")
    assert taken.json()["errors"][0]["pointer"] == "/1/name"
    path = "/access_tags/bulk/?on_conflict=by,code"  # one of both is assigned
    merged = await service.ask("POST", path, ANN, [{"code": "a", "owner_id": 1}])
    assert merged.status_code == 200, merged.text
    assert [(row["name"], row["by"]) for row in merged.json()] == [("changed", 1)]
    left = await service.ask("POST", path, ANN, [{"code": "a", "owner_id": 2}])
    assert (left.status_code, left.json()["errors"][0]["pointer"]) == (403, "/0/owner_id")


async def test_links(service: Service) -> None:
    """Both ends must be visible; links to unseen rows stay when the others are replaced."""
    assert await service.status("PUT", "/access_bills/1/tags/2", ANN) == 404
    assert await service.status("PUT", "/access_bills/1/tags/1", ANN) == 204
    shared = visitor(2, 1, 2)
    assert await service.status("PUT", "/access_bills/1/tags/2", shared) == 204
    emptied = await service.ask("PATCH", "/access_bills/1?include=tags", ANN, {"tags": []})
    assert emptied.json()["tags"] == []
    kept = await service.ask("GET", "/access_bills/1?include=tags", shared)
    assert [tag["id"] for tag in kept.json()["tags"]] == [2]


async def test_who_may_create_need_not_read(service: Service) -> None:
    """The answer has nothing of a row that its creator may not see."""
    for path, body in (("", {"text": "w"}), ("bulk/", [{"text": "w"}]), ("bulk/", [{"text": "w"}])):
        answer = await service.ask("POST", f"/access_wishes/{path}", ANN, body)
        assert answer.status_code == 201
        assert answer.content == b""
        assert "etag" not in answer.headers
    each = await service.ask("POST", "/access_wishes/bulk/?atomic=false", ANN, [{"text": "w"}])
    assert each.json() == {"items": [{"status": 201}]}
    assert "preference-applied" not in each.headers
    assert (await service.ask("GET", "/access_wishes/", ANN)).json()["total"] == 0
    assert (await service.ask("GET", "/access_wishes/", ADMIN)).json()["total"] == 4


async def test_rows_beside_unseen_ones(service: Service) -> None:
    """Each row of a 207 is answered for itself: those that their creator may see are shown."""
    third = visitor(1, 3)
    path, rows = "/access_firms/bulk/?atomic=false", [{"name": "three"}, {"name": "four"}]
    each = await service.ask("POST", path, third, [*rows, {"name": "one"}])
    seen, unseen, taken = each.json()["items"]
    assert (seen["item"]["id"], unseen, taken["status"]) == (3, {"status": 201}, 400)
    assert "preference-applied" not in each.headers
    for way, status in (("&atomic=false", 207), ("", 204)):
        path = f"/access_firms/bulk/?on_conflict=name{way}"
        merged = await service.ask("POST", path, third, [{"name": f"five{way}"}])
        assert merged.status_code == status
        assert merged.headers["preference-applied"] == "resolution=merge-duplicates"


async def test_assigned_fields_are_not_taken(service: Service) -> None:
    body = {"number": "x", "firm_id": 1, "created_by": 9}
    assert await service.status("POST", "/access_bills/", ANN, body) == 422
