"""Bodies against their schemas: what is wrong, and where."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import NoneType
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, SchemaValidator, core_schema

from ..catalog.names import did_you_mean, escape_pointer
from ..catalog.schemas import name_of
from ..errors import (
    MAX_ERRORS,
    Faults,
    NotNull,
    OutOfRange,
    RequestError,
    TooLong,
    Violation,
)

T = TypeVar("T")

_PREAMBLE = re.compile(r"^(?:(?:\w+ )?[Ii]nput (?=should)|Value error, )")
"""What Pydantic begins its messages with: that they are about the input."""

OWN_ERRORS: Mapping[str, type[RequestError]] = {
    "too_long": TooLong,
    "out_of_range": OutOfRange,
    "not_null": NotNull,
}
"""The errors of faults that have one of their own; any other detail begins with the place."""


SUGGESTED = 5
"""Faults of a body, from the first on, among which a name that is unknown has one suggested."""


def validate(schema: type[BaseModel], body: Any, pointer: str, faults: Faults) -> BaseModel | None:
    """Validate a body.

    Args:
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
    body, left_out = _leave_out_unknown(schema, body)
    try:
        return schema.model_validate(body)
    except ValidationError as exc:
        _add_faults(exc, schema, body, pointer, faults)
    faults.pass_over(left_out)
    return None


def validate_each(
    schema: type[BaseModel],
    bodies: Sequence[Any],
    pointers: Sequence[str],
    faults: Faults,
) -> Sequence[BaseModel]:
    """Validate many bodies.

    Args:
        schema: Their schema.
        bodies: The JSON values.
        pointers: Where each stands in the whole body.
        faults: Where what is wrong is added, in whichever body it is.

    Returns:
        The validated bodies; none if one does not fit.
    """
    return _validate_all(_instances_of(schema), schema, bodies, pointers, faults)


def validate_values(
    schema: type[BaseModel],
    bodies: Sequence[Any],
    pointers: Sequence[str],
    faults: Faults,
) -> Sequence[Mapping[str, Any]]:
    """Validate many bodies of which nothing but the values is wanted, absent ones included.

    Args:
        schema: Their schema.
        bodies: The JSON values.
        pointers: Where each stands in the whole body.
        faults: Where what is wrong is added, in whichever body it is.

    Returns:
        The values of each body by the names of its fields in Python; none if one does not fit.
    """
    return _validate_all(_values_of(schema), schema, bodies, pointers, faults)


def _validate_all(
    validate_list: Callable[[Sequence[Any]], Sequence[T]],
    schema: type[BaseModel],
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
        validate(schema, body, pointer, faults)
    return ()


@lru_cache(maxsize=512)
def _instances_of(schema: type[BaseModel]) -> Callable[[Sequence[Any]], Sequence[BaseModel]]:
    return TypeAdapter(list[schema]).validate_python  # type: ignore[valid-type]


@lru_cache(maxsize=512)
def _values_of(schema: type[BaseModel]) -> Callable[[Sequence[Any]], Sequence[Mapping[str, Any]]]:
    """A validator of bodies as dicts, which takes a third of what instances of a model do."""
    model: Any = schema.__pydantic_core_schema__
    if model["type"] != "model" or model["schema"]["type"] != "model-fields":
        # It has validators of its own around its fields, or refers to itself.
        validate_list = _instances_of(schema)
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
    own = OWN_ERRORS.get(faults.code or "")
    if own is not None:
        raise own(faults.first[0].message, faults.first, faults.more)
    faults.refuse()


def _add_faults(
    exc: ValidationError, schema: type[BaseModel], body: Any, pointer: str, faults: Faults
) -> None:
    def describe(fault: ErrorDetails) -> Violation:
        kind, message = fault["type"], _message_of(fault["type"], fault["msg"])
        if kind == "extra_forbidden" and faults.count < SUGGESTED:
            message += _suggest(schema, fault)
        return Violation(message, _code_of(kind), pointer + _pointer_to(fault["loc"], body))

    if faults.room:
        found = exc.errors(include_url=False, include_input=False, include_context=False)
        faults.add_each(found, describe)
    else:
        faults.pass_over(exc.error_count())


def _leave_out_unknown(schema: type[BaseModel], body: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """Leave names out that no schema has, of which some are enough to refuse a body.

    Pydantic describes each of them, and takes its time for that.

    Returns:
        The body, and how many names it lacks.
    """
    known = _names_in(schema)
    if known is None or len(body) <= len(known) + MAX_ERRORS:
        return body, 0
    unknown = [name for name in body if name not in known]
    left_out = set(unknown[MAX_ERRORS:])
    return {n: value for n, value in body.items() if n not in left_out}, len(left_out)


@lru_cache(maxsize=512)
def _names_in(schema: type[BaseModel]) -> frozenset[str] | None:
    """The names that a body of a schema may have; None where it may have others."""
    names: set[str] = set()
    for key, info in schema.model_fields.items():
        alias = info.validation_alias
        if not isinstance(alias, (str, NoneType)):
            return None
        names |= {key, info.alias or key, alias or key}
    return frozenset(names) if schema.model_config.get("extra") == "forbid" else None


def _suggest(schema: type[BaseModel], fault: ErrorDetails) -> str:
    """Name the field that an unknown one was probably meant to be."""
    if len(fault["loc"]) != 1:
        return ""
    known = [name_of(key, info) for key, info in schema.model_fields.items()]
    return did_you_mean(str(fault["loc"][0]), known)


def _code_of(kind: str) -> str:
    return "unknown_field" if kind == "extra_forbidden" else kind


def _message_of(kind: str, message: str) -> str:
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
        elif not isinstance(current, dict) or index < len(loc) - 1:
            continue
        pointer += f"/{escape_pointer(str(step))}"
    return pointer


def _has(value: Any, step: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(step, int) and step < len(value)
    return isinstance(value, dict) and step in value
