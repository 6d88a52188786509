"""Reads SQLModel classes into a catalog, once, at start-up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Column, inspect
from sqlalchemy import Table as SQLTable
from sqlalchemy.exc import NoInspectionAvailable, SQLAlchemyError
from sqlalchemy.orm import Mapper, RelationshipProperty

from ..access.caller import Caller
from ..compat.sqlalchemy import settle_keys
from ..dialect import Dialect
from ..errors import ConfigurationError
from ..memory import Memory
from ..resource import Resource
from ..settings import LIMITS, Limits
from .computed import check_computed, read_computed
from .condition_reader import ConditionReader
from .constraints import read_constraints, read_references
from .declared import check_declared
from .dependents import read_dependents
from .described import check_described
from .field import Field
from .fields import read_fields
from .guards import Guarded, IsBound
from .masks import find_masked
from .names import shown_name
from .narrowing import Grants, check_links, deciding, forget_relations, leads_by, narrow, unseen_in
from .parameters import Parameters
from .policies import TablePolicy
from .policy_reader import read_policy
from .relation import Relation
from .relations import read_relation
from .schemas import computes, derive_schemas
from .shown import (
    check_shown,
    check_shown_below,
    include_shown_relations,
    name_on_wire,
    name_relations,
)
from .soft import check_soft_links
from .tables import Catalog, Table
from .unfit import check_defaults
from .upserts import find_upsert_keys, takes_upserts
from .views import serve_view
from .ways import Ways

if TYPE_CHECKING:
    from ..resource import Depends


class _Policies(NamedTuple):
    """What the policies of all resources share.

    Args:
        caller: The caller of the application, if it has one.
        parameters: What is used of it.
        dialect: The dialect of the database; of none, if None.
        closed: Those that are not open, by their tables; relations look there for links.
        unseen: The columns that they hide from the callers that the catalog is for.
    """

    caller: Caller | None
    parameters: Parameters
    dialect: Dialect | None
    closed: Mapping[SQLTable, TablePolicy]
    unseen: frozenset[Column[Any]]


def read_catalog(
    resources: Sequence[Resource],
    limits: Limits = LIMITS,
    prefix: str = "",
    base: Sequence[Depends] = (),
    is_bound: IsBound = lambda *_: True,
    dialect: Dialect | None = None,
    caller: Caller | None = None,
    grants: Grants | None = None,
) -> Catalog:
    """Read what the resources' models declare.

    Args:
        resources: The resources of one application.
        limits: How much one request may ask for.
        prefix: What stands before the path of each resource.
        base: The dependencies of all of them.
        is_bound: Tells which dependencies are bound to one row; by default all might be.
        dialect: The dialect of the database that it is for; of none, if None.
        caller: The caller of the application, if it has one.
        grants: The attributes that are true of the callers that it is for, of those that decide
            about fields; it has all that any caller may see and set, if None.

    Returns:
        The catalog.

    Raises:
        ConfigurationError: A resource names a model, field or relationship that can't be used.
    """
    found = [(_mapper_of(resource), resource) for resource in resources]
    read = [(m, narrow(serve_view(resource, _table_of(m)), grants)) for m, resource in found]
    unseen = frozenset(
        column for mapper, r in read for column in _columns_of(mapper, unseen_in(r, grants))
    )
    mappers = [(mapper, _name_relations(resource, mapper, unseen)) for mapper, resource in read]
    registered = {
        _table_of(mapper).fullname: Guarded(resource, base, _read_key(mapper), is_bound)
        for mapper, resource in mappers
    }
    if len(registered) < len(resources):
        raise ConfigurationError("Two resources have the same table; serve each table once.")
    settle_keys(_table_of(mapper) for mapper, _ in mappers)
    memory = Memory()
    closed: dict[SQLTable, TablePolicy] = {}
    policies = _Policies(caller, parameters := Parameters(dialect), dialect, closed, unseen)
    tables = [_read_table(mapper, registered, dialect, memory, policies) for mapper, _ in mappers]
    closed.update((t.sql, t.policy) for t in tables if not t.policy.is_open)
    _check_tables(tables, dialect)
    mapped = {m for mapper, _ in mappers for m in mapper.registry.mappers}
    named = {table.name: table for table in tables}
    used = tuple(parameters)
    check_soft_links(tables, mapped)
    dependents = read_dependents(mapped, _deleted_by_row(tables))
    has_hooks = any(table.resource.hooks is not None for table in tables)
    granted = frozenset(deciding(tables, used)) if grants is None else grants
    return Catalog(named, dependents, limits, prefix, memory, used, has_hooks, granted)


def _check_tables(tables: Sequence[Table], dialect: Dialect | None) -> None:
    """Check what can be told only when all resources are read."""
    _check_paths(tables)
    check_defaults(tables, dialect)
    check_links(tables)
    check_computed(tables)
    for table in tables:
        check_described(table)
    for table in tables:
        _check_shown_relations(table, tables)


def _check_shown_relations(table: Table, tables: Sequence[Table]) -> None:
    for relation in table.relations.values():
        schema = table.schemas.related.get(relation.key)
        if schema is not None:
            target = next(t for t in tables if t.name == relation.target)
            check_shown_below(table.resource, relation.name, schema, target)


def _deleted_by_row(tables: Sequence[Table]) -> set[str]:
    """The names of the tables whose rows the database alone may not delete: hooks are told, or
    they are marked only."""
    hooked = {t.name for t in tables if (hooks := t.resource.hooks) and hooks.serve("delete")}
    return hooked | {t.name for t in tables if t.deleted_at is not None}


def _columns_of(mapper: Mapper[Any], names: Collection[str]) -> Iterable[Column[Any]]:
    """The columns of the fields with some names."""
    for attribute in mapper.column_attrs if names else ():
        info, column = mapper.class_.model_fields.get(attribute.key), attribute.columns[0]
        is_named = info is not None and shown_name(attribute.key, info) in names
        if is_named and isinstance(column, Column):
            yield column


def _name_relations(
    resource: Resource, mapper: Mapper[Any], unseen: frozenset[Column[Any]]
) -> Resource:
    keys = mapper.relationships.keys()
    names = name_relations(resource, keys)
    named = name_on_wire(include_shown_relations(resource, keys), names)
    return forget_relations(named, [names[p.key] for p in _unseen_relations(mapper, unseen)])


def _unseen_relations(
    mapper: Mapper[Any], unseen: frozenset[Column[Any]]
) -> Sequence[RelationshipProperty[Any]]:
    """The relationships that lead by hidden columns, whose values their rows would tell."""
    return [
        p for p in mapper.relationships if unseen and leads_by(read_relation(p, p.key, {}), unseen)
    ]


def _mapper_of(resource: Resource) -> Mapper[Any]:
    model = resource.model
    try:
        mapper: Mapper[Any] = inspect(model)
        check_mapping(mapper)
    except NoInspectionAvailable as exc:
        name = getattr(model, "__name__", repr(model))
        raise ConfigurationError(
            f"Resource({name}): not a table. Declare it as class {name}(SQLModel, table=True)."
        ) from exc
    return mapper


def check_mapping(mapper: Mapper[Any]) -> None:
    """Check that the classes and tables that a model names are there.

    Raises:
        ConfigurationError: One is not.
    """
    try:
        mapper.registry.configure(cascade=True)
        for foreign_key in mapper.local_table.foreign_keys:
            _ = foreign_key.column
    except SQLAlchemyError as exc:
        fault = str(exc).splitlines()[0]
        raise ConfigurationError(f"{mapper.class_.__name__} can't be mapped: {fault}") from exc


def _table_of(mapper: Mapper[Any]) -> SQLTable:
    table = mapper.local_table
    if not isinstance(table, SQLTable):
        raise ConfigurationError(f"{mapper.class_.__name__} is not mapped to a table.")
    return table


def _read_table(
    mapper: Mapper[Any],
    registered: Mapping[str, Guarded],
    dialect: Dialect | None,
    memory: Memory,
    policies: _Policies,
) -> Table:
    sql = _table_of(mapper)
    guarded = registered[sql.fullname]
    resource = guarded.resource
    reader = ConditionReader(sql, policies.caller, policies.parameters, dialect)
    fields = (
        *read_fields(mapper, sql, resource, dialect),
        *read_computed(mapper, resource, reader, policies.closed, dialect),
    )
    read = _read_relations(mapper, resource, policies)
    relations = {relation.name: relation for relation in read}
    check_declared(mapper, resource, fields, relations)
    ways = Ways(guarded, relations, registered)
    schemas = derive_schemas(resource, fields, mapper.relationships.keys())
    if resource.read_schema is not None:
        check_shown(resource, schemas.read, fields)
    masked = find_masked(schemas.read, validates=resource.read_schema is not None)
    queryable = [f for f in fields if f.key not in masked or f.name in resource.queryable]
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
        upsert_keys=find_upsert_keys(
            sql, queryable, {*schemas.create.model_fields, *_assigned_keys(resource, fields)}
        ),
        upserts=takes_upserts(guarded),
        schemas=schemas,
        masked=masked,
        computes=resource.read_schema is None and computes(resource.model),
        policy=read_policy(
            resource, sql, fields, policies.caller, policies.parameters, policies.dialect
        ),
        memory=memory,
    )


def _assigned_keys(resource: Resource, fields: Sequence[Field]) -> set[str]:
    """The names in Python of the fields that the server sets in new rows."""
    return {field.key for field in fields if field.name in resource.assign_on_create}


def _read_relations(
    mapper: Mapper[Any], resource: Resource, policies: _Policies
) -> Sequence[Relation]:
    names = name_relations(resource, mapper.relationships.keys())
    unseen = _unseen_relations(mapper, policies.unseen)
    seen = [p for p in mapper.relationships if p not in unseen]
    relations = [read_relation(p, names[p.key], policies.closed) for p in seen]
    for name, times in Counter(names.values()).items():
        if times > 1:
            raise ConfigurationError(
                f"Resource({resource.model.__name__}): {times} relationships are called `{name}` "
                "on the wire; rename one of them."
            )
    return relations


def _read_key(mapper: Mapper[Any]) -> Sequence[str]:
    """The names of a key's components on the wire."""
    keys = [mapper.get_property_by_column(column).key for column in mapper.primary_key]
    infos = mapper.class_.model_fields
    return [shown_name(key, infos[key]) for key in keys if key in infos]


def _check_paths(tables: Sequence[Table]) -> None:
    seen: dict[str, Table] = {}
    for table in tables:
        other = seen.setdefault(table.path, table)
        if other is not table:
            raise ConfigurationError(
                f"{table.model.__name__} and {other.model.__name__} are both served at "
                f"{table.path}; give one of them another path=."
            )
