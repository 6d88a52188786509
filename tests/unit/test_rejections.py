"""The rejection that is explained, of rows that were tried together and then one by one."""

from typing import Any

import pytest

from modelwire.errors import Constraint, ConstraintViolation
from modelwire.execute.rejection import Rejection
from modelwire.pipeline.transaction import _choose
from modelwire.plan.writing.create_plan import CreatePlan
from modelwire.plan.writing.links import LinkSet
from tests.plan.depot import DEPOT

CRATES, LABELS = DEPOT.tables["crates"], DEPOT.tables["labels"]
ALL, ONE = CreatePlan(CRATES, ()), CreatePlan(CRATES, ())
LINKS = LinkSet(CRATES.relations["labels"], LABELS, (), ())
KEY, CHECK = (ConstraintViolation(kind) for kind in (Constraint.FOREIGN_KEY, Constraint.CHECK))


@pytest.mark.parametrize(
    ("together", "alone", "part", "violation", "plan", "row"),
    [
        # A parent is missing among all of them.
        (KEY, KEY, ONE, "together", ALL, ONE),
        (KEY, CHECK, ONE, "together", ALL, ONE),
        (KEY, KEY, LINKS, "together", ALL, None),
        # The row itself is at fault.
        (CHECK, CHECK, ONE, "alone", ONE, None),
        # Its parent may be one of the other rows.
        (CHECK, KEY, ONE, "alone", ALL, None),
    ],
)
def test_the_rejection_that_is_explained(
    together: ConstraintViolation,
    alone: ConstraintViolation,
    part: Any,
    violation: str,
    plan: object,
    row: object,
) -> None:
    first, second = Rejection(together, ALL), Rejection(alone, part)
    chosen = _choose(first, second)
    assert chosen.violation is (together if violation == "together" else alone)
    assert chosen.plan is plan
    assert chosen.alone is row
    is_unsure = together is CHECK and alone is KEY
    assert chosen.otherwise is (first if is_unsure else None)
