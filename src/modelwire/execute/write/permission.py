"""Whether a caller may write rows as a request would have them, asked of the database."""

from __future__ import annotations

from collections.abc import Sequence

from ...access.policy import Action
from ...catalog.field import Field
from ...catalog.names import to_words
from ...catalog.tables import Catalog, Table
from ...errors import Forbidden
from ...plan.writing.create_plan import CreatePlan
from ...plan.writing.draft import Row as NewRow
from ...plan.writing.each import WrittenRows
from ...shape.writes import CheckShape
from ...statement.lists import ROWS
from ..connect.lane import Row
from ..explain.constraints import by_table
from ..explain.naming import point_at
from ..explain.references import find_hidden_parent
from ..finder import Finder
from .context import WriteContext

_VERBS: dict[Action, str] = {"create": "create", "update": "change", "delete": "delete"}


def refuse(table: Table, action: Action, row: NewRow | None = None) -> Forbidden:
    """The error for what a caller may not do to a row.

    Args:
        table: The resource.
        action: What was to be done.
        row: The row as the request has it, if its body does.
    """
    detail = f"You may not {_VERBS[action]} this {to_words(table.title).lower()}"
    if row is None:
        return Forbidden(detail)
    fields = _deciding(table, action, row)
    return Forbidden(detail, point_at(fields, row.pointer, Forbidden.code, detail))


def _deciding(table: Table, action: Action, row: NewRow) -> Sequence[Field]:
    """The one field of a body that decides whether an action is allowed, if there is one."""
    condition = table.policy.condition(action)
    given = [f for f in row.fields if f.column.key in condition.columns and f not in row.tied]
    return given if len(given) == 1 and not condition.looks_further else ()


async def check_written(
    context: WriteContext,
    table: Table,
    action: Action,
    rows: Sequence[NewRow],
    stored: Sequence[Row],
) -> None:
    """Check that rows are as the caller may leave them.

    Args:
        context: The lane that has written them.
        table: Their resource.
        action: What was done: they are created, or updated.
        rows: The rows as the request has them; empty where its body has none of them.
        stored: The rows as they are stored, in the same order.

    Raises:
        Forbidden: One is not.
    """
    policy = table.policy
    asked: list[Action] = [action]
    if action == "update" and policy.read is not policy.update:
        asked.append("read")
    actions = tuple(name for name in asked if not policy.condition(name).constant)
    if not actions or not stored:
        return
    keys = [table.values_of(row, table.key_columns) for row in stored]
    refused = await context.run(CheckShape(table, actions), {ROWS: keys})
    if refused:
        first = min(place for place, *_ in refused)
        raise refuse(table, action, rows[first] if rows else None)


async def check_linked(
    context: WriteContext, table: Table, rows: Sequence[NewRow], stored: Sequence[Row]
) -> None:
    """Check that rows whose links have changed are as the caller may leave them.

    Args:
        context: The lane that has changed the links.
        table: The resource of the rows.
        rows: The rows as the request has them; empty where its body has none of them.
        stored: The rows as they are stored, in the same order.

    Raises:
        Forbidden: One is not.
    """
    if table.policy.read.looks_further or table.policy.update.looks_further:
        await check_written(context, table, "update", rows, stored)


async def check_parents(context: WriteContext, plan: WrittenRows) -> None:
    """Check that the caller may see the rows that a plan refers to, and keep them as they are.

    A row that may not be seen is missing, as one that is not there.

    Args:
        context: The lane that is to write the plan.
        plan: The rows, with those that are written with them.

    Raises:
        ParentNotFound: One is missing.
    """
    catalog = context.catalog
    if not catalog.hides_any_rows:
        return
    plans = [found for found in by_table(plan) if _has_guarded_parents(found.table, catalog)]
    if plans:
        seen = Finder(context.lane, context.statements, seen=catalog)
        error = await find_hidden_parent(plans, catalog, seen)
        if error is not None:
            raise error


async def check_tied(
    context: WriteContext, table: Table, rows: Sequence[NewRow], fields: Sequence[Field]
) -> None:
    """Check the rows that others refer to by what they are given and by what they name themselves.

    Args:
        context: The lane that is to write them.
        table: Their resource.
        rows: The rows, with all that they are given.
        fields: The fields that they are given.

    Raises:
        ParentNotFound: The caller may not see one, or it is missing.
    """
    if not context.catalog.hides_any_rows:
        return
    given = {field.column for field in fields}
    if any(
        context.catalog.hides_rows(reference.parent)
        and not given.isdisjoint(reference.columns)
        and not given.issuperset(reference.columns)
        for reference in table.references
    ):
        await check_parents(context, CreatePlan(table, tuple(rows)))


def _has_guarded_parents(table: Table, catalog: Catalog) -> bool:
    return any(catalog.hides_rows(reference.parent) for reference in table.references)
