"""Plans of reads of a resource's changes: the rows, and the change to begin after."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ...catalog.domain import MAX_INT64
from ...catalog.field import Field
from ...catalog.tables import Catalog, Table
from ...memory import kept
from ...request.query import Parameter
from ...shape.conditions import Condition
from ...shape.parts import Projection
from ...shape.reads import SelectShape, tables_read
from ..parameters import Values, predicate_values, refuse_parameter
from .includes import project_list
from .order import key_order
from .query import Query

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000
"""Changes that one page examines."""

MAX_WAIT_S = 60
"""Seconds that a request may wait for a page with changes."""

AFTER, LAST_EVENT_ID = "after", "Last-Event-ID"

_PARAMETERS = ("after", "limit", "wait", "fields", "q", "or")


class FollowPlan(Struct, frozen=True):
    """Read of the changes of rows.

    Args:
        shape: The rows, read from the images of the log instead of the table.
        values: The parameters of the conditions.
        after: The number of the change to begin after; None if the client gives none.
        limit: The maximum number of changes that a page examines.
        wait_s: Seconds to wait for a page with changes.
    """

    shape: SelectShape
    values: Values
    after: int | None
    limit: int
    wait_s: int


def plan_follow(
    catalog: Catalog, table: Table, parameters: Sequence[Parameter], last: str | None
) -> FollowPlan:
    """Plan a read of the changes of a resource.

    Args:
        catalog: The catalog.
        table: The resource.
        parameters: The query.
        last: The `Last-Event-ID` header, with which a browser resumes; it precedes `after`.

    Returns:
        The plan.

    Raises:
        InvalidRequest: A parameter is unknown, is given twice, or has an invalid value, or a filter
            depends on rows of other tables.
    """
    query = Query(catalog, table, parameters, _PARAMETERS)
    named = query.take_integer(AFTER, -1, 0, MAX_INT64)
    limit = query.take_integer("limit", DEFAULT_LIMIT, 1, MAX_LIMIT)
    wait_s = query.take_integer("wait", 0, 0, MAX_WAIT_S)
    shown, operands = query.take_shown(), []  # type: tuple[Field, ...] | None, list[object]
    conditions = query.take_conditions(operands)
    query.finish()
    shape = _select(table, conditions, shown)
    if tables_read(shape) != {table}:
        raise _refuse_relations(parameters)
    after = _read_last(last)
    if after is None and named >= 0:
        after = named
    return FollowPlan(shape, predicate_values(operands), after, limit, wait_s)


@kept
def _select(
    table: Table, conditions: tuple[Condition, ...], shown: tuple[Field, ...] | None
) -> SelectShape:
    order = key_order(table)
    read: Projection | None = None if shown is None else project_list(table, shown, (), order)
    return SelectShape(table, conditions, projection=read, given=True)


def _read_last(text: str | None) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < len(str(MAX_INT64))):
        raise refuse_parameter(LAST_EVENT_ID, "should be the number of a change")
    return int(text)


def _refuse_relations(parameters: Sequence[Parameter]) -> Exception:
    """Refuse filters on other tables: their rows may change without a change of this table's
    rows."""
    dotted = [p.name for p in parameters if "." in p.name]
    name = dotted[0] if dotted else "or"
    message = "goes through a relation; changes are filtered by fields of the rows themselves"
    return refuse_parameter(name, message, "not_followed")
