"""What a request costs, counted in calls of Python functions: steadier than any time is."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import pytest
from fastapi import FastAPI

from modelwire import Database, mount
from tests.conftest import LEAGUE

MOST = {
    ("health", "sqlite"): 44,
    ("health", "postgresql"): 44,
    ("get", "sqlite"): 100,
    ("get", "postgresql"): 127,
    ("page", "sqlite"): 180,
    ("page", "postgresql"): 205,
    ("create", "sqlite"): 195,
    ("create", "postgresql"): 195,
    ("update", "sqlite"): 207,
    ("update", "postgresql"): 207,
    ("bulk of 100", "sqlite"): 530,
    ("bulk of 100", "postgresql"): 1280,
}
"""Calls that a request may make, those of FastAPI, Starlette and OpenTelemetry aside. Who adds some
to every request raises these, and says what for."""

_OTHERS = ("/fastapi/", "/starlette/", "/opentelemetry/")

_number = iter(range(1_000_000))


def _user() -> dict[str, str]:
    number = next(_number)
    return {"username": f"user {number}", "email": f"{number}@test"}


REQUESTS: dict[str, Callable[[], tuple[str, str, Any]]] = {
    "health": lambda: ("GET", "/health", None),
    "get": lambda: ("GET", "/users/1", None),
    "page": lambda: ("GET", "/users/?limit=10&count=none&is_active=true&sort=-id", None),
    "create": lambda: ("POST", "/users/", _user()),
    "update": lambda: ("PATCH", "/users/1", {"full_name": f"Ann {next(_number)}"}),
    "bulk of 100": lambda: ("POST", "/users/bulk/", [_user() for _ in range(100)]),
}


async def send_request(app: FastAPI, method: str, target: str, body: Any) -> None:
    """Send a request to an application, with nothing of a client or a server around it."""
    path, _, query = target.partition("?")
    messages = [
        {"type": "http.request", "body": b"" if body is None else json.dumps(body).encode()}
    ]
    statuses = []

    async def receive() -> Any:
        return messages.pop() if messages else await asyncio.Event().wait()

    async def send(message: Any) -> None:
        statuses.append(message.get("status", 0))

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(b"host", b"test"), (b"content-type", b"application/json")],
    }
    await app(scope, receive, send)
    assert 200 <= statuses[0] < 300


async def count_calls(request: Callable[[], Any]) -> Counter[str]:
    """Count the calls below a request, by function; those of the event loop are none of it."""
    calls: Counter[str] = Counter()

    async def root() -> None:
        await request()

    def note(frame: FrameType, event: str, _argument: Any) -> None:
        code = frame.f_code
        if event != "call" or any(package in code.co_filename for package in _OTHERS):
            return
        above = frame.f_back
        while above is not None and above.f_code is not root.__code__:
            above = above.f_back
        if above is not None:
            calls[f"{code.co_filename}:{code.co_qualname}"] += 1

    sys.setprofile(note)
    try:
        await root()
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("kind", REQUESTS)
async def test_calls_of_a_request(database: Database, kind: str) -> None:
    """A request makes no more calls than it did when this was last looked at."""
    app = FastAPI()
    mount(app, database, *LEAGUE)
    await send_request(app, *REQUESTS["bulk of 100"]())

    sent = [REQUESTS[kind]() for _ in range(8)]
    counts = [await count_calls(partial(send_request, app, *request)) for request in sent]
    fewest = min(counts, key=Counter.total)
    most = MOST[kind, database.dialect]
    report = "\n".join(f"{count:5} {name}" for name, count in fewest.most_common())
    assert fewest.total() <= most, report
