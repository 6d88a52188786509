"""The log: one line for each request, and statements that are slow or fail."""

import asyncio
import logging
from collections.abc import AsyncIterator

from fastapi import APIRouter, FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from sqlalchemy import text

from modelwire import SessionDep

from .conftest import Observe

SECRET = "zq-hidden-value"


async def test_request(observe: Observe) -> None:
    """A request is logged with its id, its route, its status and its times."""
    observed = await observe(log_requests=True)
    created = await observed.client.post("/teams/", json={"name": "Red"})
    await observed.client.get("/teams/1", headers={"x-request-id": "mine"})
    first, second = observed.logged()
    assert (first["method"], first["route"], first["status"]) == ("POST", "/teams/", 201)
    assert first["request_id"] == created.headers["x-request-id"]
    assert (second["route"], second["request_id"]) == ("/teams/{id}", "mine")
    for line in (first, second):
        assert line["statements"] >= 1
        assert 0 < line["database_ns"] < line["duration_ns"]
        assert 0 < line["encode_ns"] < line["duration_ns"]
        assert not {"trace_id", "retries", "first_byte_ns", "broken_off"} & set(line)


async def test_nothing_is_logged_unless_asked_for(observe: Observe) -> None:
    """By default no request is logged."""
    observed = await observe()
    await observed.client.get("/teams/")
    assert observed.logged() == []


NEVER = [
    ("GET", f"/users/?email={SECRET}", None),
    ("GET", f"/users/?{SECRET}=1", None),
    ("GET", f"/{SECRET}", None),
    ("GET", f"/users/{SECRET}", None),
    (SECRET.upper(), "/users/", None),
    ("POST", "/users/", {"username": SECRET, "email": SECRET}),
    ("POST", "/users/", {"username": SECRET, "email": SECRET}),
    ("POST", "/users/", {"username": "ann", "email": SECRET}),
    ("POST", "/players/", {"name": SECRET, "team_id": 77}),
    ("POST", "/users/bulk/", [{"username": SECRET, "email": "other"}]),
    ("PATCH", "/users/1", {"username": None}),
]


async def test_no_values_are_logged(observe: Observe) -> None:
    """No value of a row, of a query or of a path is ever logged, whatever fails."""
    observed = await observe(log_requests=True, slow_statement_s=1e-9)
    for method, path, body in NEVER:
        await observed.client.request(method, path, json=body)
    assert len(observed.logged()) == len(NEVER)
    assert SECRET not in observed.lines().lower()


async def test_literals_of_own_statements_are_not_logged(observe: Observe) -> None:
    """Literals in an endpoint's own SQL are left out too."""
    observed = await observe(log_requests=True)

    @observed.app.get("/broken")
    async def broken(session: SessionDep) -> None:
        await session.exec(text(f"SELECT '{SECRET}', 4711 FROM nowhere"))  # type: ignore[call-overload]

    answer = await observed.client.get("/broken")
    assert answer.status_code == 500
    (line,) = observed.logged("statement")
    assert line["statement"] == "SELECT ?, ? FROM nowhere"
    assert line["outcome"] == "failed"
    assert SECRET not in observed.lines()


async def test_failed_statement(observe: Observe) -> None:
    """A statement that fails is logged with its text, its time and the kind of error."""
    observed = await observe(log_requests=True)
    for _ in range(2):
        answer = await observed.client.post("/teams/", json={"name": "Red"})
    line = observed.logged("statement")[0]
    assert line["outcome"] == "failed"
    assert line["statement"].startswith("INSERT INTO teams ")
    assert line["error"] in (
        "UniqueViolationError 23505",
        "IntegrityError SQLITE_CONSTRAINT_UNIQUE",
    )
    assert line["request_id"] == answer.headers["x-request-id"]
    assert line["duration_ns"] > 0


async def test_slow_statement(observe: Observe) -> None:
    """A statement that takes longer than the limit is logged as a warning, others are not."""
    observed = await observe(log_requests=True, slow_statement_s=1e-9)
    await observed.client.get("/users/")
    (line, *_) = observed.logged("statement")
    assert (line["outcome"], line["statement"].split()[0]) == ("slow", "SELECT")
    assert {r.levelno for r in observed.records if r.msg == "statement"} == {logging.WARNING}
    other = await observe(log_requests=True, slow_statement_s=60)
    observed.records.clear()
    await other.client.get("/users/")
    assert other.logged("statement") == []


async def test_failure(observe: Observe) -> None:
    """A database error is logged under the request's id, with names and without values."""
    observed = await observe(log_requests=True)
    for _ in range(2):
        answer = await observed.client.post("/users/", json={"username": "ann", "email": SECRET})
    (line,) = observed.logged("failure")
    assert (line["route"], line["status"], line["code"]) == ("/users/", 400, "already_exists")
    assert line["request_id"] == answer.headers["x-request-id"]
    assert "user" in line["failure"]
    assert SECRET not in observed.lines()


