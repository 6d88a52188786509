"""The columns of files: which field of a resource each is, and what its values are."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import Enum, auto
from typing import Any, NamedTuple

from pydantic import BaseModel
from sqlalchemy import DateTime, Numeric

from ...catalog.field import Field
from ...catalog.kinds import Kind, bare_class, kind_of_class, members_of, storage_type
from ...catalog.names import did_you_mean, name_of
from ...catalog.tables import Table
from ...errors import ConfigurationError

MAX_DIGITS = 38
"""Digits of the widest decimal that readers of Parquet have in common (16 bytes)."""


class Values(Enum):
    """What the values of a column are, as far as files tell them apart."""

    TEXT = auto()
    """Texts; whatever else is among them is written as its JSON."""
    INTEGER = auto()
    NUMBER = auto()
    DECIMAL = auto()
    BOOLEAN = auto()
    DATE = auto()
    MOMENT = auto()
    NAIVE_MOMENT = auto()


class Column(NamedTuple):
    """A column of a file that is written.

    Args:
        name: What the field is called.
        values: What its values are.
        digits: How many digits a decimal has, and how many of them behind the point.
    """

    name: str
    values: Values = Values.TEXT
    digits: tuple[int, int] = (0, 0)


class Cells(NamedTuple):
    """How the cells of a column of a file become values of a body.

    Args:
        name: What the field is called.
        takes_null: Whether an empty cell is null; it is the empty text otherwise.
        holds_json: Whether cells hold JSON.
        is_aware: Whether moments have an offset; one without is taken for one in UTC.
        is_date: Whether moments are days.
        is_text: Whether numbers are texts.
    """

    name: str
    takes_null: bool = False
    holds_json: bool = False
    is_aware: bool = False
    is_date: bool = False
    is_text: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether cells that have a type already are values of a body as they are."""
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
        names: The names of the columns. What is no field, such as an include or a part of a
            document, is written as texts.
    """
    return [_describe(name, table) for name in names]


def _describe(name: str, table: Table) -> Column:
    field = table.readable.get(name)
    # What a schema or a serializer shows in its place is not what the column holds.
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
        left_out: Those that are passed over.

    Returns:
        How the cells of each column are read.

    Raises:
        ConfigurationError: One stands there twice, or is none that clients can set.
    """
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigurationError(f"The column {twice} is there twice")
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
    """How cells are read of all that a new row may be given."""
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
