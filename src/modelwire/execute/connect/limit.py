"""Time limit of a statement, on either driver's connection."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import Protocol

from ...overtime import Timed
from .slots import Claim

FRESH_S = 1.0
"""Seconds for which a connection counts as fresh, so that a new one would not be better."""


class Endable(Protocol):
    """Connection whose running statement can be ended."""

    def end_statement(self) -> None:
        """End the running statement, if any. This is called until it has ended."""

    def look_at_server(self, ran_s: float) -> None:
        """Check that the server is still there.

        This is called at intervals while a statement runs, with its seconds so far.
        """


class Client(Protocol):
    """Client that waits for the result of a statement."""

    def has_gone(self) -> bool:
        """Whether the client has disconnected; called at intervals while the statement runs."""


CLIENT: ContextVar[Client | None] = ContextVar("modelwire_client", default=None)
"""Client of the current statements; None where it can't disconnect, or is watched elsewhere."""


class StatementLimit(Timed):
    """Time limit of a connection's statements, which also ends them if the client disconnects.

    One limit serves a connection, which runs one statement at a time.

    Args:
        connection: The connection.
        limit_s: Seconds that a statement may take.
        read_s: Seconds that a statement composed by a client may take.
    """

    __slots__ = ("_claim", "_client", "_connection", "_read_s", "_seen_s", "_usual_s")

    def __init__(self, connection: Endable, limit_s: float, read_s: float) -> None:
        super().__init__(limit_s)
        self._connection = connection
        self._usual_s = limit_s
        self._read_s = min(read_s, limit_s)
        self._seen_s = 0.0
        self._claim: Claim | None = None
        self._client: Client | None = None

    def start(self) -> None:
        """Begin the time limit of a statement."""
        self._client = CLIENT.get()
        self.start_in(asyncio.get_running_loop())

    def begin_reading(self, claim: Claim) -> None:
        """Apply the limits for statements composed by a client, until `end_reading`.

        Args:
            claim: Their claim to a slot for long reads.
        """
        self.limit_s = self._read_s
        self._claim = claim

    def end_reading(self) -> None:
        """Apply the usual limits again."""
        self.limit_s = self._usual_s
        self._claim = None

    def look(self, now_s: float) -> None:
        """Check the running statement."""
        if self._end_s is None:
            self._seen_s = now_s
        super().look(now_s)
        self._connection.look_at_server(now_s - self._seen_s)
        if self._claim is not None and not self._claim.may_go_on(now_s):
            self.end()
        if self._client is not None and self._client.has_gone():
            self.end()

    def end(self) -> None:
        """End the running statement."""
        self._connection.end_statement()
