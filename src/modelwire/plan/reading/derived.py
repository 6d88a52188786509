"""Fields derived for the columns of groups: they describe how these are compared, ordered and
shown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Date, Double, Interval, Numeric
from sqlalchemy.types import TypeEngine

from ...catalog.field import Field
from ...catalog.kinds import Kind
from ...catalog.tables import Table
from ...memory import kept
from ...shape.aggregates import Bucket, Function

_SUMS: Mapping[Kind, tuple[Kind, type, TypeEngine[Any]]] = {
    # The sum of integers is compared as a decimal: it may need more than 64 bits.
    Kind.INTEGER: (Kind.DECIMAL, int, Numeric()),
    Kind.DECIMAL: (Kind.DECIMAL, Decimal, Numeric()),
    Kind.FLOAT: (Kind.FLOAT, float, Double()),
    Kind.INTERVAL: (Kind.INTERVAL, dt.timedelta, Interval()),
}


@kept
def count_field(table: Table) -> Field:
    """Return the field for a number of rows."""
    return _derive(table.key[0], Kind.INTEGER, int, BigInteger(), nullable=False)


@kept
def bucket_field(_table: Table, field: Field, bucket: Bucket) -> Field:
    """Return the field for a truncated time: a date, or for hours a datetime."""
    if bucket is Bucket.HOUR:
        return field
    return _derive(field, Kind.DATE, dt.date, Date(), nullable=field.nullable)


@kept
def measure_field(table: Table, field: Field, function: Function) -> Field:
    """Return the field for the result of an aggregate function on a field."""
    match function:
        case Function.COUNT | Function.COUNT_DISTINCT:
            return count_field(table)
        case Function.SUM:
            return _derive(field, *_SUMS[field.kind], nullable=True)
        case Function.AVG:
            kind = Kind.DECIMAL if field.kind is Kind.DECIMAL else Kind.FLOAT
            return _derive(field, *_SUMS[kind], nullable=True)
        case Function.MIN | Function.MAX:
            return replace(field, nullable=True)


def _derive(
    field: Field, kind: Kind, cls: type, sql_type: TypeEngine[Any], *, nullable: bool
) -> Field:
    return replace(
        field,
        kind=kind,
        declared=cls,
        annotation=cls,
        sql_type=sql_type,
        to_column=None,
        from_column=None,
        text_form=None,
        nullable=nullable,
        primary_key=False,
    )
