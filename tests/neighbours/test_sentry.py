"""Sentry names transactions by the templates of their routes, and sends each error once."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from modelwire import Database

pytest.importorskip("sentry_sdk")

ROOT = Path(__file__).parents[2]


@pytest.fixture
def sent(databases: dict[str, Database], place: str) -> list[list[dict[str, Any]]]:
    """The events that Sentry receives for some requests, on each database and each lane."""
    urls = [d.settings.database_url.get_secret_value() for d in databases.values()]
    done = subprocess.run(
        [sys.executable, "-m", "tests.neighbours.sentry_events", place, *urls],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found: list[list[dict[str, Any]]] = json.loads(done.stdout)
    return found


def test_events(sent: list[list[dict[str, Any]]]) -> None:
    """Transactions have the routes' templates, and each error of the service is sent once."""
    assert len(sent) == 4
    for events in sent:
        _check(events)


def _check(events: list[dict[str, Any]]) -> None:
    transactions = [event["transaction"] for event in events if event["type"] == "transaction"]
    assert transactions == [
        "/users/",
        "/users/",
        "/users/{id}",
        "/users/stream/",
        "/teams/{id}/players/",
        "/users/",
        "/broken/{name}",
        "/broken-thread",
        "/broken-sql",
        "/teams/",
    ]
    errors = [(e["transaction"], e["error"]) for e in events if e["type"] == "error"]
    of_database = errors.pop(2)
    assert errors == [
        ("/broken/{name}", "ZeroDivisionError"),
        ("/broken-thread", "ZeroDivisionError"),
        ("/teams/", "ZeroDivisionError"),
    ]
    assert of_database[0] == "/broken-sql"
    assert "database_error" in of_database[1]
