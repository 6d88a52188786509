"""Foreign keys of several columns, some of which the client gives and others come from elsewhere.

They come from the server, from the row that a new one stands below, or are stored. What such a key
refers to must be seen all the same.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

import pytest
from fastapi import Header
from pydantic import BaseModel
from sqlalchemy import Column, Computed, ForeignKeyConstraint, Integer
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Caller, ConfigurationError, Database, Policy, Resource, everyone, nobody
from tests.conftest import MakeClient
from tests.http.rows import store

from .two_worlds.planted import find_plants


class SharedHouse(SQLModel, table=True):
    __tablename__ = "composite_houses"

    id: int | None = Field(default=None, primary_key=True)
    name: str = ""
    entries: list["SharedEntry"] = Relationship(back_populates="house")


class SharedLabel(SQLModel, table=True):
    """Label of accounts, shared by their owners."""

    __tablename__ = "composite_labels"

    name: str = Field(primary_key=True)
    entries: list["SharedEntry"] = Relationship()


class SharedAccount(SQLModel, table=True):
    """Seen by its owner alone."""

    __tablename__ = "composite_accounts"

    house_id: int = Field(primary_key=True)
    number: str = Field(primary_key=True)
    owner_id: int


class SharedEntry(SQLModel, table=True):
    """Seen and changed by all; refers to an account of the same house."""

    __tablename__ = "composite_entries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["house_id", "account"], ["composite_accounts.house_id", "composite_accounts.number"]
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True)
    house_id: int | None = Field(default=None, foreign_key="composite_houses.id")
    account: str | None = Field(default=None, foreign_key="composite_labels.name")
    house: SharedHouse | None = Relationship(back_populates="entries")


class Resident(BaseModel):
    id: int
    house_id: int


async def read_resident(x_resident: Annotated[int, Header()]) -> Resident:
    return Resident(id=x_resident, house_id=1)


me = Caller(read_resident)
RESOURCES = (
    Resource(SharedHouse, policy=Policy(read=everyone), nested_writes=["entries"]),
    Resource(SharedLabel, policy=Policy(read=everyone)),
    Resource(SharedAccount, policy=Policy(read=SharedAccount.owner_id == me.id)),
    Resource(SharedEntry, policy=Policy(read=everyone)),
)
ASSIGNED = (*RESOURCES[:3], replace(RESOURCES[3], assign_on_create={"house_id": me.house_id}))
CHANGED = (*RESOURCES[:3], replace(RESOURCES[3], assign_on_update={"house_id": me.house_id}))

SEEN, HIDDEN, MISSING = "seen", "hidden", "missing"

Body = Callable[[str], Any]

OWN = "/composite_entries"
WITHOUT_HOUSE: dict[str, tuple[str, str, Body]] = {
    "one": ("POST", f"{OWN}/", lambda a: {"code": "new", "account": a}),
    "bulk": (
        "POST",
        f"{OWN}/bulk/",
        lambda a: [{"code": "n", "account": SEEN}, {"code": "m", "account": a}],
    ),
    "each": ("POST", f"{OWN}/bulk/?atomic=false", lambda a: [{"code": "new", "account": a}]),
    "upsert": ("POST", f"{OWN}/bulk/?on_conflict=code", lambda a: [{"code": "new", "account": a}]),
    "batch": (
        "POST",
        "/batch",
        lambda a: {
            "requests": [{"method": "POST", "path": f"{OWN}/", "body": {"code": "n", "account": a}}]
        },
    ),
}
BELOW: dict[str, tuple[str, str, Body]] = {
    "below": ("POST", "/composite_houses/1/entries/", lambda a: {"code": "new", "account": a}),
}
BESIDE: dict[str, tuple[str, str, Body]] = {
    "beside": ("POST", "/composite_labels/{}/entries/", lambda _: {"code": "new"}),
}
NESTED = {
    "nested": (
        "POST",
        "/composite_houses/",
        lambda a: {"name": "x", "entries": [{"code": "new", "account": a}]},
    ),
}
STORED: dict[str, tuple[str, str, Body]] = {
    "patch": ("PATCH", f"{OWN}/1", lambda a: {"account": a}),
    "put": ("PUT", f"{OWN}/1", lambda a: {"account": a}),
    "patches": ("PATCH", f"{OWN}/bulk/", lambda a: [{"id": 1, "account": a}]),
    "mass": ("PATCH", f"{OWN}/?code=old", lambda a: {"account": a}),
    "merge": ("POST", f"{OWN}/bulk/?on_conflict=code", lambda a: [{"code": "old", "account": a}]),
    "merges": (
        "POST",
        f"{OWN}/bulk/?on_conflict=code",
        lambda a: [{"code": "old", "account": a}, {"code": "other"}],
    ),
}
CASES = [
    *((ASSIGNED, name) for name in WITHOUT_HOUSE),
    *((resources, name) for name in BELOW for resources in (RESOURCES, ASSIGNED)),
    (RESOURCES, "nested"),
    (ASSIGNED, "beside"),
    *((resources, name) for name in STORED for resources in (RESOURCES, ASSIGNED, CHANGED)),
]
WAYS = {**WITHOUT_HOUSE, **BELOW, **BESIDE, **NESTED, **STORED}


@pytest.mark.both_lanes
@pytest.mark.parametrize(("resources", "name"), CASES)
async def test_partly_given(
    make_client: MakeClient, database: Database, resources: tuple[Resource, ...], name: str
) -> None:
    client = await make_client(*resources, caller=me)
    accounts = [
        SharedAccount(house_id=house, number=number, owner_id=owner)
        for house in range(1, 8)
        for number, owner in ((SEEN, 1), (HIDDEN, 2))
    ]
    await store(
        database,
        SharedHouse(),
        *(SharedLabel(name=name) for name in (SEEN, HIDDEN, MISSING)),
        *accounts,
    )
    await store(database, SharedEntry(code="old", house_id=1, account=SEEN))
    await store(database, SharedEntry(code="other", house_id=1))
    method, path, body = WAYS[name]
    answers = {}
    for account in (HIDDEN, MISSING, SEEN):
        before = (await client.get(f"{OWN}/?limit=100", headers={"x-resident": "1"})).json()
        headers = {"x-resident": "1", "prefer": "max-affected=5"}
        answers[account] = await client.request(
            method, path.format(account), json=body(account), headers=headers
        )
        after = (await client.get(f"{OWN}/?limit=100", headers={"x-resident": "1"})).json()
        if account != SEEN:
            assert before == after, answers[account].text
    assert answers[HIDDEN].text == answers[MISSING].text
    assert "parent_not_found" in answers[HIDDEN].text
    assert answers[SEEN].status_code in (200, 201, 207), answers[SEEN].text


class LateEntry(SQLModel, table=True):
    """The database says of which house its account is; or what makes one of the row."""

    __tablename__ = "composite_late_entries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["house_id", "account"], ["composite_accounts.house_id", "composite_accounts.number"]
        ),
        ForeignKeyConstraint(["made_of"], ["composite_tenants.id"]),
    )

    id: int | None = Field(default=None, primary_key=True)
    house_id: int | None = Field(default=None, sa_column_kwargs={"server_default": "1"})
    account: str | None = None
    number: int = 0
    made_of: int | None = Field(
        default=None, sa_column=Column(Integer, Computed("number", persisted=True))
    )


class SharedTenant(SQLModel, table=True):
    __tablename__ = "composite_tenants"

    id: int | None = Field(default=None, primary_key=True)
    owner_id: int


TENANTS = Resource(SharedTenant, policy=Policy(read=SharedTenant.owner_id == me.id))
LATE = Resource(LateEntry, policy=Policy(read=everyone))


@pytest.mark.parametrize(
    ("resources", "names"),
    [
        ((RESOURCES[2], LATE), "`house_id` and `account` refer to a row of SharedAccount"),
        ((TENANTS, LATE), "`made_of` refer to a row of SharedTenant"),
    ],
)
async def test_known_too_late(
    make_client: MakeClient, resources: tuple[Resource, ...], names: str
) -> None:
    """A reference that only the database computes can't be looked up: refused at start-up."""
    with pytest.raises(ConfigurationError) as refused:
        await make_client(*resources, caller=me)
    assert names in str(refused.value)
    assert "assign_on_create=" in str(refused.value)


async def test_known_in_time(make_client: MakeClient) -> None:
    """A value of the server is known, NULL refers to nothing, and public rows are open."""
    accounts, tenants = replace(RESOURCES[2], policy=Policy(read=everyone)), TENANTS
    await make_client(accounts, LATE, caller=me)
    assigned = replace(LATE, assign_on_create={"house_id": me.house_id})
    await make_client(RESOURCES[2], assigned, caller=me)
    closed = replace(LATE, policy=Policy(read=everyone, write=nobody))
    await make_client(RESOURCES[2], tenants, closed, caller=me)


PLANTED: dict[str, tuple[tuple[Resource, ...], str]] = {
    "execute/write/permission.py:check_tied:check_parents:0": (RESOURCES, "below"),
    "execute/write/permission.py:check_tied:hides_rows:0": (ASSIGNED, "beside"),
}


@pytest.mark.parametrize("name", PLANTED)
async def test_planted(
    make_client: MakeClient, database: Database, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the check, what asks for it fails."""
    plants = {str(plant): plant for plant in find_plants()}
    plants[name].install(monkeypatch)
    with pytest.raises(AssertionError):
        await test_partly_given(make_client, database, *PLANTED[name])
