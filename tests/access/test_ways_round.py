"""Ways by which what a policy refuses might be come by otherwise; it holds for each of them too."""

import json
from datetime import datetime
from enum import Enum
from typing import Annotated, Any

import pytest
from fastapi import FastAPI, Header
from pydantic import BaseModel
from sqlalchemy import Column, Computed, Integer, String, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Field, Relationship, SQLModel, col

from modelwire import (
    Caller,
    Changes,
    ConfigurationError,
    Database,
    FieldPolicy,
    Policy,
    Resource,
    everyone,
    mount,
)
from tests.conftest import MakeClient, open_client
from tests.http.problems import read_problem
from tests.http.rows import store

from .two_worlds.planted import find_plants


class WayMembership(SQLModel, table=True):
    """A link, which knows who has made it."""

    __tablename__ = "ways_memberships"

    club_id: int = Field(foreign_key="ways_clubs.id", primary_key=True)
    player_id: int = Field(foreign_key="ways_players.id", primary_key=True)
    made_by: int | None = None


class WayClub(SQLModel, table=True):
    __tablename__ = "ways_clubs"

    id: int | None = Field(default=None, primary_key=True)
    owner_id: int = 1
    deleted_at: datetime | None = None
    players: list["WayPlayer"] = Relationship(back_populates="clubs", link_model=WayMembership)


class WayPlayer(SQLModel, table=True):
    __tablename__ = "ways_players"

    id: int | None = Field(default=None, primary_key=True)
    name: str = ""
    clubs: list[WayClub] = Relationship(back_populates="players", link_model=WayMembership)


class WayBill(SQLModel, table=True):
    """Bill whose total the database computes."""

    __tablename__ = "ways_bills"

    id: int | None = Field(default=None, primary_key=True)
    net: int
    tax: int = 0
    total: int | None = Field(default=None, sa_column=Column(Integer, Computed("net + tax")))


class WayTitle(SQLModel, table=True):
    """Its text is compared without case, by SQLite."""

    __tablename__ = "ways_titles"

    id: int | None = Field(default=None, primary_key=True)
    text: str = Field(
        sa_column=Column(
            String(20).with_variant(String(20, collation="NOCASE"), "sqlite"), nullable=False
        )
    )


class WayOrder(SQLModel, table=True):
    __tablename__ = "ways_orders"

    id: int | None = Field(default=None, primary_key=True)
    number: str
    status: str = "draft"
    password: str = "one"


class WayOrderChange(SQLModel):
    """Fields of an order that clients may change: not the status."""

    number: str | None = None


class WayNode(SQLModel, table=True):
    """Has a key that clients give, and another one."""

    __tablename__ = "ways_nodes"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    code: str = Field(unique=True)
    owner_id: int
    above_id: int | None = Field(default=None, foreign_key="ways_nodes.id")


class WayDesk(SQLModel, table=True):
    """Each user has one, by whose id it is found."""

    __tablename__ = "ways_desks"

    user_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    name: str = ""


class WayUser(BaseModel):
    id: int
    is_chief: bool = False


async def read_user(x_user: Annotated[str, Header()]) -> WayUser:
    return WayUser.model_validate_json(x_user)


me = Caller(read_user)
OWNER, OTHER = ({"x-user": json.dumps({"id": number})} for number in (1, 2))


@pytest.mark.parametrize("who", [OWNER, OTHER])
async def test_new_end_of_a_link(
    make_own_client: MakeClient, database: Database, who: dict[str, str]
) -> None:
    """A row that is created below another one and linked to it changes that, as a link does."""
    clubs = Policy(read=everyone, update=WayClub.owner_id == me.id)
    client = await make_own_client(
        Resource(WayClub, policy=clubs),
        Resource(WayPlayer, policy=Policy(read=everyone)),
        caller=me,
    )
    await store(database, WayClub(), WayPlayer())
    linked = await client.put("/ways_clubs/1/players/1", headers=who)
    created = await client.post("/ways_clubs/1/players/", json={}, headers=who)
    missing = await client.post("/ways_clubs/9/players/", json={}, headers=who)
    listed = await client.get("/ways_clubs/1/players/", headers=who)
    if who is OWNER:
        assert (linked.status_code, created.status_code) == (204, 201)
        assert listed.json()["total"] == 2
    else:
        assert read_problem(created, 403, "forbidden") == read_problem(linked, 403, "forbidden")
        assert listed.json()["total"] == 0
    read_problem(missing, 404, "not_found")


