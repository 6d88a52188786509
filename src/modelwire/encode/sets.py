"""Sets as JSON, in one order: the same row is the same bytes, whichever process answers."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic_core import SchemaSerializer, core_schema

from ..catalog.sets import put_in_order
from ..compat.pydantic import serializer_of

_SETS = frozenset({"set", "frozenset"})

_VALUES = frozenset({"default", "expected", "metadata"})
"""Names of what is no schema in one, and may look like one; fields may have these names, too."""


def ordering_serializer_of(schema: type[BaseModel]) -> SchemaSerializer:
    """What serializes rows that a schema shows, with each set in order.

    Args:
        schema: The schema.
    """
    adapter = TypeAdapter(schema)
    ordered = _order_sets(adapter.core_schema)
    is_same = ordered == adapter.core_schema
    return adapter.serializer if is_same else serializer_of(ordered)


def _order_sets(schema: Any) -> Any:
    """A schema of Pydantic's core, or a part of one, by which sets are written in order."""
    if isinstance(schema, (list, tuple)):
        return type(schema)(map(_order_sets, schema))
    if not isinstance(schema, dict):
        return schema
    kind = schema.get("type")
    if not isinstance(kind, str):  # schemas by names, such as a model's fields by theirs
        return {name: _order_sets(value) for name, value in schema.items()}
    changed = {k: v if k in _VALUES else _order_sets(v) for k, v in schema.items()}
    if kind in _SETS and "serialization" not in schema:
        items = core_schema.list_schema(changed.get("items_schema"))
        changed["serialization"] = core_schema.wrap_serializer_function_ser_schema(
            _write_set, schema=items
        )
    return changed


def _write_set(value: Any, write: core_schema.SerializerFunctionWrapHandler) -> Any:
    # What is no set is not what its annotation says, and is written as it is.
    return write(put_in_order(value) if isinstance(value, (set, frozenset)) else value)
