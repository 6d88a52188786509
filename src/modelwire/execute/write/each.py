"""Bulk writes that are not atomic: each row in a savepoint of one transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from ...catalog.tables import Table
from ...errors import ConstraintViolation, InvalidRequest, RequestError
from ...plan.writing.batches import repeated_key
from ...plan.writing.each import Planned, RowPlan
from ...plan.writing.plans import EachPlan
from ..connect.lane import Row
from ..finder import Finder
from ..hooks.calls import find_answer
from ..rejection import Rejection
from .context import WriteContext
from .permission import explain_allowed

Outcome = int | RequestError | None


class _HasRows(Protocol):
    @property
    def rows(self) -> Sequence[Row]: ...


WriteRows = Callable[[WriteContext, RowPlan], Awaitable[_HasRows]]
"""Function that writes the rows of a plan, and returns them as then stored."""


async def write_each(
    context: WriteContext, plan: EachPlan, write: WriteRows
) -> tuple[list[Row], list[Outcome]]:
    """Write each row in a savepoint; a refused one is rolled back alone.

    Args:
        context: The context of the write.
        plan: The rows.
        write: Writes one of them.

    Returns:
        The rows as then stored, and for each requested row its index among them, its error, or
        None where it was deleted.

    Raises:
        RequestError: The error is not about a single row.
    """
    seen: set[Row] = set()
    rows: list[Row] = []
    outcomes: list[Outcome] = []
    for planned, pointer in zip(plan.planned, plan.pointers, strict=True):
        result = await _write_one(context, plan.table, planned, write, seen)
        if isinstance(result, RequestError):
            outcomes.append(result.alone(pointer) if isinstance(result, InvalidRequest) else result)
            continue
        outcomes.append(len(rows) if result else None)
        rows += result
    return rows, outcomes


async def _write_one(
    context: WriteContext, table: Table, plan: Planned, write: WriteRows, seen: set[Row]
) -> Sequence[Row] | RequestError:
    """Write one row; return the row as then stored, or its error."""
    if isinstance(plan, RequestError):
        return plan
    lane = context.lane
    try:
        with context.part():
            async with lane.savepoint(checks=True):
                rows = (await write(context, plan)).rows
                _check_new(table, plan, rows, seen)
    except Rejection as exc:
        rejection = exc
    except ConstraintViolation as violation:
        rejection = Rejection(violation, plan)
    except RequestError as error:
        if error.is_of_server:
            raise
        return error
    except Exception as error:
        # A hook may raise the answer for its row.
        answered = find_answer(error)
        if answered is None:
            raise
        return answered
    else:
        return rows
    refused = await explain_allowed(rejection, context.catalog, Finder(lane, context.statements))
    refused.__cause__ = rejection.violation
    return refused


def _check_new(table: Table, plan: RowPlan, rows: Sequence[Row], seen: set[Row]) -> None:
    """Refuse a row whose key equals that of an earlier row to the database only."""
    for row, given in zip(rows, plan.rows, strict=False):
        key = table.values_of(row, table.key_columns)
        if key in seen:
            raise InvalidRequest(repeated_key(given.pointer))
        seen.add(key)
