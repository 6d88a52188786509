"""Explanation of a violated foreign key: the missing parent, or the rows that still refer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Column
from sqlalchemy import Table as SQLTable

from ...catalog.constraints import Reference, find_sql_table, read_references
from ...catalog.field import Field
from ...catalog.tables import Catalog, Table
from ...errors import (
    Constraint,
    ConstraintViolation,
    ParentNotFound,
    RequestError,
    StillReferenced,
    Violation,
)
from ...plan.writing.delete import DeletePlan
from ...plan.writing.each import WrittenRows
from ...plan.writing.keyed import KeyedRows
from ...plan.writing.new_rows import NewRow
from ...plan.writing.upsert import UpsertPlan
from ..finder import Finder
from .naming import are_shown, name_fields, name_referrer, point_at
from .undeclared import find_undeclared

UNKNOWN_PARENT = "A row that this one refers to was not found"


async def explain_reference(
    violation: ConstraintViolation,
    plans: Sequence[WrittenRows],
    refused: Sequence[WrittenRows],
    catalog: Catalog,
    finder: Finder,
) -> RequestError:
    """Explain a violated foreign key.

    PostgreSQL names the foreign key, SQLite does not; and neither says which of several rows is at
    fault. What is missing is looked up.

    Args:
        violation: The driver's error.
        plans: The rows that were to be written, one plan for each table, that of the request first.
        refused: The refused part of it, where the rows were tried one by one.
        catalog: The catalog.
        finder: Looks up rows.

    Returns:
        The error to answer with.
    """
    error = await find_missing_parent(violation, plans, catalog, finder)
    if error is not None:
        return error
    for plan in plans if violation.table is not None else ():
        for reference in _find_fired(violation, plan):
            # The parent was stored meanwhile, but the row was refused all the same.
            return _parent_not_found(reference, plan.table, None, catalog)
        if is_undeclared(violation, plan.table) and not isinstance(plan, DeletePlan):
            fields = _fields_named(violation, plan.table)
            return explain_undeclared(fields, _place_of(refused, plan.table))
    plan = plans[0]
    if isinstance(plan, UpsertPlan):
        plan = await _find_merged(plan, finder)
    if isinstance(plan, KeyedRows) and plan.keys:
        return await _explain_referred(plan, violation, catalog, finder)
    unnamed = await _explain_unnamed(violation, plans, finder)
    return unnamed or ParentNotFound(UNKNOWN_PARENT)


async def find_missing_parent(
    violation: ConstraintViolation, plans: Sequence[WrittenRows], catalog: Catalog, finder: Finder
) -> RequestError | None:
    """Find the first row whose parent is missing.

    Args:
        violation: The driver's error for a foreign key.
        plans: The rows that were to be written, one plan for each table.
        catalog: The catalog.
        finder: Looks up rows.

    Returns:
        The error that names it; None if all parents exist.
    """
    is_known = violation.table is not None
    for plan in plans:
        for reference in _find_fired(violation, plan):
            row = await _find_orphan(reference, plan, finder, is_known=is_known)
            if row is not None:
                return _parent_not_found(reference, plan.table, row, catalog)
    return None


async def find_broken(
    plans: Sequence[WrittenRows], catalog: Catalog, finder: Finder
) -> RequestError | None:
    """Find the first written row that violates a foreign key in the present state of the database.

    Args:
        plans: The written rows, one plan for each table.
        catalog: The catalog.
        finder: Finds stored rows.

    Returns:
        The error that names the missing parent, or the table that refers to a deleted row; None if
        no foreign key is violated.
    """
    unnamed = ConstraintViolation(Constraint.FOREIGN_KEY)
    error = await find_missing_parent(unnamed, plans, catalog, finder)
    plan = plans[0]
    if error is not None or not isinstance(plan, KeyedRows):
        return error
    for index, key in enumerate(plan.keys):
        part, sql = plan.nth(index), plan.table.sql
        by = await finder.find_left_behind(sql, key)
        if by is None and isinstance(plan, DeletePlan):  # the deletion was rolled back
            by = await finder.find_referrer(sql, [key], catalog.dependents, None, set(plan.keys))
        if by is not None:
            return explain_still_referenced(part, by, catalog)
    return None


async def find_hidden_parent(
    plans: Sequence[WrittenRows], catalog: Catalog, seen: Finder
) -> RequestError | None:
    """Find the first row whose parent the caller can't see, whether or not it exists.

    Args:
        plans: The rows to write, one plan for each table.
        catalog: The catalog.
        seen: Finds the rows that the caller may see, and locks them.

    Returns:
        The error that names it; None if the caller can see all parents.
    """
    for plan in plans:
        for reference in _given(plan, plan.table.references):
            if not catalog.hides_rows(reference.parent):
                continue
            row = await _find_orphan(reference, plan, seen, is_known=False)
            if row is not None:
                return _parent_not_found(reference, plan.table, row, catalog)
    return None


async def _find_merged(plan: UpsertPlan, finder: Finder) -> KeyedRows:
    """Find the rows of an upsert that existed before, and what was to be written to them."""
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


async def _explain_referred(
    plan: KeyedRows, violation: ConstraintViolation, catalog: Catalog, finder: Finder
) -> RequestError:
    """Explain why rows can't be deleted or changed: other rows refer to one of them."""
    removes, by = isinstance(plan, DeletePlan), find_violated(violation, plan.table)
    if by is not None and len(plan.rows) == 1:
        return explain_still_referenced(plan, by, catalog)
    for index, key in enumerate(plan.keys):
        part = plan.nth(index)
        changed = None if removes else await _find_changed(part, finder)
        found = await finder.find_referrer(
            plan.table.sql, [key], catalog.dependents, changed, set(plan.keys)
        )
        if found is not None:
            return explain_still_referenced(part, found, catalog)
    unnamed = None if removes else await _explain_unnamed(violation, [plan], finder)
    return unnamed or explain_still_referenced(plan, by, catalog)


