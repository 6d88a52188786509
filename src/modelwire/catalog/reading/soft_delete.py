"""Soft deletes: deleted rows remain in their table, hidden from requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NoReturn

from sqlalchemy import Index, PrimaryKeyConstraint
from sqlalchemy import Table as SQLTable
from sqlalchemy.orm import Mapper

from ...errors import ConfigurationError
from ...resource import Resource
from ...suggestions import did_you_mean
from ..field import Field
from ..kinds import Kind
from ..relations import declared_on
from ..tables import Table
from .policy_reader import assigned_names


def check_soft_delete(resource: Resource, fields: Sequence[Field]) -> None:
    """Check the field for the time of deletion, if a resource names one.

    Args:
        resource: The resource.
        fields: Its fields.

    Raises:
        ConfigurationError: The field can't be used, or is set by something else than deletes; the
            message says what to write.
    """
    name, policy = resource.soft_delete, resource.policy
    if name is None:
        if policy is not None and policy.restore is not None:
            _refuse(resource, "there is none, and policy=…restore is for soft-deleted rows")
        return
    found = {field.name: field for field in fields if field.computed is None}
    field = found.get(name)
    if field is None:
        _refuse(
            resource,
            "there is no such column"
            + (did_you_mean(name, found) or f". Declare it as {name}: datetime | None = None"),
        )
    _check_column(resource, field)
    _check_setters(resource, field)


def _check_column(resource: Resource, field: Field) -> None:
    """Check that a field's column can be NULL, and that nothing but a delete sets it."""
    if field.kind is not Kind.DATETIME or not field.nullable or field.primary_key:
        _refuse(
            resource,
            "rows that are not deleted have NULL in it, and others the time of their deletion. "
            f"Declare it as {field.key}: datetime | None = None",
        )
    column = field.column
    if any(m is not None for m in (field.default, column.server_default, column.onupdate)):
        _refuse(resource, "nothing but a delete may set it; leave its default and onupdate out")
    if column.computed is not None or column.server_onupdate is not None:
        _refuse(resource, "the database sets it itself, and nothing but a delete may")


def _check_setters(resource: Resource, field: Field) -> None:
    """Check that no request and no assigned value sets a field."""
    name = field.name
    if name in resource.writable or name in assigned_names(resource):
        _refuse(resource, "it is named as writable= or assigned as well; name it once")
    for schema in (resource.create_schema, resource.update_schema):
        if schema is not None and field.key in schema.model_fields:
            _refuse(
                resource,
                f"{schema.__name__} has it, and clients can't set it; leave it out there",
            )


def check_soft_links(tables: Iterable[Table], mappers: Iterable[Mapper[object]]) -> None:
    """Check that no links are soft-deleted: they could not be made again.

    Args:
        tables: The resources.
        mappers: All models.

    Raises:
        ConfigurationError: Some would be.
    """
    links = {
        p.secondary for mapper in mappers for p in mapper.relationships if p.secondary is not None
    }
    for table in tables:
        if table.deleted_at is not None and table.sql in links:
            _refuse(
                table.resource,
                "its rows are the links of a many-to-many relationship, which are always removed. "
                "Leave it out",
            )


def describe_kept_values(table: Table) -> str | None:
    """Describe the unique values that soft-deleted rows still occupy, and the remedy.

    Args:
        table: The resource.

    Returns:
        A sentence for the log; None if there are none.
    """
    if table.deleted_at is None:
        return None
    kept = [", ".join(names) for names in _find_kept(table.sql)]
    if not kept:
        return None
    where = f"{table.model.__name__}.{table.deleted_at.key}.is_(None)"
    return (
        f"Resource({table.model.__name__}, soft_delete=…): a deleted row keeps its unique "
        f"{' and '.join(kept)} taken. If another row may have the same then, make it unique "
        f"among rows that are not deleted: Index(…, unique=True, sqlite_where={where}, "
        f"postgresql_where={where})"
    )


def _find_kept(sql: SQLTable) -> Iterator[list[str]]:
    """Yield the names of the columns that are unique among all rows, including deleted ones."""
    for constraint in declared_on(sql):
        if isinstance(constraint, PrimaryKeyConstraint):
            continue
        if isinstance(constraint, Index):
            options = constraint.dialect_options.values()
            is_partial = any(found.get("where") is not None for found in options)
            if not constraint.unique or is_partial:
                continue
            yield [getattr(e, "name", str(e)) for e in constraint.expressions]
        elif constraint.__visit_name__ == "unique_constraint":
            yield [column.name for column in getattr(constraint, "columns", ())]


def _refuse(resource: Resource, fault: str) -> NoReturn:
    given = "" if resource.soft_delete is None else f"={resource.soft_delete!r}"
    raise ConfigurationError(
        f"Resource({resource.model.__name__}, soft_delete{given}): {fault.rstrip('.')}."
    )
