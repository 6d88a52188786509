"""Existing rows, named by their keys."""

from __future__ import annotations

from typing import ClassVar, Self

from msgspec import Struct
from msgspec.structs import replace

from ...access.policy import Action
from ...catalog.tables import Table
from ...shape.reads import ExistingShape
from ..keys import Key, select_locked
from .new_rows import NewRow


class KeyedRows(Struct, frozen=True):
    """Rows that a request names by their keys.

    Args:
        table: The resource.
        keys: The key of each row.
        rows: For each row, its place in the body, and the values that it sets.
        many: Whether the request may name many.
    """

    table: Table
    keys: tuple[Key, ...]
    rows: tuple[NewRow, ...]
    many: bool = False
    action: ClassVar[Action] = "update"

    @property
    def is_one_statement(self) -> bool:
        """Whether one statement does everything; not here, as rows are locked before they
        change."""
        return False

    @property
    def is_splittable(self) -> bool:
        """Whether it can be executed in parts, to find out which one is refused."""
        return len(self.rows) > 1

    @property
    def locking_shape(self) -> ExistingShape:
        """The shape that reads and locks the rows."""
        return select_locked(self.table)

    def nth(self, index: int) -> Self:
        """Return the plan for a single row."""
        return replace(self, keys=(self.keys[index],), rows=(self.rows[index],))


def plan_for_key(table: Table, key: Key) -> KeyedRows:
    """Return the plan for one row, named by its key."""
    return KeyedRows(table, (key,), (NewRow((), ()),))