def explain_still_referenced(
    plan: WrittenRows, by: SQLTable | None, catalog: Catalog
) -> RequestError:
    """Return the error for a row that others refer to, with their table where clients know it."""
    detail = f"{plan.table.title} is still referenced{name_referrer(by, catalog)}"
    places = [row.pointer for row in plan.rows if row.pointer and len(plan.rows) == 1]
    return StillReferenced(detail, [Violation(detail, "still_referenced", p) for p in places])


async def _explain_unnamed(
    violation: ConstraintViolation, plans: Sequence[WrittenRows], finder: Finder
) -> RequestError | None:
    """Explain a violation by the foreign keys that SQLite has in addition to the models'."""
    for plan in plans if violation.table is None else ():
        for reference in _given(plan, await find_undeclared(plan.table.sql, finder)):
            row = await _find_orphan(reference, plan, finder, is_known=False)
            if row is not None:
                fields = _fields_of(reference, plan.table)
                return explain_undeclared(fields, row.pointer)
    return None


def is_undeclared(violation: ConstraintViolation, table: Table) -> bool:
    """Whether the database names a foreign key of a table that its model does not declare."""
    named = find_violated(violation, table)
    return named is table.sql and choose_reference(table.references, violation) is None


def explain_undeclared(fields: Sequence[Field], pointer: str | None) -> RequestError:
    """Return the error for a missing parent of a foreign key that the model does not declare.

    Args:
        fields: The fields that refer to it.
        pointer: The pointer to the row in the body; None if unknown.
    """
    names = name_fields(fields)
    start = f"{names} refer{'' if len(fields) > 1 else 's'}" if names else "The row refers"
    detail = f"{start} to a row that was not found; the model does not declare this reference"
    return ParentNotFound(detail, point_at(fields, pointer, "parent_not_found", detail))


def _fields_named(violation: ConstraintViolation, table: Table) -> list[Field]:
    return [field for field in table.fields if field.column.name in violation.columns]


