"""Resources as callers see them: without the fields that they may not see or set.

There is a separate catalog for each combination of the caller's attributes that policies of fields
depend on. A field that such callers may not see is hidden in it, as by `Resource(hidden=…)`, so no
look-up in that catalog can find it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Column, False_

from ...access.caller import CallerValue
from ...access.policy import FieldPolicy, everyone, nobody
from ...access.principal import Parameter
from ...errors import ConfigurationError
from ...resource import Resource
from ..relation import Relation
from ..tables import Table

Grants = frozenset[str]
"""The names of those attributes of the caller, among the ones that decide about fields, that are
true."""


def narrow(resource: Resource, grants: Grants | None) -> Resource:
    """Return a resource as callers see it.

    Args:
        resource: The resource, as it is declared.
        grants: The grants of these callers; None for the fields that any caller may see or set.

    Returns:
        The resource without the fields that they may not see or set. Its rules for fields are
        constant, unless `grants` is None: then they are as declared.
    """
    policy = resource.policy
    if policy is None or not policy.fields:
        return resource
    rules = {
        name: (_holds(given.read, grants), _holds(given.write, grants))
        for name, given in policy.fields.items()
    }
    unseen = unseen_in(resource, grants)
    unset = [name for name, (_, writes) in rules.items() if not writes]
    fixed = {
        name: FieldPolicy(everyone if reads else nobody, everyone if writes else nobody)
        for name, (reads, writes) in rules.items()
    }
    return replace(
        resource,
        hidden=(*resource.hidden, *unseen),
        shown=_without(resource.shown, unseen),
        queryable=_without(resource.queryable, unseen),
        read_only=(*resource.read_only, *unset),
        writable=_without(resource.writable, unset),
        policy=policy if grants is None else replace(policy, fields=fixed),
    )


def unseen_in(resource: Resource, grants: Grants | None) -> Sequence[str]:
    """Return the names of the fields that a policy hides from such callers."""
    rules = {} if resource.policy is None else resource.policy.fields
    return [name for name, given in rules.items() if not _holds(given.read, grants)]


def forget_relations(resource: Resource, names: Collection[str]) -> Resource:
    """Return a resource without some relations in its arguments, as if it did not have them."""
    return replace(
        resource,
        includes=_without(resource.includes, names),
        include_by_default=_without(resource.include_by_default, names),
        includes_back=_without(resource.includes_back, names),
        nested_writes=_without(resource.nested_writes, names),
    )


def leads_by(relation: Relation, columns: Collection[Column[object]]) -> bool:
    """Whether a relation joins by one of some columns, whose values its rows would reveal."""
    joined = (*relation.local, *relation.remote, *relation.link_columns)
    return any(column in columns for column in joined)


def check_links(tables: Sequence[Table]) -> None:
    """Check that links can't be made in spite of policies for the fields of link tables.

    Raises:
        ConfigurationError: A policy restricts who may set a field that links set.
    """
    by_sql = {table.sql: table for table in tables}
    for table in tables:
        for relation in table.relations.values():
            link = None if relation.link is None else by_sql.get(relation.link)
            if link is not None:
                _check_link(table, relation, link)


def _check_link(table: Table, relation: Relation, link: Table) -> None:
    for column in relation.link_columns:
        field = link.by_column.get(column.name)
        if field is not None and link.policy.rules_of(field.name).write is not True:
            raise ConfigurationError(
                f"Resource({link.model.__name__}, policy=…fields, `{field.name}`): links of "
                f"{table.model.__name__}.{relation.key} set it as well. Restrict who may link by "
                "create= and delete= of its policy."
            )


def deciding(tables: Iterable[Table], parameters: Iterable[Parameter]) -> Mapping[str, Parameter]:
    """Return the attributes of the caller that decide about fields, by name.

    Args:
        tables: The resources, as they are declared.
        parameters: The parameters of their policies.

    Returns:
        The parameter that holds each attribute.
    """
    policies = (given for table in tables for given in table.policy.fields.values())
    rules = {rule for given in policies for rule in (given.read, given.write)}
    return {p.attribute.name: p for p in parameters if p.name in rules}


def _holds(given: object, grants: Grants | None) -> bool:
    if isinstance(given, CallerValue):
        return grants is None or given.attribute.name in grants
    return not isinstance(given, False_)


def _without(names: Iterable[str], left_out: Collection[str]) -> Sequence[str]:
    return tuple(name for name in names if name not in left_out)
