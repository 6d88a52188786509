"""JSON for values of types that no schema describes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
from pydantic_core import PydanticSerializationError, to_json

from ..catalog.document_types import excluder_of
from ..catalog.field import Field
from ..catalog.invalid_values import Unreadable
from ..plan.values import shown_value


def write_unknown(value: Any) -> Any:
    """Write a value of a type that JSON lacks.

    Args:
        value: The value: an unreadable one, one of a class that a custom column type returns, or
            one that Pydantic knows, such as a URL.

    Returns:
        A JSON value: an array where the value converts to one, as NumPy's do, or else a text.
    """
    try:
        written = to_json(value, fallback=fall_back, inf_nan_mode="null", bytes_mode="base64")
    except PydanticSerializationError:
        return json.dumps(value, default=str)  # a lone surrogate has an escape, and no bytes
    return msgspec.Raw(written)


def fall_back(value: Any) -> Any:
    """Write a value that Pydantic does not know either."""
    if isinstance(value, Unreadable):
        return str(value)
    for name in ("tolist", "to_list"):
        to_list: Callable[[], Any] | None = getattr(value, name, None)
        if callable(to_list):
            return to_list()
    return str(value)


def show(field: Field) -> Callable[[Any], Any] | None:
    """Return the conversion of column values to what is shown; None where none is needed."""
    if field.from_column is None:
        return excluder_of(field.annotation)

    def convert(value: Any) -> Any:
        return shown_value(value, field)

    return convert
