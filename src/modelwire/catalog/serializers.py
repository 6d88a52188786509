"""Serializers in annotations."""

from __future__ import annotations

from typing import Annotated, Any, get_args, get_origin

from pydantic import AfterValidator, BeforeValidator, PlainValidator, WrapValidator
from pydantic.fields import FieldInfo

_VALIDATORS = (AfterValidator, BeforeValidator, PlainValidator, WrapValidator)


def is_own_way(metadata: Any) -> bool:
    """Whether metadata in an annotation may change how values are serialised.

    Anything that makes a core schema may, except for Pydantic's validators; constraints don't.
    """
    makes_schema = hasattr(metadata, "__get_pydantic_core_schema__")
    known = isinstance(metadata, _VALIDATORS) or getattr(metadata, "is_plain", False)
    return makes_schema and not known


def writes_itself(info: FieldInfo) -> bool:
    """Whether a field's annotation has metadata that may change how its values are serialised."""
    return any(map(is_own_way, info.metadata)) or _has_own_way(info.annotation)


def _has_own_way(annotation: Any) -> bool:
    args = get_args(annotation)
    if get_origin(annotation) is Annotated:
        return _has_own_way(args[0]) or any(map(is_own_way, args[1:]))
    return any(map(_has_own_way, args))
