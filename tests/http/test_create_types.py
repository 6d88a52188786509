"""Every type of column goes in and comes out whole."""

from typing import Any

import httpx2
import pytest
import pytest_asyncio

from modelwire import Resource
from tests.conftest import MakeClient
from tests.http.problems import count_rows, pointers_of, read_problem
from tests.zoo import Thing

WHOLE: tuple[tuple[str, Any], ...] = (
    ("text", ""),
    ("text", " \t\r\n'\"\\%_;--"),
    ("text", "ünï 日本 \U0001f600 e\u0301 \u2028 \ufeff \uffff \x01\x7f"),
    ("text", "x" * 100_000),
    ("short", "日本語 \U0001f600"),
    ("small", -(2**15)),
    ("small", 2**15 - 1),
    ("number", -(2**31)),
    ("number", 2**31 - 1),
    ("big", -(2**63)),
    ("big", 2**63 - 1),
    ("big", 2**53 + 1),
    ("ratio", 0.1),
    ("ratio", 1.7976931348623157e308),
    ("ratio", 5e-324),
    ("ratio", -1e22),
    ("price", "99999999.99"),
    ("price", "-99999999.99"),
    ("price", "0.01"),
    ("price", "0.00"),
    ("amount", "123456789012345"),
    ("amount", "-0.123456789012345"),
    ("amount", "12345678.9012345"),
    ("flag", True),
    ("flag", False),
    ("day", "0001-01-01"),
    ("day", "9999-12-31"),
    ("day", "2024-02-29"),
    ("moment", "0001-01-01T00:00:00Z"),
    ("moment", "9999-12-31T23:59:59.999999Z"),
    ("moment", "1969-12-31T23:59:59.000001Z"),
    ("local", "0001-01-01T00:00:00"),
    ("local", "9999-12-31T23:59:59.999999"),
    ("clock", "00:00:00"),
    ("clock", "23:59:59.999999"),
    ("span", "PT0S"),
    ("span", "PT0.000001S"),
    ("span", "-PT0.000001S"),
    ("span", "-P1DT1H"),
    ("span", "P35DT23H59M59.999999S"),
    ("color", "green"),
    ("reference", "00000000-0000-0000-0000-000000000000"),
    ("reference", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
    ("data", {}),
    ("data", {"": {"ü/~\U0001f600": [1, -2.5, None, True, "", [], {}]}, "a": {"b": {"c": 2**53}}}),
    ("data", {"z": 1, "a": 2}),
    ("tags", []),
    ("tags", ["", "ü", "a,b", "null"]),
)


@pytest_asyncio.fixture
async def things(make_client: MakeClient) -> httpx2.AsyncClient:
    """A client of the things alone."""
    made: httpx2.AsyncClient = await make_client(Resource(Thing))
    return made


@pytest.mark.parametrize(("field", "value"), WHOLE, ids=lambda part: repr(part)[:30])
async def test_value_comes_out_whole(things: httpx2.AsyncClient, field: str, value: object) -> None:
    """A value that is stored is shown as it was sent, by the answer and by reading the row."""
    created = await things.post("/things/", json={field: value})
    assert created.status_code == 201, created.text
    assert created.json()[field] == value
    assert (await things.get(created.headers["location"])).content == created.content


async def test_null_comes_out_as_null(things: httpx2.AsyncClient) -> None:
    """Null is stored as NULL in a column of any type, JSON included."""
    fields = [name for name in Thing.model_fields if name not in ("id", "tags", "token_id")]
    created = await things.post("/things/", json=dict.fromkeys(fields))
    assert created.status_code == 201, created.text
    assert {created.json()[field] for field in fields} == {None}
    for field in fields:
        found = await things.get("/things/", params={f"{field}__isnull": "true"})
        assert found.json()["items"] == [created.json()], field


@pytest.mark.parametrize(
    ("field", "sent", "shown"),
    [
        ("moment", "2026-01-01T02:00:00+02:00", "2026-01-01T00:00:00Z"),
        ("moment", "2026-01-01T00:00:00.5-11:30", "2026-01-01T11:30:00.500000Z"),
        ("moment", "2026-01-01t00:00:00z", "2026-01-01T00:00:00Z"),
        ("price", 1.5, "1.50"),
        ("price", "1", "1.00"),
        ("number", "5", 5),
        ("number", 5.0, 5),
        ("big", "-9223372036854775808", -(2**63)),
        ("ratio", 1, 1.0),
        ("flag", "true", True),
        ("span", 3600, "PT1H"),
        ("reference", "A" * 32, "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"),
    ],
)
async def test_one_form_out(
    things: httpx2.AsyncClient, field: str, sent: object, shown: object
) -> None:
    """A value that may be written in several forms is shown in one, the same after reading."""
    created = await things.post("/things/", json={field: sent})
    assert created.status_code == 201, created.text
    assert created.json()[field] == shown
    assert (await things.get(created.headers["location"])).content == created.content


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("moment", "2026-01-01T00:00:00"),
        ("moment", "2026-01-01"),
        ("moment", "0001-01-01T00:00:00+02:00"),
        ("moment", "9999-12-31T23:00:00-02:00"),
        ("local", "2026-01-01T00:00:00Z"),
        ("local", "2026-01-01T00:00:00+02:00"),
        ("small", 2**15),
        ("small", -(2**15) - 1),
        ("number", 2**31),
        ("number", -(2**31) - 1),
        ("number", 1.5),
        ("big", 2**63),
        ("big", -(2**63) - 1),
        ("price", "1.234"),
        ("price", "100000000.00"),
        ("price", "NaN"),
        ("amount", "Infinity"),
        ("short", "sixsix"),
        ("day", "2026-02-29"),
        ("day", "2026-01-01T12:00:00"),
        ("clock", "24:00:00"),
        ("clock", "12:00:00+05:00"),
        ("color", "RED"),
        ("color", "purple"),
        ("reference", "not-a-uuid"),
        ("data", []),
        ("data", "{}"),
        ("tags", None),
        ("tags", [1]),
        ("tags", "a"),
    ],
)
async def test_value_that_its_column_does_not_hold(
    things: httpx2.AsyncClient, field: str, value: object
) -> None:
    """A value that the column would refuse, cut off or change is 422, on both databases."""
    answer = await things.post("/things/", json={field: value})
    assert answer.status_code == 422, answer.text
    document = read_problem(answer, 422, answer.json()["code"])
    assert document["code"] in {"invalid", "out_of_range", "too_long"}
    assert [pointer.split("/")[1] for pointer in pointers_of(document)] == [field]
    assert await count_rows(things, "/things/") == 0


