"""Plans of the writing requests: create, bulk create, update, delete."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_jsonable_python
from sqlalchemy import ARRAY

from ..catalog import Field, Kind, Table
from ..catalog.domain import find_fault
from ..catalog.kinds import storage_type
from ..catalog.names import escape_pointer, join_words
from ..catalog.schemas import name_of
from ..errors import (
    InvalidRequest,
    NotNull,
    RequestError,
    TooLarge,
    Violation,
)
from .bodies import refuse, validate
from .keys import key_values
from .merge import merge_patch
from .shapes import FindShape, InsertShape, UpdateShape


@dataclass(frozen=True, slots=True)
class Row:
    """One row to write: the values that it sets, and where it stands in the body."""

    values: Mapping[Field, Any]
    pointer: str = ""


@dataclass(frozen=True, slots=True)
class CreatePlan:
    """Storing new rows, in one transaction."""

    table: Table
    rows: tuple[Row, ...]

    def groups(self) -> Iterator[tuple[InsertShape, list[Row]]]:
        """Rows that follow each other and give the same fields, with the statement for them."""
        for fields, rows in groupby(self.rows, lambda row: tuple(row.values)):
            group = list(rows)
            # Rows without any value have nothing to be listed by, and lists of arrays are flat.
            many = len(group) > 1 and bool(fields) and not any(map(_is_array, fields))
            yield InsertShape(self.table, fields, many=many), group

    def shape_of(self, row: Row) -> InsertShape:
        """The statement that stores one row alone."""
        return InsertShape(self.table, tuple(row.values))

    @property
    def is_single(self) -> bool:
        """Whether one statement stores all rows."""
        groups = list(self.groups())
        return len(groups) == 1 and (groups[0][0].many or len(self.rows) == 1)


@dataclass(frozen=True, slots=True)
class UpdatePlan:
    """Changing one row by its key. A row that sets nothing changes nothing.

    Args:
        table: The resource.
        rows: The row with what it sets.
        key: The values of its key.
        merges: The fields whose new value is a patch of the one that is stored.
    """

    table: Table
    rows: tuple[Row]
    key: tuple[Any, ...]
    merges: tuple[Field, ...] = ()

    @property
    def shape(self) -> UpdateShape:
        return UpdateShape(self.table, tuple(self.rows[0].values))

    @property
    def stored(self) -> FindShape:
        """Reads what patches apply to, and locks the row."""
        key = tuple(self.table.sql.primary_key.columns)
        return FindShape(self.table.sql, tuple(f.column for f in self.merges), key, lock=True)

    def merge(self, stored: Sequence[Any]) -> UpdatePlan:
        """Apply the patches to the values of `stored`."""
        merged = {
            field: merge_patch(value, self.rows[0].values[field])
            for field, value in zip(self.merges, stored, strict=True)
        }
        return replace(self, rows=(Row({**self.rows[0].values, **merged}),), merges=())


@dataclass(frozen=True, slots=True)
class DeletePlan:
    """Removing one row, and what the model declares to go with it."""

    table: Table
    key: tuple[Any, ...]
    rows: tuple[()] = ()


WritePlan = CreatePlan | UpdatePlan | DeletePlan


def _is_array(field: Field) -> bool:
    return isinstance(storage_type(field.column.type), ARRAY)


def plan_create(table: Table, body: Any, dialect: str) -> CreatePlan:
    """Plan storing one row.

    Args:
        table: The resource.
        body: The JSON value of the body.
        dialect: `sqlite` or `postgresql`.

    Returns:
        The plan.

    Raises:
        InvalidRequest: The body does not fit the create schema.
        TooLong, OutOfRange: A value does not fit its column.
    """
    return CreatePlan(table, (_read_new_row(table, body, "", dialect),))


def plan_bulk_create(table: Table, body: Any, dialect: str) -> CreatePlan:
    """Plan storing many rows at once.

    Args:
        table: The resource.
        body: The JSON value of the body: an array of rows, or an object that holds one under the
            last segment of the resource's path.
        dialect: `sqlite` or `postgresql`.

    Returns:
        The plan.

    Raises:
        InvalidRequest: A row does not fit the create schema; the pointer names the row.
        TooLarge: There are more rows than the resource takes.
    """
    name = table.path.rpartition("/")[2]
    pointer = ""
    if isinstance(body, dict):
        unknown = [key for key in body if key != name]
        if unknown or name not in body:
            message = f"should be an array of rows, or an object with just `{name}`"
            raise InvalidRequest(Violation(message, "bulk_body", pointer=""))
        body, pointer = body[name], f"/{escape_pointer(name)}"
    if not isinstance(body, list):
        raise InvalidRequest(Violation("should be an array of rows", "list_type", pointer=pointer))
    limit = table.resource.max_bulk_rows
    if len(body) > limit:
        raise TooLarge(f"One request may create at most {limit} rows")
    return CreatePlan(table, _read_new_rows(table, body, pointer, dialect))


def plan_update(
    table: Table, key: str, body: Any, dialect: str, *, ignore_null: bool
) -> UpdatePlan:
    """Plan changing one row.

    Args:
        table: The resource.
        key: The key as it stands in the path.
        body: The JSON value of the body.
        dialect: `sqlite` or `postgresql`.
        ignore_null: Whether null leaves a field alone (PUT) or clears it (PATCH, RFC 7396).

    Returns:
        The plan.

    Raises:
        InvalidRequest: The key is not valid or the body does not fit the update schema.
        NotNull: The body clears a field that must have a value.
        TooLong, OutOfRange: A value does not fit its column.
    """
    found = tuple(key_values(table, key))
    body = _read_nulls(table, body, ignore_null=ignore_null)
    sent = validate(table.schemas.update, body, "")
    values = _values_of(table, sent, sent.model_fields_set)
    _check_domain(values, "", dialect)
    objects = (f for f, value in values.items() if f.kind is Kind.JSON and isinstance(value, dict))
    return UpdatePlan(table, (Row(values),), found, () if ignore_null else tuple(objects))


def _read_nulls(table: Table, body: Any, *, ignore_null: bool) -> Any:
    """Read what null means, before the schema, whose checks were not written for it."""
    if not isinstance(body, dict):
        return body
    known = {name_of(key, info) for key, info in table.schemas.update.model_fields.items()}
    nulls = {name for name, value in body.items() if value is None and name in known}
    if ignore_null:
        return {name: value for name, value in body.items() if name not in nulls}
    refused = [f for f in table.fields if f.name in nulls and not f.nullable]
    if refused:
        raise NotNull(
            f"{join_words([f.title for f in refused])} can't be null",
            [_cannot_be_null(field) for field in refused],
        )
    return body


def _cannot_be_null(field: Field) -> Violation:
    return Violation(f"{field.title} can't be null", "not_null", f"/{escape_pointer(field.name)}")


def plan_delete(table: Table, key: str) -> DeletePlan:
    """Plan removing one row.

    Args:
        table: The resource.
        key: The key as it stands in the path.

    Returns:
        The plan.

    Raises:
        InvalidRequest: The key is not valid.
    """
    return DeletePlan(table, tuple(key_values(table, key)))


def _read_new_rows(
    table: Table, body: Sequence[Any], pointer: str, dialect: str
) -> tuple[Row, ...]:
    rows = []
    violations: list[Violation] = []
    for index, item in enumerate(body):
        try:
            rows.append(_read_new_row(table, item, f"{pointer}/{index}", dialect))
        except RequestError as exc:
            violations.extend(exc.violations)
    refuse(violations)
    return tuple(rows)


def _read_new_row(table: Table, body: Any, pointer: str, dialect: str) -> Row:
    row = validate(table.schemas.create, body, pointer)
    values = _values_of(table, row, _given_by(table, row))
    _check_domain(values, pointer, dialect)
    for field in table.fields:
        if field.default is not None and field not in values:
            values[field] = field.default()
    return Row(values, pointer)


def _given_by(table: Table, row: BaseModel) -> set[str]:
    """The fields of a new row that are stored; the others are left to the column's own default.

    A derived schema leaves nothing open. In the user's own, an absent field whose default is None
    may stand for a column that the database fills.
    """
    keys = set(type(row).model_fields)
    if table.resource.create_schema is None:
        return keys
    return {key for key in keys if key in row.model_fields_set or getattr(row, key) is not None}


def _values_of(table: Table, row: BaseModel, given: set[str]) -> dict[Field, Any]:
    fields = table.by_key
    keys = [key for key in type(row).model_fields if key in given and key in fields]
    return {fields[key]: _to_column(fields[key], getattr(row, key)) for key in keys}


def _to_column(field: Field, value: Any) -> Any:
    if field.kind is Kind.JSON:
        return to_jsonable_python(value)
    if field.kind is Kind.TEXT and value is not None and not isinstance(value, str):
        return value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
    # The two zeros are one number, of which SQLite keeps one.
    return value + 0.0 if isinstance(value, float) else value


def _check_domain(values: Mapping[Field, Any], pointer: str, dialect: str) -> None:
    violations = []
    for field, value in values.items():
        fault = None if value is None else find_fault(value, field.column.type, dialect)
        if fault is not None:
            code, message = fault
            place = f"{pointer}/{escape_pointer(field.name)}"
            violations.append(Violation(f"{field.title} {message}", code, place))
    refuse(violations)
