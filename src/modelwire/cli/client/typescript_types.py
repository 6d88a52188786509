"""JSON schemas as types of TypeScript."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...openapi.values import JSONSchema
from .schema_types import Types, is_pair

_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*", re.ASCII)
_CHOICE = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^"|])+')
_JSON = "wire.Json"
_PLAIN: Mapping[Any, str] = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}
_WIDTH = 100


class TypeScriptTypes(Types):
    """Writer of types of TypeScript."""

    def write_literals(self, values: Iterable[Any]) -> str:
        """Write the type of literal values."""
        return join(map(_literal, values))

    def write_plain(self, schema: JSONSchema) -> str:
        """Write the type of values without parts, or of any."""
        if schema.get("format") == "int64":
            return "wire.Int64"
        return _PLAIN.get(schema.get("type"), _JSON)

    def write_array(self, schema: JSONSchema, *, fixed: bool) -> str:
        """Write the type of arrays."""
        start = "readonly " if fixed else ""
        if "prefixItems" in schema:
            return f"{start}[{', '.join(map(self.write, schema['prefixItems']))}]"
        items = self.write(schema.get("items", {}))
        if is_pair(schema):
            return f"{start}[{items}, {items}]"
        return f"{start}({items})[]" if set(items) & set(" |&") else f"{start}{items}[]"

    def write_object(self, schema: JSONSchema) -> str:
        """Write the type of objects that have no name."""
        members = self.members(schema)
        if members:
            return f"{{ {' '.join(members)} }}"
        others = schema.get("additionalProperties")
        written = self.write(others) if isinstance(others, dict) else _JSON
        return f"{{ [name: string]: {written} }}"

    def members(self, schema: JSONSchema) -> Sequence[str]:
        """Write the members of the type of an object."""
        required = schema.get("required", ())
        return [
            member(name, self.write(given), optional=name not in required)
            for name, given in schema.get("properties", {}).items()
        ]

    def declare(self, name: str, schema: JSONSchema) -> str:
        """Declare the type of a schema."""
        if schema.get("type") == "object" and schema.get("properties"):
            return write_interface(name, self.members(schema))
        return write_alias(name, self.write(schema))


def member(name: str, written: str, *, optional: bool = False, fixed: bool = False) -> str:
    """Write a member of an object's type."""
    return f"{'readonly ' if fixed else ''}{key(name)}{'?' if optional else ''}: {written};"


def key(name: str) -> str:
    """Write the name of a property."""
    return name if _IDENTIFIER.fullmatch(name) else _literal(name)


def write_interface(name: str, members: Iterable[str], base: str = "") -> str:
    """Declare the type of an object."""
    lines = "".join(f"  {line}\n" for line in members)
    head = f"export interface {name}{f' extends {base}' if base else ''}"
    return f"{head} {{\n{lines}}}\n" if lines else f"{head} {{}}\n"


def write_alias(name: str, written: str) -> str:
    """Declare another name for a type."""
    line = f"export type {name} = {written};"
    if len(line) > _WIDTH and " | " in written and not set(written) & set("{(&"):
        choices = "".join(f"\n  | {choice.strip()}" for choice in _CHOICE.findall(written))
        return f"export type {name} ={choices};\n"
    return line + "\n"


def write_choice(names: Iterable[str]) -> str:
    """Write the union of some names; `never` where there are none."""
    return join(map(_literal, names))


def join(parts: Iterable[str], sign: str = " | ") -> str:
    """Join distinct types."""
    return sign.join(dict.fromkeys(parts)) or "never"


def _literal(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
