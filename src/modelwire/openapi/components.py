"""Components of a document, each of which its operations share."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from ..catalog.tables import Table
from .values import JSONSchema, is_wide, widen

Parts = dict[str, dict[str, JSONSchema]]
"""Components by kind and name."""

Kind = Literal["schemas", "parameters", "responses", "headers"]

_START = "#/components/"
_NOT_IN_NAMES = re.compile(r"[^\w.-]")


class Components:
    """Named components, each made when it is first referred to.

    Args:
        names: Every resource of the service, with the prefix of its components' names. Their
            Pydantic models are described together, so that no two get the same name.
        conflict_status: The status where a unique value is taken or a parent is missing.
    """

    def __init__(self, names: Mapping[Table, str], conflict_status: int = 400) -> None:
        self.conflict_status = conflict_status
        self._names = names
        self._models, self._described = _describe_models(names)
        self._given = frozenset(self._find_given())
        self._all: Parts = {}

    def name_of(self, table: Table) -> str:
        """Return the prefix of the names of a resource's components, such as `User`."""
        return self._names[table]

    def _find_given(self) -> Iterator[str]:
        for table in self._names:
            resource, schemas = table.resource, table.schemas
            models: list[tuple[type[BaseModel], JsonSchemaMode]] = []
            if resource.read_schema is not None:
                shown = (schemas.read, *schemas.related.values())
                models += [(model, "serialization") for model in shown]
            if resource.create_schema is not None:
                models.append((schemas.create, "validation"))
            if resource.update_schema is not None:
                models.append((schemas.update, "validation"))
            for model in models:
                yield self._models[model]["$ref"].rpartition("/")[2]

    def refer(self, kind: Kind, name: str, make: Callable[[], JSONSchema]) -> JSONSchema:
        """Refer to a component.

        Args:
            kind: Its kind.
            name: Its name.
            make: Makes the component at the first reference. It may refer to itself.
        """
        name = _NOT_IN_NAMES.sub("_", name)
        while kind == "schemas" and name in self._described:
            name += "_"
        return self._keep(kind, name, make)

    def _keep(self, kind: Kind, name: str, make: Callable[[], JSONSchema]) -> JSONSchema:
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
        required: Collection[str] = (),
        optional: Collection[str] = (),
        suffix: str = "",
    ) -> JSONSchema:
        """Refer to the schema of a resource's model.

        Args:
            model: The model.
            mode: Whether rows are read or written with it.
            more: Returns the properties that an operation adds.
            required: Names of additional required properties.
            optional: Names of properties of the model that may be left out.
            suffix: The suffix of its name, which distinguishes it from the unchanged schema.
        """
        base = self._models[model, mode]["$ref"].rpartition("/")[2]

        def make() -> JSONSchema:
            schema = self._described[base]
            names = [name for name in schema.get("required", ()) if name not in optional]
            names += [name for name in required if name not in names]
            schema = {**schema, "title": base + suffix, "required": names}
            if not names:
                del schema["required"]
            schema["properties"] = {**schema.get("properties", {}), **more()}
            return schema

        return self._keep("schemas", base + suffix, make)

    def find_model(self, schema: JSONSchema) -> tuple[str, JSONSchema] | None:
        """Find the schema of a Pydantic model that another schema refers to, and its name."""
        name = schema.get("$ref", "").rpartition("/")[2]
        return (name, self._described[name]) if name in self._described else None

    def is_of_class(self, name: str) -> bool:
        """Whether a schema has the name of a Pydantic model that a resource was declared with."""
        return name in self._given

    def properties_of(self, model: type[BaseModel], mode: JsonSchemaMode) -> JSONSchema:
        """Return the schemas of the properties of a resource's model, by name."""
        base = self._models[model, mode]["$ref"].rpartition("/")[2]
        properties: JSONSchema = self._described[base].get("properties", {})
        return properties

    def collect(self, used: object) -> Parts:
        """Collect the components that a value refers to, directly or indirectly.

        Args:
            used: The JSON value.
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
    """Return the kind and name of each component that a JSON value refers to."""
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
    tables: Collection[Table],
) -> tuple[Mapping[tuple[type[BaseModel], JsonSchemaMode], JSONSchema], dict[str, JSONSchema]]:
    models: dict[tuple[type[BaseModel], JsonSchemaMode], Table] = {}
    for table in tables:
        models[table.schemas.read, "serialization"] = table
        models[table.schemas.create, "validation"] = table
        models[table.schemas.update, "validation"] = table
    shown: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        (model, "serialization") for table in tables for model in table.schemas.related.values()
    ]
    references, described = models_json_schema(
        list(dict.fromkeys([*models, *shown])), ref_template=f"{_START}schemas/{{model}}"
    )
    schemas: dict[str, JSONSchema] = described.get("$defs", {})
    for model, table in models.items():
        name = references[model]["$ref"].rpartition("/")[2]
        schemas[name] = _with_widths(schemas[name], table)
    return references, {name: simplify(schema) for name, schema in schemas.items()}  # type: ignore[return-value]


def _with_widths(schema: JSONSchema, table: Table) -> JSONSchema:
    """Return a schema that marks the integers of more than 32 bits."""
    properties = schema.get("properties", {})
    wide = {f.name for f in table.fields if f.name in properties and is_wide(f)}
    changed = {name: widen(properties[name]) for name in wide}
    return {**schema, "properties": {**properties, **changed}} if wide else schema


def simplify(schema: JSONSchema) -> JSONSchema:
    """Return a schema without keywords that are redundant or misleading.

    Titles of properties repeat their names. A default of null would make generated clients send
    null for every property left out, which in an update clears the field.
    """
    properties = {name: _strip(given) for name, given in schema.get("properties", {}).items()}
    return {**schema, **({"properties": properties} if properties else {})}


def _strip(given: Any) -> Any:
    if not isinstance(given, dict):
        return given
    return {
        name: value
        for name, value in given.items()
        if name != "title" and (name, value) != ("default", None)
    }
