"""Policies of single fields, case by case."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated, Any, NamedTuple, Self

import httpx2
import pytest
from fastapi import FastAPI, Header
from pydantic import BaseModel, computed_field, field_serializer, model_validator
from sqlmodel import Field, Relationship, SQLModel

from modelwire import (
    Caller,
    ConfigurationError,
    Database,
    FieldPolicy,
    Policy,
    Resource,
    SessionDep,
    everyone,
    mount,
    nobody,
)
from modelwire.cli.policies import list_policies
from modelwire.web.route import ResourceRoute
from tests.conftest import make_app, open_client
from tests.http.problems import faults_of, read_problem
from tests.lanes import LANES

from .conftest import World
from .staff import OPTIONS, Bureau, Club, ClubLink, Rules, Worker, me, ruled

lanes = pytest.mark.parametrize("lane", LANES)


@asynccontextmanager
async def serve(
    world: World, lane: str, rules: Mapping[type[SQLModel], Rules] | None = None, **options: Any
) -> AsyncIterator[httpx2.AsyncClient]:
    """Serve the rows, as they were, with other rules of fields."""
    await world.fill()
    made = ruled() if rules is None else with_rules(rules)
    async with open_client(
        make_app(world.database, lane, made, {"caller": me, **options})
    ) as client:
        yield client


def with_rules(rules: Mapping[type[SQLModel], Rules]) -> tuple[Resource, ...]:
    """The resources with some rules of fields."""
    return tuple(
        Resource(m, policy=Policy(read=everyone, fields=rules.get(m, {})), **OPTIONS[m])
        for m in (Bureau, Worker, Club)
    )


def by(who: str, **headers: str) -> dict[str, Any]:
    """The headers of a caller's request."""
    return {"headers": {"x-who": who, **headers}}


@lanes
async def test_what_may_not_be_set(world: World, lane: str) -> None:
    """A field that is seen and can't be set is `read_only` wherever a body has it."""
    fault = [("/title", "read_only")]
    async with serve(world, lane) as client:
        body = {"code": "n1", "title": "boss"}
        for answer in (
            await client.post("/people/", json=body, **by("nobody")),
            await client.patch("/people/p0", json={"title": "boss"}, **by("nobody")),
            await client.put("/people/p0", json={"title": "boss"}, **by("nobody")),
            await client.patch(
                "/people/?code=p0", json={"title": "x"}, **by("nobody", prefer="max-affected=1")
            ),
        ):
            assert faults_of(read_problem(answer, 422, "invalid")) == fault
            assert answer.json()["errors"][0]["message"] == "can't be set by this caller"
        for answer, place in (
            (await client.post("/people/bulk/", json=[body], **by("auditor")), "/0/title"),
            (
                await client.patch(
                    "/people/bulk/", json=[{"code": "p0", "title": "x"}], **by("auditor")
                ),
                "/0/title",
            ),
            (
                await client.post(
                    "/offices/", json={"code": "n2", "people": [body]}, **by("nobody")
                ),
                "/people/0/title",
            ),
            (await client.post("/offices/west/people/", json=body, **by("nobody")), "/title"),
            (
                await client.post("/people/bulk/?on_conflict=code", json=[body], **by("nobody")),
                "/0/title",
            ),
        ):
            assert faults_of(read_problem(answer, 422, "invalid")) == [(place, "read_only")]
        assert (await client.post("/people/", json=body, **by("manager"))).status_code == 201
        # What was read can be sent back.
        same = await client.patch("/people/p0", json={"title": "clerk"}, **by("nobody"))
        assert same.status_code == 200


