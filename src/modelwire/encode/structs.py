"""Rows as JSON, through compiled structs: what Pydantic would write, many times faster."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from enum import Enum
from functools import lru_cache
from itertools import starmap
from typing import Any, cast

import msgspec
from pydantic_core import to_json
from sqlalchemy.types import TypeEngine

from ..catalog import Field, Kind, Table
from ..catalog.kinds import TIMES, bare_class
from ..catalog.schemas import is_plain
from ..plan.shapes import Include, Projection, whole_row
from .tree import Branch, Row, attach, owner_positions

Convert = Callable[[Any], Any]

_encoder = msgspec.json.Encoder()

_LARGE = 1e16
"""From here on Pydantic writes floats as `1e+16`, and msgspec as `1e16`."""


def can_encode(table: Table, includes: Sequence[Include]) -> bool:
    """Whether rows need nothing that only Pydantic can do: no serializers, no unknown types."""
    schemas = table.schemas.read, table.resource.read_schema
    own = schemas[1] is None and is_plain(schemas[0]) and not table.masked
    return (
        own and not _has_unknown(table) and all(can_encode(i.target, i.includes) for i in includes)
    )


def _has_unknown(table: Table) -> bool:
    return any(field.kind is Kind.OTHER for field in table.readable.values())


@lru_cache(maxsize=512)
def always_succeeds(table: Table) -> bool:
    """Whether nothing of the user's own has a part in how a stored row is read and written: no
    schema, no serializer, no type. What has may raise."""
    return can_encode(table, ()) and all(map(_is_known_type, (f.column.type for f in table.fields)))


def _is_known_type(sql_type: TypeEngine[Any]) -> bool:
    types = (sql_type, *sql_type._variant_mapping.values())
    modules = {cls.__module__.partition(".")[0] for t in types for cls in type(t).__mro__}
    return modules <= _KNOWN_MODULES


_KNOWN_MODULES = frozenset({"sqlalchemy", "sqlmodel", "modelwire", "builtins", "typing"})


class StructEncoder:
    """Writes the rows of one table with what they include.

    Args:
        table: The table.
        includes: The includes.
        read: What is read of each row, and shown of it; the whole row by default.
    """

    def __init__(
        self, table: Table, includes: Sequence[Include], read: Projection | None = None
    ) -> None:
        read = read or whole_row(table)
        shown = read.shown_fields
        names = [f.name for f in shown] + [i.relation.name for i in includes]
        keys = [f"f{position}" for position in range(len(names))]
        self._struct = cast(
            "Callable[..., msgspec.Struct]",
            msgspec.defstruct(
                table.model.__name__,
                keys,
                rename=dict(zip(keys, names, strict=True)),
                gc=False,
            ),
        )
        self.names: Sequence[str] = names
        self.times: Collection[str] = [f.name for f in shown if f.kind in TIMES]
        self._width = len(shown)
        self._converts = [(i, c) for i, f in enumerate(shown) if (c := _converter_of(f))]
        self._takes_rows = len(shown) == len(read.fields) and not (self._converts or includes)
        self._children = {
            i.relation.name: (owner_positions(table, read, i), StructEncoder(i.target, i.includes))
            for i in includes
        }

    def encode_one(self, row: Row, branches: Sequence[Branch] = ()) -> bytes:
        """Write one row as a JSON object."""
        if self._takes_rows:
            return _encoder.encode(self._struct(*row))
        return _encoder.encode(self.build([row], branches)[0])

    def encode_many(self, rows: Sequence[Row], branches: Sequence[Branch] = ()) -> bytes:
        """Write rows as a JSON array."""
        return _encoder.encode(self.build(rows, branches))

    def encode_lines(self, rows: Sequence[Row], branches: Sequence[Branch] = ()) -> bytes:
        """Write each row as a JSON object on a line of its own."""
        return _encoder.encode_lines(self.build(rows, branches))

    def build(self, rows: Sequence[Row], branches: Sequence[Branch]) -> list[Any]:
        """Make the struct of each row."""
        struct = self._struct
        if self._takes_rows:
            return [*starmap(struct, rows)]
        values = [self._values(row) for row in rows]
        for branch in branches:
            owners, encoder = self._children[branch.include.relation.name]
            children = encoder.build(branch.rows, branch.branches)
            attached = attach(owners, branch, rows, children)
            for value, child in zip(values, attached, strict=True):
                value.append(child)
        return [*starmap(struct, values)]

    def _values(self, row: Row) -> list[Any]:
        values = list(row[: self._width])
        for position, convert in self._converts:
            value = values[position]
            if value is not None:
                values[position] = convert(value)
        return values


def _converter_of(field: Field) -> Convert | None:
    """What is done to a value whose bytes differ between msgspec and Pydantic."""
    if field.kind is Kind.FLOAT:
        return _convert_float
    if field.kind in (Kind.INTERVAL, Kind.JSON, Kind.BYTES):
        return _convert_other
    if field.kind is Kind.ENUM:
        cls = bare_class(field.annotation)
        members = list(cls) if cls is not None and issubclass(cls, Enum) else []
        plain = all(type(member.value) in (str, int) for member in members)
        return None if plain else _convert_enum
    return None


def _convert_float(value: float) -> Any:
    return value if -_LARGE < value < _LARGE else _convert_other(value)


def _convert_enum(value: Enum) -> Any:
    return _convert_other(value.value)


def _convert_other(value: Any) -> Any:
    return msgspec.Raw(to_json(value, inf_nan_mode="null"))
