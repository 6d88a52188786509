"""Types of the input and output of a client in Python: rows, conditions, changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ....openapi.components import references_in
from ....openapi.values import JSONSchema
from ..described import Application, Described, Related
from .names import TypeNames
from .text import PythonTypes, fold, write_alias, write_choice, write_dictionary, write_literal


class RowTypes:
    """Writer of the types of rows, and of their conditions and changes.

    Args:
        application: The application.
        names: The names of its types.
    """

    def __init__(self, application: Application, names: TypeNames) -> None:
        self._application = application
        self._names = names
        self._values = PythonTypes(names.values)
        self._inputs = PythonTypes(names.inputs)

    def write_shared(self) -> Iterator[str]:
        """Write the types that several resources share."""
        names, schemas = self._names, self._application.schemas
        for name in names.shown:
            yield self._write_shown(names.values[name], schemas[name], {})
        for name in names.given:
            yield self._write_given(names.inputs[name], schemas[name])

    def write(self, resource: Described) -> Iterator[str]:
        """Write the types of a resource."""
        names = self._names.resources[resource.name]
        yield self._write_shown(names[""], resource.row, resource.relations)
        where = self._write_filters(resource)
        if "changes" in resource.operations:
            yield write_dictionary(names["Filters"], where)
        through = {
            name: self._names.resources[other]["Where"] for name, other in resource.through.items()
        }
        yield write_dictionary(names["Where"], {**where, **through})
        yield write_alias(names["Sort"], resource.sort)
        yield write_alias(names["Include"], resource.includes)
        if "aggregate" in resource.operations:
            yield write_alias(names["Group"], [*resource.groups])
            yield write_alias(names["Measure"], [*resource.measures])
        if {"update", "bulk_update"} & {*resource.operations}:
            yield self._write_given(names["Update"], resource.update)
        if "bulk_update" in resource.operations:
            yield self._write_given(names["KeyedUpdate"], _with_key(resource))

    def _write_shown(self, name: str, schema: JSONSchema, relations: Mapping[str, Related]) -> str:
        """Write the class of an output: a row, or a value of several parts."""
        if not schema.get("properties") and not relations:
            return self._write_other_name(name, schema)
        required = schema.get("required", ())
        properties = schema.get("properties", {})
        attributes = self._names.name_attributes([*properties, *relations])
        lines = [
            _write_attribute(
                attributes[field], field, self._values.write(given), optional=field not in required
            )
            for field, given in properties.items()
        ]
        for field, related in relations.items():
            inner = self._names.resources[related.resource][""]
            if related.row is not None:
                inner = self._values.write(related.row)
            written = f"list[{inner}]" if related.many else inner
            lines.append(_write_attribute(attributes[field], field, written, optional=True))
        is_row = name in {ends[""] for ends in self._names.resources.values()}
        base = "answers.Row" if is_row else "answers.Value"
        return f"class {name}({base}):\n" + "\n".join(lines)

    def _write_other_name(self, name: str, schema: JSONSchema) -> str:
        written = self._values.write(schema)
        if written == write_choice(schema.get("enum", ())):
            return write_alias(name, schema["enum"])
        if not references_in(schema):
            return f"{name}: _t.TypeAlias = {written}"
        # A type that it names may come later, or be itself.
        given = [write_literal(name), write_literal(written)]
        return fold(f"{name} = _te.TypeAliasType(", given, ")", 0)

    def _write_given(self, name: str, schema: JSONSchema) -> str:
        write = self._inputs.write
        members = {field: write(given) for field, given in schema.get("properties", {}).items()}
        return write_dictionary(name, members, schema.get("required", ()))

    def _write_filters(self, resource: Described) -> Mapping[str, str]:
        write = self._inputs.write
        written = {name: write(given, fixed=True) for name, given in resource.filters.items()}
        for name in resource.documents:
            known = f"{written[name]} | " if name in written else ""
            written[name] = f"{known}_t.Mapping[str, _p.JsonValue]"
        return written


def _with_key(resource: Described) -> JSONSchema:
    """Return the schema of a change that includes the key of its row."""
    properties = {**resource.update.get("properties", {}), **resource.key}
    return {**resource.update, "properties": properties, "required": [*resource.key]}


def _write_attribute(name: str, field: str, written: str, *, optional: bool) -> str:
    if optional and not written.endswith("| None"):
        written = f"{written} | None"
    default = ["default=None"] if optional else []
    if name == field:
        return f"    {name}: {written}{' = None' if optional else ''}"
    literal = write_literal(field)
    aliases = [f"validation_alias={literal}", f"serialization_alias={literal}"]
    return fold(f"{name}: {written} = _p.Field(", [*default, *aliases], ")", 4)
