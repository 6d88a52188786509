"""JSON schemas as types of TypeScript."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...openapi.components import references_in
from ...openapi.values import JSONSchema

_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*", re.ASCII)
_JSON = "wire.Json"
_PLAIN: Mapping[str, str] = {
    "string": "string",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}
WIDTH = 100


class Types:
    """Writes types.

    Args:
        names: What the types of shared schemas are called, by the names of these.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def write(self, schema: JSONSchema, *, fixed: bool = False) -> str:
        """Write the type of the values that a schema is of.

        Args:
            schema: The schema.
            fixed: Whether arrays may be ones that can't be changed.
        """
        if "$ref" in schema:
            ((_, name),) = references_in(schema)
            return self._names[name]
        if "const" in schema:
            return _literal(schema["const"])
        if "enum" in schema:
            return join(map(_literal, schema["enum"]))
        for word, sign in (("anyOf", " | "), ("oneOf", " | "), ("allOf", " & ")):
            if word in schema:
                return join((self.write(each, fixed=fixed) for each in schema[word]), sign)
        return self._write_kind(schema, fixed=fixed)

    def _write_kind(self, schema: JSONSchema, *, fixed: bool) -> str:
        kind = schema.get("type")
        if isinstance(kind, list):
            return join(self._write_kind({**schema, "type": each}, fixed=fixed) for each in kind)
        match kind:
            case "integer":
                return "wire.Int64" if schema.get("format") == "int64" else "number"
            case "array":
                return self._write_array(schema, fixed=fixed)
            case "object":
                return self._write_object(schema)
            case _:
                return _PLAIN.get(str(kind), _JSON)

    def _write_array(self, schema: JSONSchema, *, fixed: bool) -> str:
        start = "readonly " if fixed else ""
        items = self.write(schema.get("items", {}))
        if "prefixItems" in schema:
            return f"{start}[{', '.join(map(self.write, schema['prefixItems']))}]"
        if schema.get("minItems") == schema.get("maxItems") == 2:
            return f"{start}[{items}, {items}]"
        return f"{start}({items})[]" if set(items) & set(" |&") else f"{start}{items}[]"

    def _write_object(self, schema: JSONSchema) -> str:
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
    if len(line) > WIDTH and " | " in written and not set(written) & set("{(&"):
        choices = "".join(f"\n  | {choice}" for choice in written.split(" | "))
        return f"export type {name} ={choices};\n"
    return line + "\n"


def write_choice(names: Iterable[str]) -> str:
    """Write the type of some names; that of none where there are none."""
    return join(map(_literal, names))


def join(parts: Iterable[str], sign: str = " | ") -> str:
    """Join types, each of them once."""
    return sign.join(dict.fromkeys(parts)) or "never"


def _literal(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
