"""SQLAlchemy mappers of models, and checks of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Column, inspect
from sqlalchemy import Table as SQLTable
from sqlalchemy.exc import NoInspectionAvailable, SQLAlchemyError
from sqlalchemy.orm import Mapper
from sqlmodel import SQLModel

from ...errors import ConfigurationError
from ...resource import Resource
from ..names import is_own_table, shown_name

_WRITTEN_AS_TEXT = re.compile(
    r"""Mapper\[(\w+).*?expression\W+(?:relationship\W+)?(\w+(?:\[.*?\]| \|[\w |]+))"""
)
"""SQLAlchemy's error for the annotation of a relationship that is more than the name of a class."""


def mapper_of(resource: Resource) -> Mapper[Any]:
    model = resource.model
    try:
        mapper: Mapper[Any] = inspect(model)
        check_mapping(mapper)
    except NoInspectionAvailable as exc:
        raise ConfigurationError(_why_unmapped(model)) from exc
    return mapper


def _why_unmapped(model: type[SQLModel]) -> str:
    name = getattr(model, "__name__", repr(model))
    for base in getattr(model, "__mro__", ())[1:]:
        if inspect(base, raiseerr=False) is not None:
            return (
                f"Resource({name}): SQLModel makes no table of a class that derives from a table, "
                f"{base.__name__}. Derive both from a class without a table, or declare "
                f"{name}'s fields in {base.__name__}."
            )
    return f"Resource({name}): not a table. Declare it as class {name}(SQLModel, table=True)."


def check_mapping(mapper: Mapper[Any]) -> None:
    """Check that all classes and tables that a model refers to exist.

    Raises:
        ConfigurationError: One does not.
    """
    try:
        mapper.registry.configure(cascade=True)
        for foreign_key in mapper.local_table.foreign_keys:
            _ = foreign_key.column
    except SQLAlchemyError as exc:
        fault = str(exc).splitlines()[0]
        written = _WRITTEN_AS_TEXT.search(fault)
        if written is not None:
            raise ConfigurationError(
                f"{written[1]} can't be mapped: the annotation `{written[2]}` of a relationship "
                "is a text, which SQLModel can't read. Remove `from __future__ import annotations` "
                "from its module, and put only names of later classes into quotes, as in "
                'list["Hero"].'
            ) from exc
        raise ConfigurationError(f"{mapper.class_.__name__} can't be mapped: {fault}") from exc


def table_of(mapper: Mapper[Any]) -> SQLTable:
    table = mapper.local_table
    if not isinstance(table, SQLTable):
        raise ConfigurationError(f"{mapper.class_.__name__} is not mapped to a table.")
    if is_own_table(table.name):
        raise ConfigurationError(
            f"{mapper.class_.__name__}: names that begin with modelwire_ are those of modelwire's "
            f"own tables, whose rows nobody may see. Don't serve {table.name}; rename it if it is "
            "yours."
        )
    return table


def columns_named(mapper: Mapper[Any], names: Collection[str]) -> Iterable[Column[Any]]:
    """Yield the columns of the fields with some names."""
    for attribute in mapper.column_attrs if names else ():
        info, column = mapper.class_.model_fields.get(attribute.key), attribute.columns[0]
        is_named = info is not None and shown_name(attribute.key, info) in names
        if is_named and isinstance(column, Column):
            yield column


def key_names(mapper: Mapper[Any]) -> Sequence[str]:
    """Return the names of a key's components on the wire."""
    keys = [mapper.get_property_by_column(column).key for column in mapper.primary_key]
    infos = mapper.class_.model_fields
    return [shown_name(key, infos[key]) for key in keys if key in infos]
