"""Catalog as OpenAPI: the parameters, the schemas and the answers of each operation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, TypeAdapter, create_model

from .catalog import Catalog, Field, Kind, Table
from .catalog.domain import MAX_INT64
from .catalog.kinds import SORTABLE
from .plan.operators import OPERATORS, Takes, operators_of
from .respond.statuses import title_of

JSONSchema = dict[str, Any]

PROBLEM: JSONSchema = {
    "title": "Problem",
    "description": "A problem document (RFC 9457).",
    "type": "object",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "A stable name for what happened."},
        "detail": {"type": "string", "description": "One sentence for a person."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON Pointer into the body."},
                    "parameter": {"type": "string", "description": "Query or path parameter."},
                    "position": {"type": "integer", "description": "Character, from 0."},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}

_KIND_SCHEMAS: Mapping[Kind, JSONSchema] = {
    Kind.INTEGER: {"type": "integer"},
    Kind.FLOAT: {"type": "number"},
    Kind.DECIMAL: {"type": "string", "format": "decimal"},
    Kind.BOOLEAN: {"type": "boolean"},
    Kind.UUID: {"type": "string", "format": "uuid"},
    Kind.DATETIME: {"type": "string", "format": "date-time"},
    Kind.DATE: {"type": "string", "format": "date"},
    Kind.TIME: {"type": "string", "format": "time"},
    Kind.INTERVAL: {"type": "string", "format": "duration"},
}


def key_parameters(table: Table) -> list[JSONSchema]:
    """Describe the components of a key in the path."""
    return [
        {"name": f.name, "in": "path", "required": True, "schema": _value_schema(f)}
        for f in table.key
    ]


def list_parameters(table: Table) -> list[JSONSchema]:
    """Describe the parameters of a list."""
    resource = table.resource
    return [
        _query("skip", {"type": "integer", "minimum": 0, "maximum": MAX_INT64, "default": 0},
               "Rows to skip."),
        _query("limit", {"type": "integer", "minimum": 1, "maximum": resource.max_limit,
                         "default": resource.default_limit}, "Rows on the page."),
        *stream_parameters(table),
    ]  # fmt: skip


def stream_parameters(table: Table) -> list[JSONSchema]:
    """Describe the parameters of a stream."""
    return [*_sort_parameter(table), *include_parameter(table), *_filter_parameters(table)]


def include_parameter(table: Table) -> list[JSONSchema]:
    """Describe `include`, where the resource has any."""
    if not table.includes:
        return []
    names = ", ".join(table.includes)
    return [_query("include", {"type": "string"}, f"Relations to show along: {names}.")]


def error_responses(statuses: Iterable[int]) -> dict[int | str, JSONSchema]:
    """Describe the answers of an operation that are problems."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": title_of(status), "content": content} for status in statuses}


def page_schema(table: Table, catalog: Catalog) -> type[BaseModel]:
    """The schema of one page of a list."""
    row = shown_schema(table, catalog)
    return create_model(
        f"{table.model.__name__}Page",
        items=(list[row], ...),  # type: ignore[valid-type]
        total=(int, ...),
        skip=(int, ...),
        limit=(int, ...),
    )


def shown_schema(table: Table, catalog: Catalog) -> type[BaseModel]:
    """The schema of a row as it is answered: its own columns, and its includes where asked for."""
    base = table.schemas.read
    if not table.includes:
        return base
    fields: dict[str, Any] = {}
    for name, relation in table.includes.items():
        child = catalog.target_of(relation).schemas.read
        fields[name] = (list[child] if relation.many else child | None, None)  # type: ignore[valid-type]
    return create_model(f"{table.model.__name__}ReadWithIncludes", __base__=base, **fields)


def bulk_schema(table: Table) -> Any:
    """The schema of the body of a bulk create."""
    name = table.path.rpartition("/")[2]
    rows: Any = list[table.schemas.create]  # type: ignore[name-defined]
    fields: dict[str, Any] = {name: (rows, ...)}
    wrapped = create_model(f"{table.model.__name__}BulkCreate", **fields)
    return wrapped | rows


def _query(name: str, schema: JSONSchema, description: str) -> JSONSchema:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def _sort_parameter(table: Table) -> Sequence[JSONSchema]:
    names = [f.name for f in table.readable.values() if f.kind in SORTABLE]
    if not names:
        return []
    description = f"Fields to sort by, `-` before one for descending: {', '.join(names)}."
    return [_query("sort", {"type": "string"}, description)]


def _filter_parameters(table: Table) -> Iterable[JSONSchema]:
    for field in table.readable.values():
        operators = operators_of(field.kind)
        default = table.resource.filters.get(field.name, "eq")
        if default in operators and field.name not in ("skip", "limit", "sort", "include"):
            yield _filter(field.name, field, default)
        for operator in operators:
            yield _filter(f"{field.name}__{operator}", field, operator)


def _filter(name: str, field: Field, operator: str) -> JSONSchema:
    takes = OPERATORS[operator].takes
    if takes is Takes.FLAG:
        schema: JSONSchema = {"type": "boolean"}
    elif takes is Takes.VALUE:
        schema = _value_schema(field)
    else:
        schema = {"type": "array", "items": _value_schema(field)}
    parameter = _query(name, schema, f"`{field.name}` {operator}: {takes}.")
    if schema["type"] == "array":
        parameter |= {"style": "form", "explode": False}
    return parameter


def _value_schema(field: Field) -> JSONSchema:
    if field.kind is Kind.ENUM:
        schema = TypeAdapter(field.annotation).json_schema()
        return {"type": schema.get("type", "string"), "enum": schema.get("enum", [])}
    return _KIND_SCHEMAS.get(field.kind, {"type": "string"})
