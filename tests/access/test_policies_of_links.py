"""Policies that look at links: what becomes of a row by its links must match them as well.

And what links refer to besides the rows at both ends.
"""

from typing import Any

import httpx2
import pytest
from pydantic import BaseModel
from sqlalchemy import ForeignKeyConstraint
from sqlalchemy.orm import selectinload
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Caller, CallerSessionDep, Database, Policy, Resource, everyone
from tests.conftest import MakeClient, make_app, open_client
from tests.http.problems import read_problem
from tests.http.rows import store

from .two_worlds.planted import find_plants


class BandPass(SQLModel, table=True):
    """Says who may play in which band; seen by its owner alone."""

    __tablename__ = "links_passes"

    band_id: int = Field(primary_key=True)
    singer_id: int = Field(primary_key=True)
    owner_id: int


class BandSinger(SQLModel, table=True):
    """A link, to which there must be a pass."""

    __tablename__ = "links_band_singers"
    __table_args__ = (
        ForeignKeyConstraint(
            ["band_id", "singer_id"], ["links_passes.band_id", "links_passes.singer_id"]
        ),
    )

    band_id: int = Field(foreign_key="links_bands.id", primary_key=True)
    singer_id: int = Field(foreign_key="links_singers.id", primary_key=True)


class BandOwner(SQLModel, table=True):
    __tablename__ = "links_band_owners"

    band_id: int = Field(foreign_key="links_bands.id", primary_key=True)
    owner_id: int = Field(foreign_key="links_owners.id", primary_key=True)


class Band(SQLModel, table=True):
    __tablename__ = "links_bands"

    id: int | None = Field(default=None, primary_key=True)
    name: str = ""
    singers: list["Singer"] = Relationship(link_model=BandSinger)
    owners: list["Owner"] = Relationship(link_model=BandOwner)


class Singer(SQLModel, table=True):
    __tablename__ = "links_singers"

    id: int | None = Field(default=None, primary_key=True)


class Owner(SQLModel, table=True):
    __tablename__ = "links_owners"

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = 1


class Person(BaseModel):
    id: int


async def read_person() -> Person:
    return Person(id=1)


me = Caller(read_person)
OWN = Band.owners.any(Owner.person_id == me.id)  # type: ignore[attr-defined]
ONLY_OWN = ~Band.owners.any(Owner.person_id != me.id)  # type: ignore[attr-defined]
SEEN, HIDDEN, MISSING = 1, 2, 3


def resources(policy: Policy) -> tuple[Resource, ...]:
    return (
        Resource(Band, policy=policy, nested_writes=["owners"]),
        Resource(Owner, policy=Policy(read=everyone)),
        Resource(Singer, policy=Policy(read=everyone)),
        Resource(BandPass, policy=Policy(read=BandPass.owner_id == me.id)),
    )


async def open_bands(make_own_client: MakeClient, policy: Policy) -> httpx2.AsyncClient:
    client: httpx2.AsyncClient = await make_own_client(*resources(policy), caller=me)
    return client


CHANGES: dict[str, tuple[str, str, Any]] = {
    "patch": ("PATCH", "/links_bands/1", {"owners": [2]}),
    "put": ("PUT", "/links_bands/1", {"owners": [2]}),
    "none": ("PATCH", "/links_bands/1", {"owners": []}),
    "with a field": ("PATCH", "/links_bands/1", {"name": "new", "owners": [2]}),
    "bulk": ("PATCH", "/links_bands/bulk/", [{"id": 2, "name": "x"}, {"id": 1, "owners": [2]}]),
    "unlink": ("DELETE", "/links_bands/1/owners/1", None),
    "batch": (
        "POST",
        "/batch",
        {"requests": [{"method": "PATCH", "path": "/links_bands/1", "body": {"owners": [2]}}]},
    ),
}
WAYS_TO_ADD: dict[str, tuple[str, str, Any]] = {
    "link": ("PUT", "/links_bands/1/owners/2", None),
    "below": ("POST", "/links_bands/1/owners/", {"person_id": 2}),
    "set": ("PATCH", "/links_bands/1", {"owners": [1, 2]}),
}


async def refuse(client: httpx2.AsyncClient, way: tuple[str, str, Any]) -> None:
    method, path, body = way
    before = (await client.get("/links_bands/1/owners/")).text
    answer = await client.request(method, path, json=body)
    assert (answer.status_code, "forbidden" in answer.text) == (403, True), answer.text
    assert (await client.get("/links_bands/1/owners/")).text == before
    assert (await client.get("/links_bands/1")).json()["name"] == ""


async def store_bands(database: Database) -> None:
    await store(database, Band(), Band(), Owner(person_id=1), Owner(person_id=2))
    await store(database, *(BandOwner(band_id=band, owner_id=1) for band in (1, 2)))


