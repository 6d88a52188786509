"""What a constraint has refused, until it is explained."""

from __future__ import annotations

from ..errors import ConstraintViolation, ModelwireError
from ..plan import WritePlan


class Rejection(ModelwireError):
    """A constraint fired while a plan was carried out.

    Args:
        violation: What the driver said.
        plan: What was to be written, as far as the constraint may be about it.
    """

    def __init__(self, violation: ConstraintViolation, plan: WritePlan) -> None:
        super().__init__(str(violation))
        self.violation = violation
        self.plan = plan
