"""The parameters of each operation, every one with its type and an example."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter

from ..catalog import Catalog, Field, Kind, Table
from ..catalog.domain import MAX_INT64, MIN_INT64
from ..catalog.kinds import SORTABLE
from ..plan.operators import OPERATORS, PATTERNS, Takes, operators_of
from ..plan.query import PARAMETERS
from ..plan.read import Counting

JSONSchema = dict[str, Any]

# Of each kind: its schema, and an example.
_KINDS: Mapping[Kind, tuple[JSONSchema, Any]] = {
    Kind.INTEGER: ({"type": "integer", "minimum": MIN_INT64, "maximum": MAX_INT64}, 1),
    Kind.FLOAT: ({"type": "number"}, 1.5),
    Kind.DECIMAL: ({"type": "string", "format": "decimal"}, "9.99"),
    Kind.BOOLEAN: ({"type": "boolean"}, True),
    Kind.UUID: ({"type": "string", "format": "uuid"}, "00000000-0000-4000-8000-000000000001"),
    Kind.DATETIME: ({"type": "string", "format": "date-time"}, "2026-01-31T12:00:00Z"),
    Kind.DATE: ({"type": "string", "format": "date"}, "2026-01-31"),
    Kind.TIME: ({"type": "string", "format": "time"}, "12:00:00"),
    Kind.INTERVAL: ({"type": "string", "format": "duration"}, "PT1H30M"),
}
_TEXT: tuple[JSONSchema, Any] = ({"type": "string"}, "ann")


def key_parameters(table: Table, start: str = "") -> list[JSONSchema]:
    """Describe the components of a key in the path, whose names start with some text."""
    return [
        {"name": f"{start}{f.name}", "in": "path", "required": True, "schema": _value_schema(f)}
        for f in table.key
    ]


def list_parameters(table: Table, catalog: Catalog) -> list[JSONSchema]:
    """Describe the parameters of a list."""
    resource = table.resource
    # A generated client sends what has a default, and neither of these may stand beside `cursor`.
    skip = {"type": "integer", "minimum": 0, "maximum": MAX_INT64}
    limit = {"type": "integer", "minimum": 1, "maximum": resource.max_limit}
    limit["default"] = resource.default_limit
    cursor = "Pages by cursor: empty for the first one, then `next` or `previous` of an answer."
    counting = (
        "How `total` is found: counted, left out, or estimated where the database does so; "
        "counted by default."
    )
    choices = {"type": "string", "enum": list(Counting)}
    return [
        _query("skip", skip, "Rows before the page; 0 by default.", 0),
        _query("limit", limit, "Rows on the page, at most.", resource.default_limit),
        _query("cursor", {"type": "string"}, cursor, ""),
        _query("count", choices, counting, Counting.EXACT),
        *stream_parameters(table, catalog),
    ]


def stream_parameters(table: Table, catalog: Catalog) -> list[JSONSchema]:
    """Describe the parameters of a stream."""
    return [
        *_sort_parameter(table, catalog),
        *read_parameters(table, catalog),
        *filter_parameters(table, catalog),
    ]


def filter_parameters(table: Table, catalog: Catalog) -> list[JSONSchema]:
    """Describe the parameters that say which rows are meant."""
    return [
        *_search_parameter(table),
        *_logic_parameter(table),
        *_filters(table),
        *_relation_filters(table, catalog),
    ]


def read_parameters(table: Table, catalog: Catalog) -> list[JSONSchema]:
    """Describe the parameters of reading one row."""
    names = list(table.readable)
    fields = {"type": "array", "items": {"type": "string", "enum": names}, "uniqueItems": True}
    described = _list(_query("fields", fields, "Fields to show; all by default.", names[:2]))
    return [*([described] if names else []), *include_parameters(table, catalog)]


def include_parameters(table: Table, _catalog: Catalog) -> list[JSONSchema]:
    """Describe `include`, where the resource has any."""
    names = list(table.includes)
    if not names:
        return []
    text = f"Relations to show along, and with a dot those of their rows: {', '.join(names)}."
    schema = {"type": "array", "items": {"type": "string"}}
    return [_list(_query("include", schema, text, names[:1]))]


def atomic_parameter() -> list[JSONSchema]:
    """Describe whether the rows of a request stand or fall together."""
    text = "Whether all rows are written or none. If not, each is answered for itself, with 207."
    return [_query("atomic", {"type": "boolean", "default": True}, text, True)]


def conflict_parameter(table: Table) -> list[JSONSchema]:
    """Describe the unique keys that an upsert may go by, where there are any."""
    keys = [[field.name for field in key] for key in table.upsert_keys]
    if not table.upserts or not keys:
        return []
    names = list(dict.fromkeys(name for key in keys for name in key))
    text = "The unique key by which rows that are there already are found: "
    text += f"{' or '.join(','.join(key) for key in keys)}."
    schema = {"type": "array", "items": {"type": "string", "enum": names}, "uniqueItems": True}
    return [_list(_query("on_conflict", schema, text, keys[0]))]


def query_body(table: Table, catalog: Catalog) -> JSONSchema:
    """Describe a list's parameters as a JSON body."""
    parameters = list_parameters(table, catalog)
    scalar = {"type": ["string", "number", "boolean"]}
    schema = {
        "type": "object",
        "properties": {
            p["name"]: {**p["schema"], "description": p["description"]} for p in parameters
        },
        "additionalProperties": {"anyOf": [scalar, {"type": "array", "items": scalar}]},
    }
    content = {"application/json": {"schema": schema, "example": {"limit": 10}}}
    return {"required": True, "content": content}