def _place_of(refused: Sequence[WrittenRows], table: Table) -> str | None:
    """Return the pointer to the only refused row of a table."""
    rows = [row for plan in refused if plan.table is table for row in plan.rows]
    return rows[0].pointer if len(rows) == 1 else None


class Statement(NamedTuple):
    """Statement of the application's own code.

    Args:
        verb: Its first word in upper case; empty if it is unknown, as at COMMIT.
        schema: The schema of the table that it writes, if it names one.
        table: The name of that table.
        sets: The names of the columns that it sets, and of those that its values compare.
    """

    verb: str = ""
    schema: str | None = None
    table: str = ""
    sets: frozenset[str] = frozenset()


def explain_reference_elsewhere(
    violation: ConstraintViolation, table: Table | None, catalog: Catalog, statement: Statement
) -> RequestError:
    """Explain a foreign key that fired in the application's own code.

    Args:
        violation: The driver's error.
        table: The resource whose table the driver names, or else the statement.
        catalog: The catalog.
        statement: The statement.

    Returns:
        The error to answer with.
    """
    if statement.verb == "DELETE" or _leaves_referrer(violation, statement, catalog):
        by = table.sql if table is not None and violation.table is not None else None
        return StillReferenced(f"The row is still referenced{name_referrer(by, catalog)}")
    if table is not None and is_undeclared(violation, table):
        return explain_undeclared(_fields_named(violation, table), None)
    reference = choose_reference(table.references, violation) if table else None
    if table is None or reference is None:
        return ParentNotFound(UNKNOWN_PARENT)
    return ParentNotFound(describe_missing_parent(reference, table, catalog))


def _leaves_referrer(
    violation: ConstraintViolation, statement: Statement, catalog: Catalog
) -> bool:
    """Whether an update has changed a value that other rows still refer to.

    SQLite names no table. There it is known if the update sets no foreign key.
    """
    written = _find_written(statement, catalog)
    if statement.verb != "UPDATE" or written is None:
        return False
    if violation.table is None:
        return all(_names(r.columns).isdisjoint(statement.sets) for r in read_references([written]))
    named = find_sql_table(written.metadata, violation.table, violation.schema)
    references = [] if named is None else [*read_references([named])]
    reference = choose_reference(references, violation)
    if reference is None:
        return named is not written
    if reference.parent is written and named is not written:
        return True
    names = set(violation.columns)
    return names == _names(reference.parent_columns) and names != _names(reference.columns)


def _find_written(statement: Statement, catalog: Catalog) -> SQLTable | None:
    """Find the table that a statement writes among those of the models."""
    for metadata in {table.sql.metadata for table in catalog.tables.values()}:
        found = find_sql_table(metadata, statement.table, statement.schema)
        if found is not None:
            return found
    return None


def choose_reference(
    references: Sequence[Reference], violation: ConstraintViolation
) -> Reference | None:
    """Return the reference that a violation names, by its constraint or by its columns.

    The columns are those of the parent where a parent in the same table was written. Where no
    columns are known, it is the only reference.
    """
    columns = set(violation.columns)
    for reference in references:
        if reference.name is not None and reference.name == violation.constraint:
            return reference
    for reference in references:
        if columns and columns in (_names(reference.columns), _own_parent(reference)):
            return reference
    return references[0] if len(references) == 1 and not columns else None


def find_violated(violation: ConstraintViolation, table: Table) -> SQLTable | None:
    """Return the table of the violated constraint, if the database names one that a model has."""
    if violation.table is None:
        return None
    return find_sql_table(table.sql.metadata, violation.table, violation.schema)


def _names(columns: Sequence[Column[Any]]) -> set[str]:
    return {column.name for column in columns}


def _own_parent(reference: Reference) -> set[str]:
    """Return the columns that a table refers to in itself; none if it refers to another table."""
    return _names(reference.parent_columns) if reference.parent is reference.table else set()


