"""Use of the measurements of requests."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy.engine import URL

from ..settings import Settings
from .counts import Counts
from .exchange import Exchange
from .logs import log_requests, log_statement, write_requests
from .spans import TracedExchange, describe_database


class Observer:
    """Logs, metrics and traces of an application's requests, as far as they are switched on.

    Args:
        settings: The settings that switch them on.
        url: The database.

    Attributes:
        counts: The counts; None where metrics are switched off.
        tells_timing: Whether responses have the header `Server-Timing`.
        is_on: Whether anything is measured; traces aside, which are decided for each request.
        slow_ns: Duration in nanoseconds from which a statement counts as slow.
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
        """Return an exchange that traces its statements, below the current span."""
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
        """Report requests whose responses have ended."""
        if self.counts is not None:
            for exchange in exchanges:
                self.counts.add(exchange)
        if self._log is not None:
            self._log(exchanges)


def _choose_log(settings: Settings) -> Callable[[Sequence[Exchange]], None] | None:
    if not settings.log_requests:
        return None
    return write_requests if settings.log_format == "json" else log_requests
