"""A key may be of any type that Pydantic reads from a text."""

import enum
import ipaddress
import uuid
from collections.abc import AsyncIterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import quote

import httpx2
import pytest
import pytest_asyncio
from pydantic import AnyUrl, NaiveDatetime, StringConstraints
from sqlalchemy import String, TypeDecorator
from sqlalchemy.dialects.postgresql import CIDR, INET, MACADDR
from sqlalchemy.orm import registry
from sqlmodel import AutoString, Field, SQLModel

from modelwire import Database, Resource
from tests.classes import make_class
from tests.conftest import create_postgres_database, empty_tables, make_app, open_client
from tests.http.problems import read_problem
from tests.lanes import LANES
from tests.worlds import World, make_world_fixture, on_lanes


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own."""


class Suit(enum.Enum):
    CLUBS = "c/♣"
    HEARTS = "h,♥"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class AddressType(TypeDecorator[ipaddress.IPv4Address]):
    """Addresses as texts in which they stand as they are ordered."""

    impl = String(12)
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Any) -> str | None:
        return None if value is None else f"{int(ipaddress.IPv4Address(value)):012}"

    def process_result_value(self, value: str | None, _dialect: Any) -> Any:
        return None if value is None else ipaddress.IPv4Address(int(value))


class KeyType(NamedTuple):
    """A type, how its column is made, and two values, the second one spelt in two ways."""

    annotation: Any
    column: dict[str, Any]
    first: Any
    second: Any
    spelt: Any


TEXT: dict[str, Any] = {"sa_type": AutoString}
TYPES: Mapping[str, KeyType] = {
    "ipv4": KeyType(ipaddress.IPv4Address, TEXT, "1.2.3.4", "10.0.0.1", "10.0.0.1"),
    "address": KeyType(
        ipaddress.IPv4Address, {"sa_type": AddressType}, "1.2.3.4", "10.0.0.1", "10.0.0.1"
    ),
    "anything": KeyType(Any, {"sa_type": AddressType}, "1.2.3.4", "10.0.0.1", "10.0.0.1"),
    "ipv6": KeyType(ipaddress.IPv6Address, TEXT, "::1", "fe80::1", "FE80:0:0:0:0:0:0:1"),
    "network": KeyType(
        ipaddress.IPv4Network, TEXT, "10.0.0.0/8", "1.2.3.4/32", "1.2.3.4/255.255.255.255"
    ),
    "interface": KeyType(ipaddress.IPv4Interface, TEXT, "10.0.0.1/8", "1.2.3.4/32", "1.2.3.4"),
    "url": KeyType(AnyUrl, TEXT, "https://a.b/c?d=e,f", "https://x.org/", "HTTPS://X.org"),
    "path": KeyType(PurePosixPath, TEXT, "/a b/c", "d/e", "d//e/"),
    "word": KeyType(Literal["a,b", "%2F"], TEXT, "a,b", "%2F", "%2F"),
    "text": KeyType(str, {}, "a/b", "é,%", "é,%"),
    "short": KeyType(Annotated[str, StringConstraints(max_length=3)], {}, ".", "bul", "bul"),
    "number": KeyType(
        int, {"sa_column_kwargs": {"autoincrement": False}}, -5, 2**31 - 1, str(2**31 - 1)
    ),
    "ratio": KeyType(float, {}, 0.5, 1e10, "1e10"),
    "amount": KeyType(Decimal, {"max_digits": 8, "decimal_places": 2}, "-1.50", "2.00", "2"),
    "flag": KeyType(bool, {}, True, False, "false"),
    "id": KeyType(
        uuid.UUID, {}, str(uuid.UUID(int=1)), str(uuid.UUID(int=2)), uuid.UUID(int=2).hex
    ),
    "suit": KeyType(Suit, {}, Suit.CLUBS.value, Suit.HEARTS.value, Suit.HEARTS.value),
    "level": KeyType(Level, {}, 1, 2, "2"),
    "day": KeyType(date, {}, "0001-01-01", "2026-02-28", "2026-02-28"),
    "moment": KeyType(
        datetime,
        {},
        "2026-01-01T00:00:00.000001Z",
        "2026-01-01T00:00:00Z",
        "2026-01-01T01:00:00+01:00",
    ),
    "local": KeyType(
        NaiveDatetime, {}, "2026-01-01T00:00:00", "2026-01-01T12:30:00", "2026-01-01T12:30"
    ),
    "clock": KeyType(time, {}, "12:00:00", "23:59:59.500000", "23:59:59.5"),
    "span": KeyType(timedelta, {}, "PT1H", "P1D", "PT24H"),
}
ON_POSTGRESQL: Mapping[str, KeyType] = {
    "inet": KeyType(
        ipaddress.IPv4Address | ipaddress.IPv6Address,
        {"sa_type": INET},
        "::1",
        "1.2.3.4",
        "1.2.3.4",
    ),
    "cidr": KeyType(
        ipaddress.IPv4Network, {"sa_type": CIDR}, "10.0.0.0/8", "1.2.3.4/32", "1.2.3.4"
    ),
    "mac": KeyType(
        str, {"sa_type": MACADDR}, "08:00:2b:01:02:03", "08:00:2b:01:02:04", "08002b010204"
    ),
}


def make_model(base: type[SQLModel], name: str, kind: KeyType) -> type[SQLModel]:
    body = {
        "__module__": __name__,
        "__annotations__": {"key": kind.annotation, "label": str},
        "__tablename__": f"{name}_keys",
        "key": Field(primary_key=True, **kind.column),
        "label": "x",
    }
    return make_class(name.title(), base, body, table=True)


MODELS = {name: make_model(Base, name, kind) for name, kind in TYPES.items()}
EVERYWHERE = tuple(Resource(model) for model in MODELS.values())
types_world = make_world_fixture("types", Base.metadata, on_lanes(EVERYWHERE))


@pytest.fixture
async def client(types_world: World, lane: str) -> httpx2.AsyncClient:
    await empty_tables(types_world.database)
    return types_world.clients[lane]


def in_path(value: Any, unquoted: str = "") -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return quote(text, safe=unquoted)


async def use_key(client: httpx2.AsyncClient, path: str, kind: KeyType) -> None:
    """Name rows by their keys in every way there is."""
    rows = []
    for value in (kind.first, kind.second):
        created = await client.post(f"{path}/", json={"key": value})
        assert created.status_code == 201, created.text
        url = created.headers["location"]
        assert (await client.get(url)).json() == created.json(), url
        assert created.json() == {"key": value, "label": "x"}
        rows.append(created.json())
    shown = await client.get(f"{path}/{in_path(kind.spelt)}")
    assert shown.json() == rows[1]
    # Where a key is one value, a comma separates nothing.
    assert (await client.get(f"{path}/{in_path(kind.spelt, ',')}")).json() == rows[1]
    assert (await client.get(f"{path}/", params={"key": kind.spelt})).status_code in (200, 422)
    changed = await client.patch(f"{path}/{in_path(kind.spelt)}", json={"label": "y"})
    assert changed.json() == rows[1] | {"label": "y"}
    sent_back = await client.put(f"{path}/{in_path(kind.spelt)}", json=rows[1])
    assert sent_back.json() == rows[1]
    many = [{"key": kind.spelt, "label": "z"}, {"key": kind.first, "label": "a"}]
    answer = await client.patch(f"{path}/bulk/", json=many)
    assert answer.status_code == 200, answer.text
    assert answer.json() == [rows[1] | {"label": "z"}, rows[0] | {"label": "a"}]
    await walk(client, path, 2)
    read_problem(await client.post(f"{path}/", json={"key": kind.spelt}), 400, "already_exists")
    gone = await client.request("DELETE", f"{path}/bulk/", json=[kind.spelt, kind.first])
    assert gone.status_code == 204, gone.text


async def walk(client: httpx2.AsyncClient, path: str, count: int) -> None:
    """Read a list one row at a time, forward by cursors."""
    cursor: str | None = ""
    seen: list[str] = []
    for _ in range(count):
        page = (await client.get(f"{path}/", params={"cursor": cursor, "limit": 1})).json()
        seen += [str(item["key"]) for item in page["items"]]
        cursor = page["next"]
    assert cursor is None
    assert len(set(seen)) == count


@pytest.mark.parametrize("name", TYPES)
async def test_key(client: httpx2.AsyncClient, name: str) -> None:
    """A key names its row in a path, a body and a cursor, however it is spelt."""
    await use_key(client, f"/{name}_keys", TYPES[name])


class Own(SQLModel, registry=registry()):
    """Tables of types that PostgreSQL alone has."""


OWN_MODELS = {name: make_model(Own, name, kind) for name, kind in ON_POSTGRESQL.items()}


@pytest_asyncio.fixture(params=LANES)
async def own_client(
    request: pytest.FixtureRequest, postgres_server: str, worker_id: str
) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of PostgreSQL, on each lane."""
    url = await create_postgres_database(postgres_server, f"modelwire_own_types_{worker_id}")
    database = Database(url, metadata=Own.metadata)
    await database.init_db()
    resources = tuple(Resource(model) for model in OWN_MODELS.values())
    async with open_client(make_app(database, request.param, resources, {})) as made:
        yield made
    await database.close_db()


@pytest.mark.parametrize("name", ON_POSTGRESQL)
async def test_key_of_postgresql(own_client: httpx2.AsyncClient, name: str) -> None:
    """A type of PostgreSQL's own is a key too."""
    await use_key(own_client, f"/{name}_keys", ON_POSTGRESQL[name])
