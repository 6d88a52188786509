"""Hostile values in bodies: refused with a problem, or stored and read back the same."""

import json
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from examples.league import Team, User
from modelwire import Database, Resource
from tests.conftest import MakeClient
from tests.http.problems import count_rows
from tests.http.rows import store_users
from tests.zoo import Country, Thing

JSON = {"content-type": "application/json"}
USER_FIELDS = ("username", "email", "full_name", "is_active", "created_at")
THING_FIELDS = tuple(name for name in Thing.model_fields if name != "id")

# JSON texts, some of which are none.
VALUES: dict[str, str] = {
    "NUL": r'"a\u0000b"',
    "raw control character": '"a\x01b"',
    "lone high surrogate": r'"\ud800"',
    "lone low surrogate": r'"a\udc00b"',
    "surrogates in the wrong order": r'"\udc00\ud800"',
    "noncharacter": r'"\uffff\ufdd0"',
    "2**31": "2147483648",
    "2**63": "9223372036854775808",
    "2**70": "1180591620717411303424",
    "-2**63": "-9223372036854775808",
    "-2**70": "-1180591620717411303424",
    "1e400": "1e400",
    "-1e400": "-1e400",
    "1e308": "1e308",
    "1e-400": "1e-400",
    "NaN": "NaN",
    "Infinity": "Infinity",
    "-Infinity": "-Infinity",
    "-0": "-0",
    "-0.0": "-0.0",
    "quoted NaN": '"NaN"',
    "quoted Infinity": '"-Infinity"',
    "quoted 1e400": '"1e400"',
    "quoted 1e-16000": '"1e-16000"',
    "quoted 1e999999999": '"1e999999999"',
    "4000 digits": "9" * 4000,
    "5000 digits": "9" * 5000,
    "quoted 5000 digits": f'"{"9" * 5000}"',
    "decimals": f'"0.{"1" * 5000}"',
    "other digits": '"١٢"',
    "number with underscore": '"1_000"',
    "empty": '""',
    "empty object": "{}",
    "empty array": "[]",
    "object with a NUL": r'{"a\u0000": "b"}',
    "object with a surrogate": r'{"a": ["\udfff"]}',
    "object with 2**70": '{"a": 1180591620717411303424}',
    "object with 4000 digits": f'{{"a": {"9" * 4000}}}',
    "object with 1e400": '{"a": [1e400]}',
    "object with a name twice": '{"a": 1, "a": 2}',
    "object with -0.0": '{"a": -0.0}',
    "object 200 deep": '{"a":' * 200 + "1" + "}" * 200,
    "object 900 deep": '{"a":' * 900 + "1" + "}" * 900,
    "array 10000 deep": "[" * 10_000 + "]" * 10_000,
    "object 10000 deep": '{"a":' * 10_000 + "1" + "}" * 10_000,
    "array with a NUL": r'["a\u0000"]',
    "array with a surrogate": r'["\ud800"]',
    "long span": '"P999999999D"',
    "long negative span": '"-P999999999D"',
    "span of 10000 years": '"P10000Y"',
    "before year 1": '"0001-01-01T00:00:00+14:00"',
    "after year 9999": '"9999-12-31T23:59:59-14:00"',
    "year 0": '"0000-01-01"',
    "leap second": '"2026-12-31T23:59:60Z"',
    "offset in a time": '"12:00:00+05:00"',
    "offset with seconds": '"2026-01-01T00:00:00+00:00:30"',
    "nanoseconds": '"2026-01-01T00:00:00.123456789Z"',
    "nanoseconds in a time": '"12:00:00.123456789"',
}


@pytest_asyncio.fixture
async def served(make_client: MakeClient) -> httpx2.AsyncClient:
    """A client of users, teams, things and countries."""
    made: httpx2.AsyncClient = await make_client(*map(Resource, (User, Team, Thing, Country)))
    return made


