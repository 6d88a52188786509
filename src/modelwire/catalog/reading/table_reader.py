"""Reads a resource and the declarations of its model into a table of the catalog."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column
from sqlalchemy import Table as SQLTable
from sqlalchemy.orm import Mapper, RelationshipProperty

from ...access.caller import Caller
from ...dialect import Dialect
from ...errors import ConfigurationError
from ...memory import Memory
from ...resource import Resource
from ..constraints import read_constraints, read_references
from ..field import Field
from ..guards import Guarded
from ..policies import TablePolicy
from ..relation import Relation
from ..relations import read_relation
from ..tables import Schemas, Table
from .computed import read_computed
from .condition_reader import ConditionReader
from .declared import check_declared
from .fields import read_fields
from .mapping import table_of
from .masks import find_masked
from .narrowing import leads_by
from .parameters import Parameters
from .policy_reader import read_policy
from .schemas import computes, derive_schemas
from .shown import (
    check_shown,
    name_relations,
)
from .upserts import find_upsert_keys, takes_upserts
from .ways import Ways


@dataclass(frozen=True, slots=True)
class Shared:
    """State shared by the resources of an application while they are read.

    Args:
        registered: The resources with their guards, by the name of their table.
        dialect: The dialect of the database; None for no particular one.
        caller: The caller of the application, if it has one.
        parameters: The parameters of its policies.
        unseen: The columns that are hidden from the callers that the catalog is for.
        closed: The policies that are not open, by their tables; relations look up link tables
            there.
        memory: The caches of the catalog.
    """

    registered: Mapping[str, Guarded]
    dialect: Dialect | None
    caller: Caller | None
    parameters: Parameters
    unseen: frozenset[Column[Any]]
    closed: dict[SQLTable, TablePolicy] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)


def read_table(mapper: Mapper[Any], shared: Shared) -> Table:
    """Read a resource into a table of the catalog.

    Args:
        mapper: The mapper of its model.
        shared: The state shared with the other resources.

    Raises:
        ConfigurationError: It names something that does not exist or can't be used in this way.
    """
    sql = table_of(mapper)
    guarded = shared.registered[sql.fullname]
    resource = guarded.resource
    reader = ConditionReader(sql, shared.caller, shared.parameters, shared.dialect)
    fields = (
        *read_fields(mapper, sql, resource, shared.dialect),
        *read_computed(mapper, resource, reader, shared.closed, shared.dialect),
    )
    relations = {relation.name: relation for relation in _read_relations(mapper, resource, shared)}
    check_declared(mapper, resource, fields, relations)
    ways = Ways(guarded, relations, shared.registered)
    schemas = _read_schemas(mapper, resource, fields)
    masked = find_masked(schemas.read, validates=resource.read_schema is not None)
    return Table(
        resource=resource,
        guarded=guarded,
        model=resource.model,
        sql=sql,
        path="/" + (resource.path or sql.name).strip("/"),
        fields=fields,
        relations=relations,
        includes=ways.find_includes(),
        paths=ways.find_paths(),
        nested=ways.find_nested(),
        linked=ways.find_linked(),
        below=ways.find_below(),
        constraints=tuple(read_constraints(sql)),
        references=tuple(read_references([sql])),
        upsert_keys=_find_upsert_keys(resource, sql, fields, schemas, masked),
        upserts=takes_upserts(guarded),
        schemas=schemas,
        masked=masked,
        computes=resource.read_schema is None and computes(resource.model),
        policy=read_policy(resource, fields, reader, shared.parameters),
        memory=shared.memory,
    )


def _read_schemas(mapper: Mapper[Any], resource: Resource, fields: Sequence[Field]) -> Schemas:
    schemas = derive_schemas(resource, fields, mapper.relationships.keys())
    if resource.read_schema is not None:
        check_shown(resource, schemas.read, fields)
    return schemas


def _find_upsert_keys(
    resource: Resource,
    sql: SQLTable,
    fields: Sequence[Field],
    schemas: Schemas,
    masked: Collection[str],
) -> tuple[tuple[Field, ...], ...]:
    """Return the unique keys whose fields clients may compare, and set unless the server does."""
    queryable = [f for f in fields if f.key not in masked or f.name in resource.queryable]
    assigned = {f.key for f in fields if f.name in resource.assign_on_create}
    return find_upsert_keys(sql, queryable, {*schemas.create.model_fields, *assigned})


def _read_relations(mapper: Mapper[Any], resource: Resource, shared: Shared) -> Sequence[Relation]:
    names = name_relations(resource, mapper.relationships.keys())
    unseen = unseen_relations(mapper, shared.unseen)
    seen = [p for p in mapper.relationships if p not in unseen]
    relations = [read_relation(p, names[p.key], shared.closed) for p in seen]
    for name, times in Counter(names.values()).items():
        if times > 1:
            raise ConfigurationError(
                f"Resource({resource.model.__name__}): {times} relationships are called `{name}` "
                "on the wire; rename one of them."
            )
    return relations


def unseen_relations(
    mapper: Mapper[Any], unseen: frozenset[Column[Any]]
) -> Sequence[RelationshipProperty[Any]]:
    """Return the relationships that join by hidden columns, whose values their rows would
    reveal."""
    return [
        p for p in mapper.relationships if unseen and leads_by(read_relation(p, p.key, {}), unseen)
    ]