async def test_hidden_links(make_own_client: MakeClient, database: Database) -> None:
    """A forbidden link is refused alike, whether an unseen one exists or none."""
    client = await make_own_client(
        Resource(WayClub, policy=Policy(read=everyone)),
        Resource(WayPlayer, policy=Policy(read=everyone)),
        Resource(
            WayMembership,
            policy=Policy(read=WayMembership.made_by == me.id, create=me.is_chief),
        ),
        caller=me,
    )
    await store(database, WayClub(), WayPlayer(), WayPlayer(), WayPlayer())
    await store(database, WayMembership(club_id=1, player_id=1, made_by=1))
    await store(database, WayMembership(club_id=1, player_id=2, made_by=2))
    answers = {}
    for player in (1, 2, 3):
        one = await client.put(f"/ways_clubs/1/players/{player}", headers=OTHER)
        many = await client.patch("/ways_clubs/1", json={"players": [2, player]}, headers=OTHER)
        answers[player] = (one.status_code, one.text, many.status_code, many.text)
    assert answers[1] == answers[3]
    assert (answers[1][0], answers[2][0]) == (403, 204)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/ways_bills/1", {"net": 500}),
        ("PUT", "/ways_bills/1", {"net": 500}),
        ("PATCH", "/ways_bills/bulk/", [{"id": 1, "net": 500}]),
        ("PATCH", "/ways_bills/?tax=1", {"net": 500}),
    ],
)
async def test_computed_by_the_database(
    make_own_client: MakeClient, method: str, path: str, body: Any
) -> None:
    """A policy looks at what the database makes of a change, too."""
    policy = Policy(read=everyone, write=col(WayBill.total) < 100)
    client = await make_own_client(Resource(WayBill, policy=policy), caller=me)
    headers = {**OWNER, "prefer": "max-affected=9"}
    answer = await client.post("/ways_bills/", json={"net": 1, "tax": 1}, headers=headers)
    assert answer.status_code == 201, answer.text
    answer = await client.request(method, path, json=body, headers=headers)
    read_problem(answer, 403, "forbidden")
    assert (await client.get("/ways_bills/1", headers=headers)).json()["total"] == 2


async def test_compared_by_a_collation(make_own_client: MakeClient, database: Database) -> None:
    """A new row is compared with the policy as it would be stored, whatever it is stored by."""
    policy = Policy(read=everyone, create=WayTitle.text != "chief")
    client = await make_own_client(Resource(WayTitle, policy=policy), caller=me)
    for text in ("chief", "CHIEF", "other"):
        one = await client.post("/ways_titles/", json={"text": text}, headers=OWNER)
        rows = [{"text": "none"}, {"text": text}]
        many = await client.post("/ways_titles/bulk/", json=rows, headers=OWNER)
        assert one.status_code == many.status_code
        refused = {"chief", "CHIEF"} if database.dialect == "sqlite" else {"chief"}
        assert one.status_code == (403 if text in refused else 201)


async def test_taking_back_what_no_change_takes(
    make_own_client: MakeClient, database: Database
) -> None:
    """A field missing in the update schema is changed by no revert either."""
    resource = Resource(
        WayOrder, policy=Policy(read=everyone), changes=Changes(), update_schema=WayOrderChange
    )
    client = await make_own_client(resource, caller=me)
    await client.post("/ways_orders/", json={"number": "1"}, headers=OWNER)
    async with database.session() as session:
        (await session.get_one(WayOrder, 1)).status = "issued"
        await session.commit()
    await client.patch("/ways_orders/1", json={"number": "2"}, headers=OWNER)
    items = (await client.get("/ways_orders/1/history/", headers=OWNER)).json()["items"]
    paths = [f"/ways_orders/1/history/{item['number']}/revert" for item in items]
    assert (await client.post(paths[0], headers=OWNER)).status_code == 200
    read_problem(await client.post(paths[1], headers=OWNER), 403, "forbidden")
    row = (await client.get("/ways_orders/1", headers=OWNER)).json()
    assert (row["number"], row["status"]) == ("1", "issued")


