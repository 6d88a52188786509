"""Rows as JSON through compiled structs: Pydantic's output, many times faster."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from functools import reduce
from itertools import starmap
from typing import Any, cast

import msgspec
from pydantic_core import PydanticSerializationError, to_json
from sqlalchemy.types import TypeEngine

from ..catalog.binary import holds_base64, write_bytes
from ..catalog.field import Field
from ..catalog.invalid_values import Unreadable
from ..catalog.kinds import TIMES, Kind, bare_class, kind_of_class, members_of
from ..catalog.reading.schemas import is_plain
from ..catalog.tables import Table
from ..compat.sqlalchemy import variants_of
from ..memory import kept
from ..shape.parts import Include, Projection, whole_row
from .fallback import show, write_unknown
from .parts import Tree, cut, trees_of
from .tree import Branch, Row, attach, owner_positions

Convert = Callable[[Any], Any]

_encoder = msgspec.json.Encoder(enc_hook=write_unknown)

_ESCAPED = re.compile(r'["\\\x00-\x1f]')
"""Characters that msgspec does not escape in names of fields."""

_LARGE = 1e16
"""Bound from which Pydantic writes floats as `1e+16`, and msgspec as `1e16`."""


def can_encode(table: Table, includes: Sequence[Include]) -> bool:
    """Whether rows can be encoded without Pydantic.

    Rows need Pydantic for serializers, unknown types, and names with characters that JSON escapes.
    """
    schemas = table.schemas.read, table.resource.read_schema
    own = schemas[1] is None and is_plain(schemas[0]) and not table.masked
    names = (*table.readable, *(include.relation.name for include in includes))
    return (
        own
        and not _has_unknown(table)
        and not any(_ESCAPED.search(name) for name in names)
        and all(can_encode(i.target, i.includes) for i in includes)
    )


def _has_unknown(table: Table) -> bool:
    return any(field.kind is Kind.OTHER for field in table.readable.values())


@kept
def always_succeeds(table: Table) -> bool:
    """Whether reading and writing a stored row runs no code of the application, which may raise.

    Schemas, serializers and column types may be such code.
    """
    return can_encode(table, ()) and all(map(_is_known_type, (f.column.type for f in table.fields)))


def _is_known_type(sql_type: TypeEngine[Any]) -> bool:
    types = (sql_type, *variants_of(sql_type).values())
    modules = {cls.__module__.partition(".")[0] for t in types for cls in type(t).__mro__}
    return modules <= _KNOWN_MODULES


_KNOWN_MODULES = frozenset({"sqlalchemy", "sqlmodel", "modelwire", "builtins", "typing"})


class StructEncoder:
    """Encoder of the rows of one table with their includes.

    Args:
        table: The table.
        includes: The includes.
        read: The columns that are read and shown; the whole row by default.
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
        trees = trees_of(read.parts)
        converts = (converter_of(f, trees.get(f.name)) for f in shown)
        self._converts = [(i, convert) for i, convert in enumerate(converts) if convert]
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
        """Write each row as a JSON object on its own line."""
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


def converter_of(field: Field, tree: Tree | None = None) -> Convert | None:
    """Return the conversion of a field's values; None where they need none.

    It covers values that msgspec writes differently from Pydantic, and documents of which only
    parts are shown.
    """
    steps = [step for step in (show(field), _writer_of(field), _cutter_of(tree)) if step]
    return reduce(_then, steps) if steps else None


def _then(first: Convert, second: Convert) -> Convert:
    return lambda value: second(first(value))


def _cutter_of(tree: Tree | None) -> Convert | None:
    return None if tree is None else lambda value: msgspec.Raw(cut(_encoder.encode(value), tree))


def _writer_of(field: Field) -> Convert | None:
    kind = _kind_of(field)
    if kind is Kind.FLOAT:
        return _convert_float
    if kind is Kind.BYTES:
        return write_bytes
    if kind is Kind.JSON:
        return _convert_array if holds_base64(field.annotation) else _convert_other
    if kind is Kind.INTERVAL:
        return _convert_other
    if kind is Kind.ENUM:
        members = members_of(field.annotation, field.sql_type)
        values = (getattr(member, "value", member) for member in members)
        return None if all(type(value) in (str, int) for value in values) else _convert_enum
    return None


def _kind_of(field: Field) -> Kind:
    """Return the kind of a field's values in JSON: by annotation, not by comparison."""
    meant = kind_of_class(bare_class(field.annotation))
    return field.kind if meant is None or field.kind in (Kind.JSON, Kind.OTHER) else meant


def _convert_float(value: float) -> Any:
    try:
        return value if -_LARGE < value < _LARGE else _convert_other(value)
    except TypeError:
        return value  # not a number


def _convert_enum(value: Any) -> Any:
    return _convert_other(getattr(value, "value", value))


def _convert_array(value: Any) -> Any:
    if isinstance(value, list):
        return [_convert_array(item) for item in value]
    return write_bytes(value)


def _convert_other(value: Any) -> Any:
    if isinstance(value, Unreadable):
        return value
    try:
        return msgspec.Raw(to_json(value, inf_nan_mode="null"))
    except PydanticSerializationError:
        return write_unknown(value)
