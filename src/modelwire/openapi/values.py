"""Schemas of single values in queries and paths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import BigInteger

from ..catalog.domain import MAX_INT64
from ..catalog.field import Field
from ..catalog.kinds import Kind, members_of, storage_type

JSONSchema = dict[str, Any]

# The schema and an example of each kind.
_KINDS: Mapping[Kind, tuple[JSONSchema, Any]] = {
    Kind.INTEGER: ({"type": "integer"}, 1),
    Kind.FLOAT: ({"type": "number"}, 1.5),
    Kind.DECIMAL: ({"type": "string", "format": "decimal"}, "9.99"),
    Kind.BOOLEAN: ({"type": "boolean"}, True),
    Kind.UUID: ({"type": "string", "format": "uuid"}, "00000000-0000-4000-8000-000000000001"),
    Kind.DATETIME: ({"type": "string", "format": "date-time"}, "2026-01-31T12:00:00Z"),
    Kind.DATE: ({"type": "string", "format": "date"}, "2026-01-31"),
    Kind.TIME: ({"type": "string", "format": "time"}, "12:00:00"),
    Kind.INTERVAL: ({"type": "string", "format": "duration"}, "PT1H30M"),
}
_TEXT: tuple[JSONSchema, Any] = ({"type": "string"}, "ann")


def value_schema(field: Field) -> JSONSchema:
    """Return the schema of a value of a field."""
    if field.kind is Kind.ENUM:
        members = members_of(field.annotation, field.sql_type)
        values = [getattr(member, "value", member) for member in members]
        are_numbers = all(isinstance(value, int) for value in values)
        return {"type": "integer" if are_numbers else "string", "enum": values}
    if field.kind is Kind.BYTES:
        return TypeAdapter(field.annotation).json_schema(mode="serialization")
    if is_wide(field):
        return {"type": "integer", "format": "int64"}
    return _KINDS.get(field.kind, _TEXT)[0]


def is_wide(field: Field) -> bool:
    """Whether a field holds integers of more than 32 bits."""
    return field.kind is Kind.INTEGER and isinstance(storage_type(field.column.type), BigInteger)


def widen(schema: JSONSchema) -> JSONSchema:
    """Return a schema of integers, marked as 64-bit."""
    return _with_format(schema, "integer", "int64")


def mark_decimal(schema: JSONSchema) -> JSONSchema:
    """Return a schema of decimals, marked by its format."""
    return _with_format(schema, "string", "decimal")


def _with_format(schema: JSONSchema, kind: str, name: str) -> JSONSchema:
    if schema.get("type") == kind:
        return {**schema, "format": name}
    if "anyOf" in schema:
        return {**schema, "anyOf": [_with_format(each, kind, name) for each in schema["anyOf"]]}
    return schema


def example_of(field: Field) -> Any:
    """Return a value that a field could have."""
    if field.kind is Kind.ENUM:
        return next(iter(value_schema(field)["enum"]), "")
    return "YQ==" if field.kind is Kind.BYTES else _KINDS.get(field.kind, _TEXT)[1]


INTEGER: JSONSchema = {"type": "integer"}
TEXT: JSONSchema = {"type": "string"}
POSITION: JSONSchema = {"type": "integer", "minimum": 0, "maximum": MAX_INT64}
