"""Conversions between the values of a field's annotation and those of its column's type.

A row as it is read or written has values of the columns' types: a `Decimal` if the column is
`Numeric`, though its field may be annotated as `float`. Bodies, answers and keys have values of the
annotations.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from functools import partial
from types import NoneType
from typing import Any, Literal, get_args

from pydantic import PydanticUserError, TypeAdapter
from pydantic_core import SchemaSerializer, to_jsonable_python
from sqlalchemy import ARRAY, Uuid
from sqlalchemy import Enum as SQLEnum
from sqlalchemy.types import TypeEngine

from .binary import holds_base64
from .kinds import Kind, bare_class, is_decorated, is_secret, storage_type, stored_kind
from .set_order import find_ordering, put_in_order
from .vectors import is_vector

Convert = Callable[[Any], Any]

_CLASSES: Mapping[Kind, type] = {
    Kind.INTEGER: int,
    Kind.FLOAT: float,
    Kind.DECIMAL: Decimal,
    Kind.BOOLEAN: bool,
    Kind.TEXT: str,
    Kind.UUID: uuid.UUID,
    Kind.BYTES: bytes,
    Kind.DATETIME: dt.datetime,
    Kind.DATE: dt.date,
    Kind.TIME: dt.time,
    Kind.INTERVAL: dt.timedelta,
}
"""The class of a column's values, by the kind that it stores."""

_WRITTEN_OTHERWISE = frozenset({float, Decimal, bool, uuid.UUID})
"""Classes for which models may have defaults of another class, as in `price: Decimal = 0`: no
schema validates defaults, and drivers differ in what they accept. The two zeros of floats become
one."""


_TEXT = TypeAdapter(str)


def fits_class(value: Any, sql_type: TypeEngine[Any]) -> bool:
    """Whether a value is of the class that a column's type accepts, as far as it is known.

    Args:
        value: A value for the column; not None.
        sql_type: The column's type.
    """
    stored = storage_type(sql_type)
    if is_decorated(sql_type) or is_vector(sql_type):
        return True
    if isinstance(stored, SQLEnum):
        return value in (*stored.enums, *(stored.enum_class or ()))
    cls = _class_of(stored)
    return cls is None or isinstance(value, cls)


def encoder_of_column(annotation: Any, sql_type: TypeEngine[Any]) -> Convert | None:
    """Return the conversion from values of an annotation to values of a column.

    Args:
        annotation: The annotation, without `None`.
        sql_type: The column's type.

    Returns:
        A function, which raises `ValueError` for values that the column can't hold; None if values
        need no conversion.
    """
    if is_vector(sql_type):
        return list
    if is_decorated(sql_type):
        return None
    stored = storage_type(sql_type)
    if isinstance(stored, ARRAY):
        return partial(_to_items, encoder_of_item(annotation, stored))
    if stored_kind(stored) is Kind.JSON:
        return _json_writer(annotation)
    if isinstance(stored, Uuid) and not stored.as_uuid:
        return _to_uuid_text
    if isinstance(stored, SQLEnum) and stored.enum_class is None:
        return partial(_to_member, _adapter_of(Literal[tuple(stored.enums)]))
    cls, meant = _class_of(stored), bare_class(annotation)
    if cls is None or (meant is cls and cls not in _WRITTEN_OTHERWISE):
        return None
    if meant is dt.date and getattr(stored, "timezone", False):
        return _to_instant
    return partial(_to_class, cls, _adapter_of(cls))


def decoder_of_column(annotation: Any, sql_type: TypeEngine[Any]) -> Convert | None:
    """Return the conversion from values of a column to values of an annotation.

    Args:
        annotation: The annotation, without `None`.
        sql_type: The column's type.

    Returns:
        A function, which raises `ValueError` for invalid values; None if values need no conversion.
        Values that are stored as their text, such as URLs, remain texts.
    """
    if is_decorated(sql_type) or is_secret(annotation) or is_vector(sql_type):
        return None
    stored = storage_type(sql_type)
    if isinstance(stored, ARRAY):
        item = _item_of(annotation)
        same = item is None or decoder_of_column(item, stored.item_type) is None
        return None if same else _adapter_of(annotation).validate_python
    cls, meant = _class_of(stored), bare_class(annotation)
    if cls is None or meant is None or cls is meant or not _is_known(meant):
        return None
    if cls is str and issubclass(meant, str) and not issubclass(meant, Enum):
        return None
    return partial(_from_class, meant, _adapter_of(annotation))


