"""Validation of bodies by their schemas, with the place of each fault."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import NoneType
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, SchemaValidator, core_schema

from ...catalog.model_validation import Body, ChangeSchema, RowSchema
from ...catalog.names import escape_pointer, name_of
from ...catalog.tables import Table
from ...compat.pydantic import core_schema_of
from ...errors import MAX_ERRORS, Faults, NotNull, OutOfRange, RequestError, TooLong, Violation
from ...memory import kept
from ...suggestions import did_you_mean

T = TypeVar("T")

Schema = type[BaseModel] | RowSchema
"""A schema of bodies."""

Validated = BaseModel | Body
"""A validated body: its attributes are the values, and it records which of them were given."""

_PREAMBLE = re.compile(r"^(?:(?:\w+ )?[Ii]nput (?=should)|Value error, )")
"""The beginning of Pydantic's messages, which says that they are about the input."""

OWN_ERRORS: Mapping[str, type[RequestError]] = {
    "too_long": TooLong,
    "out_of_range": OutOfRange,
    "not_null": NotNull,
}
"""Faults that have their own errors; details of other errors begin with the place."""


_UNNAMED = "lacks a value that can't be set here, or has one that does not fit"

_NO_DEFAULT = "default_factory_not_called"
"""Fault of an absent field whose default depends on other fields, some of which have faults."""

SUGGESTED = 5
"""Faults of a body, the first ones, for which the names of known fields are suggested."""


def validate(
    table: Table, schema: Schema, body: Any, pointer: str, faults: Faults
) -> Validated | None:
    """Validate a body.

    Args:
        table: The resource.
        schema: Its schema.
        body: The JSON value.
        pointer: Its place in the whole body.
        faults: The collector of faults.

    Returns:
        The validated body; None if it is invalid.
    """
    if not isinstance(body, dict):
        faults.add(Violation("should be an object", "model_type", pointer=pointer))
        return None
    left_out = 0
    if len(body) > MAX_ERRORS:
        body, left_out = _leave_out_unknown(table, schema, body)
    try:
        return schema.model_validate(body)
    except ValidationError as exc:
        add_faults(exc, table, schema, body, pointer, faults)
    faults.pass_over(left_out)
    return None


def validate_each(
    table: Table,
    schema: Schema,
    bodies: Sequence[Any],
    pointers: Sequence[str],
    faults: Faults,
) -> Sequence[Validated]:
    """Validate many bodies.

    Args:
        table: The resource.
        schema: Their schema.
        bodies: The JSON values.
        pointers: The place of each in the whole body.
        faults: The collector of the faults of all bodies.

    Returns:
        The validated bodies; none if any is invalid.
    """
    return _validate_all(_instances_of(table, schema), table, schema, bodies, pointers, faults)


def validate_values(
    table: Table,
    schema: Schema,
    bodies: Sequence[Any],
    pointers: Sequence[str],
    faults: Faults,
) -> Sequence[Mapping[str, Any]]:
    """Validate many bodies, and return only their values, including those of absent fields.

    Args:
        table: The resource.
        schema: Their schema.
        bodies: The JSON values.
        pointers: The place of each in the whole body.
        faults: The collector of the faults of all bodies.

    Returns:
        The values of each body, by the names of its fields in Python; none if any body is invalid.
    """
    return _validate_all(_values_of(table, schema), table, schema, bodies, pointers, faults)


def _validate_all(
    validate_list: Callable[[Sequence[Any]], Sequence[T]],
    table: Table,
    schema: Schema,
    bodies: Sequence[Any],
    pointers: Sequence[str],
    faults: Faults,
) -> Sequence[T]:
    try:
        if set(map(type, bodies)) == {dict}:
            return validate_list(bodies)
    except ValidationError:
        pass  # the faults are found one by one
    for body, pointer in zip(bodies, pointers, strict=True):
        validate(table, schema, body, pointer, faults)
    return ()


@kept
def _instances_of(_table: Table, schema: Schema) -> Callable[[Sequence[Any]], Sequence[Validated]]:
    if isinstance(schema, RowSchema):
        return lambda bodies: [*map(schema.model_validate, bodies)]
    return TypeAdapter(list[schema]).validate_python  # type: ignore[valid-type]


@kept
def _values_of(
    table: Table, schema: Schema
) -> Callable[[Sequence[Any]], Sequence[Mapping[str, Any]]]:
    """Return a validator of bodies as dicts, which takes a third of the time of model instances."""
    validate_list = _instances_of(table, schema)
    if isinstance(schema, RowSchema):
        return lambda bodies: [vars(body) for body in validate_list(bodies)]
    model: Any = core_schema_of(schema)
    if model.get("schema", {}).get("type") != "model-fields":
        # It has its own validators around its fields, or is recursive.
        return lambda bodies: [vars(body) for body in validate_list(bodies)]
    fields = {
        key: core_schema.typed_dict_field(
            field["schema"],
            required=schema.model_fields[key].is_required(),
            validation_alias=field.get("validation_alias"),
        )
        for key, field in model["schema"]["fields"].items()
    }
    values = core_schema.typed_dict_schema(fields, config=model["config"])
    return SchemaValidator(core_schema.list_schema(values)).validate_python


