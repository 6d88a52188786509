"""From the constraint that fired to an error that names the field."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from ..catalog import Catalog, Field, Reference, Table, columns_in
from ..catalog.names import escape_pointer, join_words, to_title, to_words
from ..errors import (
    AlreadyExists,
    CheckFailed,
    Constraint,
    ConstraintViolation,
    NotNull,
    OutOfRange,
    ParentNotFound,
    Refused,
    RequestError,
    StillReferenced,
    TooLong,
    Violation,
)
from ..plan import CreatePlan, DeletePlan, LinkSet, RowPlan
from ..plan.create import join_plans
from ..plan.rows import Row
from .finder import Finder
from .rejection import Rejection


async def explain(rejection: Rejection, catalog: Catalog, finder: Finder) -> RequestError:
    """Explain a constraint violation in the terms of the request.

    Args:
        rejection: What the driver said, and what was to be written.
        catalog: The catalog.
        finder: Says which rows exist. SQLite does not say which foreign key fired, so the rows
            that the request names are looked up.

    Returns:
        The error to answer with.
    """
    violation, plan = rejection.violation, rejection.plan
    if isinstance(plan, LinkSet):
        return await _explain_links(plan, finder)
    plan = _plan_of(violation, plan)
    rows = plan.rows
    if violation.kind is Constraint.FOREIGN_KEY:
        if violation.table is None:
            return await _look_up(plan, rows, catalog, finder)
        return _explain_reference(violation, plan, rows, catalog)
    if isinstance(plan, DeletePlan) and violation.kind is Constraint.NOT_NULL:
        # ON DELETE SET NULL met a column that must have a value.
        return _still_referenced(plan, violation.table)
    fields = _fields_of(violation, plan.table)
    if violation.kind is Constraint.LENGTH and not fields:
        fields = _longest_indexed(plan.table, rows)
    pointer = rows[0].pointer if len(rows) == 1 else ""
    return _EXPLANATIONS[violation.kind](plan.table, fields, pointer)


def _plan_of(violation: ConstraintViolation, plan: RowPlan) -> RowPlan:
    """The part of a plan that a constraint is about: at COMMIT it may be any."""
    if not isinstance(plan, CreatePlan) or violation.table is None:
        return plan
    found = [level for level in plan.levels() if level.table.sql.name == violation.table]
    return join_plans(found) if found else plan


async def _explain_links(links: LinkSet, finder: Finder) -> RequestError:
    """Name the row that a link should lead to, and that is not there."""
    detail = f"{links.target.title} not found"
    key = links.target.key_columns
    known = {tuple(row) for row in await finder.find(links.target.sql, key, key, links.keys)}
    pairs = zip(links.keys, links.pointers, strict=True)
    missing = [pointer for sought, pointer in pairs if sought not in known]
    violations = [Violation(detail, "parent_not_found", pointer) for pointer in missing]
    return ParentNotFound(detail, violations)


def _fields_of(violation: ConstraintViolation, table: Table) -> list[Field]:
    columns: Sequence[str] = ()
    if violation.constraint is not None:
        columns = _columns_of_constraint(violation.constraint, table)
    named = (table.by_column.get(column) for column in columns or violation.columns)
    return [field for field in named if field is not None]


def _longest_indexed(table: Table, rows: Sequence[Row]) -> list[Field]:
    """The longest text that an index has to hold: PostgreSQL does not say which one is too long."""
    indexed = {column for constraint in table.constraints for column in constraint.columns}
    texts = [
        (len(value), field)
        for row in rows
        for field, value in row.items()
        if isinstance(value, str) and field.column.name in indexed
    ]
    return [max(texts, key=lambda text: text[0])[1]] if texts else []


def _columns_of_constraint(name: str, table: Table) -> Sequence[str]:
    for constraint in table.constraints:
        if name == constraint.name:
            return constraint.columns
    unnamed = [c for c in table.constraints if c.name is None and c.kind is Constraint.CHECK]
    for constraint in unnamed:
        # PostgreSQL names it after its only column, and counts them (CREATE TABLE, "CHECK").
        only = f"_{constraint.columns[0]}" if len(constraint.columns) == 1 else ""
        if re.fullmatch(re.escape(f"{table.sql.name}{only}_check") + r"\d*", name):
            return constraint.columns
    # SQLite names it by its expression.
    return columns_in(name, table.sql)


def _together(fields: Sequence[Field]) -> str:
    return join_words([fields[0].title, *(to_words(f.name) for f in fields[1:])])


def _violations(fields: Iterable[Field], pointer: str, code: str, message: str) -> list[Violation]:
    return [Violation(message, code, f"{pointer}/{escape_pointer(field.name)}") for field in fields]


def _explain_unique(table: Table, fields: Sequence[Field], pointer: str) -> RequestError:
    if not fields:
        return AlreadyExists(f"{table.title} already exists")
    verb = "already exists" if len(fields) == 1 else "already exist together"
    detail = f"{_together(fields)} {verb}"
    return AlreadyExists(detail, _violations(fields, pointer, "already_exists", detail))


def _name_faults(
    error: type[RequestError], one: str, many: str, unnamed: str
) -> Callable[[Table, Sequence[Field], str], RequestError]:
    def explain_fault(_table: Table, fields: Sequence[Field], pointer: str) -> RequestError:
        if not fields:
            return error(unnamed)
        detail = f"{_together(fields)} {one if len(fields) == 1 else many}"
        return error(detail, _violations(fields, pointer, error.code, detail))

    return explain_fault


_explain_exclusion = _name_faults(
    AlreadyExists,
    "conflicts with another row",
    "conflict with another row",
    "Conflicts with another row",
)

_EXPLANATIONS: Mapping[Constraint, Callable[[Table, Sequence[Field], str], RequestError]] = {
    Constraint.UNIQUE: _explain_unique,
    Constraint.EXCLUSION: _explain_exclusion,
    Constraint.NOT_NULL: _name_faults(
        NotNull, "can't be null", "can't be null", "A value can't be null"
    ),
    Constraint.CHECK: _name_faults(
        CheckFailed,
        "has a value that a check refuses",
        "have values that a check refuses together",
        "A check refuses the row",
    ),
    Constraint.LENGTH: _name_faults(
        TooLong, "is too long", "are too long together", "A value is too long"
    ),
    Constraint.RANGE: _name_faults(
        OutOfRange, "is out of range", "are out of range", "A value is out of range"
    ),
    Constraint.TRIGGER: _name_faults(
        Refused, "was refused", "were refused", "The database refused the row"
    ),
}


def _explain_reference(
    violation: ConstraintViolation, plan: RowPlan, rows: Sequence[Row], catalog: Catalog
) -> RequestError:
    """Explain a foreign key by the table that PostgreSQL names: the one that holds the key."""
    table = plan.table
    written = {field.column.name for row in rows for field in row.fields}
    own = [r for r in table.references if r.table.name == violation.table]
    reference = _choose(own, violation)
    if reference is not None and any(column.name in written for column in reference.columns):
        return _parent_not_found(reference, plan, rows, catalog)
    return _still_referenced(plan, violation.table)


def _choose(references: Sequence[Reference], violation: ConstraintViolation) -> Reference | None:
    """The reference with the constraint's name, with its columns, or else the only one."""
    columns = set(violation.columns)
    for reference in references:
        if reference.name is not None and reference.name == violation.constraint:
            return reference
    for reference in references:
        if columns and {column.name for column in reference.columns} == columns:
            return reference
    return references[0] if len(references) == 1 else None


