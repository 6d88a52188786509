"""Columns whose types take texts of one form: what does not fit is told of where it stands."""

import uuid
from collections.abc import AsyncIterator
from ipaddress import IPv4Address
from typing import Any

import asyncpg
import httpx2
import pytest
import pytest_asyncio
import sqlalchemy
from sqlalchemy import Column, String, Uuid
from sqlalchemy.dialects.postgresql import (
    BIT,
    CIDR,
    INET,
    MACADDR,
    MACADDR8,
    MONEY,
    OID,
)
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from modelwire import Database, Resource
from modelwire.catalog.forms import form_of
from tests.conftest import PATIENT, MakeURL, empty_tables, make_app, open_client
from tests.http.problems import read_problem
from tests.worlds import World, make_world_fixture, on_lanes


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own."""


class Host(Base, table=True):
    __tablename__ = "form_hosts"

    ip: IPv4Address = Field(
        sa_column=Column(String(40).with_variant(INET, "postgresql"), primary_key=True)
    )
    label: str = "x"
    uid: str | None = Field(default=None, sa_column=Column(Uuid(as_uuid=False), unique=True))


forms_world = make_world_fixture("forms", Base.metadata, on_lanes((Resource(Host),)))

UID = str(uuid.UUID(int=5))


class Own(SQLModel, registry=registry()):
    """Tables that only PostgreSQL can have."""


class Device(Own, table=True):
    __tablename__ = "form_devices"

    id: int | None = Field(default=None, primary_key=True)
    address: str | None = Field(default=None, sa_column=Column(INET))
    network: str | None = Field(default=None, sa_column=Column(CIDR))
    mac: str | None = Field(default=None, sa_column=Column(MACADDR))
    long: str | None = Field(default=None, sa_column=Column(MACADDR8))


@pytest_asyncio.fixture
async def devices(make_url: MakeURL, lane: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the devices."""
    url = await make_url("postgresql", "devices")
    database = Database(url, metadata=Own.metadata, **PATIENT)
    await database.init_db()
    async with open_client(make_app(database, lane, (Resource(Device),), {})) as client:
        yield client
    await database.close_db()


ROWS: list[dict[str, Any]] = [
    {
        "address": "10.0.0.7",
        "network": "10.0.0.0/24",
        "mac": "08:00:2b:01:02:03",
        "long": "08:00:2b:01:02:03:04:05",
    },
    {"address": "10.0.1.0/24", "network": None, "mac": None, "long": None},
]

FOUND: dict[str, list[int]] = {
    "address=10.0.0.7": [1],
    "address__gt=10.0.0.7": [2],
    "address__endswith=.7": [1],
    "address__contains=/": [2],
    "address__in=10.0.0.7,::1": [1],
    "address__ne=10.0.0.7": [2],
    "network=10.0.0.0/24": [1],
    "network__startswith=10.": [1],
    "mac=08-00-2b-01-02-03": [1],
    "mac=0800.2b01.0203": [1],
    "mac__icontains=2B:01": [1],
    "long__ilike=%25:05": [1],
    "q=10.0.1.": [2],
    "sort=-address": [2, 1],
    "or=(mac:%2208002b010203%22,address:%22::1%22)": [1],
}

REFUSED = ("address=x", "address__gte=1", "network=10.0.0.7/24", "mac=08", "long__in=x")


