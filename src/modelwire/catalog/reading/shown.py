"""The user's read schemas: their fields for relations, and checks that they can show rows."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from enum import Enum
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from pydantic import Field as PydanticField
from pydantic_core import ErrorDetails
from sqlmodel import SQLModel

from ...compat.pydantic import change_core_schema, is_bound, validate_into
from ...errors import ConfigurationError
from ...resource import Resource
from ..field import Field
from ..kinds import Kind, bare_class, storage_type
from ..names import names_shown
from ..tables import Table


def name_relations(resource: Resource, relations: Iterable[str]) -> Mapping[str, str]:
    """Return the names of a resource's relationships on the wire, by those in Python.

    They are the names in answers, made in the same way as those of fields.

    Args:
        resource: The resource.
        relations: The names of its model's relationships in Python.
    """
    schema = resource.read_schema
    config = (schema or resource.model).model_config
    config = ConfigDict(alias_generator=config.get("alias_generator"))
    open_ended: dict[str, Any] = dict.fromkeys(relations, (Any, None))
    named = names_shown(create_model("Relations", __config__=config, **open_ended))
    own = names_shown(schema) if schema is not None else {}
    return {key: own.get(key, name) for key, name in named.items()}


def name_on_wire(resource: Resource, names: Mapping[str, str]) -> Resource:
    """Return a resource whose arguments name relationships by their names on the wire.

    Args:
        resource: The resource, whose arguments may use the names in Python.
        names: The names on the wire, by those in Python.
    """

    def translate(given: Iterable[str]) -> Sequence[str]:
        return tuple(dict.fromkeys(names.get(name, name) for name in given))

    return replace(
        resource,
        includes=translate(resource.includes),
        include_by_default=translate(resource.include_by_default),
        includes_back=translate(resource.includes_back),
        nested_writes=translate(resource.nested_writes),
    )


def include_shown_relations(resource: Resource, relations: Iterable[str]) -> Resource:
    """Return a resource that includes the relations that its read schema has as fields.

    Args:
        resource: The resource.
        relations: The names of its model's relationships.
    """
    schema = resource.read_schema
    if schema is None:
        return resource
    found = [name for name in relations if name in schema.model_fields]
    return replace(
        resource,
        includes=tuple(dict.fromkeys((*resource.includes, *found))),
        include_by_default=tuple(dict.fromkeys((*resource.include_by_default, *found))),
    )


def leave_out_relations(schema: type[BaseModel], relations: Iterable[str]) -> type[BaseModel]:
    """Return a read schema without its fields for relations, which are shown if included."""
    found = [name for name in relations if name in schema.model_fields]
    if not found:
        return schema
    fields: dict[str, Any] = dict.fromkeys(found, (Any, PydanticField(default=None, exclude=True)))
    return create_model(schema.__name__, __base__=schema, **fields)


def find_related_schemas(
    schema: type[BaseModel], relations: Iterable[str]
) -> Mapping[str, type[BaseModel]]:
    """Return the schemas that a read schema has for the rows of relations, by relation."""
    found = {
        name: _model_in(schema.model_fields[name].annotation)
        for name in relations
        if name in schema.model_fields
    }
    return {name: without_bounds(model) for name, model in found.items() if model is not None}


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model in an annotation such as `Team | None` or `list[Player]`."""
    if isinstance(annotation, type) and not get_args(annotation):
        is_model = issubclass(annotation, BaseModel)
        return annotation if is_model and not is_table(annotation) else None
    return next((found for arg in get_args(annotation) if (found := _model_in(arg))), None)


def is_table(schema: type[BaseModel]) -> bool:
    """Whether a class is a table and not a schema."""
    return bool(schema.model_config.get("table"))


def validate_shown(schema: type[BaseModel], values: Mapping[str, Any]) -> BaseModel:
    """Validate a row by a read schema.

    Args:
        schema: The schema.
        values: The values of its fields, by their names in Python.
    """
    if not issubclass(schema, SQLModel):
        return schema.model_validate(values, by_name=True, by_alias=True)
    # SQLModel's own method has no option to validate by field names.
    row: BaseModel = schema.__new__(schema)
    validate_into(row, values)
    return row


def without_bounds(schema: type[BaseModel]) -> type[BaseModel]:
    """Return a schema that shows stored values even if they violate the constraints of its fields.

    Constraints are for input. A row may have been stored before they existed, by another program,
    or by an update schema without them; a date in the future does not remain in the future.

    Args:
        schema: The schema. Its validators, serializers and computed fields still run.
    """

    return change_core_schema(schema, _drop_bounds)


def _drop_bounds(schema: Any) -> Any:
    """Remove all constraints from a core schema, or a part of one."""
    if isinstance(schema, list):
        return [*map(_drop_bounds, schema)]
    if not isinstance(schema, dict):
        return schema
    # A model's fields are in a dict by name, and one of them may be called `type`.
    if not isinstance(schema.get("type"), str):
        return {key: _drop_bounds(part) for key, part in schema.items()}
    if is_bound(schema):
        return _drop_bounds(schema["schema"])
    kept = {key: part for key, part in schema.items() if key not in _BOUNDS}
    return {key: part if key in _VALUES else _drop_bounds(part) for key, part in kept.items()}


