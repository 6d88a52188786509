"""What is done with what requests have measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy.engine import URL

from ..settings import Settings
from .counts import Counts
from .exchange import Exchange
from .logs import log_requests, log_statement, write_requests
from .spans import TracedExchange, describe_database


class Observer:
    """Logs, counts and traces the requests of an application, as far as it is switched on.

    Args:
        settings: What is switched on.
        url: The database.

    Attributes:
        counts: What is counted; None where nobody reads it.
        tells_timing: Whether answers have the header `Server-Timing`.
        is_on: Whether anything is measured; traces aside, which each request decides.
        slow_ns: Nanoseconds from which on a statement is slow.
    """

    def __init__(self, settings: Settings, url: URL) -> None:
        self.counts = Counts() if settings.metrics else None
        self.tells_timing = settings.server_timing
        self.slow_ns = int(settings.slow_statement_s * 1e9)
        self._logs_statements = settings.log_requests
        self._log = _choose_log(settings)
        self.is_on = self.counts is not None or self._log is not None or self.tells_timing
        self._database = describe_database(url)

    def trace(self, exchange: Exchange) -> Exchange:
        """Have the statements of a request traced, below the span that is current."""
        return TracedExchange(
            exchange.request_id,
            exchange.method,
            exchange.began_ns,
            self,
            database=self._database,
        )

    def report_statement(
        self, exchange: Exchange, text: str, duration_ns: int, error: BaseException | None
    ) -> None:
        """Report a statement that was slow or has failed."""
        if self._logs_statements:
            log_statement(exchange, text, duration_ns, error)

    def report(self, exchanges: Sequence[Exchange]) -> None:
        """Report requests whose answers have ended."""
        if self.counts is not None:
            for exchange in exchanges:
                self.counts.add(exchange)
        if self._log is not None:
            self._log(exchanges)


def _choose_log(settings: Settings) -> Callable[[Sequence[Exchange]], None] | None:
    if not settings.log_requests:
        return None
    return write_requests if settings.log_format == "json" else log_requests