def assert_refused(answer: httpx2.Response, *, what: str = "") -> None:
    """An answer that refuses is 4xx and a problem document."""
    assert 400 <= answer.status_code < 500, (what, answer.text[:500])
    assert answer.headers["content-type"] == "application/problem+json", what
    assert answer.json()["status"] == answer.status_code, what


async def assert_serves(client: httpx2.AsyncClient) -> None:
    """The application still does its work."""
    answer = await client.post("/teams/", json={"name": "normal"})
    assert answer.status_code == 201, answer.text
    assert (await client.delete(answer.headers["location"])).status_code == 204


async def assert_refused_or_whole(
    client: httpx2.AsyncClient, answer: httpx2.Response, field: str, value: str
) -> bool:
    """A write is refused, or its row is read back as it was answered; tells whether it is there."""
    if not answer.is_success:
        assert_refused(answer, what=field)
        return False
    read = await client.get(answer.headers["location"])
    assert read.content == answer.content, field
    shown, sent = answer.json()[field], json.loads(value)
    assert type(shown) is not type(sent) or shown == sent or is_written_otherwise(field), field
    return True


def is_written_otherwise(field: str) -> bool:
    """Whether a field's values have one form in answers, whatever form they are sent in."""
    return field not in ("username", "email", "full_name", "text", "short", "data", "tags")


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
async def test_value_of_a_field(served: httpx2.AsyncClient, value: str) -> None:
    """Whatever stands in a field is refused with a problem, or kept whole; never a 5xx."""
    for path, fields, base in (
        ("/users/", USER_FIELDS, {"username": "x", "email": "x"}),
        ("/things/", THING_FIELDS, {}),
    ):
        for field in fields:
            rest = "".join(f', "{k}": "{v}"' for k, v in base.items() if k != field)
            body = f'{{"{field}": {value}{rest}}}'.encode()
            answer = await served.post(path, content=body, headers=JSON)
            stored = await assert_refused_or_whole(served, answer, field, value)
            assert await count_rows(served, path) == stored, field
            if stored:
                gone = await served.delete(answer.headers["location"])
                assert gone.status_code == 204
    await assert_serves(served)


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
async def test_value_of_a_change(
    served: httpx2.AsyncClient, database: Database, value: str
) -> None:
    """Whatever stands in a change is refused with a problem, or kept whole; never a 5xx."""
    await store_users(database, ann=None)
    thing = (await served.post("/things/", json={})).headers["location"]
    for path, fields in (("/users/1", USER_FIELDS), (thing, THING_FIELDS)):
        for field in fields:
            before = (await served.get(path)).content
            body = f'{{"{field}": {value}}}'.encode()
            answer = await served.patch(path, content=body, headers=JSON)
            after = (await served.get(path)).content
            if answer.is_success:
                assert after == answer.content, field
            else:
                assert_refused(answer, what=field)
                assert after == before, field


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
async def test_value_as_a_body(served: httpx2.AsyncClient, value: str) -> None:
    """A body that is something else than a row is refused, also where many rows may stand."""
    for path in ("/users/", "/users/bulk/"):
        for body in (value, f"[{value}]", f'{{"users": [{value}]}}'):
            answer = await served.post(path, content=body.encode(), headers=JSON)
            if path == "/users/bulk/" and body == "[]":
                continue
            assert_refused(answer, what=body[:50])
    assert await count_rows(served, "/users/") == 0
    await assert_serves(served)


