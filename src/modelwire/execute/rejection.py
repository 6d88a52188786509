"""Constraint violation of a plan, before it is explained."""

from __future__ import annotations

from collections.abc import Sized

from ..errors import Constraint, ConstraintViolation, ModelwireError
from ..plan.writing.each import Refusable, WrittenRows


class Rejection(ModelwireError):
    """A constraint fired while a plan was carried out.

    Args:
        violation: The driver's error.
        plan: The part of the plan that may have violated it; None if unknown.
        otherwise: The rejection of the same rows when written all at once; it holds if the parent
            that a single row lacks is one of these rows.
        alone: The row that was refused alone, when the rows were tried one by one.
    """

    def __init__(
        self,
        violation: ConstraintViolation,
        plan: Refusable | None,
        otherwise: Rejection | None = None,
        alone: WrittenRows | None = None,
    ) -> None:
        super().__init__(str(violation))
        self.violation = violation
        self.plan = plan
        self.otherwise = otherwise
        self.alone = alone


def check_all_written(written: Sized, count: int) -> None:
    """Check that a statement has written as many rows as it should.

    Args:
        written: The rows that it returned.
        count: The expected number.

    Raises:
        ConstraintViolation: A trigger has ignored some rows, without an error.
    """
    if len(written) < count:
        raise ConstraintViolation(Constraint.TRIGGER)
