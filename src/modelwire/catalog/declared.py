"""Checks that what a resource says of fields and relations is said of those that there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Mapper

from ..compat.pydantic import decorators_of
from ..errors import ConfigurationError
from ..resource import Resource
from .computed import computed_names
from .field import Field
from .fields import can_be_written
from .kinds import Kind
from .names import did_you_mean
from .relation import Relation
from .soft import check_soft_delete


def check_declared(
    mapper: Mapper[Any],
    resource: Resource,
    fields: Sequence[Field],
    relations: Mapping[str, Relation],
) -> None:
    """Check what a resource declares.

    Args:
        mapper: The mapper of its model.
        resource: The resource.
        fields: The fields that it has.
        relations: The relations that it has, by their names.

    Raises:
        ConfigurationError: It names what there is not, or what can't be used so.
    """
    names = {f.name for f in fields}
    _check_relations(resource, fields, relations)
    _check_names(
        resource, "policy=…fields", resource.policy.fields if resource.policy else (), names
    )
    _check_names(resource, "filters", resource.filters, names)
    _check_names(resource, "hidden", resource.hidden, {*names, *computed_names(mapper, resource)})
    _check_names(resource, "shown", resource.shown, names)
    _check_names(resource, "read_only", resource.read_only, names)
    _check_writable(resource, fields)
    _check_names(resource, "nested_writes", resource.nested_writes, relations)
    _check_serializer(resource)
    _check_names(resource, "queryable", resource.queryable, [f.name for f in fields if f.readable])
    _check_version(resource, fields)
    check_soft_delete(resource, fields)
    _check_names(resource, "includes", resource.includes, relations)
    _check_names(resource, "include_by_default", resource.include_by_default, resource.includes)
    _check_names(resource, "includes_back", resource.includes_back, resource.includes)


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
    if name is None:
        return
    _check_names(resource, "version", [name], [f.name for f in fields if f.computed is None])
    if any(f.name == name and f.kind is not Kind.INTEGER for f in fields):
        raise ConfigurationError(
            f"Resource({resource.model.__name__}, version='{name}'): a version is counted up, so "
            "it should be an int."
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
                f"Resource({model}, includes=['{name}']): a field is called so on the wire as well."
            )
        if name in relations and not relations[name].simple:
            raise ConfigurationError(
                f"Resource({model}, includes=['{name}']): its join has conditions of its own, and "
                "only equal columns can be included. Write an endpoint for it."
            )


def _check_writable(resource: Resource, fields: Iterable[Field]) -> None:
    """Check the fields that a resource opens to clients."""
    start = f"Resource({resource.model.__name__}, writable=…): "
    _check_names(resource, "writable", resource.writable, [f.name for f in fields])
    for field in fields:
        if field.name not in resource.writable:
            continue
        if field.name in resource.read_only or field.name == resource.version:
            raise ConfigurationError(
                f"{start}`{field.name}` is named as read_only or version as well; name it once."
            )
        if field.computed is not None or not can_be_written(field.column):
            raise ConfigurationError(
                f"{start}`{field.name}` is computed by the database, and nobody can set it."
            )


def _check_names(
    resource: Resource, argument: str, given: Iterable[str], known: Iterable[str]
) -> None:
    known = list(known)
    for name in given:
        if name not in known:
            raise ConfigurationError(
                f"Resource({resource.model.__name__}, {argument}=…): there is no `{name}`"
                f"{did_you_mean(name, known)}; it can name: {', '.join(known) or 'nothing'}."
            )