def _parent_not_found(
    reference: Reference, plan: RowPlan, rows: Sequence[Row], catalog: Catalog
) -> RequestError:
    parent = reference.parent.name
    detail = f"{catalog.titles.get(parent, to_title(parent))} not found"
    by_column = plan.table.by_column
    fields = [by_column[c.name] for c in reference.columns if c.name in by_column]
    pointer = rows[0].pointer if len(rows) == 1 else ""
    return ParentNotFound(detail, _violations(fields, pointer, "parent_not_found", detail))


def _still_referenced(plan: RowPlan, by: str | None) -> RequestError:
    suffix = f" by {to_words(by)}" if by else ""
    detail = f"{plan.table.title} is still referenced{suffix}"
    places = [row.pointer for row in plan.rows] if len(plan.rows) == 1 else []
    return StillReferenced(
        detail, [Violation(detail, "still_referenced", place) for place in places if place]
    )


async def _look_up(
    plan: RowPlan, rows: Sequence[Row], catalog: Catalog, finder: Finder
) -> RequestError:
    for row in rows:
        for reference in plan.table.references:
            if await _lacks_parent(reference, row, finder):
                return _parent_not_found(reference, plan, (row,), catalog)
    if isinstance(plan, CreatePlan):
        # The parent has come in the meantime; the row was refused all the same.
        return ParentNotFound("A row that this one refers to was not found")
    return _still_referenced(plan, await finder.find_referrer(plan.table.sql, plan.keys))


