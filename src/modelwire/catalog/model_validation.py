"""Rows that a model validates as a whole, as `Model.model_validate` does.

Pydantic's own core schema of the model is used, with everything that the class has around its
fields and in them. Only the fields differ: the ones that a client may name, the ones that may be
left to the database, and, in a change, the stored ones, which need no validation.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextvars import ContextVar
from copy import deepcopy
from functools import cached_property
from types import MappingProxyType
from typing import Any

from msgspec import UNSET
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import InitErrorDetails, SchemaValidator, core_schema
from sqlalchemy import inspect
from sqlmodel import SQLModel

from ..compat.pydantic import core_schema_of, is_complete
from .binary import read_text
from .names import name_of, names_taken

CoreSchema = dict[str, Any]
"""A pydantic-core schema, as far as it is inspected here."""

Values = Mapping[str, Any]
"""Values by the names of their fields in Python."""

_KEPT: ContextVar[Values] = ContextVar("kept", default=MappingProxyType({}))
"""The stored values of the row being changed, in the fields that the change leaves alone."""


class Body:
    """Validated body; its values are its attributes.

    Args:
        values: The values, by the names of their fields in Python.
        fields_set: The names of the fields that were sent, or set by a validator.
    """

    __slots__ = ("__dict__", "model_fields_set")

    def __init__(self, values: Values, fields_set: Iterable[str]) -> None:
        self.__dict__.update(values)
        self.model_fields_set = set(fields_set)


class RowSchema:
    """Validator of new rows.

    Args:
        model: The model, which validates the row.
        documented: The derived schema, with the fields that a client may send.
        filled: Python names of fields that need no value.
        keys: Python names of the key's fields, which must have a value unless they are `filled`.
        optional: Python names of fields that may be missing, since other rows determine them.
        binary: Python names of fields whose bytes are base64.
    """

    def __init__(
        self,
        model: type[SQLModel],
        documented: type[BaseModel],
        filled: frozenset[str],
        keys: frozenset[str],
        optional: frozenset[str] = frozenset(),
        *,
        binary: frozenset[str] = frozenset(),
    ) -> None:
        self.stored_fields: Mapping[str, FieldInfo] = model.model_fields
        self.model_fields: Mapping[str, FieldInfo] = documented.model_fields
        self._model = model
        self._documented = documented
        self._filled = filled
        self._keys = keys
        self._optional = optional
        self._binary = binary
        self._closed = _closed_names(model, documented)

    def loosen(self, keys: frozenset[str]) -> RowSchema:
        """Return the same validator with some fields optional."""
        return RowSchema(
            self._model, self._documented, self._filled, self._keys, keys, binary=self._binary
        )

    def model_validate(self, body: Mapping[str, Any]) -> Body:
        """Validate a new row.

        Args:
            body: The JSON value.

        Returns:
            Every value of the row; `UNSET` if it is left to the database or the column.

        Raises:
            ValidationError: The row is invalid.
        """
        _refuse_closed(self._model, self._closed, body)
        row = _validate(self._model, self._validator, body)
        values = {**dict.fromkeys(self._model.model_fields, UNSET), **_values_of(row)}
        fields_set = row.model_fields_set
        _refuse(self._model, self._find_empty_keys(values, fields_set))
        for key in self._filled:
            if values.get(key) is None and key not in fields_set:
                values[key] = UNSET
        return Body(values, fields_set)

    def _find_empty_keys(
        self, values: Values, given: Collection[str]
    ) -> Iterable[InitErrorDetails]:
        """Yield the faults of keys by which no row could be found."""
        for key in self._keys - self._optional:
            loc = (name_of(key, self.model_fields[key]),)
            if values[key] is None and (key in given or key not in self._filled):
                yield InitErrorDetails(type="missing", loc=loc, input=None)
            elif values[key] == "" and len(self._keys) == 1:
                limit = {"min_length": 1}
                yield InitErrorDetails(type="string_too_short", loc=loc, input="", ctx=limit)

    @cached_property
    def _validator(self) -> SchemaValidator:
        def adapt(key: str, field: CoreSchema) -> CoreSchema:
            if key in self._optional:
                return _with_default(field, None)
            if key in self._keys - self._filled:
                return {**field, "schema": _without_default(field["schema"])}
            is_required = field["schema"]["type"] != "default"
            return _with_default(field, UNSET) if key in self._filled and is_required else field

        return _build_validator(self._model, adapt, self._binary)


class ChangeSchema:
    """Validator of changes of a row, together with the stored values that they leave alone.

    Args:
        model: The model, which validates the changed row.
        documented: The derived schema, with the fields that a client may send.
        to_python: Converts a stored value to one of the model, given the field's name in Python.
        binary: Python names of fields whose bytes are base64.
    """

    def __init__(
        self,
        model: type[SQLModel],
        documented: type[BaseModel],
        to_python: Callable[[str, Any], Any],
        binary: frozenset[str] = frozenset(),
    ) -> None:
        self.stored_fields: Mapping[str, FieldInfo] = model.model_fields
        self.model_fields: Mapping[str, FieldInfo] = documented.model_fields
        self._model = model
        self._to_python = to_python
        self._binary = binary
        self._closed = _closed_names(model, documented)

    def validate(self, stored: Values, body: Mapping[str, Any]) -> Body:
        """Validate a change.

        Args:
            stored: The stored values of the row.
            body: The JSON values of the fields to change.

        Returns:
            The values to change: those that were sent, and others that a validator has changed.

        Raises:
            ValidationError: The changed row is invalid, or a field is named that no client may set.
        """
        _refuse_closed(self._model, self._closed, body)
        names = {name_of(k, i): k for k, i in self._model.model_fields.items()}
        given = {key for name, key in names.items() if name in body}
        kept = {k: self._to_python(k, v) for k, v in stored.items() if k not in given}
        before = {k: deepcopy(v) for k, v in kept.items() if isinstance(v, _MUTABLE)}
        whole = {name: kept[key] for name, key in names.items() if key in kept}
        token = _KEPT.set(kept)
        try:
            row = _validate(self._model, self._validator, {**whole, **body})
        finally:
            _KEPT.reset(token)
        values = {
            key: value
            for key, value in _values_of(row).items()
            if key in given or value is not kept.get(key) or before.get(key, value) != value
        }
        return Body(values, values)

    @cached_property
    def _validator(self) -> SchemaValidator:
        def adapt(key: str, field: CoreSchema) -> CoreSchema:
            def keep(value: Any, validate: Callable[[Any], Any]) -> Any:
                kept = _KEPT.get()
                return value if key in kept and value is kept[key] else validate(value)

            schema = core_schema.no_info_wrap_validator_function(
                keep, core_schema.nullable_schema(_without_default(field["schema"]))
            )
            as_stored = core_schema.with_default_schema(
                schema, default_factory=lambda: _KEPT.get().get(key)
            )
            return {**field, "schema": as_stored}

        return _build_validator(self._model, adapt, self._binary)


_MUTABLE = (dict, list, set, BaseModel)


def _closed_names(model: type[SQLModel], documented: type[BaseModel]) -> frozenset[str]:
    """Return the names of the fields of a model that its derived schema lacks: no client may set
    them, but the model itself would take them."""
    names = {key: names_taken(key, info) for key, info in model.model_fields.items()}
    open_ = {name for key in documented.model_fields if key in names for name in names[key]}
    closed = (taken for key, taken in names.items() if key not in documented.model_fields)
    return frozenset().union(*closed) - open_


def _refuse_closed(model: type[SQLModel], closed: Collection[str], body: Mapping[str, Any]) -> None:
    """Refuse a body with names of fields that no client may set.

    Raises:
        ValidationError: It has some.
    """
    faults = (
        InitErrorDetails(type="extra_forbidden", loc=(name,), input=value)
        for name, value in body.items()
        if name in closed
    )
    _refuse(model, faults)


def _refuse(model: type[SQLModel], faults: Iterable[InitErrorDetails]) -> None:
    found = list(faults)
    if found:
        raise ValidationError.from_exception_data(model.__name__, found)


def _validate(
    model: type[SQLModel], validator: SchemaValidator, body: Mapping[str, Any]
) -> SQLModel:
    row: SQLModel = model.__new__(model)
    validator.validate_python(body, self_instance=row)
    return row


def _values_of(row: SQLModel) -> dict[str, Any]:
    return {key: value for key, value in vars(row).items() if key in type(row).model_fields}


Adapt = Callable[[str, CoreSchema], CoreSchema]
"""A function that returns the core schema of a field, given its name and its schema in the
model."""


def _build_validator(
    model: type[SQLModel], adapt: Adapt, binary: frozenset[str]
) -> SchemaValidator:
    """Build a validator for a model with modified fields."""

    def adapt_field(key: str, field: CoreSchema) -> CoreSchema:
        return adapt(key, _read_base64(field) if key in binary else field)

    if not is_complete(model):
        model.model_rebuild()
    root: Any = core_schema_of(model)
    definitions: Sequence[Any] = ()
    if root["type"] == "definitions":
        definitions, root = root["definitions"], root["schema"]
    if root["type"] == "definition-ref":
        root = next(d for d in definitions if d["ref"] == root["schema_ref"])
    schema = _adapt(root, adapt_field, model)
    if definitions:
        schema = core_schema.definitions_schema(schema, [*definitions])
    return SchemaValidator(schema)


def _adapt(schema: CoreSchema, adapt: Adapt, model: type[SQLModel]) -> Any:
    """Modify the fields in the core schema of a model, and keep everything around them."""
    if schema["type"] == "model-fields":
        fields = {key: adapt(key, field) for key, field in schema["fields"].items()}
        return {**schema, "fields": fields, "extra_behavior": "forbid"}
    inner = {**schema, "schema": _adapt(schema["schema"], adapt, model)}
    inner.pop("ref", None)  # only the model's own schema refers to it
    if schema["type"] != "model":
        return inner
    begin = _begin(model, inner.pop("post_init", None))
    # By its class, Pydantic would find the validator that it has made of it before. The class is
    # not needed: the row exists already.
    inner["cls"] = type(model.__name__, (), {})
    return core_schema.no_info_after_validator_function(begin, inner)


def _begin(model: type[SQLModel], post_init: str | None) -> Callable[[Any], Any]:
    """Return a function that turns validated fields into a row whose attributes can be set."""
    manager = inspect(model).class_manager

    def begin(row: Any) -> Any:
        manager.setup_instance(row)
        if post_init is not None:
            getattr(row, post_init)(None)
        return row

    return begin


def _read_base64(field: CoreSchema) -> CoreSchema:
    """Make a field's core schema read its bytes from base64."""
    schema = field["schema"]
    if schema["type"] == "default":
        return {**field, "schema": _read_base64(schema)}
    read = core_schema.no_info_before_validator_function(read_text, schema)
    return {**field, "schema": read}


def _with_default(field: CoreSchema, default: Any) -> CoreSchema:
    schema = core_schema.nullable_schema(_without_default(field["schema"]))
    return {**field, "schema": core_schema.with_default_schema(schema, default=default)}


def _without_default(schema: CoreSchema) -> Any:
    return schema["schema"] if schema["type"] == "default" else schema
