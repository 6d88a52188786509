"""What the parts of a write share."""

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
"""Looks at a row as it is stored, under its lock, and raises what speaks against a change."""

CompareEchoes = Callable[[Lane, UpdatePlan, Sequence[Row]], Awaitable[None]]
"""Compares what clients can't set, and have sent nevertheless, with rows as they are stored."""


class Written(Struct, frozen=True):
    """What a write has done.

    Args:
        plan: The rows with all that they have set, by which is explained what COMMIT refuses.
        rows: The rows as they are stored then, in the order of the plan; none where they are gone.
        outcomes: Where each row was written for itself: its place in `rows`, what is wrong with
            it, or None where it is gone.
        affected: The number of rows that a mass change was for.
    """

    plan: WrittenRows
    rows: Sequence[Row] = ()
    outcomes: Sequence[int | RequestError | None] = ()
    affected: int = 0


class WriteContext(Struct, frozen=True):
    """The lane of a write, and how it is carried out there.

    Args:
        lane: A lane that writes.
        statements: The statements of the application.
        catalog: The resources.
        compare_echoes: Looks at the rows of a change that has echoes.
        caller: Who asks.
        check: Looks at each row that the request names before it is changed or removed.
        one_by_one: Whether rows are written one by one, so that a refusal tells its row.
        hooks: Runs the hooks of the tables that are written; None where none has any.
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
        """Begin a part of the write that may be undone alone, in a savepoint."""
        return nullcontext() if self.hooks is None else self.hooks.part()
