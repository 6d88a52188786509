"""Options of connections to PostgreSQL, by its URL and the settings."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest

from modelwire.errors import DatabaseError, TimedOut, UnknownOutcome
from modelwire.execute.postgresql.engine import (
    _connector_of,
    _give_up,
    _limit_of,
    _options_of,
    _search_of,
)
from modelwire.execute.servers import read_servers
from modelwire.execute.url import parse_url
from modelwire.settings import Settings

USUAL = {
    "TimeZone": "UTC",
    "application_name": "modelwire",
    "client_min_messages": "notice",
    "statement_timeout": "2500",
}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", USUAL),
        ("application_name=shop", {**USUAL, "application_name": "shop"}),
        ("options=-c%20search_path%3Dshop", {**USUAL, "search_path": "shop"}),
        # A warning is the only sign of a COMMIT without its standby, so errors alone won't do.
        ("options=-c%20client_min_messages%3Derror", USUAL),
        (
            "options=-c%20client_min_messages%3Dinfo",
            {**USUAL, "client_min_messages": "info"},
        ),
    ],
)
def test_settings_of_a_server(query: str, expected: Mapping[str, str]) -> None:
    url = f"postgresql://db/shop?{query}"
    settings = Settings(database_url=url, statement_timeout_s=2.5)  # type: ignore[arg-type]
    options = _options_of(read_servers(parse_url(url)), settings)
    assert options == {"server_settings": expected}


def test_settings_behind_pgbouncer() -> None:
    """Neither settings that it does not know nor prepared statements pass through it."""
    url = "postgresql://db/shop"
    settings = Settings(database_url=url, pgbouncer=True)  # type: ignore[arg-type]
    assert _options_of(read_servers(parse_url(url)), settings) == {
        "server_settings": {"TimeZone": "UTC", "application_name": "modelwire"},
        "statement_cache_size": 0,
    }


@pytest.mark.parametrize(("query", "limit_s"), [("", 7), ("connect_timeout=3", 3)])
def test_the_time_to_reach_a_server(query: str, limit_s: float) -> None:
    """That of the URL, if it is shorter than the time that a request waits for a connection."""
    url = f"postgresql://a,b/shop?{query}"
    settings = Settings(database_url=url, pool_timeout_s=7)  # type: ignore[arg-type]
    servers = read_servers(parse_url(url))
    assert _limit_of(servers, settings) == limit_s
    search = _search_of(servers, limit_s)
    assert search is not None
    assert (list(map(str, search.servers)), search.target) == (["a", "b"], "primary")


@pytest.mark.parametrize("url", ["postgresql://a", "postgresql://a?target_session_attrs=primary"])
def test_a_single_server_is_not_searched_for(url: str) -> None:
    assert _search_of(read_servers(parse_url(url)), 1) is None


@pytest.mark.parametrize(
    ("error", "statement", "expected"),
    [
        (TimeoutError(), "SELECT 1", TimedOut),
        (TimeoutError(), None, UnknownOutcome),
        (asyncpg.InternalClientError("x"), "SELECT 1", DatabaseError),
        (asyncpg.UniqueViolationError("x"), "SELECT 1", None),
    ],
    ids=repr,
)
def test_statements_that_are_not_answered(
    error: Exception, statement: str | None, expected: type[Exception] | None
) -> None:
    """Their connection is given up, but no other one; what the server refuses is no such case."""
    context: Any = SimpleNamespace(
        original_exception=error,
        statement=statement,
        is_disconnect=False,
        invalidate_pool_on_disconnect=True,
    )
    found = _give_up(context)
    assert type(found) is (expected or type(None))
    assert context.is_disconnect is (expected is not None)
    assert context.invalidate_pool_on_disconnect is (expected is None)


@pytest.mark.parametrize(
    ("place", "is_doubted"),
    [
        ("a,b/shop?target_session_attrs=read-write", True),
        ("a,b/shop?target_session_attrs=any", False),
        ("a,b/shop", True),
        ("a/shop?target_session_attrs=read-write", False),
    ],
)
def test_servers_that_another_may_replace(place: str, is_doubted: bool) -> None:
    """A connection is doubted where only one of several servers can be the right one."""
    url = f"postgresql://{place}"
    settings = Settings(database_url=url)  # type: ignore[arg-type]
    assert (_connector_of(parse_url(url), settings).doubts is not None) is is_doubted