async def test_filters(devices: httpx2.AsyncClient) -> None:
    """Each finds what it is for, as texts and as what they are; what is no value is named."""
    stored = await devices.post("/form_devices/bulk/", json=ROWS)
    assert [{k: v for k, v in row.items() if k != "id"} for row in stored.json()] == ROWS
    for query, ids in FOUND.items():
        answer = await devices.get(f"/form_devices/?{query}&fields=id")
        assert [row["id"] for row in answer.json()["items"]] == ids, (query, answer.text)
    for query in REFUSED:
        answer = await devices.get(f"/form_devices/?{query}")
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["parameter"]) == (422, query.partition("=")[0])
    changed = await devices.patch("/form_devices/1", json={"long": None})
    assert changed.json() == {"id": 1, **ROWS[0], "long": None}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("address", v) for v in ("", "nope", "10.0.0.256", "10.0.0.1/33")),
        *(("network", v) for v in ("x", "10.0.0.7/24")),
        *(("mac", v) for v in ("x", "08:00", "08:00-2b:01:02:03", "08:00:2b:01:02:03:04:05")),
        *(("long", v) for v in ("08:00", "0")),
    ],
)
async def test_value_that_does_not_fit(devices: httpx2.AsyncClient, field: str, value: str) -> None:
    """It is refused at its place, alone and among others, before the database sees it."""
    alone = await devices.post("/form_devices/", json={field: value})
    among = await devices.post("/form_devices/bulk/", json=[ROWS[0], {field: value}])
    for answer, pointer in ((alone, f"/{field}"), (among, f"/1/{field}")):
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["pointer"]) == (422, pointer)


@pytest.mark.parametrize(
    "text",
    [
        *("08:00:2b:01:02:03", "08-00-2b-01-02-03", "08002b:010203", "08002b-010203"),
        *("0800.2b01.0203", "0800-2b01-0203", "08002b010203"),
    ],
)
async def test_spellings(devices: httpx2.AsyncClient, text: str) -> None:
    """Whatever PostgreSQL takes for a MAC address is one."""
    answer = await devices.post("/form_devices/", json={"mac": text})
    assert (answer.status_code, answer.json()["mac"]) == (201, "08:00:2b:01:02:03"), answer.text


async def test_keys_and_uuids(forms_world: World, lane: str) -> None:
    """Keys are of such types too, and UUIDs may be kept as texts."""
    await empty_tables(forms_world.database)
    client = forms_world.clients[lane]
    stored = await client.post("/form_hosts/", json={"ip": "10.0.0.7", "uid": UID})
    assert (stored.status_code, stored.headers["location"]) == (201, "/form_hosts/10.0.0.7")
    assert (await client.get("/form_hosts/10.0.0.7")).content == stored.content
    for query in ("ip=10.0.0.7", "ip__endswith=.7", "q=10.", f"uid={UID}", "sort=ip&ip__ne=::1"):
        answer = await client.get(f"/form_hosts/?{query}")
        assert answer.json()["items"] == [stored.json()], (query, answer.text)
    changed: Any = await client.patch("/form_hosts/10.0.0.7", json={"label": "y"})
    assert changed.json() == {**stored.json(), "label": "y"}
    refused = await client.post("/form_hosts/", json={"ip": "10.0.0.8", "uid": "x"})
    (error,) = refused.json()["errors"]
    assert (refused.status_code, error["pointer"]) == (422, "/uid")


LETTERS = "abcdef00-0000-4000-8000-00000000000a"


@pytest.mark.parametrize(
    "spelling",
    [LETTERS, LETTERS.upper(), LETTERS.replace("-", ""), f"{{{LETTERS}}}", f"urn:uuid:{LETTERS}"],
)
async def test_spellings_of_a_uuid(forms_world: World, lane: str, spelling: str) -> None:
    """A UUID is the same however a client spells it, also where it is kept as a text."""
    await empty_tables(forms_world.database)
    client = forms_world.clients[lane]
    stored = await client.post("/form_hosts/", json={"ip": "10.0.0.7", "uid": spelling})
    assert (stored.status_code, stored.json()["uid"]) == (201, LETTERS), stored.text
    for told in (LETTERS, spelling):
        answer = await client.get("/form_hosts/", params={"uid": told})
        assert answer.json()["items"] == [stored.json()], answer.text
    again = await client.post("/form_hosts/", json={"ip": "10.0.0.8", "uid": LETTERS})
    assert again.json()["code"] == "already_exists", again.text


def test_types_without_a_form() -> None:
    """Any text is one of a text's column, and UUIDs are no texts."""
    assert form_of(String()) is form_of(Uuid()) is None


class Sheet(Own, table=True):
    """Types that have values of their own, which other databases don't know."""

    __tablename__ = "form_sheets"

    id: int | None = Field(default=None, primary_key=True)
    cost: str | None = Field(default=None, sa_column=Column(MONEY))
    of: int | None = Field(default=None, sa_column=Column(OID))


