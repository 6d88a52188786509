"""Schemas of fields, without the parts that agents have no use for."""

from __future__ import annotations

from typing import Any

from ...openapi.components import Components
from ...openapi.values import JSONSchema

_LEVELS = 3
"""Levels of references that a schema resolves; below them any JSON is allowed."""


def inline(schema: JSONSchema, components: Components) -> JSONSchema:
    """Return a schema with references replaced by the schemas that they refer to."""
    parts = components.collect(schema).get("schemas", {})
    inlined: JSONSchema = _inline(schema, parts, _LEVELS)
    return inlined


def _inline(value: Any, parts: JSONSchema, levels: int) -> Any:
    if isinstance(value, list):
        return [_inline(item, parts, levels) for item in value]
    if not isinstance(value, dict):
        return value
    reference = value.get("$ref")
    if isinstance(reference, str):
        part = parts.get(reference.rpartition("/")[2], {})
        return _inline(part, parts, levels - 1) if levels else {}
    return {name: _inline(v, parts, levels) for name, v in value.items() if name != "title"}


def flatten(schema: JSONSchema) -> JSONSchema:
    """Return a schema without its choice of null, which descriptions mention elsewhere."""
    choices = schema.get("anyOf")
    if not isinstance(choices, list):
        return schema
    left = [choice for choice in choices if choice != {"type": "null"}]
    rest = {name: value for name, value in schema.items() if name != "anyOf"}
    return {**rest, **left[0]} if len(left) == 1 else {**rest, "anyOf": left}
