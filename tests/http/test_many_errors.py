"""Requests with thousands of things wrong: the first are told, the rest is counted."""

import json
import random
import sys
from types import FrameType
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field, model_validator

from examples.league import User
from modelwire import Database, Resource, mount
from modelwire.errors import MAX_ERRORS, Faults, RequestError, TooLong, Violation
from modelwire.plan.writing.bodies import refuse
from modelwire.suggestions import did_you_mean
from tests.conftest import MakeClient, open_client
from tests.http.problems import pointers_of, read_problem

JSON = {"Content-Type": "application/json"}


def check_count(problem: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """Check that a problem document tells of as many errors; those that it lists."""
    errors: list[dict[str, Any]] = problem["errors"]
    assert len(errors) == min(count, MAX_ERRORS)
    assert problem.get("more_errors", 0) == count - len(errors)
    assert problem["detail"].endswith(f" (and {count - 1} more)") is (count > 1)
    return errors


def unknown(count: int) -> dict[str, int]:
    return {f"nope{i}": 1 for i in range(count)}


@pytest.mark.parametrize("count", [1, 2, 18, 19, 400])
@pytest.mark.parametrize(("method", "path"), [("POST", "/users/"), ("PATCH", "/users/1")])
async def test_unknown_names(
    client: httpx2.AsyncClient, method: str, path: str, count: int
) -> None:
    """Of unknown names in a body 20 are listed, in their order, and the rest is counted."""
    missing = ["/username", "/email"] if method == "POST" else []
    answer = await client.request(method, path, json=unknown(count))
    problem = read_problem(answer, 422, "invalid")
    check_count(problem, count + len(missing))
    expected = [*missing, *(f"/nope{i}" for i in range(count))]
    assert pointers_of(problem) == expected[:MAX_ERRORS]


async def test_names_that_are_right_stay(client: httpx2.AsyncClient) -> None:
    """Errors of known fields are listed as well, wherever they stand among unknown ones."""
    body = {**unknown(300), "username": "", **{f"x{i}": 1 for i in range(300)}, "email": 5}
    problem = read_problem(await client.post("/users/", json=body), 422, "invalid")
    errors = check_count(problem, 602)
    assert {"/username", "/email"} < {error["pointer"] for error in errors}


ROWS: tuple[tuple[str, str, Any, int, str], ...] = (
    ("POST", "/users/bulk/", [{}] * 30, 60, "missing"),
    ("POST", "/users/bulk/", [{**unknown(40), "username": "a", "email": "b"}] * 5, 200, ""),
    ("POST", "/users/bulk/?on_conflict=username", [{}] * 30, 60, "missing"),
    ("PATCH", "/users/bulk/", [{"id": 1}] * 30, 29, "duplicate_key"),
    ("PATCH", "/users/bulk/", [{}] * 30, 30, "missing"),
    ("DELETE", "/users/bulk/", ["x"] * 30, 30, "invalid_key"),
    ("DELETE", "/users/bulk/", [1] * 30, 29, "duplicate_key"),
)


@pytest.mark.parametrize(("method", "path", "body", "count", "code"), ROWS)
async def test_many_rows(
    client: httpx2.AsyncClient, method: str, path: str, body: Any, count: int, code: str
) -> None:
    """The same for what is wrong with the rows of a bulk request, all together."""
    problem = read_problem(await client.request(method, path, json=body), 422, "invalid")
    errors = check_count(problem, count)
    assert not code or {error["code"] for error in errors} == {code}


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [("username", "x" * 51, "string_too_long"), ("id", 2**70, "int_parsing")],
)
async def test_many_rows_of_one_fault(
    client: httpx2.AsyncClient, field: str, value: Any, code: str
) -> None:
    """Many faults of one kind are counted too."""
    rows = [{"username": f"u{i}", "email": f"e{i}", field: value} for i in range(50)]
    answer = await client.post("/users/bulk/", json=rows)
    assert answer.status_code == 422
    problem = answer.json()
    assert len(problem["errors"]) == MAX_ERRORS
    assert problem["more_errors"] == 30


async def test_each_row_for_itself(client: httpx2.AsyncClient) -> None:
    """With atomic=false each row has a document of its own, of which each ends after 20."""
    rows = [unknown(50), {"username": "a", "email": "a@b.org"}, unknown(3)]
    answer = await client.post("/users/bulk/?atomic=false", json=rows)
    first, second, third = answer.json()["items"]
    check_count(first["problem"], 52)
    assert second["status"] == 201
    check_count(third["problem"], 5)


@pytest.mark.parametrize("path", ["/users/1", "/teams/1?include=", "/health", "/users/stream/"])
async def test_unknown_parameters(client: httpx2.AsyncClient, path: str) -> None:
    """Of unknown parameters 20 are listed, wherever they stand."""
    query = "&".join(f"nope{i}=1" for i in range(90))
    answer = await client.get(f"{path}{'&' if '?' in path else '?'}{query}")
    check_count(read_problem(answer, 422, "invalid"), 90)


@pytest.mark.parametrize("count", [200, 3000])
@pytest.mark.parametrize("name", ["nope{}", "team.nope{}", "id__op{}", "team.id"])
async def test_too_many_parameters(client: httpx2.AsyncClient, name: str, count: int) -> None:
    """More parameters than a list can take are refused without a look at each."""
    query = "&".join(f"{name.format(i)}=1" for i in range(count))
    answer = await client.get(f"/players/?{query}")
    (error,) = read_problem(answer, 422, "invalid")["errors"]
    assert error["code"] == ("repeated_parameter" if name == "team.id" else "too_many_filters")


