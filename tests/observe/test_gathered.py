"""Requests that were answered by one statement are measured as if each had sent its own."""

import asyncio
import time
from typing import Any

import pytest
from opentelemetry.trace import NonRecordingSpan, SpanContext

from modelwire.observe import spans
from modelwire.observe.spans import TracedExchange

from .conftest import Observe
from .test_timing import ENTRY

MANY = 12


async def test_each_counts_its_statement(observe: Observe) -> None:
    observed = await observe(server_timing=True, log_requests=True)
    for number in range(MANY):
        await observed.client.post("/teams/", json={"name": f"Team {number}"})
    observed.logged()
    observed.records.clear()
    paths = [f"/teams/{key}" for key in range(1, MANY + 1)]
    answers = await asyncio.gather(*map(observed.client.get, paths))
    for answer in answers:
        found = {name: float(ms) for name, ms in ENTRY.findall(answer.headers["server-timing"])}
        assert found["db"] > 0
        assert found["pool"] + found["db"] + found["encode"] <= found["total"] + 0.02
    counted = [fields["statements"] for fields in observed.logged()]
    assert counted == [counted[0]] * MANY


class Watcher:
    """Watcher that is told nothing."""

    slow_ns = 10**12

    def report_statement(self, *_: Any) -> None: ...


def test_spans_begin_when_the_statement_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The span of a waiting request has the time of the statement that has answered it."""
    started: list[dict[str, Any]] = []

    class Tracer:
        def start_span(self, name: str, **options: Any) -> NonRecordingSpan:
            started.append({"name": name, **options})
            return NonRecordingSpan(SpanContext(1, 1, is_remote=False))

    monkeypatch.setattr(spans, "_TRACER", Tracer())
    exchange = TracedExchange("id", "GET", 0, Watcher(), database={"db.namespace": "x"})
    before_ns = time.time_ns()
    exchange.add_gathered("SELECT a FROM users WHERE a = 5", 2_000, 30_000_000)
    (span,) = started
    assert span["name"] == "SELECT users"
    assert span["attributes"]["db.query.text"] == "SELECT a FROM users WHERE a = ?"
    assert before_ns - 30_000_000 <= span["start_time"] <= time.time_ns() - 30_000_000
    assert (exchange.statements, exchange.pool_ns, exchange.database_ns) == (1, 2_000, 30_000_000)