@pytest.mark.both_lanes
@pytest.mark.parametrize("name", CHANGES)
async def test_links_that_a_row_needs(
    make_own_client: MakeClient, database: Database, name: str
) -> None:
    """A row may not lose the links by which a caller may change it."""
    client = await open_bands(make_own_client, Policy(read=everyone, update=OWN))
    await store_bands(database)
    await refuse(client, CHANGES[name])
    answer = await client.patch("/links_bands/1", json={"owners": [2, 1]})
    assert answer.status_code == 200, answer.text


@pytest.mark.both_lanes
@pytest.mark.parametrize("name", WAYS_TO_ADD)
async def test_links_that_a_row_may_not_have(
    make_own_client: MakeClient, database: Database, name: str
) -> None:
    """A row may not get links with which a caller could not change it."""
    client = await open_bands(make_own_client, Policy(read=everyone, update=ONLY_OWN))
    await store_bands(database)
    await refuse(client, WAYS_TO_ADD[name])
    answer = await client.post("/links_bands/1/owners/", json={"person_id": 1})
    assert answer.status_code == 201, answer.text


@pytest.mark.both_lanes
async def test_links_of_a_new_row(make_own_client: MakeClient, database: Database) -> None:
    """A new row is looked at with the links that come along."""
    client = await open_bands(make_own_client, Policy(read=everyone, create=OWN & ONLY_OWN))
    await store_bands(database)
    allowed: list[Any] = [{"owners": [1]}, {"owners": [{"person_id": 1}]}]
    refused: list[Any] = [{"owners": [2]}, {"owners": [1, 2]}, {}, {"owners": [{"person_id": 2}]}]
    for body in refused:
        read_problem(await client.post("/links_bands/", json=body), 403, "forbidden")
        answer = await client.post("/links_bands/bulk/", json=[*allowed, body])
        read_problem(answer, 403, "forbidden")
    assert (await client.get("/links_bands/")).json()["total"] == 2
    for body in allowed:
        answer = await client.post("/links_bands/", json=body)
        assert answer.status_code == 201, answer.text


@pytest.mark.both_lanes
@pytest.mark.parametrize(
    ("rule", "refused", "allowed"),
    [(OWN, [2], [1, 2]), (ONLY_OWN, [1, 2], [])],
    ids=["own", "only"],
)
async def test_links_in_the_session_of_a_caller(
    database: Database, lane: str, rule: Any, refused: list[int], allowed: list[int]
) -> None:
    """Objects may not get or lose such links either."""
    app = make_app(database, lane, resources(Policy(read=everyone, update=rule)), {"caller": me})

    @app.put("/own")
    async def replace(owners: list[int], session: CallerSessionDep) -> None:
        loaded = [selectinload(Band.owners)]  # type: ignore[arg-type]
        band = await session.get_one(Band, 1, options=loaded)
        band.owners = [await session.get_one(Owner, number) for number in owners]

    await store_bands(database)
    async with open_client(app) as client:
        await refuse(client, ("PUT", "/own", refused))
        answer = await client.put("/own", json=allowed)
        assert answer.status_code == 200, answer.text
        listed = (await client.get("/links_bands/1/owners/")).json()["items"]
    assert [item["id"] for item in listed] == allowed


@pytest.mark.both_lanes
async def test_what_links_refer_to_beside(make_own_client: MakeClient, database: Database) -> None:
    """A link to what the caller does not see beside both ends is as one to what is not there."""
    client = await open_bands(make_own_client, Policy(read=everyone))
    await store_bands(database)
    await store(database, Singer(), Singer(), Singer())
    for number, owner in ((SEEN, 1), (HIDDEN, 2)):
        await store(database, BandPass(band_id=1, singer_id=number, owner_id=owner))
    answers = {}
    for number in (SEEN, HIDDEN, MISSING):
        one = await client.put(f"/links_bands/1/singers/{number}")
        many = await client.patch("/links_bands/1", json={"singers": [SEEN, number]})
        answers[number] = (one.status_code, one.text, many.status_code, many.text)
    assert answers[HIDDEN] == answers[MISSING]
    assert "parent_not_found" in answers[HIDDEN][1]
    assert "parent_not_found" in answers[HIDDEN][3]
    assert answers[SEEN][::2] == (204, 200)
    listed = await client.get("/links_bands/1/singers/")
    assert [item["id"] for item in listed.json()["items"]] == [SEEN]


PLANTED = {
    "execute/write/permission.py:check_linked:check_written:0": (
        lambda make, db: test_links_that_a_row_needs(make, db, "patch")
    ),
    "execute/write/insert.py:Inserter._store_with_kin:check_written:0": test_links_of_a_new_row,
    "execute/write/link.py:Linker._check_beside:hides_rows:0": test_what_links_refer_to_beside,
}


@pytest.mark.parametrize("name", PLANTED)
async def test_planted(
    make_own_client: MakeClient, database: Database, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the check, what asks for it fails."""
    plants = {str(plant): plant for plant in find_plants()}
    plants[name].install(monkeypatch)
    with pytest.raises(AssertionError):
        await PLANTED[name](make_own_client, database)
