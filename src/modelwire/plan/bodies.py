"""Bodies against their schemas: what is wrong, and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from ..catalog.names import escape_pointer
from ..errors import InvalidRequest, NotNull, OutOfRange, RequestError, TooLong, Violation

_OWN_ERRORS: Mapping[str, type[RequestError]] = {
    "too_long": TooLong,
    "out_of_range": OutOfRange,
    "not_null": NotNull,
}


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
        raise InvalidRequest(*_violations_of(exc, body, pointer)) from None


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
    try:
        if set(map(type, bodies)) == {dict}:
            return _list_of(schema).validate_python(bodies)
    except ValidationError:
        pass  # what is wrong is found one by one
    for body, pointer in zip(bodies, pointers, strict=True):
        try:
            validate(schema, body, pointer)
        except InvalidRequest as exc:
            faults.extend(exc.violations)
    return ()


@lru_cache(maxsize=512)
def _list_of(schema: type[BaseModel]) -> TypeAdapter[list[BaseModel]]:
    return TypeAdapter(list[schema])  # type: ignore[valid-type]


def refuse(violations: Sequence[Violation]) -> None:
    """Refuse a body for what is wrong with it: under one code of its own, or as not valid."""
    if not violations:
        return
    codes = {violation.code for violation in violations}
    own = _OWN_ERRORS.get(codes.pop()) if len(codes) == 1 else None
    raise own(violations[0].message, violations) if own else InvalidRequest(*violations)


def _violations_of(exc: ValidationError, body: Any, pointer: str) -> list[Violation]:
    return [
        Violation(
            _message_of(fault["type"], fault["msg"]),
            _code_of(fault["type"]),
            pointer + _pointer_to(fault["loc"], body),
        )
        for fault in exc.errors(include_url=False, include_input=False, include_context=False)
    ]


def _code_of(kind: str) -> str:
    return "unknown_field" if kind == "extra_forbidden" else kind


def _message_of(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "is not a field that can be set here"
    if kind == "missing":
        return "is required"
    for start in ("Input should", "Value error, "):
        if message.startswith(start):
            return message.removeprefix("Input ").removeprefix("Value error, ")
    return message


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