def refuse(faults: Faults) -> None:
    """Refuse a body for its faults: by an error of their own if they have one, or as not valid."""
    if not faults.count:
        return
    own = OWN_ERRORS.get(faults.code or "")
    if own is not None:
        raise own(faults.first[0].message, faults.first, faults.more)
    faults.refuse()


def add_faults(
    exc: ValidationError,
    table: Table,
    schema: Schema | ChangeSchema,
    body: Any,
    pointer: str,
    faults: Faults,
) -> None:
    """Add the faults that Pydantic has found in a body, each with its place.

    Args:
        exc: Pydantic's error.
        table: The resource.
        schema: The schema.
        body: The JSON value.
        pointer: Its place in the whole body.
        faults: The collector of faults.
    """

    # The model has fields that clients must not learn of.
    is_whole = isinstance(schema, (RowSchema, ChangeSchema))

    def describe(fault: ErrorDetails) -> Violation:
        kind, message = fault["type"], message_of(fault["type"], fault["msg"])
        place = pointer + _pointer_to(fault["loc"], body)
        name = fault["loc"][0] if fault["loc"] else ""
        is_unknown = kind == "extra_forbidden"
        if is_unknown and len(fault["loc"]) == 1 and name in table.read_only:
            return refuse_read_only(place)
        if is_whole and not is_unknown and name in table.unnamed:
            return Violation(_UNNAMED, _code_of(kind), pointer)
        if kind == "extra_forbidden" and faults.count < SUGGESTED:
            message += _suggest(schema, fault, body)
        return Violation(message, _code_of(kind), place)

    if faults.room:
        found = exc.errors(include_url=False, include_input=False, include_context=False)
        faults.add_each([fault for fault in found if fault["type"] != _NO_DEFAULT], describe)
    else:
        faults.pass_over(exc.error_count())


def refuse_read_only(place: str) -> Violation:
    """Return the violation for a field that a policy lets the caller see but not set.

    Args:
        place: Its actual or supposed place in the body.
    """
    return Violation("can't be set by this caller", "read_only", place)


def _leave_out_unknown(
    table: Table, schema: Schema, body: dict[str, Any]
) -> tuple[dict[str, Any], int]:
    """Remove names that the schema does not have, except for the first few.

    A few are enough to refuse the body, and Pydantic would take its time to describe them all.

    Returns:
        The body, and the number of removed names.
    """
    known = _names_in(table, schema)
    if known is None or len(body) <= len(known) + MAX_ERRORS:
        return body, 0
    unknown = [name for name in body if name not in known]
    left_out = set(unknown[MAX_ERRORS:])
    return {n: value for n, value in body.items() if n not in left_out}, len(left_out)


@kept
def _names_in(_table: Table, schema: Schema) -> frozenset[str] | None:
    """Return the names that a body of a schema may have; None if they are not limited."""
    if isinstance(schema, RowSchema):
        fields, forbids = schema.stored_fields, True
    else:
        fields, forbids = schema.model_fields, schema.model_config.get("extra") == "forbid"
    names: set[str] = set()
    for key, info in fields.items():
        alias = info.validation_alias
        if not isinstance(alias, (str, NoneType)):
            return None
        names |= {key, info.alias or key, alias or key}
    return frozenset(names) if forbids else None


def _suggest(schema: Schema | ChangeSchema, fault: ErrorDetails, body: Any) -> str:
    """Suggest the field that an unknown name probably means, unless the body has it as well."""
    if len(fault["loc"]) != 1:
        return ""
    known = (name_of(key, info) for key, info in schema.model_fields.items())
    return did_you_mean(str(fault["loc"][0]), [name for name in known if name not in body])


def _code_of(kind: str) -> str:
    return "unknown_field" if kind == "extra_forbidden" else kind


def message_of(kind: str, message: str) -> str:
    """Adapt Pydantic's message about a fault for use after the name of a field."""
    if kind == "extra_forbidden":
        return "is not a field that can be set here"
    if kind == "missing":
        return "is required"
    return _PREAMBLE.sub("", message)


def _pointer_to(loc: Sequence[str | int], body: Any) -> str:
    """Return a JSON Pointer to a fault, without Pydantic's steps for unions and validators."""
    pointer, current = "", body
    for index, step in enumerate(loc):
        if _has(current, step):
            current = current[step]
        elif index < len(loc) - 1 or not _may_lack(current, step):
            continue
        pointer += f"/{escape_pointer(str(step))}"
    return pointer


def _may_lack(value: Any, step: str | int) -> bool:
    """Whether a missing value may belong there: a name in an object, or an item of a tuple."""
    return isinstance(value, dict) or (isinstance(value, list) and isinstance(step, int))


def _has(value: Any, step: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(step, int) and step < len(value)
    return isinstance(value, dict) and step in value
