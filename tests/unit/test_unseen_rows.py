"""Answers to creates of rows that the caller may not see, and the order of upserts."""

from types import SimpleNamespace
from typing import Any

import pytest

from modelwire.execute.write.context import Written
from modelwire.execute.write.upsert import _group_new
from modelwire.pipeline.answers import Created, Reply, Rows, _answer_unseen
from modelwire.plan.writing.create_plan import CreatePlan
from modelwire.plan.writing.new_rows import NewRow
from modelwire.plan.writing.upsert import UpsertPlan
from modelwire.shape.writes import Conflict
from tests.plan.depot import DEPOT

CRATES = DEPOT.tables["crates"]
CODE, STATE = (CRATES.by_column[name] for name in ("code", "state"))
APPLIED = ((b"preference-applied", b"resolution=merge-duplicates"),)


@pytest.mark.parametrize(
    ("reply", "status", "headers"),
    [
        (Created(CRATES), 201, ((b"location", b"/crates/7"),)),
        (Rows(CRATES, status=200, applied=APPLIED), 204, APPLIED),
        (Rows(CRATES, status=201), 201, ()),
    ],
)
def test_answers(reply: Reply, status: int, headers: Any) -> None:
    """They show nothing of the rows but where they are."""
    plan = CreatePlan(CRATES, ())
    row = (7,) * len(CRATES.selected)
    request: Any = SimpleNamespace(base="/crates")
    answer = _answer_unseen(request, reply, Written(plan, (row,)))
    assert (answer.status, bytes(answer.body), tuple(answer.headers)) == (status, b"", headers)


def test_new_rows_are_stored_by_their_fields() -> None:
    """Rows to which hooks have given another key come last, and must not exist."""
    both = (CODE, STATE)
    rows = (
        NewRow(both, ("moved", "x")),
        NewRow((CODE,), ("b",)),
        NewRow(both, ("c", "y")),
        NewRow((CODE,), ("d",)),
        NewRow((STATE,), ("z",)),
    )
    plan = UpsertPlan(CRATES, rows, unique=(CODE,), merged=(None,) * 5)
    found = list(_group_new(plan, [("a",), ("b",), ("c",), ("d",), (None,)]))
    known = Conflict((CODE,), None)
    assert found == [
        ((CODE,), known, [1, 3]),
        (both, known, [2]),
        (both, None, [0]),
        ((STATE,), None, [4]),
    ]
