"""What is private to asyncpg: a connection's loop and socket, and what its errors say.

Tried with 0.32.0. `_loop`, `_transport`, `_aborted`, `_cancel_current_command` and `_cleanup` of
`Connection` are documented nowhere, nor are the texts of errors of its own, nor that errors and
warnings of the server have the fields of the protocol (PostgreSQL manual, 55.8) as attributes, nor
that a warning is heard of before the answer of the statement is.
"""

from __future__ import annotations

import asyncio
import re
import socket
from contextlib import suppress
from typing import Any, NamedTuple

import asyncpg

_REFUSED = re.compile(r"connection is closed|cannot switch to state \d+; another operation")


class Diagnostics(NamedTuple):
    """What PostgreSQL says of an error beside its code and its message; None where it doesn't.

    Args:
        schema: The schema of the table.
        table: The table.
        column: The column.
        constraint: The constraint.
        detail: More about it, with values of rows.
        function: The function of the server's own that has raised it.
        context: What it was at, the innermost first.
    """

    schema: str | None
    table: str | None
    column: str | None
    constraint: str | None
    detail: str | None
    function: str | None
    context: str | None


def diagnostics_of(error: asyncpg.PostgresError) -> Diagnostics:
    """What an error of the server says of itself."""
    return Diagnostics(
        getattr(error, "schema_name", None),
        getattr(error, "table_name", None),
        getattr(error, "column_name", None),
        getattr(error, "constraint_name", None),
        getattr(error, "detail", None),
        getattr(error, "server_source_function", None),
        getattr(error, "context", None),
    )


def is_unreplicated(message: asyncpg.PostgresLogMessage) -> bool:
    """Whether a server says that it has committed, but waits no longer for a standby to have it."""
    return getattr(message, "server_source_function", None) == "SyncRepWaitForLSN"


def was_not_sent(error: BaseException) -> bool:
    """Whether asyncpg has refused to send a statement: its connection is closed, or busy."""
    is_own = isinstance(error, (asyncpg.InterfaceError, asyncpg.InternalClientError))
    return is_own and _REFUSED.search(str(error)) is not None


class LoopConnection(asyncpg.Connection):  # type: ignore[misc]  # it has no annotations
    """A connection that tells its event loop, and can be ended where that is closed.

    Attributes:
        loop: The event loop that it was opened in.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.loop: asyncio.AbstractEventLoop = self._loop

    def cancel_statement(self, told: asyncio.Future[None]) -> None:
        """Have the server end the statement that runs (PostgreSQL manual, 55.2.8).

        Args:
            told: Is done once the server has been told, or can't be.
        """
        self._cancel_current_command(told)

    def hang_up(self) -> None:
        """Let the server know that nobody is there: the loop that would send it words is closed."""
        if self.is_closed():
            return
        self._aborted = True
        with suppress(OSError, TypeError):  # uvloop has closed it already
            self._transport.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        own = getattr(self._transport, "_sock", None)
        if own is not None:
            # asyncio's transport would ask its loop to close it, and warn that nobody has done so.
            own.close()
            self._transport._sock = None
        self._cleanup()