class Switches(Own, table=True):
    """Strings of bits."""

    __tablename__ = "form_switches"

    id: int | None = Field(default=None, primary_key=True)
    bits: str | None = Field(default=None, sa_column=Column(BIT(4)))
    some: str | None = Field(default=None, sa_column=Column(BIT(4, varying=True)))
    one: str | None = Field(default=None, sa_column=Column(BIT))


@pytest_asyncio.fixture
async def sheets(make_url: MakeURL, lane: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the sheets and the switches."""
    url = await make_url("postgresql", "sheets")
    database = Database(url, metadata=Own.metadata, **PATIENT)
    await database.init_db()
    resources = (Resource(Sheet), Resource(Switches))
    async with open_client(make_app(database, lane, resources, {})) as client:
        yield client
    await database.close_db()


Unfit = list[tuple[str, Any]]

UNFIT_SHEETS: Unfit = [
    ("cost", "much"),
    ("cost", "99999999999999999999"),
    ("of", -1),
    ("of", 2**32),
]
UNFIT_SWITCHES: Unfit = [
    ("bits", "10"),
    ("bits", "10101"),
    ("bits", "abcd"),
    ("some", "10101"),
    ("one", ""),
    ("one", "11"),
]


@pytest.mark.both_lanes
async def test_values_of_types_of_postgresql(sheets: httpx2.AsyncClient) -> None:
    """A value that a column can't hold is reported with its place, and refused in filters too."""
    row = {"cost": "1.50", "of": 2**32 - 1}
    await check_form(sheets, "/form_sheets/", row, {**row, "cost": "$1.50"}, UNFIT_SHEETS)


@pytest.mark.skipif(
    sqlalchemy.__version__.startswith("2.0."),
    reason="SQLAlchemy takes texts of bits from 2.1 on",
)
@pytest.mark.both_lanes
async def test_bits(sheets: httpx2.AsyncClient) -> None:
    row = {"bits": "1010", "some": "10", "one": "1"}
    await check_form(sheets, "/form_switches/", row, row, UNFIT_SWITCHES)


async def check_form(
    client: httpx2.AsyncClient, path: str, row: Any, shown: Any, unfit: Unfit
) -> None:
    made = await client.post(path, json=row)
    assert (made.status_code, made.json()) == (201, {"id": 1, **shown})
    back = await client.put(f"{path}1", json=made.json())
    assert (back.status_code, back.json()) == (200, made.json())
    for name, value in unfit:
        for method, url, body, pointer in (
            ("POST", path, {**row, name: value}, f"/{name}"),
            ("PATCH", f"{path}1", {name: value}, f"/{name}"),
            ("POST", f"{path}bulk/", [row, {**row, name: value}], f"/1/{name}"),
        ):
            answer = await client.request(method, url, json=body)
            assert answer.status_code == 422, (name, value, answer.text)
            assert [e["pointer"] for e in answer.json()["errors"]] == [pointer], answer.text
        found = await client.get(path, params={name: value})
        assert found.status_code == 422, (name, value, found.text)


_CAST = """
CREATE FUNCTION cast_something() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM ('x' || NEW.id)::numeric; RETURN NEW; END $$;
CREATE TRIGGER cast_something BEFORE INSERT ON form_sheets
FOR EACH ROW EXECUTE FUNCTION cast_something();
"""


async def test_casts_of_triggers(make_url: MakeURL, lane: str) -> None:
    """A failed cast in a trigger is no fault of a value that was sent."""
    url = await make_url("postgresql", "casts")
    database = Database(url, metadata=Own.metadata, **PATIENT)
    await database.init_db()
    connection = await asyncpg.connect(url)
    await connection.execute(_CAST)
    await connection.close()
    async with open_client(make_app(database, lane, (Resource(Sheet),), {})) as client:
        answer = await client.post("/form_sheets/", json={"cost": "1"})
        read_problem(answer, 422, "refused")
        assert "cost" not in answer.text
    await database.close_db()
