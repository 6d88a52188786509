"""Plans of deletes: of one row, or of many by their keys."""

from __future__ import annotations

from typing import ClassVar

from ...access.policy import Action
from ...catalog.constraints import cascades_in_circles
from ...catalog.tables import Catalog, Table
from ...dialect import Dialect
from ...errors import Faults, Violation
from ...shape.parts import Lock
from ...shape.reads import ExistingShape
from ..keys import Key, key_values, read_key, select_locked
from ..values import BadValue
from .batches import Batch, check_distinct
from .keyed import KeyedRows
from .new_rows import NewRow


class DeletePlan(KeyedRows, frozen=True):
    """Deletion of rows, with the rows that the model declares to be deleted with them.

    Args:
        goes_alone: Whether no other rows need statements of their own; then one statement suffices.
    """

    goes_alone: bool = False
    action: ClassVar[Action] = "delete"

    @property
    def is_one_statement(self) -> bool:
        """Whether one statement does everything."""
        return self.goes_alone

    @property
    def locking_shape(self) -> ExistingShape:
        return select_locked(self.table, lock=Lock.REMOVE, action="delete")


def plan_delete(catalog: Catalog, table: Table, key: str, dialect: Dialect) -> DeletePlan:
    """Plan the deletion of one row.

    Args:
        catalog: The catalog.
        table: The resource.
        key: The key in the path.
        dialect: The database's dialect.

    Returns:
        The plan.

    Raises:
        InvalidRequest: The key is not valid.
    """
    # Rows that SQLite can't delete by its own cascades are deleted before.
    deep = dialect.nests_cascades and cascades_in_circles(table.sql)
    policy = table.policy
    # The statement finds only rows that the caller sees; others may be refused by their policy.
    refuses = policy.restricts("delete") and policy.delete is not policy.read
    is_read_first = deep or refuses or table.deleted_at is not None
    alone = not (is_read_first or catalog.dependents.get(table.name))
    return DeletePlan(table, (tuple(key_values(table, key)),), (NewRow((), ()),), goes_alone=alone)


def plan_bulk_delete(table: Table, batch: Batch) -> DeletePlan:
    """Plan the deletion of many rows.

    Args:
        table: The resource.
        batch: Their keys.

    Returns:
        The plan.

    Raises:
        InvalidRequest: A key is invalid, or occurs twice; the pointer names it.
    """
    items, pointers = batch
    faults = Faults()
    keys: list[Key | None] = []
    for item, pointer in zip(items, pointers, strict=True):
        try:
            keys.append(read_key(table, item))
        except BadValue as exc:
            keys.append(None)
            faults.add(Violation(str(exc), "invalid_key", pointer))
    check_distinct(keys, pointers, faults)
    faults.refuse()
    rows = tuple(NewRow((), (), pointer) for pointer in pointers)
    return DeletePlan(table, tuple(key for key in keys if key is not None), rows, many=True)
