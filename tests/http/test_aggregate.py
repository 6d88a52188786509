"""Sums over groups of rows: `GET /things/aggregate`."""

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import available_timezones

import httpx2
import pytest
from fastapi import Depends, HTTPException
from sqlalchemy import Column, Float, Integer, Numeric, text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from modelwire import Database, Resource
from modelwire.resource import Operation
from tests.conftest import MakeClient
from tests.http.problems import read_problem
from tests.http.rows import refused_parameters, store
from tests.zoo import Category, Color, Person, Thing

BIG = 2**63 - 1


class Base(SQLModel, registry=registry(metadata=SQLModel.metadata)):
    """Classes of their own, whatever those of other tests are called."""


class Mixed(Base, table=True):
    """Columns whose values are shown as another kind of number than they are stored as."""

    __tablename__ = "mixed_numbers"

    id: int | None = Field(default=None, primary_key=True)
    float_of_numeric: float | None = Field(default=None, sa_column=Column(Numeric(10, 2)))
    int_of_numeric: int | None = Field(default=None, sa_column=Column(Numeric(20, 0)))
    decimal_of_int: Decimal | None = Field(default=None, sa_column=Column(Integer))
    decimal_of_float: Decimal | None = Field(default=None, sa_column=Column(Float))


async def tell(client: httpx2.AsyncClient, url: str) -> list[dict[str, Any]]:
    """The items of sums."""
    answer = await client.get(url)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def tell_one(client: httpx2.AsyncClient, measures: str) -> list[Any]:
    """Return measures of all things."""
    (item,) = await tell(client, f"/things/aggregate?measures={measures}")
    assert list(item) == measures.split(",")
    return list(item.values())


async def test_of_no_rows(zoo_client: httpx2.AsyncClient) -> None:
    """Without groups there is one item, of no rows too; with groups there is none."""
    told = await tell_one(zoo_client, "count,number:count,number:sum,price:avg,text:min")
    assert told == [0, 0, None, None, None]
    answer = await zoo_client.get("/things/aggregate/?group=color")
    assert answer.json() == {"items": [], "skip": 0, "limit": 100, "more": False}


