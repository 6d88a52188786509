"""Validators of a model, which run on bodies as in `Model.model_validate`.

A validator that only looks at its own value becomes a validator of a derived schema. If one looks
at more, at earlier values or the whole row, the model itself validates rows (`whole`).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from inspect import Parameter, signature
from typing import Any

from pydantic import BaseModel, WrapValidator, field_validator
from sqlmodel import SQLModel

from ...compat.pydantic import decorators_of, prepares_attributes


def looks_around(model: type[SQLModel]) -> bool:
    """Whether a validator of a model looks at more than the value of its field."""
    found = decorators_of(model)
    if found.model_validators or found.root_validators or found.validators:
        return True
    if _prepares_itself(model):
        return True
    decorated = ((d.func, d.info.mode == "wrap") for d in found.field_validators.values())
    annotated = (
        (marker.func, isinstance(marker, WrapValidator))
        for info in model.model_fields.values()
        for marker in info.metadata
        if callable(getattr(marker, "func", None))
    )
    return any(_takes_info(func, wraps) for func, wraps in (*decorated, *annotated))


def _prepares_itself(model: type[SQLModel]) -> bool:
    """Whether a model has its own `model_post_init`, in addition to Pydantic's for private
    attributes."""
    written = (vars(cls).get("model_post_init") for cls in model.__mro__ if cls is not BaseModel)
    return any(w is not None and not prepares_attributes(w) for w in written)


def _takes_info(func: Callable[..., Any], wraps: bool) -> bool:
    """Whether a validator receives the values validated before its own (`ValidationInfo`)."""
    try:
        parameters = signature(func).parameters.values()
    except (ValueError, TypeError):
        return False  # it is written in C; Pydantic assumes that it takes only the value
    kinds = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    required = [p for p in parameters if p.kind in kinds and p.default is Parameter.empty]
    return len(required) > (2 if wraps else 1)


def bind_field_validators(model: type[BaseModel]) -> dict[str, Any]:
    """Return the field validators of a class for use in another, still bound to their own class."""
    found: dict[str, Any] = {}
    for name, decorator in decorators_of(model).field_validators.items():
        info: Any = decorator.info
        decorate: Any = field_validator(
            *info.fields,
            mode=info.mode,
            check_fields=False,
            json_schema_input_type=info.json_schema_input_type,
        )
        found[name] = decorate(staticmethod(_unbound(decorator.func)))
    return found


def _unbound(func: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a method in a function: Pydantic would unwrap the method and bind it anew."""

    def call(*arguments: Any) -> Any:
        return func(*arguments)

    with suppress(ValueError, TypeError):
        call.__signature__ = signature(func)  # type: ignore[attr-defined]
    return call
