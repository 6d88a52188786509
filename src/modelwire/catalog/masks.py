"""Tells which fields are shown as something else than what is stored.

Filters, sorts and searches compare what is stored. Where it is shown as `***44`, the rest could be
read by them digit by digit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, Secret, SecretBytes, SecretStr, TypeAdapter

Node = Mapping[str, Any]
"""A part of a core schema (pydantic_core.core_schema)."""

SECRETS = (SecretStr, SecretBytes, Secret)
"""Pydantic's types that show nothing of what they hold."""


def find_masked(schema: type[BaseModel], *, validates: bool) -> frozenset[str]:
    """Find the fields of a read schema that something of the user's own changes in showing them.

    Args:
        schema: The read schema.
        validates: Whether rows are validated by it, so that validators change them as well.

    Returns:
        The names of the fields in Python.
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
    """Whether something of the user's own changes how values of a type are written."""
    core: Any = TypeAdapter(annotation).core_schema
    return _Mask(core, validates=False).changes_within(core)


class _Mask:
    def __init__(self, core: Node, validates: bool) -> None:
        self._validates = validates
        self._definitions: Mapping[str, Node] = {d["ref"]: d for d in core.get("definitions", ())}

    def resolve(self, node: Node) -> Node:
        """A part of the schema, or what it refers to."""
        return self._definitions[node["schema_ref"]] if node["type"] == "definition-ref" else node

    def changes_within(self, node: Node) -> bool:
        """Whether anything in a part of the schema changes values as they are shown."""
        return any(map(self.changes, self._walk(node, set())))

    def changes(self, node: Node) -> bool:
        """Whether a node has a serializer, or a validator that counts, of the user's own."""
        serializer, validator = node.get("serialization"), node.get("function")
        if isinstance(serializer, dict) and is_own(serializer.get("function")):
            return True
        if self._validates and isinstance(validator, dict) and is_own(validator["function"]):
            return True
        cls = node.get("cls")
        is_secret = isinstance(cls, type) and issubclass(cls, SECRETS)
        return is_secret or "serialization_exclude_if" in node

    def _walk(self, part: Any, seen: set[str]) -> Iterator[Node]:
        """Every node below a part of the schema, those that it refers to included."""
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
                if name not in ("metadata", "config"):
                    yield from self._walk(value, seen)


def is_own(function: object) -> bool:
    """Whether a function is none of Pydantic's, nor a class that it makes values with."""
    module = str(getattr(function, "__module__", "")).partition(".")[0]
    return function is not None and module not in ("pydantic", "pydantic_core")
