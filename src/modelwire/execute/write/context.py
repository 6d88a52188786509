"""Context and result of a write."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from msgspec import Struct

from ...access.principal import Principal
from ...catalog.tables import Catalog
from ...errors import RequestError
from ...plan.writing.each import WrittenRows
from ...plan.writing.update import UpdatePlan
from ...shape.shapes import Shape
from ...statement.statements import Statements
from ..connect.lane import Lane, Row
from ..hooks.run import HookRun

Check = Callable[[Row], None]
"""Function that checks a locked row, and raises an error if it may not be changed."""

CompareEchoes = Callable[[Lane, UpdatePlan, Sequence[Row]], Awaitable[None]]
"""Function that compares read-only fields that clients have sent with the stored rows."""


class Written(Struct, frozen=True):
    """Result of a write.

    Args:
        plan: The rows with all that they have set, by which an error of COMMIT is explained.
        rows: The rows as then stored, in the order of the plan; none if they were deleted.
        outcomes: For a write that is not atomic: the index of each row in `rows`, its error, or
            None where it was deleted.
        affected: The number of rows of a mass write.
    """

    plan: WrittenRows
    rows: Sequence[Row] = ()
    outcomes: Sequence[int | RequestError | None] = ()
    affected: int = 0


class WriteContext(Struct, frozen=True):
    """Context of a write: its lane, and how it is carried out there.

    Args:
        lane: A lane that writes.
        statements: The statements of the application.
        catalog: The resources.
        compare_echoes: Compares the echoes of an update with the stored rows.
        caller: The caller.
        check: Checks each row that the request names before it is changed or deleted.
        one_by_one: Whether rows are written one by one, so that an error identifies its row.
        hooks: Runs the hooks of the written tables; None where they have none.
    """

    lane: Lane
    statements: Statements
    catalog: Catalog
    compare_echoes: CompareEchoes
    caller: Principal
    check: Check | None = None
    one_by_one: bool = False
    hooks: HookRun | None = None

    def run(self, shape: Shape, values: Mapping[str, Any]) -> Awaitable[Sequence[Row]]:
        """Run the statement of a shape and read its rows."""
        return self.lane.fetch(self.statements.of(shape), values)

    def part(self) -> AbstractContextManager[None]:
        """Begin a part of the write that may be rolled back alone, to a savepoint."""
        return nullcontext() if self.hooks is None else self.hooks.part()
