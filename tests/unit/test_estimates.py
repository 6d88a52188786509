"""Totals that may be estimated."""

from types import SimpleNamespace
from typing import Any

import pytest

from modelwire.pipeline.lists import _can_estimate
from modelwire.shape.reads import SelectShape
from tests.plan.depot import DEPOT


@pytest.mark.parametrize(
    ("table", "estimates", "expected"),
    [
        ("crates", True, True),
        ("crates", False, False),
        # An estimate covers rows that the caller may not see.
        ("letters", True, False),
        ("letters", False, False),
    ],
)
def test_what_is_estimated(table: str, estimates: bool, expected: bool) -> None:
    """All rows of a table, where the database knows their number and the caller may see each."""
    dialect = SimpleNamespace(estimates=estimates)
    pipeline: Any = SimpleNamespace(database=SimpleNamespace(sql_dialect=dialect))
    assert _can_estimate(pipeline, SelectShape(DEPOT.tables[table])) is expected
