"""The schemas of what each operation takes and answers."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from functools import lru_cache, reduce
from types import new_class
from typing import Annotated, Any

from pydantic import BaseModel, WithJsonSchema, create_model

from ..catalog import Catalog, Relation, Table
from ..catalog.schemas import loosen_schema
from ..errors import MAX_ERRORS
from ..plan.create import tie_fields
from ..respond.statuses import title_of

JSONSchema = dict[str, Any]

_SCHEMAS = 256
"""Schemas of one kind that are kept: several routes of a resource have the same."""

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
            "maxItems": MAX_ERRORS,
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
        "more_errors": {
            "type": "integer",
            "minimum": 1,
            "description": "How many more errors there are than are listed.",
        },
    },
}


def error_responses(statuses: Iterable[int]) -> dict[int | str, JSONSchema]:
    """Describe the answers of an operation that are problems."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": title_of(status), "content": content} for status in statuses}


@lru_cache(_SCHEMAS)
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


@lru_cache(_SCHEMAS)
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


@lru_cache(_SCHEMAS)
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


@lru_cache(_SCHEMAS)
def create_schema(table: Table, catalog: Catalog) -> type[BaseModel]:
    """The schema of a row to create, with what may be created or linked with it."""
    return _with_relations(table.schemas.create, table, catalog)


def child_schema(table: Table, relation: Relation | None, catalog: Catalog) -> type[BaseModel]:
    """The schema of a row to create below another one, which need not be named in it."""
    if relation is None:
        return create_schema(table, catalog)
    target = catalog.target_of(relation)
    tied = frozenset(f.key for f in tie_fields(relation, target, {}))
    return _with_relations(loosen_schema(target.schemas.create, tied), target, catalog)


@lru_cache(_SCHEMAS)
def update_schema(table: Table, catalog: Catalog) -> type[BaseModel]:
    """The schema of a change, with the links that may be set by it."""
    links: dict[str, Any] = {
        name: (list[_key_type(catalog.target_of(relation))], None)  # type: ignore[misc]
        for name, relation in table.linked.items()
    }
    base = table.schemas.update
    return create_model(f"{base.__name__}WithLinks", __base__=base, **links) if links else base


def bulk_schema(table: Table, catalog: Catalog) -> Any:
    """The schema of the body of a bulk create."""
    return _wrap(table, create_schema(table, catalog), "BulkCreate")


def bulk_update_schema(table: Table, catalog: Catalog) -> Any:
    """The schema of the body of a bulk update: changes that hold the keys of their rows."""
    base = update_schema(table, catalog)
    key: dict[str, Any] = {f.key: (f.annotation, ...) for f in table.key}
    row = create_model(f"{table.model.__name__}BulkPatch", __base__=base, **key)
    return _wrap(table, row, "BulkUpdate")


@lru_cache(_SCHEMAS)
def each_schema(table: Table, row: type[BaseModel] | None) -> type[BaseModel]:
    """The schema of the answer to rows that are written each for itself.

    Args:
        table: The resource.
        row: The schema of a row that was written; None where it is gone.
    """
    name = table.model.__name__ + ("Outcome" if row else "Removal")
    shown: dict[str, Any] = {"item": (row, None)} if row else {}
    outcome = create_model(name, status=(int, ...), **shown, problem=(_Problem, None))
    return create_model(f"{name}s", items=(list[outcome], ...))  # type: ignore[valid-type]


_Problem = Annotated[
    dict[str, Any], WithJsonSchema({"allOf": [{"$ref": "#/components/schemas/Problem"}]})
]


def keys_schema(table: Table) -> Any:
    """The schema of the body of a bulk delete: keys."""
    return _wrap(table, _key_type(table), "BulkDelete")


def _wrap(table: Table, row: Any, suffix: str) -> Any:
    """Rows in an array, or in an object under the last segment of the path."""
    name = table.path.rpartition("/")[2]
    fields: dict[str, Any] = {name: (list[row], ...)}
    return create_model(f"{table.model.__name__}{suffix}", **fields) | list[row]


def _key_type(table: Table) -> Any:
    """The type of a key in a body; a composite one is a text."""
    return table.key[0].annotation if len(table.key) == 1 else str


def _with_relations(
    base: type[BaseModel], table: Table, catalog: Catalog, above: frozenset[Relation] = frozenset()
) -> type[BaseModel]:
    """A schema of new rows with the relations that may stand in it, down to one that is above."""
    fields: dict[str, Any] = {}
    for name, relation in {**table.linked, **table.nested}.items():
        target = catalog.target_of(relation)
        types: list[Any] = [_key_type(target)] if name in table.linked else []
        if name in table.nested and relation not in above:
            tied = frozenset(f.key for f in tie_fields(relation, target, {}))
            row = loosen_schema(target.schemas.create, tied)
            types.append(_with_relations(row, target, catalog, above | {relation}))
        if types:
            item: Any = reduce(operator.or_, types)
            fields[name] = (list[item] if relation.many else item | None, None)
    if not fields:
        return base
    return create_model(f"{base.__name__}WithRelations", __base__=base, **fields)
