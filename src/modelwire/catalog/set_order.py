"""A fixed order for sets in columns and in JSON, so that equal rows are the same bytes.

Python's own order of a set differs from process to process, as the hashes of texts do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import SchemaSerializer, core_schema

from ..compat.pydantic import serializer_of

_SETS = frozenset({"set", "frozenset"})

_VALUES = frozenset({"default", "expected", "metadata"})
"""Keys of a core schema whose values are not schemas, but may look like some; fields may have these
names, too."""


def put_in_order(values: Iterable[Any]) -> list[Any]:
    """Return the items of a set in the order in which they are stored and written."""
    try:
        return sorted(values)
    except TypeError:
        return sorted(values, key=repr)


def find_ordering(annotation: Any) -> SchemaSerializer | None:
    """Find a serializer that writes values of an annotation with each set in order.

    Args:
        annotation: The annotation, or a model.

    Returns:
        The serializer; None if the annotation has no sets at any level.
    """
    schema = TypeAdapter(annotation).core_schema
    ordered = _order_sets(schema)
    return None if ordered == schema else serializer_of(ordered)


def _order_sets(schema: Any) -> Any:
    """Make a core schema, or a part of one, write sets in order."""
    if isinstance(schema, (list, tuple)):
        return type(schema)(map(_order_sets, schema))
    if not isinstance(schema, dict):
        return schema
    kind = schema.get("type")
    if not isinstance(kind, str):  # schemas by name, such as those of a model's fields
        return {name: _order_sets(value) for name, value in schema.items()}
    changed = {k: v if k in _VALUES else _order_sets(v) for k, v in schema.items()}
    if kind in _SETS and "serialization" not in schema:
        items = core_schema.list_schema(changed.get("items_schema"))
        changed["serialization"] = core_schema.wrap_serializer_function_ser_schema(
            _write_set, schema=items
        )
    return changed


def _write_set(value: Any, write: core_schema.SerializerFunctionWrapHandler) -> Any:
    # A value that is not a set does not match its annotation, and is written as it is.
    return write(put_in_order(value) if isinstance(value, (set, frozenset)) else value)