@lanes
async def test_what_nobody_need_know(world: World, lane: str) -> None:
    """A field neither seen nor set is a name like any other; no message names it."""
    async with serve(world, lane) as client:
        for name in ("salary", "salery"):
            for answer in (
                await client.post("/people/", json={"code": "n1", name: 1}, **by("nobody")),
                await client.patch("/people/p0", json={name: 1}, **by("nobody")),
            ):
                assert faults_of(read_problem(answer, 422, "invalid")) == [
                    (f"/{name}", "unknown_field")
                ]
                assert "`salary`" not in answer.text
            for place in (f"{name}__gt=1", f"sort={name}", f"fields={name}", f"or=({name}.eq:1)"):
                answer = await client.get(f"/people/?{place}", **by("nobody"))
                assert answer.status_code == 422
                assert "salary" not in answer.text.replace(f"/people/?{place}", "").replace(
                    name, ""
                )
            below = await client.get(f"/offices/?people.{name}=1", **by("nobody"))
            assert below.status_code == 422
        found = await client.get("/people/?q=hidden", **by("nobody"))
        assert found.json()["items"] == []
        assert (await client.get("/people/?q=hidden", **by("auditor"))).json()["total"] == 4


@lanes
async def test_write_only(world: World, lane: str) -> None:
    """A write-only field is stored, and shown nowhere."""
    async with serve(world, lane) as client:
        answer = await client.patch("/people/p0", json={"pin": "7777"}, **by("manager"))
        assert answer.status_code == 200
        assert "pin" not in answer.json()
        assert {row["pin"] for row in (await world.read())["people"]} >= {"7777"}
        assert (await client.get("/people/?pin=7777", **by("manager"))).status_code == 422
        refused = await client.patch("/people/p0", json={"pin": "1"}, **by("auditor"))
        assert faults_of(read_problem(refused, 422, "invalid")) == [("/pin", "unknown_field")]


@lanes
async def test_constraints(world: World, lane: str) -> None:
    """A caller who can't see a unique field is not told that it is the one taken."""
    async with serve(world, lane) as client:
        taken = {"code": "n1", "email": "ann@hidden.example"}
        told = await client.post("/people/", json=taken, **by("auditor"))
        assert faults_of(read_problem(told, 400, "already_exists")) == [
            ("/email", "already_exists")
        ]
        answer = await client.post("/people/", json=taken, **by("nobody"))
        assert read_problem(answer, 400, "already_exists")
        assert "mail" not in answer.text
        upsert = await client.post("/people/bulk/?on_conflict=email", json=[], **by("nobody"))
        assert upsert.status_code == 422
        assert "`email`" not in upsert.json()["detail"]


@lanes
async def test_a_key_that_is_not_seen(world: World, lane: str) -> None:
    """Relations that lead by a hidden foreign key would tell its value: they are not there."""
    rules: dict[type[SQLModel], Rules] = {Worker: {"office_code": FieldPolicy(read=me.is_manager)}}
    async with serve(world, lane, rules) as client:
        for asked in (
            "/people/?include=office",
            "/people/?office.code=north",
            "/people/?sort=office.name",
            "/offices/?include=people",
            "/offices/?people.code=p0",
            "/people/?office_code=north",
        ):
            assert (await client.get(asked, **by("nobody"))).status_code == 422, asked
            assert (await client.get(asked, **by("manager"))).status_code == 200, asked
        assert "office" not in (await client.get("/people/p0", **by("nobody"))).text
        assert "office" in (await client.get("/people/p0", **by("manager"))).json()
        below = await client.get("/offices/north/people/", **by("nobody"))
        other = await client.get("/offices/north/nothing/", **by("nobody"))
        assert below.status_code == 404
        assert below.text.replace("people", "nothing") == other.text
        created = await client.post("/offices/north/people/", json={"code": "x"}, **by("nobody"))
        assert created.text == below.text
        for path, body in (
            ("/offices/", {"code": "n", "people": [{"code": "n1"}]}),
            ("/people/", {"code": "n", "office": {"code": "n1"}}),
        ):
            answer = await client.post(path, json=body, **by("nobody"))
            (fault,) = faults_of(read_problem(answer, 422, "invalid"))
            assert fault[1] == "unknown_field"
            assert (await client.post(path, json=body, **by("manager"))).status_code == 201
        listed = await client.get("/offices/north/people/", **by("manager"))
        assert listed.json()["total"] == 2


