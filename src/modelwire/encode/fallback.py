"""Values as JSON that no schema tells how to write."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
from pydantic_core import PydanticSerializationError, to_json

from ..catalog.field import Field
from ..catalog.unreadable import Unreadable
from ..plan.values import shown_value


def write_unknown(value: Any) -> Any:
    """Write a value of a type that JSON does not have.

    Args:
        value: The value: one that can't be read, one of a class that a column's own type makes, or
            one that Pydantic knows, such as a URL.

    Returns:
        A value of JSON: an array where the value is one, as NumPy's are, or else a text.
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
    """What makes values of a field's column values of its annotation; None where they are."""
    if field.from_column is None:
        return None

    def convert(value: Any) -> Any:
        return shown_value(value, field)

    return convert
