"""Secrets that seal cursors: from the settings, or one that the database keeps."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

from sqlalchemy.engine import URL, Dialect
from sqlalchemy.ext.asyncio import AsyncSession as BaseSession

from ..errors import DatabaseError, Forbidden, RequestError, Unavailable
from ..settings import Settings
from ..statement import secrets as sql
from ..statement.dialects.known import DIALECTS
from ..statement.secrets import SECRETS
from ..statement.statements import Statement
from .connect.lane import Lane
from .failure import describe_failure
from .tables import creation_of
from .url import is_memory

logger = logging.getLogger("modelwire")

_NAME = "root"
_BYTES = 32

Open = Callable[..., AbstractAsyncContextManager[Lane]]


class _Secret(bytes):
    """Bytes that are never logged, not even as parameters of statements."""

    def __repr__(self) -> str:
        return "b'…'"


class Secrets:
    """Secrets of a service, which all of its processes and nodes share.

    If the settings have none, the database keeps one in a table of its own, made by the first
    process that needs it. An in-memory database belongs to one process, and so does its secret.

    Args:
        settings: The settings, which may have secrets.
        url: The database.
        dialect: SQLAlchemy's dialect of the engine that runs the statements.
        reading: Takes a lane that reads, in a session if one is given.
        writing: Takes a lane for one transaction.

    Attributes:
        known: The secrets, once found; the first one seals, and all can open.
    """

    def __init__(
        self, settings: Settings, url: URL, dialect: Dialect, reading: Open, writing: Open
    ) -> None:
        self.known: tuple[bytes, ...] = settings.secrets
        self._url = url
        self._reading = reading
        self._writing = writing

        def of(statement: Any) -> Statement:
            return Statement(statement, dialect)

        self._look = of(sql.build_look(DIALECTS[dialect.name]))
        self._creation = creation_of(SECRETS, dialect)
        self._keep = of(sql.build_keep(DIALECTS[dialect.name]))
        self._secret = of(sql.build_secret())

    async def find(
        self, session: BaseSession | None = None, lane: Lane | None = None
    ) -> tuple[bytes, ...]:
        """Find the secrets; a missing secret of the database is made.

        Args:
            session: The overridden session. A secret of its database takes precedence: in tests,
                the application's own database may not even exist.
            lane: The lane of an open transaction, which another connection may have to wait for.
                A secret that is made there may be rolled back, so it is not kept as known.

        Returns:
            The secrets.

        Raises:
            Unavailable: There is no secret, and none can be made.
        """
        if self.known:
            return self.known
        if lane is not None and not is_memory(self._url):
            return (await self._within(lane),)
        if session is not None:
            found = await self._read(session)
            if found is not None:
                return (found,)
        self.known = (await self._own(),)
        return self.known

    async def _own(self) -> bytes:
        """Return the secret of the application's own database."""
        if is_memory(self._url):
            return _make()
        return await _find_or_store(self._read, self._store)

    async def _within(self, lane: Lane) -> bytes:
        """Return the secret as an open transaction sees it."""
        try:
            return await _find_or_store(partial(self._look_up, lane), partial(self._store_on, lane))
        except (DatabaseError, Forbidden) as exc:
            raise _refuse(exc) from exc

    async def _read(self, session: BaseSession | None = None) -> bytes | None:
        try:
            async with self._reading(session) as lane:
                return await self._look_up(lane)
        except (DatabaseError, Forbidden) as exc:
            raise _refuse(exc) from exc

    async def _look_up(self, lane: Lane) -> bytes | None:
        ((there,),) = await lane.fetch(self._look, {})
        rows = await lane.fetch(self._secret, {"sought": _NAME}) if there else ()
        return bytes(rows[0][0]) if rows else None

    async def _store(self) -> None:
        """Store a new secret, and create its table if missing."""
        try:
            async with self._writing() as lane:
                await self._store_on(lane)
        except RequestError as exc:
            raise _refuse(exc) from exc

    async def _store_on(self, lane: Lane) -> None:
        ((there,),) = await lane.fetch(self._look, {})
        for step in () if there else self._creation:
            await lane.fetch(step, {})
        await lane.fetch(self._keep, {"v_name": _NAME, "v_value": _make()})


async def _find_or_store(
    look_up: Callable[[], Awaitable[bytes | None]], store: Callable[[], Awaitable[None]]
) -> bytes:
    """Return the stored secret; a missing one is stored first.

    Raises:
        Unavailable: It is not there even then.
    """
    found = await look_up()
    if found is None:
        await store()
        found = await look_up()
    if found is None:
        raise _refuse(None)
    return found


def _make() -> _Secret:
    return _Secret(secrets.token_bytes(_BYTES))


def _refuse(error: RequestError | None) -> Unavailable:
    """Log what the operator can do, and return the error for the client."""
    logger.warning(
        "Pages by cursor are answered 503: the table %s can't be used (%s). Set MODELWIRE_SECRET, "
        "or run init_db() once in a role that may create tables",
        SECRETS.name,
        describe_failure(error) if error else "a stored secret is lost",
    )
    return Unavailable("Pages by cursor can't be served: there is no secret to seal cursors with")
