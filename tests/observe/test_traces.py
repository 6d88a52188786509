"""Traces: spans of statements below those of requests, and `traceparent` passed through."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import propagate

from modelwire import Database

from .conftest import Observe
from .trace_requests import PARENT, SECRET

pytestmark = pytest.mark.both_lanes

ROOT = Path(__file__).parents[2]
TRACE_ID, PARENT_ID = PARENT.split("-")[1:3]


@pytest.fixture
def spans(database: Database, lane: str) -> list[dict[str, Any]]:
    """The spans of some requests, with the SDK and FastAPI's defaults."""
    url = database.settings.database_url.get_secret_value()
    done = subprocess.run(
        [sys.executable, "-m", "tests.observe.trace_requests", url, lane],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def is_request(span: dict[str, Any]) -> bool:
    return bool(span["kind"] == "SpanKind.SERVER")


def is_statement(span: dict[str, Any]) -> bool:
    return bool(span["kind"] == "SpanKind.CLIENT")


@pytest.mark.skipif(
    find_spec("fastapi.telemetry") is None, reason="this FastAPI makes no spans of requests"
)
def test_spans(spans: list[dict[str, Any]], database: Database) -> None:
    """Requests and statements have the spans of the conventions, and their values nowhere."""
    assert SECRET not in json.dumps(spans)

    created, refused, filtered, read, lost = filter(is_request, spans)
    assert created["name"] == "POST /users/"
    assert created["context"]["trace_id"] == f"0x{TRACE_ID}"
    assert created["parent_id"] == f"0x{PARENT_ID}"
    assert read["attributes"]["url.path"] == "/teams/{id}"
    assert read["attributes"]["http.response.header.x-request-id"] == ["mine"]
    assert filtered["attributes"]["url.query"] == "email=REDACTED&REDACTED=REDACTED"
    assert lost["attributes"]["url.path"] == "REDACTED"

    statement = next(s for s in filter(is_statement, spans) if s["name"] == "INSERT users")
    attributes = statement["attributes"]
    assert statement["context"]["trace_id"] == created["context"]["trace_id"]
    assert statement["status"]["status_code"] == "UNSET"
    assert attributes["db.system.name"] == database.dialect
    assert attributes["db.namespace"] == database.url.database
    assert attributes["db.operation.name"] == "INSERT"
    assert attributes["db.collection.name"] == "users"
    assert attributes["db.query.summary"] == "INSERT users"
    assert attributes["db.query.text"].startswith("INSERT INTO users (username, email")

    failed = next(s for s in filter(is_statement, spans) if s["status"]["status_code"] == "ERROR")
    code = {"postgresql": "23505", "sqlite": "SQLITE_CONSTRAINT_UNIQUE"}[database.dialect]
    assert failed["attributes"]["db.response.status_code"] == code
    assert failed["attributes"]["error.type"] == code
    assert failed["context"]["trace_id"] == refused["context"]["trace_id"]
    assert failed["events"] == []


async def test_traceparent_is_passed_on(observe: Observe) -> None:
    """Calls that an endpoint makes belong to the client's trace, without any SDK."""
    observed = await observe(log_requests=True)

    @observed.app.get("/calls")
    async def calls() -> dict[str, str]:
        headers: dict[str, str] = {}
        propagate.inject(headers)
        return headers

    headers = {"traceparent": PARENT, "tracestate": "vendor=1"}
    assert (await observed.client.get("/calls", headers=headers)).json() == headers
    assert (await observed.client.get("/calls")).json() == {}
    first, second = observed.logged()
    assert first["trace_id"] == TRACE_ID
    assert "trace_id" not in second


@pytest.mark.parametrize("given", ["", "00-x", "é", "00-" + "0" * 32 + "-" + "0" * 16 + "-01"])
async def test_bad_traceparent_is_ignored(observe: Observe, given: str) -> None:
    """A malformed trace is ignored."""
    observed = await observe(log_requests=True)
    answer = await observed.client.get("/teams/", headers=[(b"traceparent", given.encode())])
    assert answer.status_code == 200
    assert "trace_id" not in observed.logged()[0]