async def test_integers_beyond_64_bits(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """A sum of integers is exact however large it is, and compares so."""
    rows = [Thing(big=BIG, color=Color.RED, tags=[]) for _ in range(3)]
    await store(database, *rows, Thing(big=-BIG - 1, color=Color.BLUE, tags=[]), Thing(tags=[]))
    assert await tell_one(zoo_client, "big:sum,big:avg") == [2 * BIG - 1, (2 * BIG - 1) / 4]
    url = "/things/aggregate?group=color&measures=big:sum&sort=-big:sum"
    items = [{"color": "red", "big:sum": 3 * BIG}, {"color": "blue", "big:sum": -BIG - 1}]
    assert await tell(zoo_client, f"{url}&having=(big:sum__isnull:false)") == items
    for term, found in (
        (f"big:sum:{3 * BIG}", items[:1]),
        (f"big:sum__lt:{3 * BIG}", items[1:]),
        (f"big:sum__in:({3 * BIG},1)", items[:1]),
        (f"big:sum__between:({-BIG - 1},0)", items[1:]),
    ):
        assert await tell(zoo_client, f"{url}&having=({term})") == found


async def test_decimals_to_the_last_digit(
    zoo_client: httpx2.AsyncClient, database: Database
) -> None:
    """Sums of decimals have no noise of floats, with a scale or without."""
    tenths = [Thing(price=Decimal("0.10"), amount=Decimal("0.1"), tags=[]) for _ in range(3)]
    small = Thing(price=Decimal("99999999.99"), amount=Decimal("123456789.000001"), tags=[])
    await store(database, *tenths)
    measures = "price:sum,price:avg,amount:sum,amount:avg"
    assert await tell_one(zoo_client, measures) == ["0.30", "0.10000000", "0.3", "0.1"]
    await store(database, small)
    told = ["100000000.29", "25000000.07250000", "123456789.300001", "30864197.32500025"]
    assert await tell_one(zoo_client, measures) == told


@pytest.mark.parametrize(
    ("cents", "mean"),
    [(1, "0.00007812"), (3, "0.00023438"), (-1, "-0.00007812"), (0, "0.00000000")],
)
async def test_half_to_even(
    zoo_client: httpx2.AsyncClient, database: Database, cents: int, mean: str
) -> None:
    """A mean in the middle of two decimals is the even one, with all its places."""
    rest = [Thing(price=Decimal("0.00"), tags=[]) for _ in range(127)]
    await store(database, Thing(price=Decimal(cents).scaleb(-2), tags=[]), *rest)
    assert await tell_one(zoo_client, "price:avg") == [mean]
    url = f"/things/aggregate?measures=price:avg&having=(price:avg:{mean})"
    assert len(await tell(zoo_client, url)) == 1


async def test_kinds_of_numbers(make_client: MakeClient, database: Database) -> None:
    """A sum is of the kind that its field is shown as, whatever its column stores."""
    client = await make_client(Resource(Mixed))
    row = {
        "float_of_numeric": 0.1,
        "int_of_numeric": 10**14,
        "decimal_of_int": "7",
        "decimal_of_float": "0.1",
    }
    for _ in range(3):
        assert (await client.post("/mixed_numbers/", json=row)).status_code == 201
    measures = ",".join(f"{name}:{function}" for name in row for function in ("sum", "avg"))
    (item,) = await tell(client, f"/mixed_numbers/aggregate?measures={measures}")
    assert [*item.values()] == [0.3, 0.1, 3 * 10**14, 1e14, "21", "7.000000", "0.3", "0.1"]


async def test_durations(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """Durations add up, negative ones too, and compare as durations."""
    spans = [timedelta(hours=30), timedelta(microseconds=-1), timedelta(days=-400)]
    await store(database, *(Thing(span=span, tags=[]) for span in spans))
    assert await tell_one(zoo_client, "span:sum") == ["-P1Y33DT18H0.000001S"]
    for term, count in (("span:sum__lt:PT0S", 1), ("span:sum__gte:PT0S", 0)):
        found = await tell(zoo_client, f"/things/aggregate?measures=span:sum&having=({term})")
        assert len(found) == count


async def test_hours_that_clocks_show_twice(
    zoo_client: httpx2.AsyncClient, database: Database
) -> None:
    """An hour is an instant: where clocks are put back there are two of them."""
    moments = [datetime(2026, 10, 24, 23, 59, tzinfo=UTC)]
    moments += [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in range(3)]
    await store(database, *(Thing(moment=moment, tags=[]) for moment in moments))
    url = "/things/aggregate?group=moment:{}&tz=Europe/Berlin"
    hours = [item["moment:hour"] for item in await tell(zoo_client, url.format("hour"))]
    assert hours == [f"2026-10-{day}:00:00Z" for day in ("24T23", "25T00", "25T01", "25T02")]
    days = [(i["moment:day"], i["count"]) for i in await tell(zoo_client, url.format("day"))]
    assert days == [("2026-10-25", 4)]


async def test_every_zone(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """Every time zone that is taken is one to the database too."""
    await store(database, Thing(moment=datetime(2026, 1, 1, tzinfo=UTC), tags=[]))
    for zone in sorted(available_timezones() - {"localtime", "Factory"}):
        parameters = {"group": "moment:day", "tz": zone}
        answer = await zoo_client.get("/things/aggregate", params=parameters)
        assert answer.status_code == 200, f"{zone} {answer.text}"


async def test_groups_through_relations(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """A related row that is not there groups as null, at the end."""
    await store(database, Category(id=1, name="a"))
    await store(
        database, Category(id=2, name="b", parent_id=1), Category(id=3, name="c", parent_id=1)
    )
    url = "/categories/aggregate?group=parent.name&measures=count,parent.id:max,name:max"
    assert await tell(zoo_client, url) == [
        {"parent.name": "a", "count": 2, "parent.id:max": 1, "name:max": "c"},
        {"parent.name": None, "count": 1, "parent.id:max": None, "name:max": "a"},
    ]


async def test_having_and_sort_need_not_be_shown(
    zoo_client: httpx2.AsyncClient, database: Database
) -> None:
    """Groups are chosen and ordered by measures that the answer does not show, too."""
    colors = (Color.RED, Color.RED, Color.GREEN, Color.GREEN, Color.GREEN, Color.BLUE)
    await store(database, *(Thing(color=c, number=i, tags=[]) for i, c in enumerate(colors)))
    url = "/things/aggregate?group=color&measures=number:max&having=(count__gte:2)&sort=-count"
    assert await tell(zoo_client, url) == [
        {"color": "green", "number:max": 4},
        {"color": "red", "number:max": 1},
    ]


async def test_pages(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """`more` says whether there are further groups, and `Link` where."""
    await store(database, *(Thing(number=i, tags=[]) for i in range(5)))
    answer = await zoo_client.get("/things/aggregate?group=number&limit=2&skip=2")
    page = answer.json()
    assert [item["number"] for item in page.pop("items")] == [2, 3]
    assert page == {"skip": 2, "limit": 2, "more": True}
    assert set(answer.links) == {"first", "prev", "next"}
    last = await zoo_client.get(answer.links["next"]["url"])
    assert (last.json()["items"], last.json()["more"]) == ([{"number": 4, "count": 1}], False)
    sheet = await zoo_client.get(
        "/things/aggregate?group=number&limit=1", headers={"accept": "text/csv"}
    )
    assert sheet.text == "number,count\r\n0,1\r\n"
    assert sheet.headers["vary"] == "Accept"
    assert "next" in sheet.links
    lines = {"accept": "application/x-ndjson, application/json;q=0"}
    read_problem(await zoo_client.get("/things/aggregate", headers=lines), 406, "not_acceptable")


REFUSED = [
    ("group=nmber", "group", None),
    ("group=number,number", "group", None),
    ("group=data", "group", None),
    ("group=tags", "group", None),
    ("group=number:month", "group", None),
    ("group=clock:hour", "group", None),
    ("group=day:hour", "group", None),
    ("group=moment:decade", "group", None),
    ("group=moment:", "group", None),
    ("group=,", "group", None),
    ("measures=", "measures", None),
    ("measures=number", "measures", None),
    ("measures=nmber:sum", "measures", None),
    ("measures=number:median", "measures", None),
    ("measures=number:sum,number:sum", "measures", None),
    ("measures=text:sum", "measures", None),
    ("measures=span:avg", "measures", None),
    ("measures=flag:max", "measures", None),
    ("measures=color:min", "measures", None),
    ("measures=reference:max", "measures", None),
    ("measures=data:count_distinct", "measures", None),
    ("measures=count,count", "measures", None),
    ("measures=moment:sum", "measures", None),
    ("having=count:1", "having", 0),
    ("having=()", "having", 1),
    ("having=(count__gt:x)", "having", 11),
    ("having=(count__icontains:1)", "having", 1),
    ("having=(number:1)", "having", 1),
    ("having=(count:1,nmber:sum:1)", "having", 9),
    ("having=(count:1,number:sm:1)", "having", 9),
    ("having=(number:sum__gt:(1,2))", "having", 16),
    ("group=number&having=(number:1)", "having", 1),
    ("sort=number", "sort", None),
    ("sort=count,-count", "sort", None),
    ("group=number&sort=nmber", "sort", None),
    ("tz=Europe/Berln", "tz", None),
    ("tz=", "tz", None),
    ("tz=../../etc/passwd", "tz", None),
    ("tz=localtime", "tz", None),
    ("limit=0", "limit", None),
    ("limit=1001", "limit", None),
    ("skip=-1", "skip", None),
    ("cursor=", "cursor", None),
    ("count=none", "count", None),
    ("fields=number", "fields", None),
    ("include=number", "include", None),
    ("group=number&group=%00", "group", None),
    ("nmber=1", "nmber", None),
    ("limit=1&limit=2", "limit", None),
]


@pytest.mark.parametrize(("query", "parameter", "position"), REFUSED)
async def test_refused(
    zoo_client: httpx2.AsyncClient, query: str, parameter: str, position: int | None
) -> None:
    """A refusal names its parameter, and in `having` the character."""
    problem = read_problem(await zoo_client.get(f"/things/aggregate?{query}"), 422, "invalid")
    (error,) = problem["errors"]
    assert (error["parameter"], error.get("position")) == (parameter, position), error


async def test_paths_to_many_rows_and_hidden_fields(zoo_client: httpx2.AsyncClient) -> None:
    """A path to many rows would count one several times; a hidden field is as one that is not."""
    for query in ("group=children.name", "measures=children.id:sum"):
        answer = await zoo_client.get(f"/categories/aggregate?{query}")
        (error,) = read_problem(answer, 422, "invalid")["errors"]
        assert error["code"] == "to_many"
    unknown = await zoo_client.get("/people/aggregate?group=password_hush")
    hidden = await zoo_client.get("/people/aggregate?group=password_hash")
    assert hidden.text == unknown.text.replace("hush", "hash")
    assert refused_parameters(
        await zoo_client.get("/people/aggregate?measures=password_hash:max")
    ) == ["measures"]


async def test_many_fields(zoo_client: httpx2.AsyncClient) -> None:
    """As many fields can be named as `sort` may, each in all of its measures."""
    numbers = ("small", "number", "big", "ratio", "price", "amount")
    functions = ("count", "count_distinct", "sum", "avg", "min", "max")
    measures = [f"{name}:{function}" for name in numbers for function in functions]
    assert len(await tell_one(zoo_client, ",".join(measures))) == 36
    path = "parent.parent.parent."
    wide = ",".join(
        f"{path[: 7 * depth]}{name}" for depth in range(4) for name in ("id", "name", "parent_id")
    )
    assert (await zoo_client.get(f"/categories/aggregate?group={wide}")).status_code == 200


async def test_largest_limit(make_client: MakeClient, database: Database) -> None:
    """At most 1,000 groups are answered, 100 where the request does not say."""
    client = await make_client(Resource(Category))
    await store(database, *(Category(name=f"{i:04}") for i in range(1001)))
    for query, count in (("", 100), ("&limit=1000", 1000)):
        answer = await client.get(f"/categories/aggregate?group=name{query}")
        assert (len(answer.json()["items"]), answer.json()["more"]) == (count, True)


class Word(Base, table=True):
    """A key of text, and fields that are named like parameters and measures."""

    __tablename__ = "sum_words"

    name: str = Field(primary_key=True)
    group: str = "a"
    count: int = 1
    limit: int = 5


async def test_names_that_are_taken(make_client: MakeClient) -> None:
    """A key spelt `aggregate` is reached percent-encoded; fields named like parameters work."""
    client = await make_client(Resource(Word))
    created = await client.post("/sum_words/", json={"name": "aggregate"})
    assert created.headers["location"] == "/sum_words/%61ggregate"
    assert (await client.get(created.headers["location"])).json()["name"] == "aggregate"
    await client.post("/sum_words/", json={"name": "x", "group": "b", "count": 3})
    url = "/sum_words/aggregate"
    assert await tell(client, f"{url}?group=count,group&measures=limit:sum&group__eq=b") == [
        {"count": 3, "group": "b", "limit:sum": 5}
    ]
    assert await tell(client, f"{url}?measures=count:sum,count&count__gt=0&limit__eq=5") == [
        {"count:sum": 4, "count": 2}
    ]
    assert refused_parameters(await client.get(f"{url}?group=count")) == ["measures"]


async def test_off_with_lists(make_client: MakeClient) -> None:
    """Sums are off where lists are, and where they are not named."""
    some: list[list[Operation]] = [["read", "aggregate"], ["read", "list"]]
    for operations in some:
        client = await make_client(Resource(Person, operations=operations))
        assert (await client.get("/people/aggregate")).status_code == 404
        assert (await client.post("/people/aggregate/query", json={})).status_code in (404, 405)


def refuse() -> None:
    raise HTTPException(401)


@pytest.mark.parametrize("operation", ["list", "aggregate"])
async def test_guarded_as_lists_are(make_client: MakeClient, operation: Any) -> None:
    """Guards of lists apply to sums; they may have guards of their own."""
    client = await make_client(
        Resource(Person, operation_dependencies={operation: [Depends(refuse)]})
    )
    assert (await client.get("/people/aggregate")).status_code == 401
    assert (await client.post("/people/aggregate/query", json={})).status_code == 401
    assert (await client.get("/people/")).status_code == (401 if operation == "list" else 200)


async def test_values_that_are_none(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """Whatever others have stored, sums are answered."""
    values = {
        "sqlite": {
            "price": "'x'",
            "number": "'y'",
            "day": "'never'",
            "moment": "7.5",
            "ratio": "'z'",
        },
        "postgresql": {
            "amount": "'NaN'",
            "ratio": "'NaN'",
            "day": "'infinity'",
            "moment": "'-infinity'",
        },
    }[database.dialect]
    await store(database, Thing(tags=[]))
    async with database.engine.begin() as connection:
        for name, value in values.items():
            await connection.execute(text(f"UPDATE things SET {name} = {value}"))
    for name in values:
        for function in ("count", "count_distinct", "min", "max", "sum", "avg"):
            url = f"/things/aggregate?measures={name}:{function}"
            assert (await zoo_client.get(url)).status_code in (200, 422)
    for group in ("day", "day:week", "moment", "moment:hour", "moment:day", "ratio", "price"):
        url = f"/things/aggregate?group={group}&tz=America/New_York"
        assert (await zoo_client.get(url)).status_code == 200, group


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata"])
async def test_first_and_last_day(
    zone: str, zoo_client: httpx2.AsyncClient, database: Database
) -> None:
    """Instants whose local date may be none that there is are cut in UTC."""
    first = datetime(1, 1, 1, 0, 30, tzinfo=UTC)
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    await store(database, *(Thing(moment=moment, tags=[]) for moment in (first, last)))
    cuts = {
        "hour": ("0001-01-01T00:00:00Z", "9999-12-31T23:00:00Z"),
        "day": ("0001-01-01", "9999-12-31"),
        "week": ("0001-01-01", "9999-12-27"),
        "month": ("0001-01-01", "9999-12-01"),
        "quarter": ("0001-01-01", "9999-10-01"),
        "year": ("0001-01-01", "9999-01-01"),
    }
    for bucket, starts in cuts.items():
        items = await tell(zoo_client, f"/things/aggregate?group=moment:{bucket}&tz={zone}")
        assert items == [{f"moment:{bucket}": start, "count": 1} for start in starts]


async def test_means_of_floats(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """Floats have means that are floats."""
    await store(database, *(Thing(ratio=value, tags=[]) for value in (0.1, 0.2, 0.4)))
    ((total, mean),) = [await tell_one(zoo_client, "ratio:sum,ratio:avg")]
    assert math.isclose(total, 0.7)
    assert math.isclose(mean, 0.7 / 3)
