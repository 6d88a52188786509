"""Plans of writes of all rows that match some filters."""

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
    """Selection of the rows of a mass write by filters, with a lock on them.

    Args:
        shape: The rows.
        values: The parameters of the conditions; the limit is added later.
    """

    shape: SelectShape
    values: Values

    @property
    def table(self) -> Table:
        return self.shape.table

    @property
    def count(self) -> CountShape:
        """The shape that counts the rows."""
        return CountShape(self.table, self.shape.conditions)


def plan_mass(
    catalog: Catalog, table: Table, parameters: Sequence[Parameter], lock: Lock, action: Action
) -> MassPlan:
    """Plan the selection of the rows of a mass write.

    Args:
        catalog: The catalog.
        table: The resource.
        parameters: The query: filters, `q` and `or`.
        lock: The kind of lock.
        action: The action that the rows are locked for, as policies call it.

    Returns:
        The plan.

    Raises:
        InvalidRequest: A parameter is unknown, is given twice, or has an invalid value.
    """
    query = Query(catalog, table, parameters, ("q", "or"))
    operands: list[Any] = []
    conditions = query.take_conditions(operands)
    query.finish()
    allows = action if table.policy.restricts(action) else None
    shape = SelectShape(table, conditions, key_order(table), limited=True, lock=lock, allows=allows)
    return MassPlan(shape, predicate_values(operands))
