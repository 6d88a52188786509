"""Bodies against their schemas: what is wrong, and where."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, SchemaValidator, core_schema

from ..catalog.names import did_you_mean, escape_pointer
from ..catalog.schemas import name_of
from ..errors import InvalidRequest, NotNull, OutOfRange, RequestError, TooLong, Violation

T = TypeVar("T")

_PREAMBLE = re.compile(r"^(?:(?:\w+ )?[Ii]nput (?=should)|Value error, )")
"""What Pydantic begins its messages with: that they are about the input."""

OWN_ERRORS: Mapping[str, type[RequestError]] = {
    "too_long": TooLong,
    "out_of_range": OutOfRange,
    "not_null": NotNull,
}
"""The errors of faults that have one of their own; any other detail begins with the place."""


def validate(schema: type[BaseModel], body: Any, pointer: str) -> BaseModel:
    """Validate a body.

    Args:
        schema: Its schema.
        body: The JSON value.
        pointer: Where it stands in the whole body.

    Returns:
        The validated body.

    Raises:
        InvalidRequest: It does not fit; one violation for each fault.
    """
    if not isinstance(body, dict):
        raise InvalidRequest(Violation("should be an object", "model_type", pointer=pointer))
    try:
        return schema.model_validate(body)
    except ValidationError as exc:
        raise InvalidRequest(*_violations_of(exc, schema, body, pointer)) from None


def validate_each(
    schema: type[BaseModel],
    bodies: Sequence[Any],
    pointers: Sequence[str],
    faults: list[Violation],
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
    faults: list[Violation],
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
    faults: list[Violation],
) -> Sequence[T]:
    try:
        if set(map(type, bodies)) == {dict}:
            return validate_list(bodies)
    except ValidationError:
        pass  # what is wrong is found one by one
    for body, pointer in zip(bodies, pointers, strict=True):
        try:
            validate(schema, body, pointer)
        except InvalidRequest as exc:
            faults.extend(exc.violations)
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


def refuse(violations: Sequence[Violation]) -> None:
    """Refuse a body for what is wrong with it: under one code of its own, or as not valid."""
    if not violations:
        return
    codes = {violation.code for violation in violations}
    own = OWN_ERRORS.get(codes.pop()) if len(codes) == 1 else None
    raise own(violations[0].message, violations) if own else InvalidRequest(*violations)


def _violations_of(
    exc: ValidationError, schema: type[BaseModel], body: Any, pointer: str
) -> list[Violation]:
    return [
        Violation(
            _message_of(fault["type"], fault["msg"]) + _suggest(schema, fault),
            _code_of(fault["type"]),
            pointer + _pointer_to(fault["loc"], body),
        )
        for fault in exc.errors(include_url=False, include_input=False, include_context=False)
    ]


def _suggest(schema: type[BaseModel], fault: ErrorDetails) -> str:
    """Name the field that an unknown one was probably meant to be."""
    if fault["type"] != "extra_forbidden" or len(fault["loc"]) != 1:
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