async def test_taking_back_what_is_not_shown(make_own_client: MakeClient) -> None:
    """A change of hidden fields alone doesn't exist for callers who can't see them."""
    resource = Resource(WayOrder, policy=Policy(read=everyone), changes=Changes())
    client = await make_own_client(resource, caller=me)
    await client.post("/ways_orders/", json={"number": "1"}, headers=OWNER)
    item, *_ = (await client.get("/ways_orders/1/history/", headers=OWNER)).json()["items"]
    answer = await client.patch("/ways_orders/1", json={"password": "two"}, headers=OWNER)
    assert answer.status_code == 200
    hidden, none = [
        await client.post(f"/ways_orders/1/history/{item['number'] + n}/revert", headers=OWNER)
        for n in (1, 2)
    ]
    assert read_problem(hidden, 404, "not_found") == read_problem(none, 404, "not_found")


@pytest.mark.both_lanes
async def test_taking_back_with_another_key(make_own_client: MakeClient) -> None:
    """A row comes back with its key, or not at all: the server sets another one for others."""
    policy = Policy(read=everyone)
    client = await make_own_client(
        Resource(WayDesk, policy=policy, assign_on_create={"user_id": me.id}, changes=Changes()),
        caller=me,
    )
    for who in (OWNER, OTHER):
        await client.post("/ways_desks/", json={"name": who["x-user"]}, headers=who)
    await client.delete("/ways_desks/1", headers=OTHER)
    item, *_ = (await client.get("/ways_desks/1/history/", headers=OTHER)).json()["items"]
    way = f"/ways_desks/1/history/{item['number']}/revert"
    await client.delete("/ways_desks/2", headers=OTHER)
    read_problem(await client.post(way, headers=OTHER), 409, "conflict")
    assert (await client.get("/ways_desks/", headers=OTHER)).json()["total"] == 0
    answer = await client.post(way, headers=OWNER)
    assert (answer.status_code, answer.json()["user_id"]) == (201, 1)


@pytest.mark.parametrize("resolution", ["ignore-duplicates", "merge-duplicates"])
async def test_named_by_a_row_that_is_left_alone(
    make_own_client: MakeClient, database: Database, resolution: str
) -> None:
    """Rows of an upsert refer to no row that another one of them only claims to be."""
    policy = Policy(read=WayNode.owner_id == me.id)
    client = await make_own_client(Resource(WayNode, policy=policy), caller=me)
    await store(database, WayNode(id=1, code="own", owner_id=1))
    await store(database, WayNode(id=9, code="hidden", owner_id=2))
    headers = {**OWNER, "prefer": f"resolution={resolution}"}
    rows = [
        {"id": 9, "code": "own", "owner_id": 1},
        {"id": 5, "code": "new", "owner_id": 1, "above_id": 9},
    ]
    answer = await client.post("/ways_nodes/bulk/?on_conflict=code", json=rows, headers=headers)
    code = "parent_not_found" if resolution == "ignore-duplicates" else "already_exists"
    read_problem(answer, 400, code)
    listed = await client.get("/ways_nodes/?fields=id", headers=OWNER)
    assert listed.json()["items"] == [{"id": 1}]


