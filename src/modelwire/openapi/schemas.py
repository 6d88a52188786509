"""The schemas of what each operation takes and answers."""

from __future__ import annotations

from collections.abc import Iterable
from types import new_class
from typing import Any

from pydantic import BaseModel, create_model

from ..catalog import Catalog, Table
from ..respond.statuses import title_of

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


def error_responses(statuses: Iterable[int]) -> dict[int | str, JSONSchema]:
    """Describe the answers of an operation that are problems."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": title_of(status), "content": content} for status in statuses}


def page_schema(table: Table, catalog: Catalog) -> Any:
    """The schema of one page of a list: by the number of rows before it, or by a cursor."""
    name, row = table.model.__name__, shown_schema(table, catalog)
    by_number = create_model(
        f"{name}Page",
        items=(list[row], ...),  # type: ignore[valid-type]
        total=(int | None, ...),
        total_is_estimate=(bool, False),
        skip=(int, ...),
        limit=(int, ...),
    )
    by_cursor = create_model(
        f"{name}KeysetPage",
        items=(list[row], ...),  # type: ignore[valid-type]
        limit=(int, ...),
        next=(str | None, ...),
        previous=(str | None, ...),
    )
    return by_number | by_cursor


def stored_schema(table: Table, catalog: Catalog) -> type[BaseModel]:
    """The schema of a row that was written: all that it shows, and its includes if asked for."""
    base = table.schemas.read
    if not table.includes:
        return base
    fields: dict[str, Any] = {}
    for name, relation in table.includes.items():
        child = catalog.target_of(relation).schemas.read
        fields[name] = (list[child] if relation.many else child | None, None)  # type: ignore[valid-type]
    return create_model(f"{table.model.__name__}ReadWithIncludes", __base__=base, **fields)


def shown_schema(table: Table, catalog: Catalog) -> type[BaseModel]:
    """The schema of a row that was read: whatever of it `fields` names."""
    base = stored_schema(table, catalog)
    config = {**base.model_config, "json_schema_extra": _require_nothing}
    members = {"model_config": config, "__module__": __name__}
    return new_class(
        f"{table.model.__name__}Row", (base,), {}, lambda namespace: namespace.update(members)
    )


def _require_nothing(schema: JSONSchema) -> None:
    schema.pop("required", None)


def bulk_schema(table: Table) -> Any:
    """The schema of the body of a bulk create."""
    name = table.path.rpartition("/")[2]
    rows: Any = list[table.schemas.create]  # type: ignore[name-defined]
    fields: dict[str, Any] = {name: (rows, ...)}
    wrapped = create_model(f"{table.model.__name__}BulkCreate", **fields)
    return wrapped | rows
