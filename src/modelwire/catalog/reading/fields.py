"""Reads the fields of a resource from the columns of its model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic.fields import FieldInfo
from sqlalchemy import Column
from sqlalchemy import Table as SQLTable
from sqlalchemy.orm import Mapper
from sqlmodel import SQLModel

from ...dialect import Dialect
from ...resource import Resource
from ..binary import text_form
from ..codecs import decoder_of_column, encoder_of_column
from ..defaults import value_maker
from ..field import Field
from ..kinds import Kind, is_secret, kind_of, strip_optional, type_on
from ..names import shown_name
from .annotations import complete_model, read_annotation
from .policy_reader import assigned_names
from .secrecy import names_secret


def read_fields(
    mapper: Mapper[Any], sql: SQLTable, resource: Resource, dialect: Dialect | None
) -> Iterable[Field]:
    """Read the fields of a model's columns.

    Args:
        mapper: The mapper of the model.
        sql: Its table.
        resource: The resource.
        dialect: The dialect of the database; None for no particular one.
    """
    model: type[SQLModel] = mapper.class_
    complete_model(model)
    for attribute in mapper.column_attrs:
        key, column = attribute.key, attribute.columns[0]
        info = model.model_fields.get(key)
        if info is None or not isinstance(column, Column) or column.table is not sql:
            continue
        name = shown_name(key, info)
        sql_type = type_on(column, None if dialect is None else dialect.name)
        declared = read_annotation(model, key, sql_type, nullable=bool(column.nullable))
        annotation = strip_optional(declared)
        kind = kind_of(annotation, sql_type)
        is_version = name == resource.version
        is_hidden = _is_hidden(name, key, info, annotation, resource)
        by_name = not is_hidden and _is_hidden_by_name(name, key, column, kind, resource)
        yield Field(
            name=name,
            key=key,
            column=column,
            sql_type=sql_type,
            info=info,
            declared=declared,
            annotation=annotation,
            kind=kind,
            to_column=encoder_of_column(annotation, sql_type),
            from_column=decoder_of_column(annotation, sql_type),
            text_form=text_form(model, key, annotation) if kind is Kind.BYTES else None,
            nullable=bool(column.nullable),
            primary_key=column.primary_key,
            readable=not is_hidden and not by_name,
            hidden_by_name=by_name,
            writable=_is_writable(name, column, kind, resource),
            filled=is_version or is_filled(column),
            default=value_maker(column.default) or (_first_version if is_version else None),
            computed=None,
        )


def _is_hidden(name: str, key: str, info: FieldInfo, annotation: Any, resource: Resource) -> bool:
    if name in resource.hidden:
        return True
    if resource.read_schema is not None:
        shown = resource.read_schema.model_fields.get(key)
        return shown is None or bool(shown.exclude)
    return is_secret(annotation) or (bool(info.exclude) and name not in resource.shown)


def _is_hidden_by_name(
    name: str, key: str, column: Column[Any], kind: Kind, resource: Resource
) -> bool:
    if resource.read_schema is not None or name in resource.shown:
        return False
    return names_secret(column, kind, name, key)


def _first_version() -> int:
    return 1


def _is_writable(name: str, column: Column[Any], kind: Kind, resource: Resource) -> bool:
    given = (
        *(*resource.read_only, *assigned_names(resource)),
        *(resource.version, resource.soft_delete),
    )
    if not can_be_written(column) or name in given:
        return False
    return name in resource.writable or not _makes_itself(column, kind)


def can_be_written(column: Column[Any]) -> bool:
    """Whether a column can be set at all: the database computes some itself."""
    is_always = column.identity is not None and column.identity.always
    return column.computed is None and not is_always


def _makes_itself(column: Column[Any], kind: Kind) -> bool:
    """Whether the server sets a column: keys, columns set on update, and times."""
    if column.server_onupdate is not None or column.identity is not None:
        return True
    if column.primary_key:
        return is_filled(column)
    return column.server_default is not None and kind in _BY_THE_CLOCK


_BY_THE_CLOCK = frozenset({Kind.DATETIME, Kind.DATE, Kind.TIME})


def is_filled(column: Column[Any]) -> bool:
    """Whether a new row without a value gets one from its column or the database."""
    makers = (column.default, column.server_default, column.computed, column.identity)
    return column.table.autoincrement_column is column or any(m is not None for m in makers)
