"""Compiled statements for drivers: text, positional parameters, converters of values."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, Boolean, Float
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.base import Executable
from sqlalchemy.types import TypeEngine

from ..catalog.defaults import value_maker
from ..catalog.kinds import storage_type
from ..compat.sqlalchemy import CompiledStatement

Convert = Callable[[Any], Any]
Row = Sequence[Any]

_NUMERIC_OID, _FLOAT8_OID = 1700, 701
"""Types that asyncpg decodes as Decimal and float (PostgreSQL's pg_type.dat)."""


class Decoder(NamedTuple):
    """Conversion of a result column.

    Args:
        position: The position of the column in a row.
        convert: Converts a value.
        applies: Tells whether any value in that column needs conversion, if only few do; None if
            all do.
    """

    position: int
    convert: Convert
    applies: Callable[[Sequence[Row], int], bool] | None


@dataclass(frozen=True, slots=True)
class Compiled:
    """Statement for a driver.

    Args:
        text: The SQL, with the driver's own placeholders.
        names: The names of the parameters, in order.
        converters: The positions of the parameters that are converted, with their conversions.
        constants: Values that are part of the statement.
        defaults: Functions that make new values for each execution, for columns that are not
            fields.
        decoders: The conversions of result columns.
        converted: The positions of these columns.
    """

    text: str
    names: tuple[str, ...]
    converters: tuple[tuple[int, Convert], ...]
    constants: Mapping[str, Any]
    defaults: Mapping[str, Callable[[], Any]]
    decoders: tuple[Decoder, ...]
    converted: Collection[int]

    def bind(self, values: Mapping[str, Any]) -> list[Any]:
        """Return the values of the parameters, in order, as the driver takes them."""
        if self.constants or self.defaults:
            made = {name: make() for name, make in self.defaults.items()}
            values = {**self.constants, **made, **values}
        bound = [*map(values.__getitem__, self.names)]
        for position, convert in self.converters:
            bound[position] = convert(bound[position])
        return bound

    def decode(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Convert rows as the driver returns them to Python values."""
        columns: list[Iterable[Any]] = []
        for position, convert, applies in self.decoders if rows else ():
            if applies is None or applies(rows, position):
                columns = columns or list(zip(*rows, strict=True))
                columns[position] = map(convert, columns[position])
        return list(zip(*columns, strict=True)) if columns else rows


def compile_statement(sql: Executable, dialect: Dialect) -> Compiled:
    """Compile a statement.

    Args:
        sql: The statement.
        dialect: The SQLAlchemy dialect of the engine that will run it.

    Returns:
        The statement for the engine's driver.
    """
    compiled = CompiledStatement(sql, dialect)
    converters = [binder_of(compiled.type_of(name), dialect) for name in compiled.names]
    decoders = tuple(_decoders_of(compiled, dialect))
    return Compiled(
        text=compiled.text,
        names=compiled.names,
        converters=tuple((i, convert) for i, convert in enumerate(converters) if convert),
        constants=compiled.constants,
        defaults=_defaults_of(compiled),
        decoders=decoders,
        converted=frozenset(decoder.position for decoder in decoders),
    )


def binder_of(sql_type: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    """Return the conversion of a type's values for the driver; None if they need none.

    Unlike SQLAlchemy's, it does not check booleans again, and does not iterate over arrays
    needlessly.
    """
    if type(sql_type) is Boolean and dialect.supports_native_boolean:
        return None
    if isinstance(sql_type, ARRAY) and sql_type.dimensions == 1:
        convert = binder_of(sql_type.item_type, dialect)
        return None if convert is None else partial(_convert_each, convert)
    return sql_type.dialect_impl(dialect).bind_processor(dialect)


def _convert_each(convert: Convert, values: Iterable[Any] | None) -> list[Any] | None:
    return None if values is None else list(map(convert, values))


def _decoders_of(compiled: CompiledStatement, dialect: Dialect) -> list[Decoder]:
    decoders = []
    for position, sql_type in enumerate(compiled.result_types):
        convert = decoder_of(sql_type, dialect)
        if convert is not None:
            applies = getattr(sql_type, "needs_decoding", None)
            decoders.append(Decoder(position, convert, applies))
    return decoders


def decoder_of(sql_type: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    """Return the conversion of a type's values from the driver; None if they need none."""
    if isinstance(sql_type, ARRAY) and sql_type.dimensions == 1 and not sql_type.as_tuple:
        item_type = sql_type.item_type
        # SQLAlchemy would iterate over each array anyway.
        return sql_type.result_processor(dialect, None) if decoder_of(item_type, dialect) else None
    stored = storage_type(sql_type)
    # asyncpg's numbers are converted by the type that the server sends, which is known here.
    oid = _FLOAT8_OID if isinstance(stored, Float) else _NUMERIC_OID
    return sql_type.dialect_impl(dialect).result_processor(dialect, oid)


def _defaults_of(compiled: CompiledStatement) -> dict[str, Callable[[], Any]]:
    """Return the defaults that SQLAlchemy would compute before it runs the statement."""
    made = {column.key: value_maker(column.default) for column in compiled.prefetched}
    return {key: make for key, make in made.items() if make is not None}
