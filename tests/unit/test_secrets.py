"""The secret that seals cursors: where it is found, where it is kept, and how that fails."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import make_url

from modelwire.errors import DatabaseError, Forbidden, NotFound, Unavailable
from modelwire.execute.secrets import Secrets
from modelwire.settings import Settings

FILE = make_url("sqlite:///some.db")


class Database:
    """A database with a table of secrets, unless that is still to be created.

    Args:
        secret: The stored secret, if any.
        there: Whether the table exists.
        reads: The error of reads, if any.
        writes: The error of writes, if any.
        keeps: Whether what is stored is there afterwards.
        fails: The error of each statement, if any.
    """

    def __init__(
        self,
        secret: bytes | None = None,
        *,
        there: bool = True,
        reads: Exception | None = None,
        writes: Exception | None = None,
        keeps: bool = True,
        fails: Exception | None = None,
    ) -> None:
        self.secret, self.there, self.keeps, self.fails = secret, there, keeps, fails
        self.reads, self.writes = reads, writes
        self.sent: list[str] = []

    async def fetch(self, statement: Any, values: dict[str, Any]) -> Any:
        if self.fails is not None:
            raise self.fails
        text = str(statement.compiled.text)
        self.sent.append(text.split(maxsplit=1)[0])
        if self.sent[-1] == "CREATE":
            self.there = True
        elif "v_value" in values:
            if self.keeps and self.secret is None:
                self.secret = values["v_value"]
        elif "sought" in values:
            return [] if self.secret is None else [(self.secret,)]
        else:
            return [(self.there,)]
        return []

    @asynccontextmanager
    async def reading(self, session: Any = None) -> AsyncIterator[Any]:
        database = self if session is None else session
        if database.reads is not None:
            raise database.reads
        yield database

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Any]:
        if self.writes is not None:
            raise self.writes
        yield self

    def secrets(self, url: Any = FILE, **options: Any) -> Secrets:
        settings = Settings(database_url="sqlite://", **options)  # type: ignore[arg-type]
        return Secrets(settings, url, sqlite.dialect(), self.reading, self.writing)


async def test_a_secret_of_the_settings_is_all_that_is_used() -> None:
    database = Database(b"stored")
    secrets = database.secrets(secret="x" * 32)
    assert await secrets.find() == (b"x" * 32,)
    assert database.sent == []


@pytest.mark.parametrize("there", [True, False])
async def test_a_missing_secret_is_stored(there: bool) -> None:
    """With its table, if that is missing; it is known from then on, and never printed."""
    database = Database(there=there)
    secrets = database.secrets()
    (secret,) = await secrets.find()
    assert secret == database.secret
    assert len(secret) == 32
    assert repr(database.secret) == "b'…'"
    assert ("CREATE" in database.sent) is not there
    database.sent.clear()
    assert await secrets.find() == (secret,)
    assert database.sent == []


async def test_a_stored_secret_is_found() -> None:
    database = Database(b"stored")
    assert await database.secrets().find() == (b"stored",)
    assert database.sent == ["SELECT", "SELECT"]


async def test_a_database_in_memory_stores_none() -> None:
    """Its secret is that of the process, in an open transaction as well."""
    database = Database()
    for url in ("sqlite://", "sqlite:///:memory:"):
        secrets = database.secrets(make_url(url))
        (secret,) = await secrets.find(lane=database)  # type: ignore[arg-type]
        assert await secrets.find() == (secret,)
    assert database.sent == []


async def test_an_open_transaction() -> None:
    """It finds or stores the secret itself, which counts once it is committed."""
    database, open_one = Database(b"committed"), Database(there=False)
    secrets = database.secrets()
    (secret,) = await secrets.find(lane=open_one)  # type: ignore[arg-type]
    assert secret == open_one.secret
    assert secrets.known == ()
    assert await secrets.find() == (b"committed",)


@pytest.mark.parametrize("stored", [b"other", None])
async def test_the_session_of_another_database(stored: bytes | None) -> None:
    """A secret there takes precedence, and is not kept for other requests."""
    database, other = Database(b"own"), Database(stored)
    secrets = database.secrets()
    assert await secrets.find(session=other) == (stored or b"own",)  # type: ignore[arg-type]
    assert secrets.known == (() if stored else (b"own",))
    assert await secrets.find() == (b"own",)


@pytest.mark.parametrize("error", [DatabaseError(), Forbidden()])
@pytest.mark.parametrize("place", ["reads", "writes", "open transaction"])
async def test_failures(error: Exception, place: str, caplog: pytest.LogCaptureFixture) -> None:
    """No secret is an error for the client, and logged with what the operator can do."""
    database = Database(**({} if place == "open transaction" else {place: error}))  # type: ignore[arg-type]
    lane: Any = Database(fails=error) if place == "open transaction" else None
    with caplog.at_level(logging.WARNING, "modelwire"), pytest.raises(Unavailable) as raised:
        await database.secrets().find(lane=lane)
    assert raised.value.__cause__ is error
    (record,) = caplog.records
    assert "Set MODELWIRE_SECRET, or run init_db()" in record.getMessage()


async def test_other_errors_stay_what_they_are() -> None:
    """A read that fails otherwise is no matter of the secret; a write is one of it in any case."""
    with pytest.raises(NotFound):
        await Database(reads=NotFound("x")).secrets().find()
    with pytest.raises(Unavailable):
        await Database(writes=NotFound("x")).secrets().find()


async def test_a_secret_that_is_lost(caplog: pytest.LogCaptureFixture) -> None:
    """One that is not there after it was stored is asked for no more than that."""
    database = Database(keeps=False)
    with caplog.at_level(logging.WARNING, "modelwire"), pytest.raises(Unavailable):
        await database.secrets().find()
    assert "(a stored secret is lost)" in caplog.text
