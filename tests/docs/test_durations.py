"""Durations and numbers that pages name, which are constants of the code."""

from pathlib import Path

import pytest

from modelwire.execute.connect.slots import QUICK_S, REMEMBERED_S, SLOW_S
from modelwire.execute.idempotency import PURGE_INTERVAL_S, PURGED_KEYS
from modelwire.execute.log.log import PRUNED
from modelwire.execute.postgresql.servers import HEAD_START_S
from modelwire.execute.sqlite.short_statements import HELD_S, PATIENCE, ROW_S, SHORT_S
from modelwire.execute.work.places import LEASE_S
from modelwire.execute.work.worker import ASK_S
from modelwire.pipeline.changes import HEARTBEAT_S
from modelwire.pipeline.rows import ALONE_S, LONG_EACH_S, LONG_S

DOCS = Path(__file__).parents[2] / "docs"
WORDS = {0.25: "a quarter of a second", 1: "a second", 5: "five seconds", 60: "a minute"}


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        ("reference/http.md", f"At least every {HEARTBEAT_S:g} seconds"),
        ("how-to/follow-changes.md", f"the server sends something every {HEARTBEAT_S:g} seconds"),
        ("how-to/history-and-undo.md", f"at most {PRUNED:,} of one table before a write"),
        ("how-to/scale.md", f"is skipped after {WORDS[HEAD_START_S]}"),
        # A lease lasts until it is looked at, and once more while it is given up.
        ("how-to/send-webhooks.md", f"takes over within {LEASE_S + 2 * ASK_S:g} seconds"),
        ("reliability.md", f"have run for longer than {WORDS[SLOW_S]} may hold"),
        ("reliability.md", f"a read that has run for {QUICK_S:g} seconds gives way"),
        ("decisions/lanes.md", f"that was fast, in less than {QUICK_S:g} seconds,"),
        ("decisions/lanes.md", f"if none becomes free in {QUICK_S:g} seconds,"),
        ("decisions/lanes.md", f"that runs for {WORDS[SLOW_S]} takes a slot or is ended"),
        ("decisions/lanes.md", f"for a connection, already after {QUICK_S:g} seconds."),
        ("decisions/lanes.md", f"one slow run counts for {WORDS[REMEMBERED_S]},"),
        (
            "decisions/lanes.md",
            f"less than {'a' if SHORT_S == 0.001 else SHORT_S * 1e3} millisecond of CPU plus "
            f"{ROW_S * 1e6:g} µs for each of its rows, up to {HELD_S / PATIENCE * 1e3:g} ms",
        ),
        (
            "decisions/gathering.md",
            f"longer than {LONG_S * 1e3:g} ms and {LONG_EACH_S * 1e3:g} ms for each row",
        ),
        ("decisions/gathering.md", f"is read row by row for {WORDS[ALONE_S]}:"),
        (
            "decisions/writes.md",
            f"at most {PURGED_KEYS} at a time, once {WORDS[PURGE_INTERVAL_S]} or as long as",
        ),
    ],
)
def test_what_pages_name(page: str, sentence: str) -> None:
    """A page says what the code does."""
    assert sentence in " ".join((DOCS / page).read_text().split())