@lanes
async def test_a_key_that_is_not_set(world: World, lane: str) -> None:
    """Nor does anything that is stored along with another row set it."""
    rules: dict[type[SQLModel], Rules] = {Worker: {"office_code": FieldPolicy(write=me.is_manager)}}
    async with serve(world, lane, rules) as client:
        for path, body, place in (
            ("/offices/", {"code": "n", "people": [{"code": "n1"}]}, "/people/0/office_code"),
            ("/people/", {"code": "n2", "office": {"code": "n3"}}, "/office_code"),
            ("/offices/north/people/", {"code": "n4"}, "/office_code"),
        ):
            answer = await client.post(path, json=body, **by("nobody"))
            assert faults_of(read_problem(answer, 422, "invalid")) == [(place, "read_only")]
            assert (await client.post(path, json=body, **by("manager"))).status_code == 201
        assert (await client.get("/offices/north/people/", **by("nobody"))).json()["total"] == 3


class Ranked(SQLModel, table=True):
    """Rows that refer to others, and a relation with an order by a hidden field."""

    __tablename__ = "access_ranked"

    id: int | None = Field(default=None, primary_key=True)
    parent_id: int | None = Field(default=None, foreign_key="access_ranked.id")
    rank: int = 0
    changes: int = 0

    children: list["Ranked"] = Relationship(
        sa_relationship_kwargs={"order_by": "Ranked.rank", "remote_side": "Ranked.parent_id"}
    )


class Named(NamedTuple):
    """Caller with the same id in more than one role."""

    id: str
    is_manager: bool


def read_named(x_id: Annotated[str, Header()], x_role: Annotated[str, Header()] = "") -> Named:
    """Read the caller, and its role."""
    return Named(x_id, x_role == "manager")


one = Caller(read_named)

RANKED = Resource(
    Ranked,
    includes=["children"],
    policy=Policy(read=everyone, fields={"rank": FieldPolicy(read=one.is_manager)}),
)


async def test_orders_and_replays(make_client: Any) -> None:
    """A hidden field can't be sorted by, and a demoted caller's key replays no old response."""
    client = await make_client(RANKED, caller=one)
    manager, plain = ({"x-id": "1", "x-role": role} for role in ("manager", ""))
    top = (await client.post("/access_ranked/", json={"rank": 5}, headers=manager)).json()["id"]
    for rank in (3, 1, 2):
        body = {"rank": rank, "parent_id": top}
        await client.post("/access_ranked/", json=body, headers=manager)

    async def order(headers: dict[str, str]) -> list[list[int]]:
        row = await client.get(f"/access_ranked/{top}?include=children", headers=headers)
        page = await client.get(f"/access_ranked/{top}/children/", headers=headers)
        page_rows = await client.get("/access_ranked/?include=children", headers=headers)
        included = next(r for r in page_rows.json()["items"] if r["id"] == top)
        found = (row.json()["children"], page.json()["items"], included["children"])
        return [[child["id"] - top for child in children] for children in found]

    assert await order(manager) == [[2, 3, 1]] * 3
    assert await order(plain) == [[1, 2, 3]] * 3
    key = {"idempotency-key": "a"}
    first = await client.post("/access_ranked/", json={"rank": 9}, headers=manager | key)
    again = await client.post("/access_ranked/", json={"rank": 9}, headers=manager | key)
    assert (again.content, first.status_code) == (first.content, 201)
    demoted = await client.post("/access_ranked/", json={"rank": 9}, headers=plain | key)
    assert demoted.status_code == 422
    assert b'"rank"' not in demoted.content
    page = await client.get("/access_ranked/?sort=rank&limit=1&cursor=", headers=manager)
    following = page.links["next"]["url"]
    assert (await client.get(following, headers=manager)).status_code == 200
    assert (await client.get(following, headers=plain)).status_code == 422


async def test_own_endpoints(world: World) -> None:
    """An endpoint of the application's own names no field in errors that not everyone may see."""
    await world.fill()
    app = FastAPI()

    @app.post("/hire")
    async def hire(session: SessionDep) -> None:
        session.add(Worker(code="n1", email="ann@hidden.example"))
        await session.commit()

    mount(app, world.database, *ruled(), caller=me)
    async with open_client(app) as client:
        answer = await client.post("/hire")
        assert read_problem(answer, 400, "already_exists")
        assert "mail" not in answer.text