def _query(name: str, schema: JSONSchema, description: str, example: Any) -> JSONSchema:
    # The docs page would send an `example` of the parameter itself unless its reader clears it.
    schema = {**schema, "examples": [example]}
    return {"name": name, "in": "query", "schema": schema, "description": description}


def _list(parameter: JSONSchema) -> JSONSchema:
    """A parameter whose values are separated by commas."""
    return {**parameter, "style": "form", "explode": False}


def _sort_parameter(table: Table, catalog: Catalog) -> Iterator[JSONSchema]:
    names = [f.name for f in table.readable.values() if f.kind in SORTABLE]
    to_one = [name for name, r in table.paths.items() if not r.many and r.link is None]
    paths = [
        f"{name}.{field.name}"
        for name in to_one
        for field in catalog.target_of(table.paths[name]).readable.values()
        if field.kind in SORTABLE
    ]
    if names:
        text = f"Fields to sort by, `-` before one for descending: {', '.join([*names, *paths])}."
        yield _query("sort", {"type": "string"}, text, f"-{names[0]}")


def _search_parameter(table: Table) -> Iterator[JSONSchema]:
    names = [f.name for f in table.readable.values() if f.kind is Kind.TEXT]
    if names:
        text = f"Words, each of which must occur in one of {', '.join(names)}, in any case."
        yield _query("q", {"type": "string"}, text, "ann smith")


def _logic_parameter(table: Table) -> Iterator[JSONSchema]:
    for name in list(table.readable)[:1]:
        text = (
            "Comparisons of which one must hold, joined by `and(…)`, `or(…)` and `not(…)`; each is "
            "`path:value` or `path__op:value`, where a path may go through relations."
        )
        yield _query("or", {"type": "string"}, text, f"(not({name}__isnull:true))")


def _filters(table: Table) -> Iterator[JSONSchema]:
    for field in table.readable.values():
        if field.name not in PARAMETERS:
            yield from _default_filter(table, field, field.name)
        for operator in operators_of(field.kind):
            yield _filter(f"{field.name}__{operator}", field, operator)


def _relation_filters(table: Table, catalog: Catalog) -> Iterator[JSONSchema]:
    """The filters through one relation; those through more have the same form."""
    for name, relation in table.paths.items():
        target = catalog.target_of(relation)
        for field in target.readable.values():
            path = f"{name}.{field.name}"
            yield from _default_filter(target, field, path)
            for operator in operators_of(field.kind):
                yield _filter(f"{path}__{operator}", field, operator)


def _default_filter(table: Table, field: Field, path: str) -> Iterable[JSONSchema]:
    default = table.resource.filters.get(field.name, "eq")
    return [_filter(path, field, default)] if default in operators_of(field.kind) else []


def _filter(name: str, field: Field, operator: str) -> JSONSchema:
    takes = OPERATORS[operator].takes
    text = f"`{name.removesuffix(f'__{operator}')}` {operator}: {takes}."
    if takes is Takes.FLAG:
        return _query(name, {"type": "boolean"}, text, False)
    schema, example = _value_schema(field), _example(field)
    if operator in PATTERNS:
        schema = {"type": "string"}
    if takes is Takes.VALUE:
        return _query(name, schema, text, example)
    bounds = {"minItems": 2, "maxItems": 2} if takes is Takes.PAIR else {"minItems": 1}
    examples = [example, example] if takes is Takes.PAIR else [example]
    return _list(_query(name, {"type": "array", "items": schema, **bounds}, text, examples))


def _value_schema(field: Field) -> JSONSchema:
    if field.kind is Kind.ENUM:
        schema = TypeAdapter(field.annotation).json_schema()
        return {"type": schema.get("type", "string"), "enum": schema.get("enum", [])}
    return _KINDS.get(field.kind, _TEXT)[0]


def _example(field: Field) -> Any:
    if field.kind is Kind.ENUM:
        return next(iter(_value_schema(field)["enum"]), "")
    return _KINDS.get(field.kind, _TEXT)[1]
