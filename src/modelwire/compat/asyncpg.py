"""Private parts of asyncpg: a connection's loop and socket, and the contents of its errors.

Tried with 0.32.0. `_loop`, `_transport`, `_aborted`, `_cancel_current_command` and `_cleanup` of
`Connection` are documented nowhere, nor are the texts of errors of its own, nor that errors and
warnings of the server have the fields of the protocol (PostgreSQL manual, 55.8) as attributes, nor
that a warning arrives before the result of its statement.
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
    """Fields of a PostgreSQL error beside its code and message; None where one is missing.

    Args:
        schema: The schema of the table.
        table: The table.
        column: The column.
        constraint: The constraint.
        detail: Details, with values of rows.
        function: The server's C function that raised it.
        context: The call stack, innermost first.
    """

    schema: str | None
    table: str | None
    column: str | None
    constraint: str | None
    detail: str | None
    function: str | None
    context: str | None


def diagnostics_of(error: asyncpg.PostgresError) -> Diagnostics:
    """Return the diagnostic fields of a server's error."""
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
    """Whether a message says that a commit stopped waiting for a synchronous standby."""
    return getattr(message, "server_source_function", None) == "SyncRepWaitForLSN"


def was_not_sent(error: BaseException) -> bool:
    """Whether asyncpg has refused to send a statement: its connection is closed, or busy."""
    is_own = isinstance(error, (asyncpg.InterfaceError, asyncpg.InternalClientError))
    return is_own and _REFUSED.search(str(error)) is not None


class LoopConnection(asyncpg.Connection):  # type: ignore[misc]  # it has no annotations
    """Connection that exposes its event loop, and can be closed after that loop is.

    Attributes:
        loop: The event loop in which it was opened.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.loop: asyncio.AbstractEventLoop = self._loop

    def cancel_statement(self, told: asyncio.Future[None]) -> None:
        """Have the server cancel the running statement (PostgreSQL manual, 55.2.8).

        Args:
            told: A future that is done once the request is sent, or can't be.
        """
        self._cancel_current_command(told)

    def hang_up(self) -> None:
        """Close the socket, which the server notices, although the loop is closed."""
        if self.is_closed():
            return
        self._aborted = True
        with suppress(OSError, TypeError):  # uvloop has closed it already
            self._transport.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        own = getattr(self._transport, "_sock", None)
        if own is not None:
            # asyncio's transport would have its loop close it, and warn that it was left open.
            own.close()
            self._transport._sock = None
        self._cleanup()