def encoder_of_item(annotation: Any, array: ARRAY[Any]) -> Convert | None:
    """Return the conversion of an item of an array to its column's item type."""
    item = _item_of(annotation)
    return _to_json if item is None else encoder_of_column(item, array.item_type)


def _json_writer(annotation: Any) -> Convert:
    try:
        ordering = find_ordering(annotation)
    except (PydanticUserError, NameError):
        ordering = None  # it can't be used without its model
    if holds_base64(annotation):
        serializer = ordering or _adapter_of(annotation).serializer
        return partial(serializer.to_python, mode="json", by_alias=True)
    return _to_json if ordering is None else partial(_to_ordered_json, ordering)


def _item_of(annotation: Any) -> Any:
    """Return the annotation of an array's items, through all of its dimensions."""
    args = [arg for arg in get_args(annotation) if arg not in (type(None), ...)]
    if not args:
        return None
    cls = bare_class(args[0])
    is_nested = cls is not None and issubclass(cls, (list, tuple, set, frozenset))
    return _item_of(args[0]) if is_nested else args[0]


def _class_of(stored: TypeEngine[Any]) -> type | None:
    """Return the class of the values of a column's type."""
    if isinstance(stored, SQLEnum):
        return stored.enum_class or str
    if isinstance(stored, Uuid) and not stored.as_uuid:
        return str
    kind = stored_kind(stored)
    return None if kind is None else _CLASSES.get(kind)


def _is_known(cls: type) -> bool:
    """Whether values of a class are more than the text that describes them."""
    return issubclass(cls, (Enum, *_CLASSES.values()))


def _adapter_of(annotation: Any) -> TypeAdapter[Any]:
    return TypeAdapter(annotation)


def convert_all(convert: Convert, values: Sequence[Any]) -> Sequence[Any]:
    """Convert many values except None; return them as they are if none would change.

    Args:
        convert: A function as `encoder_of_column` returns it.
        values: The values.
    """
    if isinstance(convert, partial) and convert.func is _to_class:
        cls = convert.args[0]
        if cls is not float and {*map(type, values)} <= {cls, NoneType}:
            return values
    return [None if value is None else convert(value) for value in values]


def _to_class(cls: type, adapter: TypeAdapter[Any], value: Any) -> Any:
    if type(value) is cls and cls is not float:
        return value
    if hasattr(value, "get_secret_value"):
        value = value.get_secret_value()
    if isinstance(value, Enum) and not isinstance(value, cls):
        value = value.value
    if cls is str:
        return value if type(value) is str else _to_text(value)
    if cls is float and isinstance(value, float):
        return value + 0.0  # the two zeros are one number, and SQLite stores only one of them
    return value if type(value) is cls else adapter.validate_python(value)


def _to_uuid_text(value: Any) -> str:
    """Return the canonical text of a UUID for a text column; the column rejects other texts."""
    text: str = _to_class(str, _TEXT, value)
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return text


def _to_member(adapter: TypeAdapter[str], value: Any) -> str:
    """Validate a text as member of an enum without a class; SQLite would not check it."""
    return adapter.validate_python(_to_class(str, _TEXT, value))


def _to_instant(day: Any) -> Any:
    """Return the datetime at which a day begins in UTC."""
    given = isinstance(day, dt.datetime)
    return day if given else dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)


def _to_text(value: Any) -> str:
    written = to_jsonable_python(value, fallback=str)
    return str(written if isinstance(written, str) else value)


def _from_class(meant: type, adapter: TypeAdapter[Any], value: Any) -> Any:
    if isinstance(value, Enum):
        value = value.value
    if meant is bool and isinstance(value, (Decimal, float)):
        value = int(value) if value == int(value) else value
    return value if type(value) is meant else adapter.validate_python(value)


def _to_json(value: Any) -> Any:
    if isinstance(value, (set, frozenset)):
        value = put_in_order(value)
    try:
        return to_jsonable_python(value)
    except UnicodeEncodeError:
        return value  # a name has a lone surrogate, which the check of the column reports


def _to_ordered_json(ordering: SchemaSerializer, value: Any) -> Any:
    if _to_json(value) is value:
        return value  # for example, it has a name with a lone surrogate, which would get lost
    return ordering.to_python(value, mode="json", by_alias=True, warnings=False)


def _to_items(convert: Convert | None, value: Any) -> Any:
    if isinstance(value, (set, frozenset)):
        value = put_in_order(value)
    if isinstance(value, (list, tuple)):
        return [_to_items(convert, item) for item in value]
    return value if convert is None or value is None else convert(value)
