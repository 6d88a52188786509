"""What a constraint has refused, until it is explained."""

from __future__ import annotations

from collections.abc import Sized

from ..errors import Constraint, ConstraintViolation, ModelwireError
from ..plan.writing.each import Refusable, WrittenRows


class Rejection(ModelwireError):
    """A constraint fired while a plan was carried out.

    Args:
        violation: What the driver said.
        plan: What was to be written, as far as the constraint may be about it; None where that is
            not known.
        otherwise: What refused the same rows before, all at once: the truth where the parent that
            one of them has missed since is among them.
        alone: What was refused alone, when the rows were tried one by one.
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
    """Check that a statement has written as many rows as it should have.

    Args:
        written: The rows that it gave back.
        count: How many it should have written.

    Raises:
        ConstraintViolation: A trigger has passed over some, without an error.
    """
    if len(written) < count:
        raise ConstraintViolation(Constraint.TRIGGER)
