"""Builds the catalog from SQLModel classes, once, at start-up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column
from sqlalchemy.orm import Mapper

from ..access.caller import Caller
from ..compat.sqlalchemy import settle_keys
from ..dialect import Dialect
from ..errors import ConfigurationError
from ..resource import Resource
from ..settings import LIMITS, Limits
from .dependents import Dependent, read_dependents
from .guards import Guarded, IsBound
from .reading.computed import check_computed, check_rules
from .reading.described import check_described
from .reading.mapping import columns_named, key_names, mapper_of, table_of
from .reading.narrowing import Grants, check_links, deciding, forget_relations, narrow, unseen_in
from .reading.parameters import Parameters
from .reading.references import check_references
from .reading.shown import (
    check_shown_below,
    include_shown_relations,
    name_on_wire,
    name_relations,
)
from .reading.soft_delete import check_soft_links
from .reading.table_reader import Shared, read_table, unseen_relations
from .reading.unfit_defaults import check_defaults
from .tables import Catalog, Table
from .views import serve_view

if TYPE_CHECKING:
    from ..resource import Depends


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
    """Build the catalog of some resources.

    Args:
        resources: The resources of one application.
        limits: The limits of one request.
        prefix: The prefix of the path of each resource.
        base: The dependencies of all resources.
        is_bound: Tells which dependencies are bound to one row; by default, all may be.
        dialect: The dialect of the database; None for no particular one.
        caller: The caller of the application, if it has one.
        grants: The attributes, among those that decide about fields, that are true of the callers
            whom the catalog is for; if None, it has everything that any caller may see and set.

    Returns:
        The catalog.

    Raises:
        ConfigurationError: A resource names a model, field or relationship that can't be used.
    """
    mapped = _read_models(resources, grants)
    unseen = frozenset(c for m, r in mapped for c in columns_named(m, unseen_in(r, grants)))
    named = [(mapper, _name_relations(resource, mapper, unseen)) for mapper, resource in mapped]
    guarded = [Guarded(resource, base, key_names(mapper), is_bound) for mapper, resource in named]
    registered: dict[str, Guarded] = {}
    for (mapper, _), resource in zip(named, guarded, strict=True):
        if (name := table_of(mapper).fullname) in registered:
            raise ConfigurationError(
                f"Two resources have the same table, {name}; serve each table once."
            )
        registered[name] = resource
    shared = Shared(registered, dialect, caller, Parameters(dialect), unseen)
    tables = _read_tables([mapper for mapper, _ in named], shared)
    used = tuple(shared.parameters)
    return Catalog(
        tables={table.name: table for table in tables},
        dependents=_read_dependents(tables, [mapper for mapper, _ in named]),
        limits=limits,
        prefix=prefix,
        memory=shared.memory,
        parameters=used,
        has_hooks=any(table.resource.hooks is not None for table in tables),
        grants=frozenset(deciding(tables, used)) if grants is None else grants,
    )


def _read_models(
    resources: Sequence[Resource], grants: Grants | None
) -> Sequence[tuple[Mapper[Any], Resource]]:
    """Return the mappers of the resources' models, and the resources as some callers see them."""
    found = [(mapper_of(resource), resource) for resource in resources]
    return [(m, narrow(serve_view(resource, table_of(m)), grants)) for m, resource in found]


def _read_tables(mappers: Sequence[Mapper[Any]], shared: Shared) -> Sequence[Table]:
    settle_keys(table_of(mapper) for mapper in mappers)
    tables = [read_table(mapper, shared) for mapper in mappers]
    shared.closed.update((t.sql, t.policy) for t in tables if not t.policy.is_open)
    _check_tables(tables, shared.dialect)
    return tables


def _read_dependents(
    tables: Sequence[Table], mappers: Sequence[Mapper[Any]]
) -> Mapping[str, Sequence[Dependent]]:
    known = {m for mapper in mappers for m in mapper.registry.mappers}
    # In one order everywhere: processes that delete from tables in different orders may deadlock.
    mapped = sorted(known, key=lambda m: (m.class_.__module__, m.class_.__qualname__))
    check_soft_links(tables, mapped)
    return read_dependents(mapped, _deleted_by_row(tables))


def _check_tables(tables: Sequence[Table], dialect: Dialect | None) -> None:
    """Run the checks that need all resources."""
    _check_paths(tables)
    check_defaults(tables, dialect)
    check_links(tables)
    check_computed(tables)
    check_rules(tables)
    check_references(tables)
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
    """Return the names of the tables that the database must not delete from by itself, since hooks
    must be told or deletes are soft."""
    hooked = {t.name for t in tables if (hooks := t.resource.hooks) and hooks.serve("delete")}
    return hooked | {t.name for t in tables if t.deleted_at is not None}


def _name_relations(
    resource: Resource, mapper: Mapper[Any], unseen: frozenset[Column[Any]]
) -> Resource:
    keys = mapper.relationships.keys()
    names = name_relations(resource, keys)
    named = name_on_wire(include_shown_relations(resource, keys), names)
    return forget_relations(named, [names[p.key] for p in unseen_relations(mapper, unseen)])


def _check_paths(tables: Sequence[Table]) -> None:
    seen: dict[str, Table] = {}
    for table in tables:
        other = seen.setdefault(table.path, table)
        if other is not table:
            raise ConfigurationError(
                f"{table.model.__name__} and {other.model.__name__} are both served at "
                f"{table.path}; give one of them another path=."
            )
