"""Request and response, and the measurements taken on the way.

This runs for every request. Whatever can wait is done later, for many requests at once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from functools import wraps
from time import perf_counter_ns
from typing import Protocol, TypeVar, cast

from msgspec import Struct

_METHODS = frozenset(
    ("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE")
)

_TIMING = b"total;dur=%.2f, pool;dur=%.2f, db;dur=%.2f, encode;dur=%.2f"

T = TypeVar("T")
Call = TypeVar("Call", bound=Callable[..., object])


class Watcher(Protocol):
    """Receiver of reports of slow and failed statements: the observer."""

    slow_ns: int

    def report_statement(
        self, exchange: Exchange, text: str, duration_ns: int, error: BaseException | None
    ) -> None: ...


class Exchange(Struct, eq=False, gc=False):
    """Request with its response. Durations are in nanoseconds.

    Args:
        request_id: Its id.
        method: Its method.
        began_ns: The time of its arrival, by `perf_counter_ns`.
        watcher: The receiver of reports of its statements.
        trace_id: The trace that it belongs to; empty where there is none.
        route: The template of its path, such as `/users/{id}`; empty where there is none.
        status: The status of its response; 0 until that is sent.
        answered_ns: The time until the status was sent.
        duration_ns: The time until the end of the response.
        is_stream: Whether the response is sent in parts.
        is_broken_off: Whether the response ended early.
        pool_ns: The time spent waiting for connections, for turns to write, and for slots.
        database_ns: The duration of its statements.
        encode_ns: The time spent encoding rows.
        statements: The number of its statements, those that begin and end transactions included.
        failures: The number of those that failed.
        retries: The number of retries of a transaction.
        tag: The `ETag` of the row that an endpoint of the application responds with.
        by: The key of the caller as JSON, once the change log knows it.
    """

    request_id: str
    method: str
    began_ns: int
    watcher: Watcher
    trace_id: str = ""
    route: str = ""
    status: int = 0
    answered_ns: int = 0
    duration_ns: int = 0
    is_stream: bool = False
    is_broken_off: bool = False
    pool_ns: int = 0
    database_ns: int = 0
    encode_ns: int = 0
    statements: int = 0
    failures: int = 0
    retries: int = 0
    tag: bytes = b""
    by: str | None = None

    async def measure(self, text: str, answer: Awaitable[T]) -> T:
        """Await the result of a statement, and measure it.

        Args:
            text: The statement.
            answer: Its result.

        Returns:
            The result.
        """
        began_ns = perf_counter_ns()
        try:
            found = await answer
        except BaseException as error:
            self.add_statement(text, perf_counter_ns() - began_ns, error)
            raise
        duration_ns = perf_counter_ns() - began_ns
        self.statements += 1
        self.database_ns += duration_ns
        if duration_ns >= self.watcher.slow_ns:
            self.watcher.report_statement(self, text, duration_ns, None)
        return found

    async def wait(self, connection: Awaitable[T]) -> T:
        """Await a connection, and measure the wait.

        Args:
            connection: The awaitable of the connection.

        Returns:
            The connection.
        """
        began_ns = perf_counter_ns()
        try:
            return await connection
        finally:
            self.pool_ns += perf_counter_ns() - began_ns

    def add_gathered(self, text: str, waited_ns: int, duration_ns: int) -> None:
        """Add a statement that has answered other requests as well, as if it were only this one's.

        Args:
            text: The statement.
            waited_ns: The time until it was sent.
            duration_ns: The time from then on.
        """
        self.pool_ns += waited_ns
        self.add_statement(text, duration_ns)

    def write_timing(self) -> bytes:
        """Write the durations until the response began, in milliseconds, for `Server-Timing`
        (W3C Server Timing, section 4.1).

        Example:
            `total;dur=2.10, pool;dur=0.31, db;dur=1.32, encode;dur=0.10`
        """
        spans = (self.answered_ns, self.pool_ns, self.database_ns, self.encode_ns)
        return _TIMING % tuple([span * 1e-6 for span in spans])

    def begin_statement(self, text: str) -> Statement:
        """Begin to measure a statement whose end is awaited elsewhere."""
        return Statement(self, text)

    def add_statement(
        self, text: str, duration_ns: int, error: BaseException | None = None
    ) -> None:
        """Add a statement that has ended."""
        self.statements += 1
        self.database_ns += duration_ns
        if error is not None:
            self.failures += 1
        if error is not None or duration_ns >= self.watcher.slow_ns:
            self.watcher.report_statement(self, text, duration_ns, error)


class Statement:
    """Running statement.

    Args:
        exchange: The request that it belongs to.
        text: Its SQL.
    """

    def __init__(self, exchange: Exchange, text: str) -> None:
        self._exchange = exchange
        self._text = text
        self._began_ns = perf_counter_ns()

    def end(self, error: BaseException | None = None) -> None:
        """Note that it has ended, or failed."""
        self._exchange.add_statement(self._text, perf_counter_ns() - self._began_ns, error)


def name_method(method: str) -> str:
    """Return the name of a method in logs and metrics: one for all unknown methods."""
    return method if method in _METHODS else "_OTHER"


CURRENT: ContextVar[Exchange | None] = ContextVar("modelwire.exchange", default=None)
"""The request that is being answered in this context, if it is measured."""


ASKED: ContextVar[Exchange | None] = ContextVar("modelwire.asked", default=None)
"""The request that is being answered in this context, whether it is measured or not."""


def waiting_for_connection(connection: Awaitable[T]) -> Awaitable[T]:
    """Measure the wait for a connection.

    Args:
        connection: The awaitable of the connection.

    Returns:
        The awaitable, measured if the request is.
    """
    exchange = CURRENT.get()
    return connection if exchange is None else exchange.wait(connection)


def encoding(call: Call) -> Call:
    """Measure a function that encodes rows."""

    @wraps(call)
    def measured(*args: object) -> object:
        exchange = CURRENT.get()
        if exchange is None:
            return call(*args)
        began_ns = perf_counter_ns()
        found = call(*args)
        exchange.encode_ns += perf_counter_ns() - began_ns
        return found

    return cast("Call", measured)


def count_retry() -> None:
    """Count a retry of a transaction."""
    exchange = CURRENT.get()
    if exchange is not None:
        exchange.retries += 1
