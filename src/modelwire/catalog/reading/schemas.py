"""Derives the create, update and read schemas of a resource from its fields."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property
from types import FunctionType, new_class
from typing import Annotated, Any, Optional, cast

from annotated_types import MinLen
from msgspec import UNSET
from pydantic import (
    BaseModel,
    ConfigDict,
    computed_field,
    create_model,
    field_serializer,
)
from pydantic import Field as PydanticField
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from sqlalchemy import ClauseElement
from sqlmodel import SQLModel

from ...compat.pydantic import CONFIG_KEYS, class_variables_of, decorators_of
from ...compat.sqlmodel import FieldInfoMetadata
from ...errors import ConfigurationError
from ...resource import Resource
from ..binary import holds_base64
from ..field import Field
from ..kinds import Kind, bare_class, strip_optional
from ..model_validation import ChangeSchema, RowSchema
from ..serializers import is_own_way, writes_itself
from ..tables import Schemas
from .annotations import find_open
from .narrowing import unseen_in
from .shown import find_related_schemas, leave_out_relations, without_bounds
from .validators import bind_field_validators, looks_around

_DOCUMENTED = ("alias", "validation_alias", "title", "description", "examples", "json_schema_extra")


def derive_schemas(
    resource: Resource, fields: Iterable[Field], relations: Collection[str] = ()
) -> Schemas:
    """Return the user's schemas, and derive the missing ones.

    Args:
        resource: The resource.
        fields: Its fields.
        relations: The names of its relationships.

    Returns:
        The three schemas. Derived schemas forbid unknown fields. A derived create schema has the
        writable fields with their defaults, an update schema the same fields, all optional, and a
        read schema the readable fields.
    """
    name, model, fields = resource.model.__name__, resource.model, list(fields)
    writable = [f for f in fields if f.writable]
    config = _config_of(model)
    whole = _is_validated_whole(model)
    checks = {} if whole else bind_field_validators(model)
    completed = whole or bool(config.get("validate_default"))
    new = {f.key: _to_create(f, completed=completed) for f in writable}
    create = _forbid_unknown(resource.create_schema) or _build(f"{name}Create", config, new, checks)
    update = _forbid_unknown(resource.update_schema) or _derive_update(name, resource, writable)
    own_rows = whole and resource.create_schema is None
    shown = resource.read_schema
    return Schemas(
        create=create,
        update=update,
        read=_show_all(shown, relations) if shown else _derive_read(resource, fields),
        related=find_related_schemas(shown, relations) if shown else {},
        row=_row_schema(model, create, fields) if own_rows else None,
        change=_change_schema(model, update, fields)
        if own_rows and resource.update_schema is None
        else None,
    )


def _show_all(schema: type[BaseModel], relations: Collection[str]) -> type[BaseModel]:
    """Adapt the user's read schema to show any stored value, without its fields for relations."""
    return without_bounds(leave_out_relations(schema, relations))


def _derive_read(resource: Resource, fields: Iterable[Field]) -> type[BaseModel]:
    """Derive a schema of the readable fields, and of computed fields unless a policy hides them."""
    name, model = resource.model.__name__, resource.model
    unseen = unseen_in(resource, None)
    decorated = _serializers_of(model)
    config = {**_config_of(model), "extra": "ignore"}
    looked_at = [f for f in fields if f.readable or (computes(model) and f.name not in unseen)]
    shown = {f.key: _to_read(f) for f in looked_at}
    if not decorated:
        return _build(f"{name}Read", config, shown, {})
    private = model.__private_attributes__
    return _lend_attributes(_build(f"{name}Read", config, shown, private | decorated), model)


def _row_schema(
    model: type[SQLModel], documented: type[BaseModel], fields: Iterable[Field]
) -> RowSchema:
    fields = list(fields)
    filled = frozenset(f.key for f in fields if f.filled)
    keys = frozenset(f.key for f in fields if f.primary_key and f.writable)
    return RowSchema(model, documented, filled, keys, binary=_binary_in(fields))


def _change_schema(
    model: type[SQLModel], documented: type[BaseModel], fields: Iterable[Field]
) -> ChangeSchema:
    by_key = {f.key: f for f in fields}

    def to_python(key: str, value: Any) -> Any:
        field = by_key.get(key)
        return value if field is None or value is None else to_annotated(field, value)

    return ChangeSchema(model, documented, to_python, _binary_in(by_key.values()))


