"""Hostile values in bodies: refused with a problem, or stored and read back the same."""

import json
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from examples.league import Team, User
from modelwire import Resource
from tests.conftest import MakeClient
from tests.http.problems import count_rows, read_problem
from tests.zoo import Thing

JSON = {"content-type": "application/json"}
REQUIRED: dict[str, tuple[str, ...]] = {"/users/": ("username", "email"), "/things/": ()}
FIELDS = [
    *(("/users/", name) for name in User.model_fields if name != "id"),
    *(("/things/", name) for name in Thing.model_fields if name not in ("id", "token_id")),
]
ONE_FORM = ("price", "amount", "day", "moment", "local", "clock", "span", "created_at")
"""Fields whose values have one form in answers, whatever form they are sent in."""

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
    """A client of users, teams and things."""
    made: httpx2.AsyncClient = await make_client(
        *(Resource(model) for model in (User, Team, Thing))
    )
    return made


def fault_of(answer: httpx2.Response) -> str:
    """What is wrong with an answer that is no success; nothing where it is a proper refusal."""
    is_problem = answer.headers.get("content-type") == "application/problem+json"
    if is_problem and 400 <= answer.status_code < 500 and answer.json()["detail"]:
        return ""
    return f"{answer.status_code} {answer.text[:200]}"


async def assert_serves(client: httpx2.AsyncClient) -> None:
    """The application still does its work."""
    answer = await client.post("/teams/", json={"name": "normal"})
    assert answer.status_code == 201, answer.text
    assert (await client.delete(answer.headers["location"])).status_code == 204


async def fault_of_row(client: httpx2.AsyncClient, path: str, field: str, value: str) -> str:
    """Create a row with a value and delete it; says what is wrong with that, if anything is."""
    rest = "".join(f', "{k}": "x"' for k in REQUIRED[path] if k != field)
    body = f'{{"{field}": {value}{rest}}}'.encode()
    answer = await client.post(path, content=body, headers=JSON)
    if not answer.is_success:
        return fault_of(answer)
    location = answer.headers["location"]
    read = await client.get(location)
    assert (await client.delete(location)).status_code == 204
    if read.content != answer.content:
        return f"answered {answer.json()[field]}, stored {read.json()[field]}"
    shown, sent = read.json()[field], json.loads(value)
    is_kept = field not in ONE_FORM and type(shown) is type(sent)
    return f"stored {shown}" if is_kept and shown != sent else ""


@pytest.mark.parametrize(("path", "field"), FIELDS)
async def test_value_of_a_field(served: httpx2.AsyncClient, path: str, field: str) -> None:
    """Whatever stands in a field is refused with a problem, or kept whole; never a 5xx."""
    faults = {n: await fault_of_row(served, path, field, value) for n, value in VALUES.items()}
    assert {name: fault for name, fault in faults.items() if fault} == {}
    assert await count_rows(served, path) == 0
    await assert_serves(served)


@pytest.mark.parametrize(("path", "field"), FIELDS)
async def test_value_of_a_change(served: httpx2.AsyncClient, path: str, field: str) -> None:
    """Whatever stands in a change is refused with a problem, or kept whole; never a 5xx."""
    created = await served.post(path, json=dict.fromkeys(REQUIRED[path], "x"))
    location, expected = created.headers["location"], created.content
    faults: dict[str, str] = {}
    for name, value in VALUES.items():
        body = f'{{"{field}": {value}}}'.encode()
        answer = await served.patch(location, content=body, headers=JSON)
        expected = answer.content if answer.is_success else expected
        stored = (await served.get(location)).content
        faults[name] = "" if answer.is_success else fault_of(answer)
        if stored != expected:
            faults[name] += f"answered {answer.text[:300]}, stored {stored[:300]!r}"
            expected = stored
    assert {name: fault for name, fault in faults.items() if fault} == {}
    await assert_serves(served)


@pytest.mark.parametrize("form", ["{}", "[{}]", '{{"users": {}}}', '{{"users": [{}]}}'])
@pytest.mark.parametrize("path", ["/users/", "/users/bulk/"])
async def test_value_as_a_body(served: httpx2.AsyncClient, path: str, form: str) -> None:
    """A body that is something else than a row, or an array of rows, is refused."""
    faults: dict[str, str] = {}
    for name, value in VALUES.items():
        body = form.format(value)
        if path == "/users/bulk/" and body in ("[]", '{"users": []}'):
            continue
        answer = await served.post(path, content=body.encode(), headers=JSON)
        faults[name] = "accepted" if answer.is_success else fault_of(answer)
    assert {name: fault for name, fault in faults.items() if fault} == {}
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
    assert (answer.status_code, fault_of(answer)) == (status, "")
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


async def in_parts(body: bytes) -> AsyncIterator[bytes]:
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
    read_problem(answer, 413, "too_large")
    assert await count_rows(served, "/users/") == 0
    await assert_serves(served)


@pytest.mark.parametrize("length", ["-1", "x", "1e9", "99999999999999999999999"])
async def test_content_length(served: httpx2.AsyncClient, length: str) -> None:
    """A malformed or absurd length is no 5xx."""
    headers = {**JSON, "content-length": length}
    answer = await served.post("/users/", content=ROW, headers=headers)
    assert answer.status_code < 500
