"""When the log of changes is installed, and who is told of changes."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table
from sqlalchemy.engine import make_url

from modelwire.access.principal import ANYONE
from modelwire.errors import Unavailable
from modelwire.execute import tracking as tracking_module
from modelwire.execute.log.logged_table import Noted
from modelwire.execute.tracking import ChangeTracking
from modelwire.settings import Settings

TABLE = Table("notes", MetaData(), Column("id", Integer, primary_key=True))


class Tracked(ChangeTracking):
    """Tracking in a database of which the writes that install the log are counted.

    Args:
        url: The database, which is never connected to.
    """

    def __init__(self, url: str) -> None:
        self.installed = 0
        self.watched: list[object] = []
        self.error: Exception | None = None
        settings = Settings(database_url=url)  # type: ignore[arg-type]
        engine: Any = SimpleNamespace(sync_engine="engine")
        super().__init__(
            make_url(url),
            settings,
            TABLE.metadata,
            engine=lambda: engine,
            reading=self.write,
            writing=self.write,
        )

    @asynccontextmanager
    async def write(self, *, single: bool) -> AsyncIterator[Any]:
        if self.error is not None:
            raise self.error
        self.installed += single
        yield None


@pytest.fixture(params=["sqlite://", "postgresql://db"])
def tracked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Tracked:
    made = Tracked(request.param)
    monkeypatch.setattr(
        tracking_module, "watch_sessions", lambda engine, log: made.watched.append((engine, log))
    )
    return made


def is_postgresql(tracked: Tracked) -> bool:
    return tracked.log.stamps


async def test_nothing_is_installed_without_a_logged_table(tracked: Tracked) -> None:
    assert tracked.log_in_use is None
    await tracked.begin()
    await tracked.open()
    assert tracked.installed == 0


async def test_the_log_is_installed_once(tracked: Tracked) -> None:
    """Before the first change, so that it can be read."""
    tracked.note(Noted(TABLE, live=False, keep_days=None))
    assert tracked.log_in_use is tracked.log
    for _ in range(2):
        await tracked.begin()
        await tracked.open()
    assert tracked.installed == 1


async def test_the_log_of_a_session(tracked: Tracked) -> None:
    """A session on SQLite installs it in its own connection."""
    tracked.note(Noted(TABLE, live=False, keep_days=None))
    session: Any = SimpleNamespace(get_bind=lambda: "engine")
    await tracked.open(session)
    assert tracked.installed == is_postgresql(tracked)
    await tracked.open()
    assert tracked.installed == 1


async def test_the_log_of_a_session_of_another_engine(
    tracked: Tracked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is installed in the session's transaction, each time, and nowhere else."""
    tracked.note(Noted(TABLE, live=False, keep_days=None))
    prepared: list[object] = []

    async def prepare_other(connection: object, caller: object) -> None:
        prepared.append((connection, caller))

    async def connection() -> str:
        return "its connection"

    monkeypatch.setattr(tracked.log, "prepare_other", prepare_other)
    session: Any = SimpleNamespace(get_bind=lambda: "another", connection=connection)
    for _ in range(2):
        await tracked.open(session)
    assert prepared == [("its connection", ANYONE)] * 2
    assert tracked.installed == 0


async def test_a_log_that_can_not_be_installed(
    tracked: Tracked, caplog: pytest.LogCaptureFixture
) -> None:
    """The application starts even so, and the next use tries again."""
    tracked.note(Noted(TABLE, live=False, keep_days=None))
    tracked.error = Unavailable("away")
    with caplog.at_level(logging.WARNING, "modelwire"):
        await tracked.begin()
    assert "the log of changes can't be created" in caplog.text
    with pytest.raises(Unavailable):
        await tracked.open()
    tracked.error = None
    await tracked.open()
    assert tracked.installed == 1


async def test_what_is_told_of_commits(tracked: Tracked) -> None:
    """On PostgreSQL the notifier, where a table is live; sessions are watched once."""
    tracked.note(Noted(TABLE, live=False, keep_days=None))
    assert tracked.log.ring is None
    tracked.note(Noted(TABLE, live=True, keep_days=None))
    assert (tracked.log.ring is not None) is is_postgresql(tracked)
    assert tracked.watched == [("engine", tracked.log)]
