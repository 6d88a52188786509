"""JSON schemas as types of some language."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

from ...openapi.components import references_in
from ...openapi.values import JSONSchema


class Types(ABC):
    """Writer of types.

    Args:
        names: The names of the types of shared schemas, by the names of these.
    """

    sign = " | "
    """Separator of the members of a union."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def write(self, schema: JSONSchema, *, fixed: bool = False) -> str:
        """Write the type of the values of a schema.

        Args:
            schema: The schema.
            fixed: Whether arrays may be immutable.
        """
        if "$ref" in schema:
            ((_, name),) = references_in(schema)
            return self._names[name]
        if "const" in schema:
            return self.write_literals([schema["const"]])
        if "enum" in schema:
            return self.write_literals(schema["enum"])
        for word in ("anyOf", "oneOf", "allOf"):
            if word in schema:
                return self._join(self.write(each, fixed=fixed) for each in schema[word])
        kind = schema.get("type")
        if isinstance(kind, list):
            return self._join(self.write({**schema, "type": each}, fixed=fixed) for each in kind)
        if kind == "array":
            return self.write_array(schema, fixed=fixed)
        return self.write_object(schema) if kind == "object" else self.write_plain(schema)

    def _join(self, parts: Iterable[str]) -> str:
        return self.sign.join(dict.fromkeys(parts))

    @abstractmethod
    def write_literals(self, values: Iterable[Any]) -> str:
        """Write the type of literal values."""

    @abstractmethod
    def write_plain(self, schema: JSONSchema) -> str:
        """Write the type of values without parts, or of any."""

    @abstractmethod
    def write_array(self, schema: JSONSchema, *, fixed: bool) -> str:
        """Write the type of arrays."""

    @abstractmethod
    def write_object(self, schema: JSONSchema) -> str:
        """Write the type of objects that have no name."""


def is_pair(schema: JSONSchema) -> bool:
    """Whether arrays have exactly two items."""
    return schema.get("minItems") == schema.get("maxItems") == 2
