"""Bodies against their schemas: what is wrong, and where."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import NoneType
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, SchemaValidator, core_schema

from ...catalog.names import did_you_mean, escape_pointer, name_of
from ...catalog.tables import Table
from ...catalog.whole import Body, ChangeSchema, RowSchema
from ...compat.pydantic import core_schema_of
from ...errors import MAX_ERRORS, Faults, NotNull, OutOfRange, RequestError, TooLong, Violation
from ...memory import kept

T = TypeVar("T")

Schema = type[BaseModel] | RowSchema
"""What a body must fit."""

Validated = BaseModel | Body
"""A body that fits: its attributes are the values, and it says which of them were given."""

_PREAMBLE = re.compile(r"^(?:(?:\w+ )?[Ii]nput (?=should)|Value error, )")
"""What Pydantic begins its messages with: that they are about the input."""

OWN_ERRORS: Mapping[str, type[RequestError]] = {
    "too_long": TooLong,
    "out_of_range": OutOfRange,
    "not_null": NotNull,
}
"""The errors of faults that have one of their own; any other detail begins with the place."""


_UNNAMED = "lacks a value that can't be set here, or has one that does not fit"

SUGGESTED = 5
"""Faults of a body, from the first on, among which a name that is unknown has one suggested."""


def validate(
    table: Table, schema: Schema, body: Any, pointer: str, faults: Faults
) -> Validated | None:
    """Validate a body.

    Args:
        table: The resource.
        schema: Its schema.
        body: The JSON value.
        pointer: Where it stands in the whole body.
        faults: Where what is wrong is added.

    Returns:
        The validated body; None if it does not fit.
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
        pointers: Where each stands in the whole body.
        faults: Where what is wrong is added, in whichever body it is.

    Returns:
        The validated bodies; none if one does not fit.
    """
    return _validate_all(_instances_of(table, schema), table, schema, bodies, pointers, faults)


def validate_values(
    table: Table,
    schema: Schema,
    bodies: Sequence[Any],
    pointers: Sequence[str],
    faults: Faults,
) -> Sequence[Mapping[str, Any]]:
    """Validate many bodies of which nothing but the values is wanted, absent ones included.

    Args:
        table: The resource.
        schema: Their schema.
        bodies: The JSON values.
        pointers: Where each stands in the whole body.
        faults: Where what is wrong is added, in whichever body it is.

    Returns:
        The values of each body by the names of its fields in Python; none if one does not fit.
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
        pass  # what is wrong is found one by one
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
    """A validator of bodies as dicts, which takes a third of what instances of a model do."""
    validate_list = _instances_of(table, schema)
    if isinstance(schema, RowSchema):
        return lambda bodies: [vars(body) for body in validate_list(bodies)]
    model: Any = core_schema_of(schema)
    if model["type"] != "model" or model["schema"]["type"] != "model-fields":
        # It has validators of its own around its fields, or refers to itself.
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
    """Refuse a body for what is wrong with it: under one code of its own, or as not valid."""
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
    """Add what Pydantic has found wrong with a body, each with its place in it.

    Args:
        exc: What it has found.
        table: The resource.
        schema: The schema.
        body: The JSON value.
        pointer: Where it stands in the whole body.
        faults: Where it is added.
    """

    # Its model has fields that its clients know nothing of.
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
        faults.add_each(found, describe)
    else:
        faults.pass_over(exc.error_count())


def refuse_read_only(place: str) -> Violation:
    """What is wrong with a field that a policy lets the caller see, and not set.

    Args:
        place: Where it stands in the body, or would stand.
    """
    return Violation("can't be set by this caller", "read_only", place)


def _leave_out_unknown(
    table: Table, schema: Schema, body: dict[str, Any]
) -> tuple[dict[str, Any], int]:
    """Leave names out that no schema has, of which some are enough to refuse a body.

    Pydantic describes each of them, and takes its time for that.

    Returns:
        The body, and how many names it lacks.
    """
    known = _names_in(table, schema)
    if known is None or len(body) <= len(known) + MAX_ERRORS:
        return body, 0
    unknown = [name for name in body if name not in known]
    left_out = set(unknown[MAX_ERRORS:])
    return {n: value for n, value in body.items() if n not in left_out}, len(left_out)


@kept
def _names_in(_table: Table, schema: Schema) -> frozenset[str] | None:
    """The names that a body of a schema may have; None where it may have others."""
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
    """Name the field that an unknown one was probably meant to be; none that is there as well."""
    if len(fault["loc"]) != 1:
        return ""
    known = (name_of(key, info) for key, info in schema.model_fields.items())
    return did_you_mean(str(fault["loc"][0]), [name for name in known if name not in body])


def _code_of(kind: str) -> str:
    return "unknown_field" if kind == "extra_forbidden" else kind


def message_of(kind: str, message: str) -> str:
    """What Pydantic says of a fault, as said of a field."""
    if kind == "extra_forbidden":
        return "is not a field that can be set here"
    if kind == "missing":
        return "is required"
    return _PREAMBLE.sub("", message, count=1)


def _pointer_to(loc: Sequence[str | int], body: Any) -> str:
    """JSON Pointer to a fault; Pydantic's own steps through unions and validators are left out."""
    pointer, current = "", body
    for index, step in enumerate(loc):
        if _has(current, step):
            current = current[step]
        elif index < len(loc) - 1 or not _may_lack(current, step):
            continue
        pointer += f"/{escape_pointer(str(step))}"
    return pointer


def _may_lack(value: Any, step: str | int) -> bool:
    """Whether what is missing may stand there: a name in an object, or an item of a tuple."""
    return isinstance(value, dict) or (isinstance(value, list) and isinstance(step, int))


def _has(value: Any, step: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(step, int) and step < len(value)
    return isinstance(value, dict) and step in value