async def test_own_endpoint(database: Database) -> None:
    """Errors of requests to an application's own endpoint are limited too."""
    app = FastAPI()
    mount(app, database, Resource(User))

    class Numbers(BaseModel):
        numbers: list[int]

    @app.post("/sum")
    async def add_up(body: Numbers) -> int:
        return sum(body.numbers)

    async with open_client(app) as client:
        answer = await client.post("/sum", json={"numbers": ["x"] * 90})
    check_count(read_problem(answer, 422, "invalid"), 90)


# ---- the work is bounded, and not only what is told ---------------------------------------------


async def count_calls(app: FastAPI, method: str, target: str, body: Any) -> tuple[int, bytes]:
    """Count the calls of Python functions that a request makes, and read its answer."""
    path, _, query = target.partition("?")
    content = b"" if body is None else json.dumps(body).encode()
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"content-type", b"application/json")],
        "scheme": "http",
        "server": ("test", 80),
        "root_path": "",
        "http_version": "1.1",
    }
    calls, sent = 0, []

    async def receive() -> Any:
        return {"type": "http.request", "body": content}

    async def send(message: Any) -> None:
        sent.append(message)

    def note(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(note)
    try:
        await app(scope, receive, send)
    finally:
        sys.setprofile(None)
    assert sent[0]["status"] == 422, sent
    return calls, b"".join(message.get("body", b"") for message in sent)


NAMES = {f"usernam{i}": 1 for i in range(45_000)}
LARGE: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/users/", NAMES),
    ("PATCH", "/users/1", NAMES),
    ("POST", "/users/bulk/", [{f"usernam{i}": 1 for i in range(900)}] * 50),
    ("GET", "/users/?" + "&".join(f"usernam{i}=1" for i in range(4500)), None),
    ("GET", "/users/1?" + "&".join(f"usernam{i}=1" for i in range(4500)), None),
    ("GET", "/health?" + "&".join(f"usernam{i}=1" for i in range(4500)), None),
    ("GET", "/users/?" + "username" * 8000 + "=1", None),
    ("GET", "/users/?or=(" + "username" * 7000 + ":1)", None),
    ("GET", "/users/?sort=" + "username" * 7000, None),
    ("POST", "/users/", {"username" * 100_000: 1}),
)


@pytest.mark.parametrize(
    ("method", "path", "body"), LARGE, ids=[f"{case[0]} {case[1][:14]}" for case in LARGE]
)
async def test_work_is_bounded(database: Database, method: str, path: str, body: Any) -> None:
    """As much as a request has room for is refused with little work for each part of it."""
    app = FastAPI()
    mount(app, database, Resource(User))
    await count_calls(app, method, path, body)
    calls, answer = await count_calls(app, method, path, body)
    # Parameters are split and decoded one by one, whatever becomes of them.
    parameters = path.count("&") + 1
    assert calls < 5_000 + 3 * parameters, calls
    assert len(answer) < 900_000


class Renaming(BaseModel):
    """A schema that takes names which are no fields of its own."""

    model_config = ConfigDict(extra="forbid")

    username: str
    email: str = Field(alias="mail")

    @model_validator(mode="before")
    @classmethod
    def rename(cls, body: dict[str, Any]) -> dict[str, Any]:
        return {name.lower(): value for name, value in body.items() if name[:1] != "_"}


async def test_schema_that_renames(make_client: MakeClient, database: Database) -> None:
    """A user's own schema may take any number of names that it doesn't have as fields."""
    client = await make_client(Resource(User, create_schema=Renaming))
    body = {**{f"_{i}": 1 for i in range(500)}, "Username": "ann", "MAIL": "a@b.org"}
    stored = await client.post("/users/", json=dict(reversed(body.items())))
    assert stored.status_code == 201, stored.text


def test_faults_against_a_model() -> None:
    """However faults are added, the first are told, all are counted, and one code shows."""
    chance = random.Random(3)
    for _ in range(300):
        faults, model = Faults(), []
        for _ in range(chance.randint(0, 6)):
            many = [Violation("x", chance.choice("ab")) for _ in range(chance.randint(0, 30))]
            if chance.random() < 0.5:
                faults.add_each(many, lambda violation: violation)
            else:
                for violation in many:
                    faults.add(violation)
            model += many
        assert faults.first == model[:MAX_ERRORS]
        assert (faults.count, bool(faults)) == (len(model), bool(model))
        assert faults.more == len(model) - len(faults.first)
        told = {violation.code for violation in model}
        assert faults.code is None or {faults.code} == told


def test_error_of_ones_own_is_bounded() -> None:
    """An error that is raised with a thousand violations keeps the first, and counts the rest."""
    error = RequestError("x", [Violation("x", "y")] * 1000)
    assert (len(error.violations), error.more) == (MAX_ERRORS, 980)


def test_code_of_many_faults() -> None:
    """Many faults of a kind that has an error of its own are that error."""
    faults = Faults()
    for _ in range(50):
        faults.add(Violation("Name is too long", "too_long", pointer="/name"))
    with pytest.raises(TooLong) as raised:
        refuse(faults)
    assert (len(raised.value.violations), raised.value.more) == (MAX_ERRORS, 30)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        *(("usernam", "username"), ("USERNAME", "username"), ("emial", "email")),
        *(("fullname", "full_name"), ("nme", "name"), ("is_activ", "is_active")),
        *(("x", None), ("", None), ("zzzz", None), ("username" * 9, None)),
    ],
)
def test_closest_name(name: str, meant: str | None) -> None:
    """The closest name is found, and none for what is like none, or too long to be meant."""
    known = ["id", "username", "email", "full_name", "is_active", "name"]
    assert did_you_mean(name, known) == (f" (did you mean `{meant}`?)" if meant else "")
