"""Checks that resources name existing fields and relations, and use them correctly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Mapper

from ...compat.pydantic import decorators_of
from ...errors import ConfigurationError
from ...resource import Resource
from ...suggestions import did_you_mean
from ..field import Field
from ..kinds import Kind
from ..relation import Relation
from .computed import computed_names
from .fields import can_be_written
from .soft_delete import check_soft_delete


def check_declared(
    mapper: Mapper[Any],
    resource: Resource,
    fields: Sequence[Field],
    relations: Mapping[str, Relation],
) -> None:
    """Check the declaration of a resource.

    Args:
        mapper: The mapper of its model.
        resource: The resource.
        fields: Its fields.
        relations: Its relations, by name.

    Raises:
        ConfigurationError: It names something that does not exist or can't be used in this way.
    """
    for argument, given, known in _list_named(mapper, resource, fields, relations):
        _check_names(resource, argument, given, known)
    _check_relations(resource, fields, relations)
    _check_writable(resource, fields)
    _check_serializer(resource)
    _check_version(resource, fields)
    check_soft_delete(resource, fields)


def _list_named(
    mapper: Mapper[Any],
    resource: Resource,
    fields: Sequence[Field],
    relations: Mapping[str, Relation],
) -> Iterator[tuple[str, Iterable[str], Iterable[str]]]:
    """Yield each argument that has names, with its names and the names that it may have."""
    names = [f.name for f in fields]
    yield "policy=…fields", resource.policy.fields if resource.policy else (), names
    yield "filters", resource.filters, names
    yield "hidden", resource.hidden, [*names, *computed_names(mapper, resource)]
    yield "shown", resource.shown, names
    yield "read_only", resource.read_only, names
    yield "writable", resource.writable, names
    yield "nested_writes", resource.nested_writes, relations
    yield "queryable", resource.queryable, [f.name for f in fields if f.readable]
    version = () if resource.version is None else (resource.version,)
    yield "version", version, [f.name for f in fields if f.computed is None]
    yield "includes", resource.includes, relations
    yield "include_by_default", resource.include_by_default, resource.includes
    yield "includes_back", resource.includes_back, resource.includes


def _check_serializer(resource: Resource) -> None:
    decorators = decorators_of(resource.model)
    if resource.read_schema is None and decorators.model_serializers:
        (name, *_) = decorators.model_serializers
        raise ConfigurationError(
            f"Resource({resource.model.__name__}): its model_serializer `{name}` is for whole "
            "rows, and would not run where some of their fields are shown. Give a read_schema=, "
            "or write a field_serializer for each field."
        )


def _check_version(resource: Resource, fields: Sequence[Field]) -> None:
    name = resource.version
    if any(f.name == name and f.kind is not Kind.INTEGER for f in fields):
        raise ConfigurationError(
            f"Resource({resource.model.__name__}, version='{name}'): a version is incremented, "
            "so it should be an int."
        )


def _check_relations(
    resource: Resource, fields: Sequence[Field], relations: Mapping[str, Relation]
) -> None:
    model = resource.model.__name__
    for name in resource.includes_back:
        if name in relations and relations[name].many:
            raise ConfigurationError(
                f"Resource({model}, includes_back=['{name}']): it leads to many rows, and so never "
                "straight back to one; leave it out."
            )
    for name in resource.includes:
        if any(field.name == name for field in fields):
            raise ConfigurationError(
                f"Resource({model}, includes=['{name}']): a field has the same name on the wire."
            )
        if name in relations and not relations[name].simple:
            raise ConfigurationError(
                f"Resource({model}, includes=['{name}']): its join has further conditions, but "
                "only joins of equal columns can be included. Write an endpoint for it."
            )


def _check_writable(resource: Resource, fields: Iterable[Field]) -> None:
    """Check the fields that a resource makes writable."""
    start = f"Resource({resource.model.__name__}, writable=…): "
    for field in fields:
        if field.name not in resource.writable:
            continue
        if field.name in resource.read_only or field.name == resource.version:
            raise ConfigurationError(
                f"{start}`{field.name}` is named as read_only or version as well; name it once."
            )
        if field.computed is not None or not can_be_written(field.column):
            raise ConfigurationError(
                f"{start}`{field.name}` is computed by the database, and can't be set."
            )


def _check_names(
    resource: Resource, argument: str, given: Iterable[str], known: Iterable[str]
) -> None:
    known = list(dict.fromkeys(known))
    for name in given:
        if name not in known:
            raise ConfigurationError(
                f"Resource({resource.model.__name__}, {argument}=…): there is no `{name}`"
                f"{did_you_mean(name, known)}; it can name: {', '.join(known) or 'nothing'}."
            )
