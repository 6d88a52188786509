"""Representation of a resource, as a model for the application's own endpoints."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar, get_args

import msgspec
from fastapi import FastAPI
from pydantic import BaseModel, GetJsonSchemaHandler, TypeAdapter
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema
from sqlalchemy import inspect
from sqlmodel import SQLModel

from ..catalog.field import Field
from ..catalog.kinds import has_offset, moment_in_utc, time_in_utc
from ..catalog.tables import Table
from ..compat.fastapi import place_routes
from ..encode.encoder import encoder_of
from ..errors import ConfigurationError
from ..memory import kept
from ..statement.types import spell_decimal
from .own_access import SCOPE, OwnAccess, find_shown


@cache
def shown(model: type[SQLModel]) -> type[object]:
    """Return a response model with the representation of a row: `response_model=shown(Invoice)`.

    A row looks as in the generated routes for the same caller, without includes; fields that they
    hide stay hidden. Where the endpoint does not resolve its caller, by `CallerSessionDep` or
    `row_of`, it shows only fields that every caller may see. The resource is looked up in the
    application that responds, so this may be called before `mount`.

    Args:
        model: The model, which is a resource of the application.

    Raises:
        ConfigurationError: The model has no table.
    """
    if inspect(model, raiseerr=False) is None:
        raise ConfigurationError(
            f"shown({getattr(model, '__name__', model)}): give it a model with a table."
        )
    return type(f"Shown{model.__name__}", (_Shown,), {"__module__": __name__, "shown_model": model})


class _Shown:
    """Representation of a row."""

    shown_model: ClassVar[Any] = None

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            lambda value: value,
            serialization=core_schema.plain_serializer_function_ser_schema(cls._show),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        table = _find_table(cls.shown_model)
        core = TypeAdapter(table.schemas.read).core_schema
        schema = handler.resolve_ref_schema(handler(core))
        hidden = {n for n, rules in table.policy.fields.items() if rules.read is not True}
        required = [name for name in schema.get("required", ()) if name not in hidden]
        return {**schema, "required": required}

    @classmethod
    def _show(cls, value: Any) -> Any:
        table = _find_table(cls.shown_model)
        if isinstance(value, table.model):
            row = [_value_of(value, field) for field in table.selected]
            return msgspec.json.decode(encoder_of(table).encode_one(row))
        read = table.schemas.read
        given = value if isinstance(value, (Mapping, read)) else vars(value)
        if isinstance(given, Mapping):
            known = _fields_by_name(table)
            given = {n: _spell(v, known[n]) if n in known else v for n, v in given.items()}
        return read.model_validate(given).model_dump(mode="json", by_alias=True)


@kept
def _fields_by_name(table: Table) -> Mapping[str, Field]:
    return {name: field for field in table.selected for name in (field.key, field.name)}


def _value_of(row: Any, field: Field) -> Any:
    """Return the value of an object's field, as the generated routes read it from its column.

    Raises:
        ConfigurationError: Only the generated routes compute the field.
    """
    if field.computed is not None and not hasattr(type(row), field.key):
        name = type(row).__name__
        raise ConfigurationError(
            f"shown({name}): its resource computes `{field.key}`, which objects of {name} don't "
            f"have. Return a mapping that has it, or make it a column_property of {name}."
        )
    return _spell(getattr(row, field.key), field)


def _spell(value: Any, field: Field) -> Any:
    """Return a value as its column stores it: SQLAlchemy loses offsets and digits on SQLite."""
    match value:
        case Decimal():
            return spell_decimal(value, field.column.type)
        case dt.datetime() if has_offset(field.column.type):
            return moment_in_utc(value)
        case dt.time() if has_offset(field.column.type):
            return time_in_utc(value)
    return value


def _find_table(model: type[SQLModel]) -> Table:
    """Find the resource of a model, as it may be seen in the current response.

    Raises:
        ConfigurationError: The current application has no resource of this model.
    """
    scope = SCOPE.get()
    table = None if scope is None else find_shown(model, scope)
    if table is None:
        raise _refuse(model)
    return table


def _refuse(model: type[SQLModel]) -> ConfigurationError:
    return ConfigurationError(
        f"shown({model.__name__}): it is no resource of the application that answers. "
        f"Call mount(app, database, Resource({model.__name__}), …)."
    )


def check_shown(app: FastAPI, own_access: OwnAccess) -> None:
    """Check that what an application's own endpoints show are resources of it.

    Args:
        app: The application.
        own_access: The access to its resources.

    Raises:
        ConfigurationError: One of them is none, or is mounted more than once and shown differently.
    """
    for placed in place_routes(app.router.routes):
        for model in _models_shown_in(getattr(placed.route, "response_model", None), set()):
            if own_access.find_table(model, documented=False) is None:
                raise _refuse(model)


def _models_shown_in(annotation: Any, seen: set[object]) -> Iterator[type[SQLModel]]:
    """Yield the models whose representations are part of a response model, at any depth."""
    if isinstance(annotation, type) and annotation not in seen:
        seen.add(annotation)
        if issubclass(annotation, _Shown):
            yield annotation.shown_model
        elif issubclass(annotation, BaseModel):
            for field in annotation.model_fields.values():
                yield from _models_shown_in(field.annotation, seen)
    for part in get_args(annotation):
        yield from _models_shown_in(part, seen)
