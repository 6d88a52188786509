"""Checks in the database whether a caller may write rows as a request asks."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

from ...access.policy import Action
from ...catalog.field import Field
from ...catalog.names import to_words
from ...catalog.tables import Catalog, Table
from ...errors import Constraint, ConstraintViolation, Forbidden, RequestError
from ...plan.writing.create_plan import CreatePlan, decides
from ...plan.writing.each import WrittenRows
from ...plan.writing.new_rows import NewRow
from ...plan.writing.update import UpdatePlan
from ...shape.writes import CheckShape
from ...statement.lists import ROWS
from ..connect.lane import Row
from ..explain.constraints import by_table, explain
from ..explain.naming import point_at
from ..explain.references import find_hidden_parent
from ..finder import Finder
from ..rejection import Rejection
from .context import WriteContext

_VERBS: dict[Action, str] = {"create": "create", "update": "change", "delete": "delete"}


def refuse(table: Table, action: Action, row: NewRow | None = None) -> Forbidden:
    """Return the error for an action that a caller may not do to a row.

    Args:
        table: The resource.
        action: The action.
        row: The row in the request's body, if any.
    """
    detail = f"You may not {_VERBS[action]} this {to_words(table.title).lower()}"
    if row is None:
        return Forbidden(detail)
    fields = _deciding(table, action, row)
    return Forbidden(detail, point_at(fields, row.pointer, Forbidden.code, detail))


def _deciding(table: Table, action: Action, row: NewRow) -> Sequence[Field]:
    """Return the only field of a body that decides whether an action is allowed, if any."""
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
    """Check that the caller may leave rows as they are stored.

    Args:
        context: The context of the write, on the lane that has written them.
        table: Their resource.
        action: The action: create or update.
        rows: The rows of the request; empty if its body has none of them.
        stored: The rows as stored, in the same order.

    Raises:
        Forbidden: The caller may not leave a row so.
    """
    actions = _asked_after(table, action)
    if not actions or not stored:
        return
    keys = [table.values_of(row, table.key_columns) for row in stored]
    refused = await context.run(CheckShape(table, actions), {ROWS: keys})
    if refused:
        first = min(place for place, *_ in refused)
        raise refuse(table, action, rows[first] if rows else None)


def _asked_after(table: Table, action: Action) -> tuple[Action, ...]:
    """Return the actions that a caller must be allowed on a row as an action leaves it."""
    if action == "update":
        return table.policy.kept_by_updates
    return () if table.policy.condition(action).constant else (action,)


async def explain_allowed(rejection: Rejection, catalog: Catalog, finder: Finder) -> RequestError:
    """Explain a constraint violation, unless the caller may not leave a row so in the first place.

    Otherwise a unique index would tell of rows among which the caller can't even store one. A new
    row is checked when it is inserted.

    Args:
        rejection: The driver's error, and the rows that were to be written.
        catalog: The catalog.
        finder: Looks up rows.
    """
    plan = rejection.plan
    # A missing parent comes before everything else.
    if isinstance(plan, UpdatePlan) and rejection.violation.kind is not Constraint.FOREIGN_KEY:
        refusal = await _find_forbidden(plan, finder)
        if refusal is not None:
            return refusal
    return await explain(rejection, catalog, finder)


async def _find_forbidden(plan: UpdatePlan, finder: Finder) -> Forbidden | None:
    """Find a row that the caller may not leave with the values that it would have."""
    if not plan.may_leave_policy:
        return None
    table, refused = plan.changed_table, list[int]()
    policy = table.policy
    for fields, group in plan.by_fields.items():
        asked = tuple(a for a in policy.kept_by_updates if decides(table, fields, a))
        decisive = {key for action in asked for key in policy.condition(action).columns}
        assigned = tuple(field for field in fields if field.column.key in decisive)
        if assigned:
            shape = CheckShape(table, asked, assigned)
            rows = [(*plan.keys[i], *plan.rows[i].keep(assigned).values) for i in group]
            found = await finder.lane.fetch(finder.statements.of(shape), {ROWS: rows})
            refused += [group[place] for place, *_ in found]
    return refuse(table, "update", plan.rows[min(refused)]) if refused else None


async def check_linked(
    context: WriteContext, table: Table, rows: Sequence[NewRow], stored: Sequence[Row]
) -> None:
    """Check that the caller may leave rows whose links have changed.

    Args:
        context: The context of the write, on the lane that has changed the links.
        table: The resource of the rows.
        rows: The rows of the request; empty if its body has none of them.
        stored: The rows as stored, in the same order.

    Raises:
        Forbidden: The caller may not leave a row so.
    """
    if table.policy.looks_further:
        await check_written(context, table, "update", rows, stored)


async def check_parents(context: WriteContext, plan: WrittenRows) -> None:
    """Check that the caller may see the rows that a plan refers to, and lock them.

    A row that may not be seen counts as missing.

    Args:
        context: The context of the write.
        plan: The rows, with those that are written with them.

    Raises:
        ParentNotFound: A row is missing.
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
    """Check the parents of rows whose foreign keys are only partly given by the server.

    Args:
        context: The context of the write.
        table: Their resource.
        rows: The rows, with all values that they are given.
        fields: The fields that they are given.

    Raises:
        ParentNotFound: The caller may not see a parent, or it is missing.
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


async def refuse_by_policy(attempt: Awaitable[object]) -> None:
    """Refuse a change by a policy, which takes precedence over a failed precondition.

    Args:
        attempt: Makes the change, in a transaction that is rolled back in any case.

    Raises:
        Forbidden: The caller may not make it.
    """
    try:
        await attempt
    except Forbidden:
        raise
    except (RequestError, Rejection, ConstraintViolation):
        return  # the policy has no say then


def _has_guarded_parents(table: Table, catalog: Catalog) -> bool:
    return any(catalog.hides_rows(reference.parent) for reference in table.references)