def test_listed_policies() -> None:
    """`modelwire policies` says of each field who may, as it was declared."""
    app = FastAPI()
    mount(app, Database("sqlite://"), *ruled(), caller=me)
    found = {(n, o): c for r, o, n, c in list_policies(app) if r == "Worker" and n}
    assert found["salary", "read"] == "me.is_manager"
    assert found["salary", "write"] == "me.is_auditor"
    assert (found["pin", "read"], found["pin", "write"]) == ("nobody", "me.is_manager")
    assert found["title", "read"] == "everyone"


def test_no_rules_cost_nothing() -> None:
    """Without policies of fields, a route goes straight to its one pipeline."""
    app = FastAPI()
    mount(app, Database("sqlite://"), *with_rules({}), caller=me)
    routes = [r for r in app.routes if isinstance(r, ResourceRoute) and "people" in r.path]
    handles = [route.resource_endpoint.handle for route in routes]
    assert routes
    for handle in handles:
        assert isinstance(handle, partial)
        assert type(handle.args[0]).__name__ == "Pipeline"


async def test_document(world: World) -> None:
    """The document has what some callers see and set, and none of that is required."""
    async with serve(world, "direct") as client:
        schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]
    read, new = schemas["WorkerRead"], schemas["WorkerCreate"]
    assert {"salary", "email", "title"} <= read["properties"].keys()
    assert "pin" not in read["properties"]
    assert {"pin", "salary"} <= new["properties"].keys()
    assert "grade" not in new["properties"]
    assert {"title", "grade", "code"} <= set(read["required"])
    assert not {"salary", "email", "notes"} & set(read["required"])


async def test_without_callers(world: World) -> None:
    """Permissions for everyone and for no one need no caller."""
    policy = Policy(read=everyone, fields={"salary": FieldPolicy(read=nobody, write=nobody)})
    await world.fill()
    made = (Resource(Worker, policy=policy),)
    async with open_client(make_app(world.database, "direct", made, {})) as client:
        assert "salary" not in (await client.get("/people/p0")).json()
        answer = await client.patch("/people/p0", json={"salary": 1})
        assert faults_of(read_problem(answer, 422, "invalid")) == [("/salary", "unknown_field")]


class Shown(BaseModel):
    code: str
    salary: int | None = None


class Related(BaseModel):
    code: str
    people: list[Shown] = []


class Computing(SQLModel, table=True):
    """A table whose model makes what it shows of several fields."""

    __tablename__ = "access_computing"

    id: int | None = Field(default=None, primary_key=True)
    label: str
    wage: int = 0
    bonus: int = 0
    title: str = ""
    grade: int
    version: int = 1

    @computed_field  # type: ignore[prop-decorator]
    @property
    def yearly(self) -> int:
        return sum(self.pay() for _ in range(12))

    @computed_field  # type: ignore[prop-decorator]
    @property
    def found(self) -> str:
        # What is called like a field and is none counts for nothing.
        return f"{self.label.title()} {vars(self).get('gra' + 'de')}"

    @field_serializer("label")
    def write_label(self, label: str) -> str:
        return label if self.bonus else label.upper()

    @model_validator(mode="after")
    def check_label(self) -> Self:
        if self.label == "wrong":
            raise ValueError("is wrong")
        return self

    def pay(self) -> int:
        return self.wage


class Many(NamedTuple):
    """A caller with more attributes than fields can be decided by."""

    id: str
    a: bool
    b: bool
    c: bool
    d: bool
    e: bool
    f: bool
    g: bool


def read_many() -> Many:
    raise NotImplementedError


many = Caller(read_many)

SECRET = FieldPolicy(read=me.is_manager)
FIXED = FieldPolicy(write=me.is_manager)


