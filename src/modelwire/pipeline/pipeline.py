"""Context of every kind of request, and parts of requests that are parsed alike."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from ..access.principal import Principal
from ..catalog.tables import Catalog
from ..execute.connect.gathering import Gathering
from ..execute.connect.lane import Lane
from ..execute.database import Database
from ..execute.idempotency import IdempotencyKeys
from ..plan.reading.cipher import CursorCipher, cipher_of
from ..request.body import check_content, parse_json
from ..request.headers import parse_prefer
from ..request.query import Parameter, parse_query
from ..request.request import Request
from ..respond.answer import Answer
from ..statement.statements import Statement, Statements
from .following import Follower
from .includes import IncludeReader
from .rows import RowReader
from .work import OpenTransaction

Session = AsyncSession | OpenTransaction | None
"""Overridden session, or the transaction that a request is a part of, if any."""


NUMBER_S = 1.0
"""Maximum wait of a list for the number of a change, in seconds, once in a process's lifetime."""


class Pipeline:
    """Pipeline from the requests for an application's resources to the answers.

    Args:
        catalog: The resources.
        database: The database.
        conflict_status: The status where a unique value is taken or a parent is missing.

    Attributes:
        database: The database that is read: a replica, for some reads.
        primary: The pipeline that reads from the primary: the same, unless this one is a replica's.
    """

    def __init__(self, catalog: Catalog, database: Database, *, conflict_status: int = 400) -> None:
        self.catalog = catalog
        self.conflict_status = conflict_status
        self.statements = Statements(database.engine.dialect, catalog.limits.max_included)
        self.includes = IncludeReader(self.statements, catalog)
        self.idempotency_keys = IdempotencyKeys(database.engine.dialect, database.settings)
        self._secrets = database.secrets
        self.changes = Follower(database, self.statements)
        self.primary = self
        self._at(database)
        self._copies: dict[Database, Pipeline] = {}

    def _at(self, database: Database) -> None:
        """Set the database that is read, and batch concurrent requests for it."""
        limit_s = database.settings.pool_timeout_s
        self.database = database
        self.rows = RowReader(database, self.statements)
        self.counts = Gathering[None, int](limit_s, shares_faults=True)
        self.pages = Gathering[None, Answer](limit_s, shares_faults=True)

    def on(self, database: Database) -> Pipeline:
        """Return this pipeline for a replica of the database."""
        known = self._copies.get(database)
        if known is None:
            known = self._copies[database] = copy.copy(self)
            known._at(database)
        return known

    def parse_query(self, request: Request) -> Sequence[Parameter]:
        """Return the parameters of a request's query."""
        return parse_query(request.query_string, self.catalog.limits.max_query_bytes)

    async def find_number(self) -> int | None:
        """Find a change that all later reads include.

        Returns:
            Its number; None if it is unknown.
        """
        return await self.database.tracking.feed.find(NUMBER_S)

    async def open_log(self, session: Session) -> None:
        """Make sure that the log of changes can be read.

        A transaction on a connection of its own has done so when it began. It may be the only one
        that writes, so another one would wait for it.

        Args:
            session: The overridden session, or the open transaction.
        """
        if not isinstance(session, OpenTransaction) or session.session is not None:
            await self.database.open_log(session_of(session))

    async def find_cipher(self, session: Session) -> CursorCipher:
        """Return the cipher that seals cursors.

        Args:
            session: The overridden session, or the open transaction.
        """
        lane = session.lane if isinstance(session, OpenTransaction) else None
        secret = self._secrets.known or await self._secrets.find(session_of(session), lane)
        return cipher_of(self.catalog, secret)

    def reading(
        self, session: Session, statement: Statement, caller: Principal
    ) -> AbstractAsyncContextManager[Lane]:
        """Take a lane for statements that change nothing, and that clients may have composed.

        Args:
            session: The overridden session, or the transaction with the lane.
            statement: The first statement.
            caller: The caller.
        """
        if isinstance(session, OpenTransaction):
            return session.reading(caller)
        return self.database.reading(session, statement, caller)


def session_of(session: Session) -> AsyncSession | None:
    """Return the overridden session, even if a transaction is open in it."""
    return session.session if isinstance(session, OpenTransaction) else session


def parse_body(request: Request, *, numbers_as_text: bool = False) -> Any:
    """Return the JSON value of a request's body."""
    check_content(request.headers)
    return parse_json(request.body, numbers_as_text=numbers_as_text)


def wants_minimal(request: Request) -> bool:
    """Whether the client prefers the response to a write without a body."""
    preferences = request.header(b"prefer")
    return preferences is not None and parse_prefer(preferences).get("return") == "minimal"


def wants_rollback(request: Request) -> bool:
    """Whether the client prefers a trial, which is carried out and rolled back."""
    preferences = request.header(b"prefer")
    return preferences is not None and parse_prefer(preferences).get("tx") == "rollback"
