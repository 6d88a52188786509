"""Idempotency keys: the key and the response are stored in the transaction of the request."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.base import Executable

from ..errors import DatabaseError, Forbidden, KeyInFlight, KeyReused, LockTimeout, Unavailable
from ..settings import Settings
from ..statement import idempotency as sql
from ..statement.dialects.known import DIALECTS
from ..statement.idempotency import KEYS
from ..statement.statements import Statement
from .connect.lane import Lane, Row
from .tables import creation_of

PURGE_INTERVAL_S = 60.0
"""Interval between two removals of expired keys in one process, in seconds, while they keep up."""

PURGED_KEYS = 100
"""Maximum number of keys that one request removes; the next one goes on if there are more."""

_HEADERS = msgspec.json.Decoder(tuple[tuple[str, str], ...])


class StoredAnswer(NamedTuple):
    """First response to a request.

    Args:
        status: Its status.
        headers: Its headers.
        body: Its body.
    """

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes


class IdempotencyKeys:
    """Table of idempotency keys, each with the response to its request.

    A concurrent request with the same key waits for the end of the transaction that has the key: on
    PostgreSQL at the key itself, on SQLite in the write queue. A rollback frees the key.

    Args:
        dialect: SQLAlchemy's dialect of the engine that runs the statements.
        settings: The lifetime of a key, and the timeout for waiting for it.
    """

    def __init__(self, dialect: Dialect, settings: Settings) -> None:
        self._ttl_s = settings.idempotency_ttl_s
        self._wait = f"{max(1, int(settings.pool_timeout_s * 1000))}ms"
        self._purge_at = 0.0

        def of(statement: Executable) -> Statement:
            return Statement(statement, dialect)

        self._look = of(sql.build_look(DIALECTS[dialect.name]))
        self._creation = creation_of(KEYS, dialect)
        self._claim = of(sql.build_claim(DIALECTS[dialect.name]))
        self._set_wait = of(sql.build_wait())
        self._answer = of(sql.build_answer())
        self._store = of(sql.build_store())
        self._purge = of(sql.build_purge(PURGED_KEYS))

    async def claim(self, lane: Lane, key: str, fingerprint: str) -> StoredAnswer | None:
        """Claim a key for a request.

        Args:
            lane: A lane that writes, in the transaction of the request.
            key: The key.
            fingerprint: The fingerprint of the request.

        Returns:
            The stored response, if the request was carried out before, so that it is not repeated.

        Raises:
            KeyReused: The key was used for another request.
            KeyInFlight: Another transaction has the key, and does not end in time.
            Unavailable: The table does not exist, and can't be created or used.
        """
        ((usual_wait, _, there),) = await _run(lane, self._look, {"wait": self._wait})
        if not there:
            for step in self._creation:
                await _run(lane, step, {})
        is_new = await self._insert(lane, key, fingerprint)
        if usual_wait is not None:
            await _run(lane, self._set_wait, {"wait": usual_wait})
        if is_new:
            return None
        ((known, status, headers, body),) = await _run(lane, self._answer, {"sought": key})
        if known != fingerprint:
            raise KeyReused("This Idempotency-Key came with another request; use a new one")
        pairs = [(n.encode(), v.encode("latin-1")) for n, v in _HEADERS.decode(headers)]
        return StoredAnswer(status, pairs, bytes(body))

    async def store(self, lane: Lane, key: str, answer: StoredAnswer) -> None:
        """Store the response to a request, and remove expired keys at intervals.

        Args:
            lane: The lane on which the key was claimed.
            key: The key.
            answer: The response.
        """
        pairs = [(n.decode(), v.decode("latin-1")) for n, v in answer.headers]
        headers = msgspec.json.encode(pairs).decode()
        values = {"v_status": answer.status, "v_headers": headers, "v_body": answer.body}
        await _run(lane, self._store, {"sought": key, **values})
        if time.monotonic() >= self._purge_at:
            removed = await _run(lane, self._purge, {"now": time.time()})
            keeps_up = len(removed) < PURGED_KEYS
            self._purge_at = time.monotonic() + PURGE_INTERVAL_S if keeps_up else 0.0

    async def _insert(self, lane: Lane, key: str, fingerprint: str) -> bool:
        """Insert a key; return False if an ended transaction has stored it before."""
        now = time.time()
        expires = {"v_expires_at": now + self._ttl_s, "now": now}
        values = {"v_key": key, "v_fingerprint": fingerprint, **expires}
        try:
            return bool(await _run(lane, self._claim, values))
        except LockTimeout as exc:
            raise KeyInFlight(
                "The request that came first with this key has not ended yet"
            ) from exc


async def _run(lane: Lane, statement: Statement, values: dict[str, Any]) -> Sequence[Row]:
    """Run a statement on the table of keys.

    Raises:
        Unavailable: The database refused it.
    """
    try:
        return await lane.fetch(statement, values)
    except (DatabaseError, Forbidden) as exc:
        raise Unavailable(
            "Idempotency-Key can't be used: its table is missing, or closed to this service"
        ) from exc