@pytest.mark.parametrize(
    ("model", "fields", "options", "fault"),
    [
        (Worker, {"salery": SECRET}, {}, "there is no `salery` (did you mean `salary`?)"),
        (Worker, {"salery": FieldPolicy(read=nobody)}, {}, "did you mean `salary`?"),
        (Worker, {"code": SECRET}, {}, "it is part of the key"),
        (Worker, {"name": FieldPolicy(read=me.id)}, {}, "me.id is not a bool"),
        (Worker, {"name": FieldPolicy(read=~me.is_manager)}, {}, "such as me.is_admin"),
        (Worker, {"grade": FIXED}, {"read_only": ["grade"]}, "nobody can set it"),
        (Worker, {"grade": SECRET}, {"hidden": ["grade"]}, "nobody can see it"),
        (Worker, {"salary": SECRET}, {"read_schema": Shown}, "Shown shows it to everyone"),
        (Worker, {"salary": FIXED}, {"create_schema": Shown}, "Shown takes it from everyone"),
        (Worker, {"salary": FIXED}, {"update_schema": Shown}, "Shown takes it from everyone"),
        (Computing, {"wage": SECRET}, {}, "`yearly` of Computing reads it"),
        (Computing, {"bonus": SECRET}, {}, "`write_label` of Computing reads it"),
        (Computing, {"version": SECRET}, {"version": "version"}, "which entity tags show"),
    ],
)
def test_what_is_refused(
    model: type[SQLModel], fields: Rules, options: dict[str, Any], fault: str
) -> None:
    """A rule that can't be enforced is refused at start-up, with what would be right."""
    resource = Resource(model, policy=Policy(read=everyone, fields=fields), **options)
    with pytest.raises(ConfigurationError) as caught:
        mount(FastAPI(), Database("sqlite://"), resource, caller=me)
    assert fault in str(caught.value)


async def test_what_models_make_of_fields(make_client: Any) -> None:
    """Neither what a model computes, nor what it validates, tells of a field that is hidden."""
    both = FieldPolicy(read=one.is_manager, write=one.is_manager)
    policy = Policy(read=everyone, fields={"grade": both, "title": both})
    client = await make_client(Resource(Computing, policy=policy), caller=one)
    manager, plain = ({"x-id": "1", "x-role": role} for role in ("manager", ""))
    path = "/access_computing/"
    made = await client.post(path, json={"label": "a", "grade": 7}, headers=manager)
    assert made.json()["found"] == "A 7"
    row = (await client.get(f"{path}{made.json()['id']}", headers=plain)).json()
    assert row["found"] == "A None"
    assert (row["yearly"], row["label"]) == (0, "A")
    assert "grade" not in row
    for label in ("b", "wrong"):
        answer = await client.post(path, json={"label": label}, headers=plain)
        assert faults_of(read_problem(answer, 422, "invalid")) == [("", "missing")]
        assert "grade" not in answer.text
    kept = await client.patch(f"{path}{made.json()['id']}", json={"label": "c"}, headers=plain)
    assert kept.json()["found"] == "C None"
    wrong = {"label": "wrong"}
    answer = await client.patch(f"{path}{made.json()['id']}", json=wrong, headers=plain)
    assert answer.status_code == 422


def test_what_is_refused_of_several() -> None:
    """Schemas and links of one resource show and set nothing past the rules of another."""
    worker = Resource(Worker, policy=Policy(read=everyone, fields={"salary": SECRET}))
    bureau = Resource(Bureau, policy=Policy(read=everyone), read_schema=Related)
    with pytest.raises(ConfigurationError, match="a policy says who may see that"):
        mount(FastAPI(), Database("sqlite://"), worker, bureau, caller=me)
    link = Resource(ClubLink, policy=Policy(read=everyone, fields={"group_code": FIXED}))
    with pytest.raises(ConfigurationError, match=r"links of Worker\.groups set it as well"):
        mount(FastAPI(), Database("sqlite://"), *with_rules({}), link, caller=me)


def test_too_many_attributes() -> None:
    """Each attribute doubles the catalogs, so there is a limit, with what to do instead."""
    names = ("name", "title", "salary", "email", "pin", "grade", "notes")
    fields = {
        name: FieldPolicy(read=getattr(many, attribute))
        for name, attribute in zip(names, "abcdefg", strict=True)
    }
    resource = Resource(Worker, policy=Policy(read=everyone, fields=fields))
    with pytest.raises(ConfigurationError, match="7 attributes of the caller decide"):
        mount(FastAPI(), Database("sqlite://"), resource, caller=many)


def test_what_is_no_rule() -> None:
    """A condition in the place of a policy of a field is refused where it is written."""
    given: Any = {"salary": me.is_manager}
    with pytest.raises(ConfigurationError, match="name of a field with a FieldPolicy"):
        Policy(read=everyone, fields=given)
