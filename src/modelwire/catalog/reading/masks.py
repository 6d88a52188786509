"""Detects fields that are shown with other values than the stored ones.

Filters, sorts and searches compare stored values. If a field is shown as `***44`, they would let
clients find out the rest digit by digit.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import (
    BaseModel,
    EncodedBytes,
    EncodedStr,
    TypeAdapter,
)

from ...compat.pydantic import is_of_types

Node = Mapping[str, Any]
"""A part of a core schema (pydantic_core.core_schema)."""

_LEAVES = frozenset({"metadata", "config", "default"})
"""Keys of nodes whose values are not schemas."""

_ENCODERS = (EncodedBytes, EncodedStr)
"""Pydantic types that write values in another encoding, from which they can be decoded."""

_NOT_OWN = frozenset({"pydantic", "pydantic_core", __name__.partition(".")[0]})


def find_masked(schema: type[BaseModel], *, validates: bool) -> frozenset[str]:
    """Find the fields of a read schema whose shown values are changed by the user's own code.

    Args:
        schema: The read schema.
        validates: Whether rows are validated by it, so that its validators change values, too.

    Returns:
        The Python names of the fields.
    """
    core: Any = TypeAdapter(schema).core_schema
    mask = _Mask(core, validates)
    node = mask.resolve(core["schema"] if core["type"] == "definitions" else core)
    while node["type"] != "model-fields":
        if mask.changes(node) or "schema" not in node:
            return frozenset(schema.model_fields)
        node = mask.resolve(node["schema"])
    return frozenset(key for key, field in node["fields"].items() if mask.changes_within(field))


def masks_within(annotation: Any) -> bool:
    """Whether the user's own code changes the serialised form of a type's values."""
    core: Any = TypeAdapter(annotation).core_schema
    return _Mask(core, validates=False).changes_within(core)


class _Mask:
    def __init__(self, core: Node, validates: bool) -> None:
        self._validates = validates
        self._definitions: Mapping[str, Node] = {d["ref"]: d for d in core.get("definitions", ())}

    def resolve(self, node: Node) -> Node:
        """Return a node of the schema, following a reference."""
        return self._definitions[node["schema_ref"]] if node["type"] == "definition-ref" else node

    def changes_within(self, node: Node) -> bool:
        """Whether anything in a part of the schema changes the shown values."""
        return any(map(self.changes, self._walk(node, set())))

    def changes(self, node: Node) -> bool:
        """Whether a node has a serializer, or a relevant validator, of the user's own."""
        serializer, validator = node.get("serialization"), node.get("function")
        if isinstance(serializer, dict):
            function = serializer.get("function")
            if is_own(function) or _hides(function) or _reshapes(node, serializer):
                return True
        if self._validates and any(node.get(name) for name in _REWRITES):
            return True
        if self._validates and isinstance(validator, dict):
            function = validator["function"]
            return is_own(function) and not _is_standard(function)
        return "serialization_exclude_if" in node

    def _walk(self, part: Any, seen: set[str]) -> Iterator[Node]:
        """Yield every node below a part of the schema, following references."""
        if isinstance(part, (list, tuple)):
            for item in part:
                yield from self._walk(item, seen)
        elif isinstance(part, dict):
            reference = str(part.get("schema_ref"))
            if reference in self._definitions and reference not in seen:
                seen.add(reference)
                yield from self._walk(self._definitions[reference], seen)
            yield part
            for name, value in part.items():
                if name not in _LEAVES:
                    yield from self._walk(value, seen)


def is_own(function: object) -> bool:
    """Whether a function is the user's own, and not Pydantic's or from this package."""
    return function is not None and _package_of(function) not in _NOT_OWN


def _reshapes(node: Node, serializer: Node) -> bool:
    """Whether a node's serialised form, made by pydantic-core, loses information: by a format, or
    as the text of an object of a user's class."""
    if serializer["type"] != "to-string":
        return bool(serializer["type"] == "format")
    validator = node.get("function")
    made_by = validator["function"] if isinstance(validator, dict) else node.get("cls")
    return made_by is None or is_own(made_by)


_REWRITES = ("to_lower", "to_upper", "strip_whitespace")
"""Options by which a text is changed during validation."""


def _hides(function: object) -> bool:
    """Whether a function belongs to a Pydantic type that hides its contents."""
    return is_of_types(function) and not isinstance(getattr(function, "__self__", None), _ENCODERS)


def _is_standard(function: object) -> bool:
    """Whether a function is a class of the standard library, by which Pydantic makes its values."""
    return isinstance(function, type) and _package_of(function) in sys.stdlib_module_names


def _package_of(function: object) -> str:
    return str(getattr(function, "__module__", "")).partition(".")[0]
