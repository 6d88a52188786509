"""One request and its answer, and what is measured on the way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from time import perf_counter_ns
from typing import Protocol, TypeVar, cast

T = TypeVar("T")
Call = TypeVar("Call", bound=Callable[..., object])


class Span(Protocol):
    """What traces one statement; that of `spans` does."""

    def end(self, error: BaseException | None) -> None: ...


class Watcher(Protocol):
    """Who is told of what ends; the observer is."""

    def end_statement(self, statement: Statement, error: BaseException | None) -> None: ...

    def count_retry(self) -> None: ...


@dataclass(slots=True, eq=False)
class Exchange:
    """One request and its answer. Durations are in nanoseconds.

    Args:
        request_id: Its id.
        method: Its method.
        began_ns: When it came, by `perf_counter_ns`.
        watcher: Who is told of its statements.
        trace_id: The trace that it belongs to; empty where there is none.
        start_span: Starts the span of a statement; None where nobody traces.
        route: The template of its path, such as `/users/{id}`; empty where there is none.
        status: The status of its answer; 0 until that is sent.
        answered_ns: How long it took until the status was sent.
        is_stream: Whether the answer is sent in parts.
        pool_ns: How long it waited for connections.
        database_ns: How long its statements ran.
        encode_ns: How long its rows were encoded.
        statements: How many statements it sent, those that begin and end transactions included.
        retries: How often a transaction was tried again.
    """

    request_id: str
    method: str
    began_ns: int
    watcher: Watcher
    trace_id: str = ""
    start_span: Callable[[str], Span] | None = None
    route: str = ""
    status: int = 0
    answered_ns: int = 0
    is_stream: bool = False
    pool_ns: int = 0
    database_ns: int = 0
    encode_ns: int = 0
    statements: int = 0
    retries: int = 0

    async def measure(self, text: str, answer: Awaitable[T]) -> T:
        """Wait for the answer to a statement, and measure it."""
        statement = Statement(self, text)
        try:
            found = await answer
        except BaseException as error:
            statement.end(error)
            raise
        statement.end()
        return found


class Statement:
    """A statement that is running.

    Args:
        exchange: The request that it is for.
        text: Its SQL.
    """

    __slots__ = ("_began_ns", "_span", "duration_ns", "exchange", "text")

    def __init__(self, exchange: Exchange, text: str) -> None:
        self.exchange = exchange
        self.text = text
        self.duration_ns = 0
        self._span = exchange.start_span(text) if exchange.start_span is not None else None
        self._began_ns = perf_counter_ns()

    def end(self, error: BaseException | None = None) -> None:
        """Say that it has ended, or failed."""
        exchange = self.exchange
        self.duration_ns = perf_counter_ns() - self._began_ns
        exchange.database_ns += self.duration_ns
        exchange.statements += 1
        exchange.watcher.end_statement(self, error)
        if self._span is not None:
            self._span.end(error)


CURRENT: ContextVar[Exchange | None] = ContextVar("modelwire.exchange", default=None)
"""The request that is being answered here, if anybody measures it."""


@contextmanager
def waiting_for_connection() -> Iterator[None]:
    """Measure a block that waits for a connection."""
    exchange = CURRENT.get()
    began_ns = perf_counter_ns()
    try:
        yield
    finally:
        if exchange is not None:
            exchange.pool_ns += perf_counter_ns() - began_ns


def encoding(call: Call) -> Call:
    """Measure a function that encodes rows."""

    @wraps(call)
    def measured(*args: object) -> object:
        exchange = CURRENT.get()
        if exchange is None:
            return call(*args)
        began_ns = perf_counter_ns()
        try:
            return call(*args)
        finally:
            exchange.encode_ns += perf_counter_ns() - began_ns

    return cast("Call", measured)


def count_retry() -> None:
    """Say that a transaction is tried again."""
    exchange = CURRENT.get()
    if exchange is not None:
        exchange.retries += 1
        exchange.watcher.count_retry()
