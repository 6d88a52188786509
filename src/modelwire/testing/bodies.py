"""Request bodies that fit a schema of an OpenAPI document, with values that can be recognised."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import uuid4

Schema = Mapping[str, Any]
Document = Mapping[str, Any]

LEFT_OUT = object()
"""Marker of a field that is not sent."""

_FORMATS: Mapping[str, Callable[[str], str]] = {
    "date": lambda _: "2031-05-17",
    "date-time": lambda _: "2031-05-17T08:00:00Z",
    "time": lambda _: "08:00:00",
    "duration": lambda _: "PT1H",
    "email": "{}@example.com".format,
    "uri": "https://example.com/{}".format,
    "uuid": lambda _: str(uuid4()),
}
_SHORTEST = 6
"""Minimum length of a text to be a mark: shorter ones may occur anywhere."""


class Marks:
    """Source and record of unique values.

    Args:
        start: The prefix of its texts.
    """

    def __init__(self, start: str) -> None:
        self._start = start
        self.made: set[str] = set()

    def text(self, longest: int = 24) -> str:
        """Return a new text with a limited number of characters."""
        return f"{self._start}{secrets.token_hex(8)}"[: max(longest, 1)]

    def number(self) -> int:
        """Return a new integer that fits in a column of 32 bits."""
        return 1_000_000_000 + secrets.randbelow(1_000_000_000)

    def keep(self, value: object) -> None:
        """Remember a stored value, if it can be told from other values."""
        text = str(value)
        is_mark = isinstance(value, str) and len(text) >= _SHORTEST and text not in _COMMON
        if is_mark or (isinstance(value, int) and value >= 1_000_000_000):
            self.made.add(text)

    def find(self, text: str, sent: str = "") -> str | None:
        """Find a mark in a response that was not sent."""
        return next((m for m in self.made if m in text and m not in sent), None)


_COMMON = {make("") for name, make in _FORMATS.items() if name not in ("email", "uri", "uuid")}


def resolve(document: Document, node: Schema) -> Schema:
    """Follow the references of a node."""
    while "$ref" in node:
        found: Any = document
        for step in node["$ref"].split("/")[1:]:
            found = found[step]
        node = found
    for kind in ("anyOf", "oneOf"):
        chosen = (c for c in node.get(kind, ()) if c.get("type") != "null")
        if (first := next(chosen, None)) is not None:
            return resolve(document, first)
    parts = node.get("allOf", ())
    return resolve(document, parts[0]) if len(parts) == 1 else node


def body_schema(document: Document, operation: Schema) -> Schema | None:
    """Return the schema of an operation's JSON body; None where it takes none."""
    body = resolve(document, operation.get("requestBody", {}))
    content = body.get("content", {}).get("application/json")
    return None if content is None else resolve(document, content["schema"])


def candidates(document: Document, schema: Schema, marks: Marks) -> Iterator[object]:
    """Yield values that may fit a schema, the one best recognised first."""
    schema = resolve(document, schema)
    if "const" in schema or "enum" in schema:
        yield from schema.get("enum", [schema.get("const")])
        return
    kind = schema.get("type")
    if kind == "string":
        if make := _FORMATS.get(schema.get("format", "")):
            yield make(marks.text())
        yield marks.text(schema.get("maxLength", 24)).ljust(schema.get("minLength", 0), "x")
        yield from ("1.00", "1", "AB", "+4930123456", "en")
    elif kind in ("integer", "number"):
        bounded = {"maximum", "exclusiveMaximum", "multipleOf"} & schema.keys()
        yield schema.get("minimum", 1) if bounded else marks.number()
        yield from (1, 2, 10, 0)
    elif kind == "boolean":
        yield from (True, False)
    elif kind == "array":
        yield []
        first = next(candidates(document, schema.get("items", {}), marks), None)
        yield [first]
    elif kind == "object" or "properties" in schema:
        fields = schema.get("properties", {})
        required = schema.get("required", ())
        yield {n: next(candidates(document, fields[n], marks)) for n in required}
    else:
        yield marks.text()


class Body:
    """Request body that is tried with other values when it is refused.

    Args:
        document: The OpenAPI document.
        schema: The schema of the body: an object.
        marks: The source of its values.
        known: The values of fields that refer to existing rows, by name.
    """

    def __init__(
        self, document: Document, schema: Schema, marks: Marks, known: Mapping[str, object]
    ) -> None:
        self._required = set(schema.get("required", ()))
        self._left: dict[str, Iterator[object]] = {}
        self.values: dict[str, object] = {}
        for name, given in schema.get("properties", {}).items():
            is_plain = resolve(document, given).get("type") not in ("array", "object")
            if name in known:
                self._left[name] = iter([known[name]])
            elif is_plain or name in self._required:
                self._left[name] = candidates(document, given, marks)
            else:
                continue
            self._advance(name)

    def _advance(self, name: str) -> bool:
        value = next(self._left[name], LEFT_OUT)
        if value is LEFT_OUT and name in self._required:
            return False
        self.values[name] = value
        return True

    def as_json(self) -> dict[str, object]:
        """Return the body as it is sent."""
        return {name: v for name, v in self.values.items() if v is not LEFT_OUT}

    def amend(self, problem: Any) -> bool:
        """Give the fields at fault other values; return whether there are any."""
        said = problem if isinstance(problem, dict) else {}
        errors = said.get("errors") or said.get("detail")
        at_fault = {_field_of(e) for e in errors or () if isinstance(e, dict)} & self.values.keys()
        advanced = [self._advance(name) for name in at_fault]
        return bool(advanced) and all(advanced)


def _field_of(error: Mapping[str, Any]) -> str:
    """Return the field that an error points to, in the form of a problem or of FastAPI itself."""
    place = error.get("loc") or ["", *str(error.get("pointer", "")).split("/")[1:]]
    return str(place[1]) if len(place) > 1 else ""
