"""From a foreign key that fired to the parent that is missing, or to the rows that still refer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column

from ..catalog import Catalog, Reference, Table, find_sql_table
from ..catalog.names import escape_pointer, to_words
from ..errors import (
    ConstraintViolation,
    ParentNotFound,
    RequestError,
    StillReferenced,
    Violation,
)
from ..plan import CreatePlan, DeletePlan, KeyedRows, RowPlan, UpsertPlan
from ..plan.rows import Row
from .finder import Finder

UNKNOWN_PARENT = "A row that this one refers to was not found"


async def explain_reference(
    violation: ConstraintViolation, plans: Sequence[RowPlan], catalog: Catalog, finder: Finder
) -> RequestError:
    """Explain a foreign key.

    PostgreSQL says which one fired, SQLite nothing at all; and no database says for which of
    several rows. What is not said is looked up.

    Args:
        violation: What the driver said.
        plans: What was to be written, one plan for each table; that of the request is the first.
        catalog: The catalog.
        finder: Says which rows exist.

    Returns:
        The error to answer with.
    """
    error = await find_missing_parent(violation, plans, catalog, finder)
    if error is not None:
        return error
    fired = [reference for plan in plans for reference in _find_fired(violation, plan)]
    if violation.table is not None and len(fired) == 1:
        # The parent has come in the meantime; the row was refused all the same.
        return _parent_not_found(fired[0], plans[0].table, None, catalog)
    plan = plans[0]
    if isinstance(plan, UpsertPlan):
        plan = await _find_merged(plan, finder)
    if isinstance(plan, CreatePlan) or not plan.keys:
        return ParentNotFound(UNKNOWN_PARENT)
    return await _find_referred(plan, violation.table, catalog, finder)


async def find_missing_parent(
    violation: ConstraintViolation, plans: Sequence[RowPlan], catalog: Catalog, finder: Finder
) -> RequestError | None:
    """Find the first row whose parent is missing.

    Args:
        violation: What the driver said of a foreign key.
        plans: What was to be written, one plan for each table.
        catalog: The catalog.
        finder: Says which rows exist.

    Returns:
        The error that names it; None if all parents are there.
    """
    is_known = violation.table is not None
    for plan in plans:
        for reference in _find_fired(violation, plan):
            row = await _find_orphan(reference, plan, finder, is_known=is_known)
            if row is not None:
                return _parent_not_found(reference, plan.table, row, catalog)
    return None


async def _find_merged(plan: UpsertPlan, finder: Finder) -> KeyedRows:
    """Find which rows of an upsert were there before, and what was to be written to them."""
    table = plan.table
    columns = tuple(field.column for field in plan.unique)
    width, shown = len(table.key_columns), (*table.key_columns, *columns)
    found = await finder.find(table.sql, shown, columns, plan.unique_values)
    stored = {tuple(row[width:]): tuple(row[:width]) for row in found}
    pairs = [
        (stored[values], row.keep(merged))
        for values, row, merged in zip(plan.unique_values, plan.rows, plan.merged, strict=True)
        if merged and values in stored
    ]
    return KeyedRows(table, tuple(k for k, _ in pairs), tuple(r for _, r in pairs), many=True)


async def _find_referred(
    plan: KeyedRows, by: str | None, catalog: Catalog, finder: Finder
) -> RequestError:
    """Find which row others still refer to, and by which table, where that is not known."""
    if by is not None and len(plan.rows) == 1:
        return explain_still_referenced(plan, by)
    sql, dependents = plan.table.sql, catalog.dependents
    for index, key in enumerate(plan.keys):
        part = plan.part(index)
        changed = None if isinstance(plan, DeletePlan) else await _find_changed(part, finder)
        found = await finder.find_referrer(sql, [key], dependents, changed, set(plan.keys))
        if found is not None:
            return explain_still_referenced(part, found)
    return explain_still_referenced(plan, by)


def explain_still_referenced(plan: RowPlan, by: str | None) -> RequestError:
    """The error for a row that others refer to, by the name of their table where it is known."""
    suffix = f" by {to_words(by)}" if by else ""
    detail = f"{plan.table.title} is still referenced{suffix}"
    places = [row.pointer for row in plan.rows if row.pointer and len(plan.rows) == 1]
    return StillReferenced(detail, [Violation(detail, "still_referenced", p) for p in places])


def explain_reference_elsewhere(
    violation: ConstraintViolation, table: Table | None, catalog: Catalog, *, deletes: bool
) -> RequestError:
    """Explain a foreign key that fired in the application's own code.

    Args:
        violation: What the driver said.
        table: The resource whose table was written, where it is known.
        catalog: The catalog.
        deletes: Whether rows were deleted.

    Returns:
        The error to answer with.
    """
    if deletes:
        by = f" by {to_words(violation.table)}" if violation.table else ""
        return StillReferenced(f"The row is still referenced{by}")
    reference = choose_reference(table.references, violation) if table else None
    if reference is None:
        return ParentNotFound(UNKNOWN_PARENT)
    return ParentNotFound(f"{catalog.title_of(reference.parent)} not found")


def choose_reference(
    references: Sequence[Reference], violation: ConstraintViolation
) -> Reference | None:
    """The reference with the constraint's name, with its columns, or else the only one."""
    columns = set(violation.columns)
    for reference in references:
        if reference.name is not None and reference.name == violation.constraint:
            return reference
    for reference in references:
        if columns and {column.name for column in reference.columns} == columns:
            return reference
    return references[0] if len(references) == 1 else None