async def _lacks_parent(reference: Reference, row: Row, finder: Finder) -> bool:
    values = {field.column.name: value for field, value in row.items()}
    found = await finder.exists(
        reference.parent, reference.columns, reference.parent_columns, values
    )
    return found is False


def explain_elsewhere(violation: ConstraintViolation, sql: str, catalog: Catalog) -> RequestError:
    """Explain a constraint that fired in the application's own code, from what is known there.

    Args:
        violation: What the driver said.
        sql: The statement that failed; empty where it was a COMMIT.
        catalog: The catalog.

    Returns:
        The error to answer with. It names fields, but no place in a body that nobody knows here.
    """
    match = _TARGET.match(sql)
    name = violation.table or (match[2] if match else None)
    table = catalog.tables.get(name or "")
    if violation.kind is Constraint.FOREIGN_KEY:
        deletes = match is not None and match[1].upper().startswith("DELETE")
        return _explain_reference_elsewhere(violation, table, catalog, deletes=deletes)
    if table is None:
        return _ERRORS_WITHOUT_TABLE[violation.kind]()
    error = _EXPLANATIONS[violation.kind](table, _fields_of(violation, table), "")
    placeless = [replace(v, pointer=None) for v in error.violations]
    return type(error)(error.detail, placeless)


_TARGET = re.compile(r"\s*(INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+[\"`]?(\w+)", re.IGNORECASE)


def _explain_reference_elsewhere(
    violation: ConstraintViolation, table: Table | None, catalog: Catalog, *, deletes: bool
) -> RequestError:
    if deletes:
        by = f" by {to_words(violation.table)}" if violation.table else ""
        return StillReferenced(f"The row is still referenced{by}")
    reference = _choose(table.references, violation) if table else None
    if reference is None:
        return ParentNotFound("A row that this one refers to was not found")
    parent = reference.parent.name
    return ParentNotFound(f"{catalog.titles.get(parent, to_title(parent))} not found")


_ERRORS_WITHOUT_TABLE: Mapping[Constraint, Callable[[], RequestError]] = {
    Constraint.UNIQUE: lambda: AlreadyExists("The row already exists"),
    Constraint.EXCLUSION: lambda: AlreadyExists("The row conflicts with another row"),
    Constraint.NOT_NULL: lambda: NotNull("A value can't be null"),
    Constraint.CHECK: lambda: CheckFailed("A check refuses the row"),
    Constraint.LENGTH: lambda: TooLong("A value is too long"),
    Constraint.RANGE: lambda: OutOfRange("A value is out of range"),
    Constraint.TRIGGER: lambda: Refused("The database refused the row"),
}