async def test_every_fault_is_named(things: httpx2.AsyncClient) -> None:
    """All the fields that are wrong are named, in one answer."""
    row = {"number": "x", "flag": "maybe", "tags": [1, "a", 2], "nope": 1}
    document = read_problem(await things.post("/things/", json=row), 422, "invalid")
    assert pointers_of(document) == ["/number", "/flag", "/tags/0", "/tags/2", "/nope"]


@pytest.mark.parametrize(
    ("field", "value", "detail"),
    [
        ("ratio", "1e400", "ratio: should be a finite number"),
        ("amount", {}, "amount: should be an integer, float, string or Decimal object"),
        (
            "moment",
            "2026-01-01T00:00:00",
            "moment: should have an offset, as in 2026-01-31T12:00:00Z",
        ),
        ("small", 40000, "Small should be from -32768 to 32767"),
        ("token_id", 5, "token_id: should be a string, bytes or UUID object"),
    ],
)
async def test_detail(
    zoo_client: httpx2.AsyncClient, field: str, value: object, detail: str
) -> None:
    """The detail names the field once, and says what would be right."""
    answer = await zoo_client.post("/things/", json={field: value})
    assert (answer.status_code, answer.json()["detail"]) == (422, detail)
    assert pointers_of(answer.json()) == [f"/{field}"]
