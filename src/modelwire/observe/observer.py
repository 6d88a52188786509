"""What is done with what requests have measured."""

from __future__ import annotations

from time import perf_counter_ns

from sqlalchemy.engine import URL

from ..settings import Settings
from .exchange import Exchange, Statement
from .logs import Logs
from .metrics import Counts
from .spans import StatementSpans


class Observer:
    """Logs, counts and traces the requests of one application, as far as it is switched on.

    Args:
        settings: What is switched on.
        url: The database.

    Attributes:
        counts: What is counted; None where nobody reads it.
        tells_timing: Whether answers have the header `Server-Timing`.
        is_on: Whether anything is measured; traces aside, which each request decides.
    """

    def __init__(self, settings: Settings, url: URL) -> None:
        self.counts = Counts() if settings.metrics else None
        self.tells_timing = settings.server_timing
        self._logs = Logs(settings.slow_statement_s) if settings.log_requests else None
        self.is_on = bool(self.counts or self._logs or self.tells_timing)
        self._spans = StatementSpans(url)

    def trace(self, exchange: Exchange) -> None:
        """Have the statements of a request traced, below the span that is current."""
        exchange.start_span = self._spans.start

    def begin(self, _exchange: Exchange) -> None:
        """Say that a request has come."""
        if self.counts is not None:
            self.counts.active += 1

    def begin_stream(self, exchange: Exchange) -> None:
        """Say that the answer of a request is sent in parts."""
        exchange.is_stream = True
        if self.counts is not None:
            self.counts.streams += 1

    def end_statement(self, statement: Statement, error: BaseException | None) -> None:
        """Say that a statement has ended, or failed."""
        if self.counts is not None:
            self.counts.count_statement(_name_outcome(error), statement.duration_ns)
        if self._logs is not None:
            self._logs.log_statement(statement, error)

    def count_retry(self) -> None:
        """Say that a transaction is tried again."""
        if self.counts is not None:
            self.counts.retries += 1

    def end(self, exchange: Exchange, *, broken_off: bool) -> None:
        """Say that the answer of a request has ended.

        Args:
            exchange: The request.
            broken_off: Whether that was before its end.
        """
        duration_ns = perf_counter_ns() - exchange.began_ns
        if self.counts is not None:
            self._count(self.counts, exchange, duration_ns, broken_off=broken_off)
        if self._logs is not None:
            self._logs.log_request(exchange, duration_ns, broken_off=broken_off)

    @staticmethod
    def _count(counts: Counts, exchange: Exchange, duration_ns: int, *, broken_off: bool) -> None:
        counts.active -= 1
        counts.count_request(exchange.method, exchange.route, exchange.status, duration_ns)
        if exchange.pool_ns:
            counts.waits.add(exchange.pool_ns)
        if exchange.is_stream:
            counts.streams -= 1
        if broken_off:
            counts.count_broken_off(exchange.route)


def _name_outcome(error: BaseException | None) -> str:
    if error is None:
        return "ok"
    return "failed" if isinstance(error, Exception) else "cancelled"
