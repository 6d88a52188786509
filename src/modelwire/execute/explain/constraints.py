"""Explanation of a constraint violation: from the constraint to an error that names the field."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Column

from ...catalog.constraints import columns_in, find_sql_table
from ...catalog.domain import is_checked
from ...catalog.field import Field
from ...catalog.tables import Catalog, Table
from ...errors import (
    AlreadyExists,
    CheckFailed,
    Constraint,
    ConstraintViolation,
    InvalidRequest,
    NotNull,
    OutOfRange,
    RefusedByTrigger,
    RequestError,
    TooLong,
)
from ...memory import kept
from ...plan.keys import Key
from ...plan.writing.create_plan import CreatePlan, join_plans
from ...plan.writing.delete import DeletePlan
from ...plan.writing.each import WrittenRows
from ...plan.writing.links import LinkSet
from ...plan.writing.mark import MarkPlan
from ...plan.writing.new_rows import NewRow
from ...plan.writing.upsert import UpsertPlan
from ..faults.translate import refuse_value
from ..finder import Finder
from ..rejection import Rejection
from .links import explain_links
from .naming import name_fields, point_at
from .partitions import name_whole
from .references import (
    Statement,
    explain_reference,
    explain_reference_elsewhere,
    explain_still_referenced,
    find_missing_parent,
    find_violated,
)

logger = logging.getLogger("modelwire")


async def explain(rejection: Rejection, catalog: Catalog, finder: Finder) -> RequestError:
    """Explain a constraint violation in the terms of the request.

    Args:
        rejection: The driver's error, and the rows that were to be written.
        catalog: The catalog.
        finder: Looks up rows. SQLite does not name the foreign key that fired, so the rows that the
            request refers to are looked up.

    Returns:
        The error to answer with.
    """
    violation, plan = rejection.violation, rejection.plan
    if plan is None:
        return explain_elsewhere(violation, "", catalog)
    if isinstance(plan, LinkSet):
        violation = await name_whole(violation, catalog, finder)
        return await explain_links(violation, plan, finder, catalog)
    plans = by_table(plan)
    refused = _find_refused(violation, plans)
    if refused is None:
        violation = await name_whole(violation, catalog, finder)
        refused = _find_refused(violation, plans)
    if violation.kind is Constraint.FOREIGN_KEY:
        return await _explain_foreign_key(rejection, violation, plans, catalog, finder)
    if refused is None:
        return _explain_other_table(violation, plan, catalog)
    return await _explain_own_table(violation, refused, finder)


async def _explain_foreign_key(
    rejection: Rejection,
    violation: ConstraintViolation,
    plans: Sequence[WrittenRows],
    catalog: Catalog,
    finder: Finder,
) -> RequestError:
    if rejection.otherwise is not None:
        error = await find_missing_parent(violation, plans, catalog, finder)
        return error or await explain(rejection.otherwise, catalog, finder)
    refused = plans if rejection.alone is None else by_table(rejection.alone)
    return await explain_reference(violation, plans, refused, catalog, finder)


def _explain_other_table(
    violation: ConstraintViolation, plan: WrittenRows, catalog: Catalog
) -> RequestError:
    """Explain a constraint of a table that the plan does not write itself."""
    if violation.kind is Constraint.NOT_NULL and type(plan) is not CreatePlan:
        # ON DELETE or ON UPDATE SET NULL was applied to a column that can't be null.
        return explain_still_referenced(plan, find_violated(violation, plan.table), catalog)
    error = _ERRORS_WITHOUT_TABLE[violation.kind]()
    pointer = _common_pointer(plan, plan.rows)
    return type(error)(error.detail, point_at((), pointer, error.code, error.detail))


async def _explain_own_table(
    violation: ConstraintViolation, plan: WrittenRows, finder: Finder
) -> RequestError:
    """Explain a constraint by the fields of the table that the plan writes."""
    table, rows = plan.table, plan.rows
    fields = _fields_of(violation, table)
    if violation.kind is Constraint.UNIQUE and len(rows) > 1:
        rows = await _find_taken(fields, plan, finder)
    if violation.kind is Constraint.LENGTH and not fields:
        fields = _longest_indexed(table, rows)
    if violation.kind is Constraint.FORM:
        fields = _unchecked(rows)
    return _explain_fields(violation, table, fields, _common_pointer(plan, rows))


def _common_pointer(plan: WrittenRows, rows: Sequence[NewRow]) -> str | None:
    """Return the pointer that some rows share: to the only row, or to one patch for all of them.

    It is None if they have different pointers, or if the request has no body.
    """
    pointers = {row.pointer for row in rows}
    if len(pointers) != 1 or (isinstance(plan, (DeletePlan, MarkPlan)) and pointers == {""}):
        return None
    return pointers.pop()


def by_table(plan: WrittenRows) -> Sequence[WrittenRows]:
    """Return the plan of each table that a plan writes; at COMMIT any of them may be at fault.

    Args:
        plan: The plan; its own table's comes first.
    """
    if not isinstance(plan, CreatePlan):
        return (plan,)
    found: dict[Table, list[CreatePlan]] = {}
    for level in plan.levels():
        found.setdefault(level.table, []).append(level)
    return [levels[0] if len(levels) == 1 else join_plans(levels) for levels in found.values()]


def _find_refused(
    violation: ConstraintViolation, plans: Sequence[WrittenRows]
) -> WrittenRows | None:
    """Return the plan whose table has the constraint.

    It is None for a constraint of another table, which a cascade or a trigger has violated.
    """
    name = violation.table
    for plan in plans:
        sql = plan.table.sql
        if name is None or find_sql_table(sql.metadata, name, violation.schema) is sql:
            return plan
    return None


async def _find_taken(
    fields: Sequence[Field], plan: WrittenRows, finder: Finder
) -> tuple[NewRow, ...]:
    """Return the one row whose values another row has; all rows if that can't be determined.

    A deferred constraint fires at COMMIT, without naming a row.
    """
    columns = [field.column for field in fields]
    naming, names = _names_of(plan)
    values = [tuple(dict(row.items()).get(field) for field in fields) for row in plan.rows]
    shown = (*columns, *naming)
    found = await finder.find(plan.table.sql, shown, columns, values) if columns else ()
    taken = {tuple(row[: len(columns)]): tuple(row[len(columns) :]) for row in found}
    for row, given, name in zip(plan.rows, values, names, strict=True):
        if given in taken and None not in given and (not name or taken[given] != name):
            return (row,)
        taken[given] = name
    return plan.rows


def _names_of(plan: WrittenRows) -> tuple[Sequence[Column[Any]], Sequence[Key]]:
    """Return the columns and values by which a plan identifies rows that may exist already."""
    if isinstance(plan, UpsertPlan):
        return [field.column for field in plan.unique], plan.unique_values
    if plan.keys:
        return plan.table.key_columns, plan.keys
    return (), [()] * len(plan.rows)


def _fields_of(violation: ConstraintViolation, table: Table) -> Sequence[Field]:
    """Return the fields of a constraint."""
    # With unusual values, the driver's text may seem to name values of the row: these are ignored.
    named = tuple([name for name in violation.columns if name in table.by_column])
    return _find_fields(table, violation.constraint, violation.table, named)


@kept
def _find_fields(
    table: Table, constraint: str | None, violated: str | None, named: tuple[str, ...]
) -> Sequence[Field]:
    """Find the fields of a constraint.

    Args:
        table: The resource.
        constraint: The name of the constraint, where the driver gives it.
        violated: Its table, where the driver gives it.
        named: The columns that the driver names.
    """
    columns: Sequence[str] = ()
    if constraint is not None:
        columns = _columns_of_constraint(constraint, table)
        if not columns and violated is None:
            columns = _columns_in_name(constraint, table)
    found = (table.by_column.get(column) for column in columns or named)
    return [field for field in found if field is not None]


def _longest_indexed(table: Table, rows: Sequence[NewRow]) -> list[Field]:
    """Return the field of the longest indexed text, since PostgreSQL does not name the long one."""
    indexed = {column for constraint in table.constraints for column in constraint.columns}
    texts = [
        (len(value), field)
        for row in rows
        for field, value in row.items()
        if isinstance(value, str) and field.column.name in indexed and len(value) > _INDEXED_LENGTH
    ]
    return [max(texts, key=lambda text: text[0])[1]] if texts else []


_INDEXED_LENGTH = 600
"""Length in characters that fits into every PostgreSQL index: a third of a page, 2,704 bytes."""


def _unchecked(rows: Sequence[NewRow]) -> list[Field]:
    """Return the only written field whose type is not checked before; none if there are several."""
    given = (field for row in rows for field, value in row.items() if value is not None)
    found = {field for field in given if not is_checked(field.sql_type)}
    return [*found] if len(found) == 1 else []


def _columns_of_constraint(name: str, table: Table) -> Sequence[str]:
    for constraint in table.constraints:
        if name == constraint.name:
            return constraint.columns
    base = name.rstrip("0123456789")
    numbered = [c.columns for c in table.constraints if c.numbered and c.name == base]
    if numbered:
        number = int(name[len(base) :])
        return numbered[number] if number < len(numbered) else numbered[0]
    return ()


def _columns_in_name(name: str, table: Table) -> Sequence[str]:
    """Return the columns of a check that SQLite names by its expression.

    They are found by the first name in the expression where that is quoted.
    """
    starting = [c.columns for c in table.constraints if c.numbered and c.columns[:1] == (name,)]
    if len(starting) == 1:
        return starting[0]
    return (name,) if starting else columns_in(name, table.sql)


Explanation = Callable[[Table, Sequence[Field], "str | None"], RequestError]


def explain_unique(table: Table, fields: Sequence[Field], pointer: str | None) -> RequestError:
    """Return the error for a row whose values another row has."""
    names = name_fields(fields)
    verb = "already exist together" if names and len(fields) > 1 else "already exists"
    detail = f"{names or table.title} {verb}"
    return AlreadyExists(detail, point_at(fields, pointer, "already_exists", detail))


def _name_faults(error: type[RequestError], one: str, many: str, unnamed: str) -> Explanation:
    def explain_fault(_table: Table, fields: Sequence[Field], pointer: str | None) -> RequestError:
        names = name_fields(fields)
        detail = f"{names} {one if len(fields) == 1 else many}" if names else unnamed
        return error(detail, point_at(fields, pointer, error.code, detail))

    return explain_fault


_explain_exclusion = _name_faults(
    AlreadyExists,
    "conflicts with another row",
    "conflict with another row",
    "Conflicts with another row",
)


def _explain_form(_table: Table, fields: Sequence[Field], pointer: str | None) -> RequestError:
    given = point_at(fields, pointer, "unstorable", "should be a value that its column can hold")
    return InvalidRequest(*given) if given else refuse_value()


_EXPLANATIONS: Mapping[Constraint, Explanation] = {
    Constraint.UNIQUE: explain_unique,
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
    Constraint.FORM: _explain_form,
    Constraint.TRIGGER: _name_faults(
        RefusedByTrigger, "was refused", "were refused", "The database refused the row"
    ),
}


def _explain_fields(
    violation: ConstraintViolation, table: Table, fields: Sequence[Field], pointer: str | None
) -> RequestError:
    """Explain a constraint by the fields of a table, or by a column that its model lacks.

    Only the log names such a column: for clients it does not exist.
    """
    undeclared = [name for name in violation.columns if name not in table.by_column]
    if violation.kind is not Constraint.NOT_NULL or not undeclared:
        return _EXPLANATIONS[violation.kind](table, fields, pointer)
    logger.warning(_UNDECLARED, table.sql.fullname, undeclared[0])
    detail = "The table requires a value that the model does not declare"
    return NotNull(detail, point_at((), pointer, NotNull.code, detail))


_UNDECLARED = (
    "A row of %s was refused: the table requires a value in %s, a column that its model lacks. Add "
    "it to the model, or drop it or give it a default by a migration"
)


def names_table(violation: ConstraintViolation, sql: str, catalog: Catalog) -> bool:
    """Whether a catalog has the table of a constraint violation.

    Args:
        violation: The driver's error.
        sql: The failed statement; empty for a COMMIT.
        catalog: The catalog.
    """
    return _find_table(violation, _read_statement(sql), catalog) is not None


def explain_elsewhere(violation: ConstraintViolation, sql: str, catalog: Catalog) -> RequestError:
    """Explain a constraint that fired in the application's own code, without a plan.

    Args:
        violation: The driver's error.
        sql: The failed statement; empty for a COMMIT.
        catalog: The catalog.

    Returns:
        The error to answer with. It names fields, but has no pointers into a body.
    """
    table = _find_table(violation, statement := _read_statement(sql), catalog)
    if violation.kind is Constraint.FOREIGN_KEY:
        return explain_reference_elsewhere(violation, table, catalog, statement)
    if table is None:
        return _ERRORS_WITHOUT_TABLE[violation.kind]()
    return _explain_fields(violation, table, _fields_of(violation, table), None)


_NAME = r'(?:"((?:[^"]|"")+)"|(\w+))'
_TARGET = re.compile(
    rf"\s*(INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+(?:{_NAME}\.)?{_NAME}", re.IGNORECASE
)


_SET = re.compile(rf"{_NAME}\s*=")
_PART = re.compile(r'"(?:[^"]|"")*"|\'(?:[^\']|\'\')*\'|[()]|\bWHERE\b', re.IGNORECASE)


def _read_statement(sql: str) -> Statement:
    """Read what a statement writes."""
    match = _TARGET.match(sql)
    if match is None:
        return Statement()
    schema, name = (
        quoted.replace('""', '"') if quoted else plain
        for quoted, plain in (match.group(2, 3), match.group(4, 5))
    )
    found = _SET.findall(_leave_out_where(sql))
    sets = frozenset(quoted.replace('""', '"') or plain for quoted, plain in found)
    return Statement(match[1].split()[0].upper(), schema, name, sets)


def _leave_out_where(sql: str) -> str:
    """Leave out the condition of a statement, but not those of its subqueries."""
    depth = 0
    for part in _PART.finditer(sql):
        depth += {"(": 1, ")": -1}.get(part[0], 0)
        if depth == 0 and part[0].upper() == "WHERE":
            return sql[: part.start()]
    return sql


def _find_table(
    violation: ConstraintViolation, statement: Statement, catalog: Catalog
) -> Table | None:
    """Return the resource whose table the driver names, or else the statement."""
    schema, name = violation.schema, violation.table
    if name is None:
        schema, name = statement.schema, statement.table
    return catalog.tables.get(f"{schema}.{name}") or catalog.tables.get(name)


_ERRORS_WITHOUT_TABLE: Mapping[Constraint, Callable[[], RequestError]] = {
    Constraint.UNIQUE: lambda: AlreadyExists("The row already exists"),
    Constraint.EXCLUSION: lambda: AlreadyExists("The row conflicts with another row"),
    Constraint.NOT_NULL: lambda: NotNull("A value can't be null"),
    Constraint.CHECK: lambda: CheckFailed("A check refuses the row"),
    Constraint.LENGTH: lambda: TooLong("A value is too long"),
    Constraint.RANGE: lambda: OutOfRange("A value is out of range"),
    Constraint.FORM: refuse_value,
    Constraint.TRIGGER: lambda: RefusedByTrigger("The database refused the row"),
}