def _binary_in(fields: Iterable[Field]) -> frozenset[str]:
    """Return the Python names of fields whose bytes are base64 in JSON but not in their model."""
    return frozenset(f.key for f in fields if f.kind is Kind.BYTES and holds_base64(f.declared))


def to_annotated(field: Field, value: Any) -> Any:
    """Convert a value of a column to one of the model: a JSON object to its class, for example.

    A value that does not fit is returned as it is.
    """
    try:
        if field.from_column is not None:
            return field.from_column(value)
        if field.is_text_of_a_class or field.kind in (Kind.JSON, Kind.OTHER):
            return field.adapter.validate_python(value)
    except ValueError:
        pass
    return value


def _is_validated_whole(model: type[SQLModel]) -> bool:
    """Whether the model validates rows as a whole, as its validators look at more than one field.

    Raises:
        ConfigurationError: It can't.
    """
    whole = looks_around(model)
    for key in find_open(model) if whole else ():
        raise ConfigurationError(
            f"{model.__name__}.{key} is annotated with a name that is not defined at run time, "
            f"and {model.__name__} has validators that look at the whole row. Import the name "
            "outside of `if TYPE_CHECKING`."
        )
    return whole


def computes(model: type[BaseModel]) -> bool:
    """Whether a model has computed fields, which may read columns that are not shown."""
    return bool(decorators_of(model).computed_fields)


def _forbid_unknown(schema: type[BaseModel] | None) -> type[BaseModel] | None:
    """Make the user's schema forbid unknown fields, unless it is configured otherwise."""
    if schema is None or "extra" in schema.model_config:
        return schema
    # SQLModel's metaclass ignores `extra` in a class body.
    config = ConfigDict(extra="forbid")
    return new_class(
        schema.__name__, (schema,), exec_body=lambda made: made.update(model_config=config)
    )


def _derive_update(name: str, resource: Resource, writable: Iterable[Field]) -> type[BaseModel]:
    """Derive a schema with every field of the create schema that is a column, each optional.

    Fields that are not in a create schema can't be changed either; its validators run on changes,
    too.
    """
    created = resource.create_schema
    if created is None:
        fields = {f.key: _to_update(_annotation_of(f), f.info) for f in writable}
        model = resource.model
        checks = {} if _is_validated_whole(model) else bind_field_validators(model)
        return _build(f"{name}Update", _config_of(model), fields, checks)
    columns = set(resource.model.model_fields)
    infos = {key: info for key, info in created.model_fields.items() if key in columns}
    fields = {key: _to_update(strip_optional(i.annotation), i) for key, i in infos.items()}
    return _build(f"{name}Update", _config_of(created), fields, bind_field_validators(created))


def without_required(schema: type[BaseModel], keys: frozenset[str]) -> type[BaseModel]:
    """Return a schema in which some fields are optional, because other rows determine them.

    Args:
        schema: A schema of new rows.
        keys: Python names of these fields.
    """
    names = [key for key in schema.model_fields if key in keys]
    if not names:
        return schema
    fields: dict[str, Any] = {}
    for key in names:
        info = schema.model_fields[key]
        fields[key] = _to_update(strip_optional(info.annotation), info)
    suffix = "And".join("".join(map(str.capitalize, key.split("_"))) for key in names)
    name = f"{schema.__name__}Without{suffix}"
    return create_model(name, __base__=schema, __module__=__name__, **fields)


_CHANGES_OUTPUT = ("ser_json", "json_encoders", "use_enum_values", "alias_generator")


def is_plain(schema: type[BaseModel]) -> bool:
    """Whether a schema has no computed fields and serialises all values in the standard way."""
    configured = any(key.startswith(_CHANGES_OUTPUT) for key in schema.model_config)
    annotated = any(writes_itself(info) for info in schema.model_fields.values())
    return not (computes(schema) or configured or annotated)


def _build(
    name: str,
    config: Mapping[str, Any],
    fields: Mapping[str, tuple[Any, FieldInfo]],
    decorated: Mapping[str, Any],
) -> type[BaseModel]:
    definitions: dict[str, Any] = dict(fields)
    return create_model(
        name,
        __config__=cast(ConfigDict, dict(config)),
        __validators__=dict(
            decorated
        ),  # and serializers: Pydantic before 2.14 has no __namespace__
        __module__=__name__,
        **definitions,
    )


def _config_of(model: type[BaseModel]) -> dict[str, Any]:
    config = {k: v for k, v in model.model_config.items() if k in CONFIG_KEYS}
    return {**config, "extra": "forbid", "protected_namespaces": (), "title": None}


