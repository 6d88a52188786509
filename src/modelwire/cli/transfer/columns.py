"""Columns of files: their fields, and the kinds of their values."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import Enum, auto
from typing import Any, NamedTuple

from pydantic import BaseModel
from sqlalchemy import DateTime, Numeric

from ...catalog.field import Field
from ...catalog.kinds import Kind, bare_class, kind_of_class, members_of, storage_type
from ...catalog.names import name_of
from ...catalog.tables import Table
from ...errors import ConfigurationError
from ...suggestions import did_you_mean

MAX_DIGITS = 38
"""Digits of the widest decimal that all readers of Parquet support (16 bytes)."""


class Values(Enum):
    """Kind of a column's values, as far as files distinguish them."""

    TEXT = auto()
    """Text; values of other types are written as JSON."""
    INTEGER = auto()
    NUMBER = auto()
    DECIMAL = auto()
    BOOLEAN = auto()
    DATE = auto()
    MOMENT = auto()
    NAIVE_MOMENT = auto()


class Column(NamedTuple):
    """Column of a file to write.

    Args:
        name: The name of the field.
        values: The kind of its values.
        digits: The precision and scale of a decimal.
    """

    name: str
    values: Values = Values.TEXT
    digits: tuple[int, int] = (0, 0)


class Cells(NamedTuple):
    """Conversion of a column's cells into values of a body.

    Args:
        name: The name of the field.
        takes_null: Whether an empty cell is null; it is empty text otherwise.
        holds_json: Whether cells hold JSON.
        is_aware: Whether moments need an offset; one without is taken as UTC.
        is_date: Whether moments are dates.
        is_text: Whether numbers are text.
    """

    name: str
    takes_null: bool = False
    holds_json: bool = False
    is_aware: bool = False
    is_date: bool = False
    is_text: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether typed cells are values of a body as they are."""
        return not (self.holds_json or self.is_aware or self.is_date or self.is_text)


_VALUES = {
    Kind.INTEGER: Values.INTEGER,
    Kind.FLOAT: Values.NUMBER,
    Kind.BOOLEAN: Values.BOOLEAN,
    Kind.DATE: Values.DATE,
}


def describe_columns(table: Table, names: Sequence[str]) -> Sequence[Column]:
    """Describe the columns of rows that were read.

    Args:
        table: The resource.
        names: The names of the columns. A name of no field, such as an include or a part of a
            document, is a column of text.
    """
    return [_describe(name, table) for name in names]


def _describe(name: str, table: Table) -> Column:
    field = table.readable.get(name)
    # The value of a schema or serializer is not what the column holds.
    if field is None or field.key in table.masked or field.kind is not field.stored_kind:
        return Column(name)
    stored = storage_type(field.sql_type)
    if field.kind is Kind.DECIMAL and isinstance(stored, Numeric):
        precision = stored.precision or MAX_DIGITS + 1
        fits = precision <= MAX_DIGITS
        return (
            Column(name, Values.DECIMAL, (precision, stored.scale or 0)) if fits else Column(name)
        )
    if field.kind is Kind.DATETIME:
        return Column(name, Values.MOMENT if _is_aware(field) else Values.NAIVE_MOMENT)
    return Column(name, _VALUES.get(field.kind, Values.TEXT))


def read_header(table: Table, names: Sequence[str], left_out: Collection[str]) -> Sequence[Cells]:
    """Read the names of the columns of a file.

    Args:
        table: The resource.
        names: The names.
        left_out: The columns to ignore.

    Returns:
        The conversion of each column's cells.

    Raises:
        ConfigurationError: One occurs twice, or is none that clients can set.
    """
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigurationError(f"The column {twice} occurs twice")
    known = _list_cells(table)
    takes_all = table.schemas.create.model_config.get("extra") == "allow"
    for name in names:
        if name not in known and name not in left_out and not takes_all:
            raise ConfigurationError(
                f"The column {name!r} is no field that can be set{did_you_mean(name, known)}; "
                f"--without {name!r} leaves it out"
            )
    return [known.get(name) or Cells(name) for name in names]


def _list_cells(table: Table) -> Mapping[str, Cells]:
    """Return the conversions of all fields that a new row may have."""
    schema: type[BaseModel] = table.schemas.create
    fields = {}
    for key, info in schema.model_fields.items():
        name = name_of(key, info)
        fields[name] = _read_cells(name, info.annotation, table.by_key.get(key))
    rows = {name: Cells(name, holds_json=True) for name in (*table.linked, *table.nested)}
    return {**rows, **fields}


def _read_cells(name: str, annotation: Any, field: Field | None) -> Cells:
    if field is None:
        kind = kind_of_class(bare_class(annotation))
        return Cells(name, kind is not Kind.TEXT, kind in (Kind.JSON, None))
    holds_json = field.kind is Kind.JSON or field.is_array
    if field.kind is Kind.ENUM:
        members = members_of(field.annotation, field.sql_type)
        holds_json = not all(isinstance(getattr(m, "value", m), str) for m in members)
    return Cells(
        name,
        field.nullable or field.kind is not Kind.TEXT,
        holds_json,
        field.kind is Kind.DATETIME and _is_aware(field),
        field.kind is Kind.DATE,
        field.kind is Kind.TEXT,
    )


def _is_aware(field: Field) -> bool:
    stored = storage_type(field.sql_type)
    return isinstance(stored, DateTime) and stored.timezone