async def test_own_endpoint(observe: Observe) -> None:
    """Endpoints of the application's own are logged alike, with what their session has sent."""
    observed = await observe(log_requests=True)

    @observed.app.get("/own/{name}")
    async def own(name: str, session: SessionDep) -> dict[str, str]:
        await session.exec(text("SELECT 1"))  # type: ignore[call-overload]
        return {"name": name}

    await observed.client.get(f"/own/{SECRET}")
    (line,) = observed.logged()
    assert (line["route"], line["status"], line["statements"]) == ("/own/{name}", 200, 1)


async def test_own_error(observe: Observe) -> None:
    """An endpoint that raises is logged with the status that the client gets."""
    observed = await observe(log_requests=True)

    @observed.app.get("/teapot")
    async def teapot() -> None:
        raise HTTPException(418)

    @observed.app.get("/bug")
    async def bug() -> None:
        raise ZeroDivisionError

    await observed.client.get("/teapot")
    answer = await observed.client.get("/bug")
    assert [line["status"] for line in observed.logged()] == [418, 500]
    (failure,) = observed.logged("failure")
    assert failure["request_id"] == answer.headers["x-request-id"]
    record = next(r for r in observed.records if r.msg == "failure")
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


def make_router() -> APIRouter:
    router = APIRouter()

    @router.get("/items/{item}")
    async def read(item: str) -> str:
        return item

    return router


ROUTES = [
    ("/one/items/5", "/one/items/{item}"),
    ("/two/items/5", "/two/items/{item}"),
    ("/sub/things/5", "/sub/things/{thing}"),
    ("/users/", "/users/"),
    ("/users", "/users/"),
    ("/users/5", "/users/{id}"),
    ("/teams/5/players/", "/teams/{id}/players/"),
    ("/health/live", "/health/live"),
    ("/docs", "/docs"),
    ("/docs-assets/nothing.js", "/docs-assets/{path}"),
    ("/nowhere/5", ""),
]


async def test_route(observe: Observe) -> None:
    """A route is named by its template, that of routers and mounted applications included."""
    observed = await observe(log_requests=True)
    router, sub = make_router(), FastAPI()
    observed.app.include_router(router, prefix="/one")
    observed.app.include_router(router, prefix="/two")
    sub.get("/things/{thing}")(lambda thing: thing)
    observed.app.mount("/sub", sub)
    for path, _ in ROUTES:
        await observed.client.get(path)
    routes = [line["route"] for line in observed.logged()]
    assert list(zip([path for path, _ in ROUTES], routes, strict=True)) == ROUTES


async def test_stream(observe: Observe) -> None:
    """A stream is logged when it has ended, with when it began."""
    observed = await observe(log_requests=True)
    await observed.client.post("/teams/", json={"name": "Red"})
    await observed.client.get("/teams/stream/")
    line = observed.logged()[-1]
    assert line["route"] == "/teams/stream/"
    assert 0 < line["first_byte_ns"] < line["duration_ns"]
    assert "broken_off" not in line


async def test_stream_that_breaks_off(observe: Observe) -> None:
    """A stream that fails in its middle is logged as broken off, as a warning."""
    observed = await observe(log_requests=True)

    async def parts() -> AsyncIterator[bytes]:
        yield b"a"
        raise RuntimeError

    @observed.app.get("/parts")
    async def stream() -> StreamingResponse:
        return StreamingResponse(parts())

    await observed.client.get("/parts")
    (line,) = observed.logged()
    assert (line["status"], line["broken_off"]) == (200, True)
    assert observed.records[-1].levelno == logging.WARNING


async def test_wait_for_a_connection(observe: Observe) -> None:
    """The wait of a request for a connection is logged with it."""
    observed = await observe(log_requests=True, pool_size=1)
    held = observed.app.state.modelwire_database.session()
    await held.connection()
    waiting = asyncio.ensure_future(observed.client.get("/teams/"))
    while not observed.app.state.modelwire_database.pool_state.waiting:
        await asyncio.sleep(0)
    await held.close()
    await waiting
    (line,) = observed.logged()
    assert 0 < line["pool_ns"] < line["duration_ns"]
    assert line["database_ns"] < line["duration_ns"] - line["pool_ns"]


async def test_line_for_people(observe: Observe) -> None:
    """As text, a request is one short line."""
    observed = await observe(log_requests=True)
    answer = await observed.client.get("/users/?limit=1")
    observed.logged()
    line = observed.records[-1].getMessage()
    assert line.startswith("GET /users/ 200 in ")
    assert line.endswith(f" {answer.headers['x-request-id']}")
    assert "\n" not in line
