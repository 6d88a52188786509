"""Names of the types of a client in Python, and the selection of those that it has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ....openapi.components import references_in
from ....openapi.values import JSONSchema
from ..described import Application, Described
from ..names import Names
from .text import BUILTINS, is_plain_name

IMPORTED_PARTS = ("answers", "connection", "parameters", "problems", "reading", "writing")
_IMPORTED = ("Client", "RESOURCES", "annotations", "super", *IMPORTED_PARTS)

_OF_ROWS = frozenset(
    {"copy", "construct", "dict", "etag", "from_orm", "json", "mro", "parse_file"}
    | {
        "parse_obj",
        "parse_raw",
        "register",
        "schema",
        "schema_json",
        "update_forward_refs",
        "validate",
    }
)
"""Attributes that classes of rows already have, beside those that begin with `model_`."""

_ENDS = (
    *("", "Filters", "Where", "Sort", "Include", "Group", "Measure"),
    *("Update", "KeyedUpdate", "Resource"),
)
"""Suffixes of the names of a resource's types."""


@dataclass(frozen=True, slots=True)
class TypeNames:
    """Names of the types of a client.

    Args:
        values: The types of the application's schemas in responses.
        inputs: The types of its schemas in requests, where objects are dictionaries.
        shown: The schemas for which a class, or a type alias, is written, in order.
        given: The schemas for which a dictionary is written.
        resources: The types of each resource, by the suffix of their names.
        children: The types of the rows below a row, by the resource and the relation.
        taken: Names that no attribute of a row may have.
    """

    values: Mapping[str, str]
    inputs: Mapping[str, str]
    shown: Sequence[str]
    given: Sequence[str]
    resources: Mapping[str, Mapping[str, str]]
    children: Mapping[tuple[str, str], str]
    taken: frozenset[str]

    def name_attributes(self, fields: Iterable[str]) -> Mapping[str, str]:
        """Name the attributes of the fields of a class."""
        return name_each(fields, self.name_attribute)

    def name_attribute(self, field: str) -> str:
        """Name the attribute of a field."""
        name = "".join(c if c.isalnum() or c == "_" else "_" for c in field).lstrip("_") or "field"
        name = f"field_{name}" if name[0].isdigit() or name.startswith("model_") else name
        return name if is_plain_name(name) and name not in self.taken else f"{name}_"


def name_types(application: Application) -> TypeNames:
    """Name the types of a client."""
    resources, schemas = [*application.resources.values()], application.schemas
    shown = _reach(_shown_schemas(resources), schemas)
    given = _reach(_given_schemas(resources), schemas)
    objects = {name for name, schema in schemas.items() if schema.get("properties")}
    both = shown & given & objects
    written = [name for name in schemas if name in shown | (given - objects)]
    names = Names([*_IMPORTED, *BUILTINS])
    values = {name: names.give(name) for name in schemas}
    inputs = {n: names.give(f"{s}Dict") if n in both else s for n, s in values.items()}
    ends = {
        each.name: {end: names.give(f"{each.type_name}{end}") for end in _ENDS}
        for each in resources
    }
    types = {*values.values(), *(name for each in ends.values() for name in each.values())}
    return TypeNames(
        values=values,
        inputs=inputs,
        # Type aliases come first: classes are declared with the types that they name.
        shown=sorted(written, key=lambda name: name in objects),
        given=[name for name in schemas if name in given & objects],
        resources=ends,
        children={
            (each.name, relation): names.give(f"{each.type_name}{relation.title()}")
            for each in resources
            for relation in relations_below(each)
        },
        taken=BUILTINS | _OF_ROWS | types,
    )


def _reach(given: Sequence[JSONSchema], schemas: Mapping[str, JSONSchema]) -> set[str]:
    """Return the shared schemas that some refer to, directly or indirectly."""
    found: set[str] = set()
    waiting = [name for _, name in references_in(given)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [other for _, other in references_in(schemas[name])]
    return found


def _shown_schemas(resources: Iterable[Described]) -> Sequence[JSONSchema]:
    related = [r.row for each in resources for r in each.relations.values() if r.row is not None]
    return [*(each.row for each in resources), *related]


def _given_schemas(resources: Iterable[Described]) -> Sequence[JSONSchema]:
    below = [children.create for each in resources for children in each.children.values()]
    return [s for each in resources for s in (each.create, each.update)] + below


def relations_below(resource: Described) -> Sequence[str]:
    """Return the relations whose rows are served below a row of a resource."""
    return list(dict.fromkeys([*resource.children, *resource.links]))


def name_each(names: Iterable[str], call: Callable[[str], str]) -> Mapping[str, str]:
    """Name each by a unique name; those that can keep their own come first."""
    found: dict[str, str] = {}
    for name in sorted(dict.fromkeys(names), key=lambda each: call(each) != each):
        called = call(name)
        while called in found.values():
            called += "_"
        found[name] = called
    return {name: found[name] for name in names}
