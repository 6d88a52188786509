"""Plans of changes that are for all rows that match some filters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from ...access.policy import Action
from ...catalog.tables import Catalog, Table
from ...request.query import Parameter
from ...shape.parts import Lock
from ...shape.reads import CountShape, SelectShape
from ..parameters import Values, predicate_values
from ..reading.order import key_order
from ..reading.query import Query


class MassPlan(Struct, frozen=True):
    """Finding the rows that a change is for, by filters, and locking them.

    Args:
        shape: The rows.
        values: What they are compared with; how many are read at most is added to it.
    """

    shape: SelectShape
    values: Values

    @property
    def table(self) -> Table:
        return self.shape.table

    @property
    def count(self) -> CountShape:
        """Counts the rows."""
        return CountShape(self.table, self.shape.conditions)


def plan_mass(
    catalog: Catalog, table: Table, parameters: Sequence[Parameter], lock: Lock, action: Action
) -> MassPlan:
    """Plan which rows a change is for.

    Args:
        catalog: The catalog.
        table: The resource.
        parameters: The query: filters, `q` and `or`.
        lock: What is to be done to them.
        action: The same, as policies call it.

    Returns:
        The plan.

    Raises:
        InvalidRequest: A parameter is unknown, given twice, or has a value that is not valid.
    """
    query = Query(catalog, table, parameters, ("q", "or"))
    operands: list[Any] = []
    conditions = query.take_conditions(operands)
    query.finish()
    allows = action if table.policy.restricts(action) else None
    shape = SelectShape(table, conditions, key_order(table), limited=True, lock=lock, allows=allows)
    return MassPlan(shape, predicate_values(operands))