def _find_fired(violation: ConstraintViolation, plan: RowPlan) -> Sequence[Reference]:
    """The foreign keys whose parent may be missing: the one that is named, or all written ones."""
    written = _written(plan)
    own = [r for r in plan.table.references if not written.isdisjoint(r.columns)]
    if violation.table is None:
        return own
    sql = plan.table.sql
    if find_sql_table(sql.metadata, violation.table, violation.schema) is not sql:
        return ()
    chosen = choose_reference(own, violation)
    if chosen is None or _is_about_parent(violation, chosen):
        return ()
    return (chosen,)


def _is_about_parent(violation: ConstraintViolation, reference: Reference) -> bool:
    """Whether it was a parent that was written: then the columns that are named are the parent's.

    In a table that refers to itself, both ends have the same name.
    """
    names = set(violation.columns)
    return (
        reference.parent is reference.table
        and names == {column.name for column in reference.parent_columns}
        and names != {column.name for column in reference.columns}
    )


def _written(plan: RowPlan) -> set[Column[Any]]:
    return {field.column for row in plan.rows for field in row.fields if field not in row.tied}


async def _find_changed(plan: KeyedRows, finder: Finder) -> set[Column[Any]]:
    """The columns whose stored values are others than those that were to be written."""
    (row,) = plan.rows
    columns = tuple(field.column for field in row.fields)
    if not columns:
        return set()
    table = plan.table
    for stored in await finder.find(table.sql, columns, table.key_columns, plan.keys):
        return {c for c, old, new in zip(columns, stored, row.values, strict=True) if old != new}
    return set()


async def _find_orphan(
    reference: Reference, plan: RowPlan, finder: Finder, *, is_known: bool
) -> Row | None:
    """The first row whose parent is neither stored nor among the rows themselves.

    If it is known that there is one, a single row need not be looked up.
    """
    if is_known and len(plan.rows) == 1:
        return plan.rows[0]
    values = await _read_values(reference, plan, finder)
    tied = [{field.column for field in row.tied} for row in plan.rows]
    sought = [
        tuple(None if column in known else row.get(column) for column in reference.columns)
        for row, known in zip(values, tied, strict=True)
    ]
    given: set[tuple[Any, ...]] = set()
    if reference.parent is plan.table.sql:
        given = {tuple(row.get(column) for column in reference.parent_columns) for row in values}
    wanted = [key for key in dict.fromkeys(sought) if None not in key and key not in given]
    columns = reference.parent_columns
    found = {tuple(key) for key in await finder.find(reference.parent, columns, columns, wanted)}
    for key in wanted:
        # Texts may be equal to the database and not to Python.
        if key not in found and not await finder.find(reference.parent, columns, columns, [key]):
            return plan.rows[sought.index(key)]
    return None


async def _read_values(
    reference: Reference, plan: RowPlan, finder: Finder
) -> Sequence[dict[Column[Any], Any]]:
    """The values of the rows, a changed one's with those that stay as they are stored."""
    given = [{field.column: value for field, value in row.items()} for row in plan.rows]
    if not plan.keys:
        return given
    table, columns = plan.table, reference.columns
    key = table.key_columns
    stored = await finder.find(table.sql, (*key, *columns), key, plan.keys)
    kept = {tuple(row[: len(key)]): row[len(key) :] for row in stored}
    return [
        {**dict(zip(columns, kept.get(tuple(k), ()), strict=False)), **row}
        for k, row in zip(plan.keys, given, strict=False)
    ]


def _parent_not_found(
    reference: Reference, table: Table, row: Row | None, catalog: Catalog
) -> RequestError:
    detail = f"{catalog.title_of(reference.parent)} not found"
    if row is None:
        return ParentNotFound(detail)
    named = (table.by_column.get(column.name) for column in reference.columns)
    pointers = [f"{row.pointer}/{escape_pointer(field.name)}" for field in named if field]
    return ParentNotFound(detail, [Violation(detail, "parent_not_found", p) for p in pointers])
