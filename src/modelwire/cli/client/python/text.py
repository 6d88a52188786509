"""JSON schemas as types of Python."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ....openapi.values import JSONSchema
from ..schema_types import Types, is_pair

JSON = "_p.JsonValue"
_PLAIN: Mapping[Any, str] = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "null": "None",
}
_FORMATS: Mapping[Any, str] = {
    "date-time": "_dt.datetime",
    "date": "_dt.date",
    "time": "_dt.time",
    "duration": "_dt.timedelta",
    "uuid": "_uuid.UUID",
    "decimal": "_decimal.Decimal",
}
BUILTINS = frozenset({"int", "str", "float", "bool", "list", "dict", "tuple", "None"})
"""Names in annotations, which an attribute of the same name would shadow in its class."""

_IDENTIFIER = re.compile(r"(?!__)[A-Za-z_]\w*", re.ASCII)
_WIDTH = 88


class PythonTypes(Types):
    """Writer of types of Python."""

    def write(self, schema: JSONSchema, *, fixed: bool = False) -> str:
        """Write the type of the values of a schema."""
        kinds = {choice.get("type") for choice in schema.get("anyOf", ())}
        if {"number", "string"} <= kinds:  # decimals in bodies
            return f"{_FORMATS['decimal']} | {super().write(schema, fixed=fixed)}"
        return super().write(schema, fixed=fixed)

    def write_literals(self, values: Iterable[Any]) -> str:
        """Write the type of literal values; floats have none."""
        given = list(values)
        named = [value for value in given if not isinstance(value, float)]
        parts = [write_choice(named)] if named else []
        return self._join([*parts, "float"] if len(named) < len(given) else parts)

    def write_plain(self, schema: JSONSchema) -> str:
        """Write the type of values without parts, or of any."""
        if schema.get("type") == "string":
            return _FORMATS.get(schema.get("format"), "str")
        return _PLAIN.get(schema.get("type"), JSON)

    def write_array(self, schema: JSONSchema, *, fixed: bool) -> str:
        """Write the type of arrays."""
        if "prefixItems" in schema:
            return f"tuple[{', '.join(map(self.write, schema['prefixItems']))}]"
        items = self.write(schema.get("items", {}))
        if is_pair(schema):
            return f"tuple[{items}, {items}]"
        return f"_t.Sequence[{items}]" if fixed else f"list[{items}]"

    def write_object(self, schema: JSONSchema) -> str:
        """Write the type of objects that have no name."""
        others = schema.get("additionalProperties")
        written = self.write(others) if isinstance(others, dict) else JSON
        return f"dict[str, {written}]"


def is_plain_name(name: str) -> bool:
    """Whether a name may be that of an attribute as it is."""
    return bool(_IDENTIFIER.fullmatch(name)) and not keyword.iskeyword(name)


def write_choice(values: Iterable[Any]) -> str:
    """Write the type of some values; `Never` where there are none."""
    texts = ", ".join(dict.fromkeys(map(write_literal, values)))
    return f"_t.Literal[{texts}]" if texts else "_t.Never"


def write_alias(name: str, values: Sequence[Any]) -> str:
    """Declare an alias of the type of some values."""
    line = f"{name}: _t.TypeAlias = {write_choice(values)}"
    if len(line) <= _WIDTH:
        return line
    items = "".join(f"    {each},\n" for each in dict.fromkeys(map(write_literal, values)))
    return f"{name}: _t.TypeAlias = _t.Literal[\n{items}]"


def write_dictionary(name: str, members: Mapping[str, str], required: Iterable[str] = ()) -> str:
    """Declare the type of a dictionary, some of whose keys are optional.

    Args:
        name: The name of the type.
        members: The types of its values, by their keys.
        required: The required keys.
    """
    needed = set(required)
    types = {
        key: written if key in needed else f"_t.NotRequired[{written}]"
        for key, written in members.items()
    }
    if all(is_plain_name(key) and key not in BUILTINS for key in members):
        lines = "".join(f"    {key}: {written}\n" for key, written in types.items())
        return f"class {name}(_t.TypedDict):\n{lines or '    pass'}".rstrip()
    items = "".join(
        f"        {write_literal(key)}: {write_literal(each)},\n" for key, each in types.items()
    )
    return f'{name} = _t.TypedDict(\n    "{name}",\n    {{\n{items}    }},\n)'


def fold(start: str, parts: Sequence[str], end: str, indent: int, mark: str = "") -> str:
    """Write bracketed parts, in as many lines as ruff and black would.

    Args:
        start: The text before them, with the bracket.
        parts: The parts.
        end: The text after them.
        indent: Spaces before each line.
        mark: The text at the very end, such as a comma.
    """
    pad, inner = " " * indent, ", ".join(parts)
    if len(f"{pad}{start}{inner}{end}{mark}") <= _WIDTH:
        return f"{pad}{start}{inner}{end}{mark}"
    if len(f"{pad}    {inner}") > _WIDTH:
        inner = f",\n{pad}    ".join(parts) + ","
    return f"{pad}{start}\n{pad}    {inner}\n{pad}{end}{mark}"


def write_literal(value: Any) -> str:
    """Write a literal; nothing in a text can end it."""
    text = repr(value)
    return f'"{text[1:-1]}"' if text.startswith("'") and '"' not in text else text


def write_docstring(text: str) -> str:
    """Write a docstring; nothing in its text can end it."""
    escaped = repr(text)[1:-1].replace('"', '\\"')
    return f'"""{escaped}"""'
