"""The types under which values are written to databases and read from them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import ARRAY, JSON, BigInteger, Float, Integer, Numeric, String, Text, Uuid
from sqlalchemy import Enum as SQLEnum
from sqlalchemy.types import TypeEngine

from ..catalog.domain import EXACT
from ..catalog.kinds import is_decorated, scale_of
from ..catalog.vectors import is_vector
from ..compat.sqlmodel import AutoString
from .dialect import SQLDialect
from .exact_numbers import write_out
from .stored_texts import SpelledEnum, SpelledUuid, is_native


def spell_decimal(value: Decimal, sql_type: TypeEngine[Any]) -> Decimal:
    """Return a number as it is read from a column, with the column's decimal places.

    Args:
        value: The number, as the ORM or a program has it.
        sql_type: The column's type.
    """
    scale = scale_of(sql_type)
    if scale is None or not value.is_finite():
        return write_out(value)
    return value.quantize(Decimal(1).scaleb(-scale), context=EXACT)


def wire_type(sql_type: TypeEngine[Any], dialect: SQLDialect) -> TypeEngine[Any]:
    """Return the type under which a column's values are written and read.

    Args:
        sql_type: The column's own type.
        dialect: The database's dialect.

    Returns:
        The column's own type, or a lossless one if that would lose information.
    """
    if is_decorated(sql_type):
        return sql_type
    if is_vector(sql_type):
        return dialect.vector_type(sql_type)
    if isinstance(sql_type, JSON) and not sql_type.none_as_null:
        null_is_null = sql_type.copy()
        null_is_null.none_as_null = True
        return null_is_null
    if isinstance(sql_type, ARRAY):
        item = wire_type(sql_type.item_type, dialect)
        return sql_type if item is sql_type.item_type else _with_items(sql_type, item)
    if isinstance(sql_type, (SQLEnum, Uuid)):
        return _spelled_type(sql_type, dialect)
    return dialect.wire_type(sql_type)


def _spelled_type(sql_type: SQLEnum | Uuid[Any], dialect: SQLDialect) -> TypeEngine[Any]:
    if is_native(sql_type, dialect):
        return sql_type
    if isinstance(sql_type, SQLEnum):
        return SpelledEnum(sql_type)
    return SpelledUuid() if sql_type.as_uuid else sql_type


def _with_items(array: ARRAY[Any], item: TypeEngine[Any]) -> TypeEngine[Any]:
    return ARRAY(item, dimensions=array.dimensions)


def operand_type(sql_type: TypeEngine[Any], dialect: SQLDialect) -> TypeEngine[Any]:
    """Return the type of operands that are compared with a column, wide enough for any value.

    Args:
        sql_type: The column's own type.
        dialect: The database's dialect.

    Returns:
        The type.
    """
    if is_decorated(sql_type):
        return sql_type
    if isinstance(sql_type, Integer):
        return BigInteger()
    if isinstance(sql_type, AutoString) or type(sql_type) is String:
        return Text()
    if isinstance(sql_type, Float):
        return dialect.float_operand(sql_type)
    if isinstance(sql_type, Numeric):
        return dialect.decimal_operand()
    return wire_type(sql_type, dialect)