def _constraints_of(info: FieldInfo) -> list[Any]:
    return [m for m in info.metadata if not isinstance(m, FieldInfoMetadata)]


def _annotate(annotation: Any, info: FieldInfo) -> Any:
    constraints = _constraints_of(info)
    return Annotated[annotation, *constraints] if constraints else annotation


def _documentation_of(info: FieldInfo) -> dict[str, Any]:
    return {name: getattr(info, name) for name in _DOCUMENTED if getattr(info, name) is not None}


def _annotation_of(field: Field) -> Any:
    """Return the type of a field; a key of a single text must not be empty: no path could name
    it."""
    is_key = field.primary_key and len(field.column.table.primary_key) == 1
    has_length = bare_class(field.annotation) in (str, bytes)
    return Annotated[field.annotation, MinLen(1)] if is_key and has_length else field.annotation


def leave_open() -> Any:
    """Return `UNSET`, the default of a field that is left to its column or the database."""
    return UNSET


def _to_create(field: Field, *, completed: bool) -> tuple[Any, FieldInfo]:
    annotation = _annotation_of(field) if field.primary_key else field.declared
    default = _default_of(field)
    if default.get("default", ...) is None and not (field.nullable or completed):
        default = {}  # no default that the column would accept
    documentation = _documentation_of(field.info)
    return _annotate(annotation, field.info), PydanticField(**default, **documentation)


def _default_of(field: Field) -> dict[str, Any]:
    """Return the default arguments of a field for new rows; none if the field is required."""
    info = field.info
    if info.default_factory is not None:
        return {"default_factory": info.default_factory}
    is_sql = isinstance(info.default, ClauseElement)
    if field.filled and (is_sql or info.default is None or info.default is PydanticUndefined):
        return {"default_factory": leave_open, "validate_default": False}
    if info.default is PydanticUndefined or field.primary_key:
        return {}
    return {"default": info.default}


def _to_update(annotation: Any, info: FieldInfo) -> tuple[Any, FieldInfo]:
    constrained: Any = _annotate(annotation, info)
    return Optional[constrained], PydanticField(default=None, **_documentation_of(info))


def _to_read(field: Field) -> tuple[Any, FieldInfo]:
    info = field.info
    annotation = _shown_annotation(field)
    alias = info.serialization_alias or info.alias
    documentation = {**_documentation_of(info), **({"alias": alias} if alias else {})}
    documentation.pop("validation_alias", None)
    return annotation, PydanticField(exclude=None if field.readable else True, **documentation)


def _shown_annotation(field: Field) -> Any:
    """Return the type of a field in answers, with the serializers of its model."""
    takes_none = field.nullable and field.declared != field.annotation
    annotation: Any = Optional[field.annotation] if takes_none else field.annotation
    if own := [m for m in field.info.metadata if is_own_way(m)]:
        annotation = Annotated[annotation, *own]
    return Optional[annotation] if field.nullable and not takes_none else annotation


def _serializers_of(model: type[SQLModel]) -> dict[str, Any]:
    decorators = decorators_of(model)
    serializes: Any = field_serializer  # overloaded by the mode, which is known at run time only
    fields = {
        name: serializes(
            *d.info.fields, mode=d.info.mode, when_used=d.info.when_used, check_fields=False
        )(_written(model, name))
        for name, d in decorators.field_serializers.items()
    }
    computed = {
        name: computed_field(alias=d.info.alias, description=d.info.description)(
            d.info.wrapped_property
        )
        for name, d in decorators.computed_fields.items()
    }
    return {**fields, **computed}


def _lend_attributes(schema: type[BaseModel], model: type[SQLModel]) -> type[BaseModel]:
    """Give a schema the members that a model's serializers may use: methods, properties,
    constants."""
    own = vars(schema).keys()
    for cls in (c for c in reversed(model.__mro__) if c not in SQLModel.__mro__):
        constants = class_variables_of(cls) if issubclass(cls, BaseModel) else vars(cls)
        for name, attribute in vars(cls).items():
            is_lent = isinstance(attribute, _METHODS) or name in constants
            if is_lent and not name.startswith("__") and name not in own:
                setattr(schema, name, attribute)
    return schema


_METHODS = (FunctionType, property, classmethod, staticmethod, cached_property)


def _written(model: type[BaseModel], name: str) -> Callable[..., Any]:
    """Return a method as it was written in the class, unbound."""
    return cast("Callable[..., Any]", inspect.getattr_static(model, name))
