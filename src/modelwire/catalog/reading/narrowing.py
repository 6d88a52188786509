"""What a caller may not see or set of single fields, taken out of the resources that it is shown.

For each combination of the attributes that policies of fields ask for there is a catalog of its
own. In that of a caller who may not see a field it is hidden, as `Resource(hidden=…)` hides it, so
nothing that looks names up in a catalog can find it.
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
"""The names of the caller's attributes that are true, among those that decide about fields."""


def narrow(resource: Resource, grants: Grants | None) -> Resource:
    """A resource as callers see it.

    Args:
        resource: The resource, as it is declared.
        grants: What such callers are; whatever lets them see and set most, if None.

    Returns:
        The resource without what they may not see or set. What its policy says of fields is the
        same for all of them, unless `grants` is None: then it is as it was declared.
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
    """The names of the fields that a policy hides from such callers."""
    rules = {} if resource.policy is None else resource.policy.fields
    return [name for name, given in rules.items() if not _holds(given.read, grants)]


def forget_relations(resource: Resource, names: Collection[str]) -> Resource:
    """A resource whose arguments don't name some relations of it, as if it did not have them."""
    return replace(
        resource,
        includes=_without(resource.includes, names),
        include_by_default=_without(resource.include_by_default, names),
        includes_back=_without(resource.includes_back, names),
        nested_writes=_without(resource.nested_writes, names),
    )


def leads_by(relation: Relation, columns: Collection[Column[object]]) -> bool:
    """Whether rows are joined by one of some columns, so that who sees the rows knows its value."""
    joined = (*relation.local, *relation.remote, *relation.link_columns)
    return any(column in columns for column in joined)


def check_links(tables: Sequence[Table]) -> None:
    """Check that no links can be made past what policies say of the fields of link tables.

    Raises:
        ConfigurationError: One says who may set a field that links set.
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
                f"{table.model.__name__}.{relation.key} set it as well. Say who may link by the "
                "policies create= and delete= of the resource."
            )


def deciding(tables: Iterable[Table], parameters: Iterable[Parameter]) -> Mapping[str, Parameter]:
    """The attributes of the caller that decide about fields, by their names.

    Args:
        tables: The resources, as they are declared.
        parameters: What their policies compare with.

    Returns:
        A parameter that holds the attribute, of each.
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
