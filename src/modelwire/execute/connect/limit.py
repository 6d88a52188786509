"""How long one statement may run, on either driver's connection."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import Protocol

from ...overtime import Timed
from .slots import Claim

FRESH_S = 1.0
"""Seconds for which a connection is as good as any other that can be opened."""


class Endable(Protocol):
    """A connection whose statement can be ended."""

    def end_statement(self) -> None:
        """End the statement that is running, if any. This is called until it has ended."""

    def look_at_server(self, ran_s: float) -> None:
        """See that what it is connected to is still there. This is called as long as a statement
        runs, with the seconds that it has done so."""


class Client(Protocol):
    """Whoever waits for what a statement gives."""

    def has_gone(self) -> bool:
        """Look at it; whether it has gone. This is called as long as the statement runs."""


CLIENT: ContextVar[Client | None] = ContextVar("modelwire_client", default=None)
"""The client for whom statements are run; None where nobody goes away, or somebody else sees."""


class StatementLimit(Timed):
    """Ends the statements of a connection that take too long, or whose client has gone.

    One is enough for a connection, on which there is one statement at a time.

    Args:
        connection: The connection.
        limit_s: Seconds that a statement may take.
        read_s: Seconds that one may take which a client has composed.
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
        """Say that a statement runs."""
        self._client = CLIENT.get()
        self.start_in(asyncio.get_running_loop())

    def begin_reading(self, claim: Claim) -> None:
        """Say that the statements that follow are composed by a client, until `end_reading`.

        Args:
            claim: What they have of the slots for those that take long.
        """
        self.limit_s = self._read_s
        self._claim = claim

    def end_reading(self) -> None:
        """Say that they have ended."""
        self.limit_s = self._usual_s
        self._claim = None

    def look(self, now_s: float) -> None:
        """Look at the statement that is running."""
        if self._end_s is None:
            self._seen_s = now_s
        super().look(now_s)
        self._connection.look_at_server(now_s - self._seen_s)
        if self._claim is not None and not self._claim.may_go_on(now_s):
            self.end()
        if self._client is not None and self._client.has_gone():
            self.end()

    def end(self) -> None:
        """End it."""
        self._connection.end_statement()
