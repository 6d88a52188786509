"""Plans of the writing requests: create, bulk create, update, delete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import groupby
from operator import attrgetter
from typing import Any

from pydantic import BaseModel
from sqlalchemy import ARRAY

from ..catalog import Field, Kind, Table
from ..catalog.kinds import storage_type
from ..catalog.names import escape_pointer, join_words
from ..catalog.schemas import name_of
from ..errors import (
    InvalidRequest,
    NotNull,
    TooLarge,
    Violation,
)
from .bodies import refuse, validate, validate_each
from .keys import key_values
from .merge import merge_patch
from .rows import Row, intake_of
from .shapes import FindShape, InsertShape, UpdateShape


@dataclass(frozen=True)
class CreatePlan:
    """Storing new rows, in one transaction."""

    table: Table
    rows: tuple[Row, ...]

    @cached_property
    def groups(self) -> Sequence[tuple[InsertShape, list[Row]]]:
        """Rows that follow each other and give the same fields, with the statement for them."""
        groups = []
        for fields, rows in groupby(self.rows, attrgetter("fields")):
            group = list(rows)
            # Rows without any value have nothing to be listed by, and lists of arrays are flat.
            many = len(group) > 1 and bool(fields) and not any(map(_is_array, fields))
            groups.append((InsertShape(self.table, fields, many=many), group))
        return groups

    def shape_of(self, row: Row) -> InsertShape:
        """The statement that stores one row alone."""
        return InsertShape(self.table, row.fields)

    @property
    def is_single(self) -> bool:
        """Whether one statement stores all rows."""
        return len(self.groups) == 1 and (self.groups[0][0].many or len(self.rows) == 1)


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
        return UpdateShape(self.table, self.rows[0].fields)

    @property
    def stored(self) -> FindShape:
        """Reads what patches apply to, and locks the row."""
        key = tuple(self.table.sql.primary_key.columns)
        return FindShape(self.table.sql, tuple(f.column for f in self.merges), key, lock=True)

    def merge(self, stored: Sequence[Any]) -> UpdatePlan:
        """Apply the patches to the values of `stored`."""
        current = dict(zip(self.merges, stored, strict=True))
        (row,) = self.rows
        values = tuple(
            merge_patch(current[field], value) if field in current else value
            for field, value in row.items()
        )
        return replace(self, rows=(row._replace(values=values),), merges=())


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
    return CreatePlan(
        table, _read_new_rows(table, [validate(table.schemas.create, body, "")], [""], dialect)
    )


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
    bodies = validate_each(table.schemas.create, body, pointer)
    pointers = [f"{pointer}/{i}" for i in range(len(bodies))]
    return CreatePlan(table, _read_new_rows(table, bodies, pointers, dialect))


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
    faults: list[Violation] = []
    intake = intake_of(table, table.schemas.update, dialect)
    row = intake.take_given(sent, sent.model_fields_set, "", faults, defaults=False)
    refuse(faults)
    objects = (f for f, value in row.items() if f.kind is Kind.JSON and isinstance(value, dict))
    return UpdatePlan(table, (row,), found, () if ignore_null else tuple(objects))


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
    table: Table, bodies: Sequence[BaseModel], pointers: Sequence[str], dialect: str
) -> tuple[Row, ...]:
    intake = intake_of(table, table.schemas.create, dialect)
    faults: list[Violation] = []
    if table.resource.create_schema is None:
        # A derived schema leaves nothing open.
        rows = intake.take_all(bodies, pointers, faults)
    else:
        take_given = partial(intake.take_given, faults=faults, defaults=True)
        rows = tuple(
            take_given(body, _given_by(body), pointer)
            for body, pointer in zip(bodies, pointers, strict=False)
        )
    refuse(faults)
    return rows


def _given_by(body: BaseModel) -> set[str]:
    """The fields of a new row that are stored; the others are left to the column's own default.

    In a schema of the user's own, an absent field whose default is None may stand for a column
    that the database fills.
    """
    sent = body.model_fields_set
    return {key for key, value in body.__dict__.items() if key in sent or value is not None}