def _find_fired(violation: ConstraintViolation, plan: WrittenRows) -> Sequence[Reference]:
    """Return the foreign keys whose parent may be missing: the named one, or all written ones."""
    own = _given(plan, plan.table.references)
    if violation.table is None:
        return own
    if find_violated(violation, plan.table) is not plan.table.sql:
        return ()
    chosen = choose_reference(own, violation)
    if chosen is None or _is_about_parent(violation, chosen):
        return ()
    return (chosen,)


def _is_about_parent(violation: ConstraintViolation, reference: Reference) -> bool:
    """Whether a violation is about a written parent: its columns are then those of the parent.

    In a table that refers to itself, both ends have the same table name.
    """
    names = set(violation.columns)
    return bool(names) and names == _own_parent(reference) and names != _names(reference.columns)


def _given(plan: WrittenRows, references: Sequence[Reference]) -> list[Reference]:
    """Return the foreign keys that rows set, except those set as a whole from an existing row."""
    kinds = {(row.fields, row.ties): row for row in plan.rows}.values()
    return [r for r in references if any(_leads_further(r, row) for row in kinds)]


def _leads_further(reference: Reference, row: NewRow) -> bool:
    """Whether a row may refer to another row than the one that it is tied to."""
    given = {field.column for field in row.fields}.intersection(reference.columns)
    ties = [tie for t in row.ties if (tie := given.intersection(field.column for field in t))]
    if any(len(tie) == len(reference.columns) for tie in ties):
        return False
    return len(ties) > 1 or not given <= set().union(*ties)


async def _find_changed(plan: KeyedRows, finder: Finder) -> set[Column[Any]]:
    """Return the columns whose stored values differ from those that were to be written."""
    (row,) = plan.rows
    columns = tuple(field.column for field in row.fields)
    if not columns:
        return set()
    table = plan.table
    for stored in await finder.find(table.sql, columns, table.key_columns, plan.keys):
        return {c for c, old, new in zip(columns, stored, row.values, strict=True) if old != new}
    return set()


async def _find_orphan(
    reference: Reference, plan: WrittenRows, finder: Finder, *, is_known: bool
) -> NewRow | None:
    """Return the first row whose parent is neither stored nor among the rows themselves.

    If one is known to exist, a single row need not be looked up.
    """
    if is_known and len(plan.rows) == 1:
        return plan.rows[0]
    values = await _read_values(reference, plan, finder)
    sought = [
        tuple(map(found.get, reference.columns)) if _leads_further(reference, row) else ()
        for row, found in zip(plan.rows, values, strict=True)
    ]
    given: set[tuple[Any, ...]] = set()
    if reference.parent is plan.table.sql:
        given = {tuple(row.get(column) for column in reference.parent_columns) for row in values}
    wanted = [k for k in dict.fromkeys(sought) if k and None not in k and k not in given]
    missing = await finder.find_missing(reference.parent, reference.parent_columns, wanted)
    return None if missing is None else plan.rows[sought.index(missing)]


async def _read_values(
    reference: Reference, plan: WrittenRows, finder: Finder
) -> Sequence[dict[Column[Any], Any]]:
    """Return the values of the rows; those of an update are completed by the stored values."""
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
    reference: Reference, table: Table, row: NewRow | None, catalog: Catalog
) -> RequestError:
    detail = describe_missing_parent(reference, table, catalog)
    if row is None:
        return ParentNotFound(detail)
    fields = [f for f in _fields_of(reference, table) if f not in row.tied or not f.readable]
    return ParentNotFound(detail, point_at(fields, row.pointer, "parent_not_found", detail))


def describe_missing_parent(reference: Reference, table: Table, catalog: Catalog) -> str:
    """Say which parent is missing, if clients may see it and the fields that refer to it."""
    parent = catalog.find(reference.parent)
    if parent is None or not are_shown(_fields_of(reference, table)):
        return UNKNOWN_PARENT
    return f"{parent.title} not found"


def _fields_of(reference: Reference, table: Table) -> list[Field]:
    found = (table.by_column.get(column.name) for column in reference.columns)
    return [field for field in found if field is not None]