async def test_planted(
    make_own_client: MakeClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the check, they do."""
    name = "execute/write/upsert.py:Upserter._store_as_allowed:check_parents:0"
    {str(plant): plant for plant in find_plants()}[name].install(monkeypatch)
    with pytest.raises(AssertionError):
        await test_named_by_a_row_that_is_left_alone(make_own_client, database, "ignore-duplicates")


class Spelled(str):
    """A text that is always shown alike."""

    def __repr__(self) -> str:
        return "Spelled"


class Letter(Enum):
    A = "a"
    B = "b"

    def __repr__(self) -> str:
        return "Letter"


class Sender:
    """Caller, identified by a value that is always shown alike."""

    id: str
    letter: Letter

    def __init__(self, name: str) -> None:
        self.id, self.letter = Spelled(name), Letter(name)


async def read_sender(x_sender: Annotated[str, Header()]) -> Sender:
    return Sender(x_sender)


@pytest.mark.parametrize("key", ["id", "letter"])
async def test_keys_of_callers(make_own_client: MakeClient, key: str) -> None:
    """An `Idempotency-Key` is its caller's, however that one's attributes are shown."""
    client = await make_own_client(
        Resource(WayPlayer, policy=Policy(read=everyone)), caller=Caller(read_sender, key=key)
    )
    for sender, is_replayed in (("a", False), ("b", False), ("a", True)):
        headers = {"x-sender": sender, "idempotency-key": "k"}
        answer = await client.post("/ways_players/", json={"name": "x"}, headers=headers)
        assert answer.status_code == 201, answer.text
        assert ("idempotency-replayed" in answer.headers) is is_replayed


Bill: Any = aliased(WayBill)
RULED = Policy(read=everyone, fields={"tax": FieldPolicy(read=me.is_chief)})
EXPRESSIONS: dict[str, tuple[type[SQLModel], Any]] = {
    "own": (WayBill, col(WayBill.tax) * 2),
    "another's": (WayPlayer, select(func.max(Bill.tax)).where(Bill.id == WayPlayer.id)),
    "condition": (
        WayPlayer,
        select(func.count()).select_from(Bill).where(col(Bill.tax) > WayPlayer.id),
    ),
    "subquery": (
        WayPlayer,
        select(func.count()).where(col(WayPlayer.id).in_(select(Bill.tax))),
    ),
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_expressions_of_ruled_fields(database: Database, name: str) -> None:
    """An expression of a field with a rule needs a rule too; others need none."""
    model, expression = EXPRESSIONS[name]
    policies: dict[type[SQLModel], Policy] = {WayBill: RULED, WayPlayer: Policy(read=everyone)}

    def serve(computed: Any, **rules: FieldPolicy) -> None:
        fields = {**policies[model].fields, **rules}
        resources = [
            Resource(
                each,
                policy=Policy(read=everyone, fields=fields) if each is model else policy,
                computed={"made": computed} if each is model else {},
            )
            for each, policy in policies.items()
        ]
        mount(FastAPI(), database, *resources, caller=me)

    with pytest.raises(ConfigurationError, match=r"computed from WayBill.tax, which a policy"):
        serve(expression)
    serve(expression, made=FieldPolicy(read=me.is_chief))
    serve(expression, made=FieldPolicy(read=everyone))
    serve(
        select(func.max(Bill.net)).where(Bill.id == (WayBill if model is WayBill else WayPlayer).id)
    )


@pytest.mark.parametrize("name", [name for name in EXPRESSIONS if name != "own"])
def test_ruled_fields_of_other_mounts(database: Database, name: str) -> None:
    """A rule of another mount holds for what an expression is made of, whichever is made first."""
    model, expression = EXPRESSIONS[name]

    def serve(*parts: Resource) -> None:
        app = FastAPI()
        for number, part in enumerate(parts):
            mount(app, database, part, caller=me, prefix=f"/{number}")

    ruled = Resource(WayBill, policy=RULED)
    made = Resource(model, policy=Policy(read=everyone), computed={"made": expression})
    policy = Policy(read=everyone, fields={"made": FieldPolicy(read=me.is_chief)})
    for parts in ((ruled, made), (made, ruled)):
        with pytest.raises(ConfigurationError, match=r"computed from WayBill.tax, which a policy"):
            serve(*parts)
    serve(ruled, Resource(model, policy=policy, computed={"made": expression}))
    serve(Resource(WayBill, policy=Policy(read=everyone)), made)


async def test_mounts_apart(database: Database) -> None:
    """Rows lead to none of which only another mount says who may see them."""
    hidden = Resource(WayClub, policy=Policy(read=WayClub.owner_id == me.id))
    open_to_all = Resource(WayClub, policy=Policy(read=everyone))
    kept = Resource(WayClub, policy=Policy(read=everyone), soft_delete="deleted_at")
    link = Resource(WayMembership, policy=Policy(read=everyone))
    for parts in ((hidden, link), (link, hidden), (kept, link), (link, kept)):
        app = FastAPI()
        mount(app, database, parts[0], caller=me, prefix="/a")
        with pytest.raises(ConfigurationError, match="lead to those of WayClub"):
            mount(app, database, parts[1], caller=me, prefix="/b")
    for first, second in (((open_to_all,), (link,)), ((hidden,), (hidden, link))):
        app = FastAPI()
        mount(app, database, *first, caller=me, prefix="/a")
        mount(app, database, *second, caller=me, prefix="/b")
        async with open_client(app) as client:
            body = {"club_id": 9, "player_id": 9}
            answer = await client.post("/b/ways_memberships/", json=body, headers=OWNER)
            read_problem(answer, 400, "parent_not_found")