ROW = b'{"username": "ann", "email": "a"}'
BODIES: dict[str, tuple[bytes, dict[str, str], int]] = {
    "nothing": (b"", JSON, 422),
    "null": (b"null", JSON, 422),
    "array": (b"[]", JSON, 422),
    "text": (b'"ann"', JSON, 422),
    "number": (b"5", JSON, 422),
    "half an object": (b'{"username": "ann"', JSON, 422),
    "two objects": (ROW + ROW, JSON, 422),
    "name twice": (b'{"username": "ann", "username": "bob", "email": "a"}', JSON, 422),
    "surrogate as a name": (b'{"username": "ann", "email": "a", "\\ud800": 1}', JSON, 422),
    "NUL as a name": (b'{"username": "ann", "email": "a", "\\u0000": 1}', JSON, 422),
    "slash as a name": (b'{"username": "ann", "email": "a", "a/~b": 1}', JSON, 422),
    "single quotes": (b"{'username': 'ann', 'email': 'a'}", JSON, 422),
    "comment": (b"/* x */" + ROW, JSON, 422),
    "byte order mark": (b"\xef\xbb\xbf" + ROW, JSON, 422),
    "Latin-1": (b'{"username": "\xe9", "email": "a"}', JSON, 422),
    "surrogate in UTF-8": (b'{"username": "\xed\xa0\x80", "email": "a"}', JSON, 422),
    "overlong UTF-8": (b'{"username": "\xc0\xaf", "email": "a"}', JSON, 422),
    "UTF-16": (ROW.decode().encode("utf-16"), JSON, 422),
    "raw NUL": (b"\x00", JSON, 422),
    "charset": (ROW, {"content-type": "application/json; charset=latin-1"}, 415),
    "text/plain": (ROW, {"content-type": "text/plain"}, 415),
    "media type of another JSON": (ROW, {"content-type": "application/jsonp"}, 415),
    "no media type": (ROW, {}, 415),
    "empty media type": (ROW, {"content-type": ""}, 415),
    "malformed media type": (ROW, {"content-type": "json"}, 415),
    "form": (
        b"username=ann&email=a", {"content-type": "application/x-www-form-urlencoded"}, 415,
    ),
    "multipart form": (b"--x--", {"content-type": "multipart/form-data; boundary=x"}, 415),
}  # fmt: skip


@pytest.mark.parametrize(("body", "headers", "status"), BODIES.values(), ids=BODIES.keys())
async def test_body(
    served: httpx2.AsyncClient, body: bytes, headers: dict[str, str], status: int
) -> None:
    """A body that is no JSON object in UTF-8, or does not say that it is, is refused."""
    answer = await served.post("/users/", content=body, headers=headers)
    assert_refused(answer)
    assert answer.status_code == status
    assert await count_rows(served, "/users/") == 0
    await assert_serves(served)


@pytest.mark.parametrize(
    "media_type",
    ["application/json", "Application/JSON", 'application/json; charset="UTF-8"',
     "application/json;charset=utf-8", "application/json ; charset=utf-8"],
)  # fmt: skip
async def test_media_type(served: httpx2.AsyncClient, media_type: str) -> None:
    """JSON in UTF-8 may be announced in any spelling that means it."""
    answer = await served.post("/users/", content=ROW, headers={"content-type": media_type})
    assert answer.status_code == 201, answer.text


async def in_parts(body: bytes) -> Any:
    for start in range(0, len(body), 65536):
        yield body[start : start + 65536]


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/users/"), ("POST", "/users/bulk/"), ("PATCH", "/users/1")]
)
async def test_large_body(
    served: httpx2.AsyncClient, method: str, path: str, announced: bool
) -> None:
    """A body over the limit is 413, whether or not it says how large it is."""
    body = b'{"username": "' + b"x" * 2_000_000 + b'", "email": "a"}'
    content = body if announced else in_parts(body)
    answer = await served.request(method, path, content=content, headers=JSON)
    assert_refused(answer)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert await count_rows(served, "/users/") == 0
    await assert_serves(served)


@pytest.mark.parametrize("length", ["-1", "x", "1e9", "99999999999999999999999"])
async def test_content_length(served: httpx2.AsyncClient, length: str) -> None:
    """A malformed or absurd length is no 5xx."""
    headers = {**JSON, "content-length": length}
    answer = await served.post("/users/", content=ROW, headers=headers)
    assert answer.status_code < 500
