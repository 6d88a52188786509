"""The parts of a document that its operations share, each of which stands in it once."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from ..catalog import Table

JSONSchema = dict[str, Any]

Parts = dict[str, dict[str, JSONSchema]]
"""Parts by their kind and their name."""

Kind = Literal["schemas", "parameters", "responses", "headers"]

_START = "#/components/"
_NOT_IN_NAMES = re.compile(r"[^\w.-]")


class Components:
    """Named parts, which are made when they are first referred to.

    Args:
        names: Every resource of the service, and the start of the names of its parts. Their
            Pydantic models are described together, so that no two get one name.
    """

    def __init__(self, names: Mapping[Table, str]) -> None:
        self._names = names
        self._models, self._described = _describe_models(names)
        self._all: Parts = {}

    def name_of(self, table: Table) -> str:
        """The start of the names of a resource's parts, such as `User`."""
        return self._names[table]

    def refer(self, kind: Kind, name: str, make: Callable[[], JSONSchema]) -> JSONSchema:
        """Refer to a part.

        Args:
            kind: Where it stands.
            name: Its name.
            make: Makes it, if nothing has referred to it before. It may refer to itself.
        """
        name = _NOT_IN_NAMES.sub("_", name)
        parts = self._all.setdefault(kind, {})
        if name not in parts:
            parts[name] = {}
            parts[name] = make()
        return {"$ref": f"{_START}{kind}/{name}"}

    def describe(
        self,
        model: type[BaseModel],
        mode: JsonSchemaMode,
        *,
        more: Callable[[], JSONSchema] = dict,
        optional: Collection[str] = (),
        required: Collection[str] = (),
        suffix: str = "",
        name: str | None = None,
    ) -> JSONSchema:
        """Refer to the schema of a resource's model.

        Args:
            model: The model.
            mode: Whether it is read or written.
            more: Gives properties that operations add to it.
            optional: Names of its properties that need not be given.
            required: Names of others that must be.
            suffix: What its name ends with, by which it differs from the same without these.
            name: Its name, where that is another one.
        """
        base = self._models[model, mode]["$ref"].rpartition("/")[2]
        title = name or base + suffix

        def make() -> JSONSchema:
            schema = self._described[base]
            must = [name for name in schema.get("required", ()) if name not in optional]
            must += [name for name in required if name not in must]
            schema = {**schema, "title": title, "required": must}
            if not must:
                del schema["required"]
            schema["properties"] = {**schema.get("properties", {}), **more()}
            return schema

        return self.refer("schemas", title, make)

    def properties_of(self, model: type[BaseModel], mode: JsonSchemaMode) -> JSONSchema:
        """The schemas of the properties of a resource's model, by their name."""
        base = self._models[model, mode]["$ref"].rpartition("/")[2]
        properties: JSONSchema = self._described[base].get("properties", {})
        return properties

    def collect(self, used: object) -> Parts:
        """Collect the parts that something refers to, and those that these refer to.

        Args:
            used: The JSON that refers to them.
        """
        found: Parts = {}
        waiting = [*references_in(used)]
        while waiting:
            kind, name = waiting.pop()
            part = self._all.get(kind, {}).get(name) or self._described.get(name)
            if part is not None and name not in found.setdefault(kind, {}):
                found[kind][name] = part
                waiting += references_in(part)
        return {kind: dict(sorted(parts.items())) for kind, parts in found.items() if parts}


def references_in(value: object) -> list[tuple[str, str]]:
    """The parts that some JSON refers to, each by its kind and its name."""
    found: list[tuple[str, str]] = []
    waiting = [value]
    while waiting:
        here = waiting.pop()
        if isinstance(here, Mapping):
            reference = here.get("$ref")
            if isinstance(reference, str) and reference.startswith(_START):
                kind, _, name = reference.removeprefix(_START).partition("/")
                found.append((kind, name))
            waiting += here.values()
        elif isinstance(here, (list, tuple)):
            waiting += here
    return found


def _describe_models(
    tables: Iterable[Table],
) -> tuple[Mapping[tuple[type[BaseModel], JsonSchemaMode], JSONSchema], dict[str, JSONSchema]]:
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = []
    for table in tables:
        models += (
            (table.schemas.read, "serialization"),
            (table.schemas.create, "validation"),
            (table.schemas.update, "validation"),
            *((schema, "serialization") for schema in table.schemas.related.values()),
        )
    references, definitions = models_json_schema(
        list(dict.fromkeys(models)), ref_template=f"{_START}schemas/{{model}}"
    )
    return references, {  # type: ignore[return-value]
        name: _without_titles(schema) for name, schema in definitions.get("$defs", {}).items()
    }


def _without_titles(schema: JSONSchema) -> JSONSchema:
    """A schema whose properties have no titles, which say nothing that their names don't."""
    properties = {
        name: {k: v for k, v in given.items() if k != "title"} if isinstance(given, dict) else given
        for name, given in schema.get("properties", {}).items()
    }
    return {**schema, **({"properties": properties} if properties else {})}