_BOUNDS = frozenset(
    {
        *("gt", "ge", "lt", "le", "multiple_of", "max_digits", "decimal_places"),
        *("min_length", "max_length", "pattern", "now_op"),
    }
)
"""Names of constraints in core schemas (pydantic_core.core_schema)."""

_VALUES = frozenset({"default", "expected", "metadata"})
"""Keys of a core schema whose values are not schemas, but may look like some."""


def check_shown(resource: Resource, schema: type[BaseModel], fields: Sequence[Field]) -> None:
    """Check that a read schema can show rows, as far as types tell.

    A sample row, with NULL in nullable columns, is validated. Only errors that occur for every row
    count: a type that differs from the column's, NULL where it is not allowed, a field without a
    value. Other values that validators reject may be valid in other rows.

    Args:
        resource: The resource.
        schema: The schema.
        fields: The fields of its table.

    Raises:
        ConfigurationError: It can't.
    """
    known = {field.key: field for field in fields if field.key in schema.model_fields}
    made = {key: _make_value(field) for key, field in known.items() if _can_make(field)}
    for nulls in (False, True):
        empty = {key: None for key in made if nulls and known[key].nullable}
        for error in _find_errors(schema, {**_unknown(known), **made, **empty}):
            _refuse(resource, schema, known, error)


def check_shown_below(
    resource: Resource, name: str, schema: type[BaseModel], target: Table
) -> None:
    """Check that a read schema requires no hidden fields of a relation's rows.

    Args:
        resource: The resource.
        name: The relation.
        schema: The schema for its rows within the resource's read schema.
        target: The resource that it leads to.

    Raises:
        ConfigurationError: It does.
    """
    for key, info in schema.model_fields.items():
        field = target.by_key.get(key)
        if field is not None and target.policy.rules_of(field.name).read is not True:
            raise ConfigurationError(
                f"Resource({resource.model.__name__}, read_schema=…): `{name}` shows rows as "
                f"{schema.__name__}, which has `{key}`; a policy says who may see that. Leave it "
                "out there."
            )
        is_there = field is not None and field.readable
        if (
            info.is_required()
            and not is_there
            and not any(key == relation.key for relation in target.relations.values())
        ):
            start = f"Resource({resource.model.__name__}, read_schema=…): "
            raise ConfigurationError(
                f"{start}`{name}` shows rows as {schema.__name__}, which requires `{key}`; the "
                f"resource of {target.model.__name__} does not show that."
            )


def _unknown(known: Mapping[str, Field]) -> dict[str, Any]:
    """Return columns without a sample value: they count as present."""
    return {key: None for key, field in known.items() if not _can_make(field)}


def _find_errors(schema: type[BaseModel], values: Mapping[str, Any]) -> Sequence[ErrorDetails]:
    try:
        validate_shown(schema, values)
    except ValidationError as exc:
        return exc.errors(include_url=False, include_context=False)
    except Exception:
        return ()
    return ()


def _refuse(
    resource: Resource, schema: type[BaseModel], known: Mapping[str, Field], error: ErrorDetails
) -> None:
    start = f"Resource({resource.model.__name__}, read_schema={schema.__name__}): "
    if len(error["loc"]) != 1:
        return
    key = _key_of(schema, str(error["loc"][0]))
    if error["type"] == "missing" and key not in known:
        raise ConfigurationError(
            f"{start}`{key}` is not a column of the table; give it a default, write it as a "
            "computed_field, or leave it out."
        )
    field = known.get(key)
    if field is None or not _can_make(field) or not error["type"].endswith("_type"):
        return
    if error["input"] is None:
        raise ConfigurationError(
            f"{start}the column `{key}` may be NULL, which `{key}` does not take; annotate it as "
            "`… | None`."
        )
    raise ConfigurationError(
        f"{start}the column `{key}` has {field.kind.noun}, and `{key}` {_lower(error['msg'])}; "
        "annotate it as the model does."
    )


def _lower(message: str) -> str:
    return message.removeprefix("Input ")


def _key_of(schema: type[BaseModel], name: str) -> str:
    """Return the Python name of a field that an error calls by its alias."""
    for key, info in schema.model_fields.items():
        if name in (key, info.alias, info.validation_alias):
            return key
    return name


def _can_make(field: Field) -> bool:
    return field.kind in _SAMPLES or (field.kind is Kind.ENUM and bool(_members(field)))


def _make_value(field: Field) -> Any:
    if field.kind is Kind.ENUM:
        return _members(field)[0]
    if field.kind is Kind.DATETIME and getattr(storage_type(field.column.type), "timezone", False):
        return dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    return _SAMPLES[field.kind]


def _members(field: Field) -> Sequence[Any]:
    cls = bare_class(field.annotation)
    return list(cls) if cls is not None and issubclass(cls, Enum) else []


_SAMPLES: Mapping[Kind, Any] = {
    Kind.INTEGER: 1,
    Kind.FLOAT: 1.5,
    Kind.DECIMAL: Decimal("1.5"),
    Kind.BOOLEAN: True,
    Kind.TEXT: "text",
    Kind.UUID: uuid.UUID(int=1),
    Kind.DATETIME: dt.datetime(2026, 1, 1),
    Kind.DATE: dt.date(2026, 1, 1),
    Kind.TIME: dt.time(12),
    Kind.INTERVAL: dt.timedelta(hours=1),
    Kind.BYTES: b"bytes",
}
"""A sample value of each kind, as columns return it. JSON and other types have none."""
