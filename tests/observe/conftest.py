"""Applications that are observed, on both databases and both lanes."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI

from modelwire import Database
from tests.conftest import LEAGUE, make_app, open_client


@dataclass
class Observed:
    """An application that is observed, a client of it, and what it has logged."""

    app: FastAPI
    client: httpx2.AsyncClient
    records: list[logging.LogRecord]

    def logged(self, event: str = "request") -> list[dict[str, Any]]:
        """The fields of what was logged of an event, requests that have just ended included."""
        self.app.state.modelwire.finished.report()
        return [dict(vars(r)["fields"]) for r in self.records if r.msg == event]

    def lines(self) -> str:
        """All that was logged, as people and as machines read it."""
        self.logged()
        return "\n".join(f"{r.getMessage()} {vars(r)}" for r in self.records)


class _Keeper(logging.Handler):
    def __init__(self, records: list[logging.LogRecord]) -> None:
        super().__init__()
        self.records = records

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def records() -> Iterator[list[logging.LogRecord]]:
    """The log records of modelwire."""
    kept: list[logging.LogRecord] = []
    logger, handler = logging.getLogger("modelwire"), _Keeper(kept)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield kept
    logger.setLevel(level)
    logger.removeHandler(handler)


Observe = Callable[..., Awaitable[Observed]]


@pytest_asyncio.fixture
async def observe(
    database: Database,
    lane: str,
    records: list[logging.LogRecord],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Observe]:
    """Make an application of the league with settings of its own."""
    url = database.settings.database_url.get_secret_value()
    async with AsyncExitStack() as stack:

        async def make(**settings: object) -> Observed:
            for name, value in settings.items():
                monkeypatch.setenv(f"MODELWIRE_{name.upper()}", str(value))
            own = Database(url)
            stack.push_async_callback(own.close_db)
            app = make_app(own, lane, LEAGUE, {})
            return Observed(app, await stack.enter_async_context(open_client(app)), records)

        yield make
