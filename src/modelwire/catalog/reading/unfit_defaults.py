"""Checks for defaults that their columns can't hold, reported together at start-up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from sqlalchemy import ClauseElement, ForeignKey

from ...dialect import Dialect
from ...errors import ConfigurationError
from ..codecs import Convert, encoder_of_column, fits_class
from ..defaults import value_maker
from ..domain import Fault, find_fault
from ..field import Field
from ..kinds import TIMES, Kind, stored_kind, strip_optional
from ..tables import Table

_OFFSETS = ("timezone_aware", "timezone_naive")


class _Default(NamedTuple):
    """Default of a field.

    Args:
        word: Its name in a message.
        argument: The argument that takes a function for such values.
        owner: The class that declares it.
        value: The value.
        convert: Its conversion to a value of the column.
    """

    word: str
    argument: str
    owner: type[BaseModel]
    value: Any
    convert: Convert | None


def check_defaults(tables: Iterable[Table], dialect: Dialect | None) -> None:
    """Check that each column can hold its field's default and `onupdate`.

    Functions are only called for times, whose offset may be wrong; other values are checked when
    the functions are called for a row.

    Args:
        tables: The tables.
        dialect: The dialect of their database.

    Raises:
        ConfigurationError: Some columns can't; the message names all of them.
    """
    faults = [fault for table in tables for f in table.fields for fault in _find(table, f, dialect)]
    if faults:
        raise ConfigurationError("\n".join(dict.fromkeys(faults)))


def _find(table: Table, field: Field, dialect: Dialect | None) -> Iterable[str]:
    named: set[tuple[str, type[BaseModel]]] = set()
    for default in _defaults_of(table, field):
        wrong = None if default.value is None else _find_wrong(default, field, dialect)
        name = (default.word, default.owner)
        if wrong is not None and name not in named:
            named.add(name)
            yield f"The {default.word} of {default.owner.__name__}.{field.key} {wrong}"


def _defaults_of(table: Table, field: Field) -> Iterable[_Default]:
    model, convert, column = table.model, field.to_column, field.column
    declared = _declared_value(field, field.info)
    yield _Default("default", "default_factory", model, declared, convert)
    yield _Default("default", "default", model, _column_value(field, column.default), convert)
    yield _Default("onupdate", "onupdate", model, _column_value(field, column.onupdate), convert)
    own = table.resource.create_schema
    if own is not None and field.key in own.model_fields:
        info = own.model_fields[field.key]
        convert = encoder_of_column(strip_optional(info.annotation), field.sql_type)
        declared = _declared_value(field, info)
        yield _Default("default", "default_factory", own, declared, convert)


def _declared_value(field: Field, info: FieldInfo) -> Any:
    """Return the default of a Pydantic field."""
    if info.default_factory is not None:
        make: Any = info.default_factory
        return None if info.default_factory_takes_validated_data else _call(field, make)
    is_value = info.default is not PydanticUndefined and not isinstance(info.default, ClauseElement)
    return info.default if is_value else None


def _column_value(field: Field, default: Any) -> Any:
    """Return the value of a SQLAlchemy default or `onupdate`."""
    make = value_maker(default)
    if make is None:
        return None
    return _call(field, make) if default.is_callable else make()


def _call(field: Field, make: Callable[[], Any]) -> Any:
    if stored_kind(field.sql_type) not in TIMES:
        return None
    try:
        return make()
    except Exception:  # the user's function may need a request
        return None


def _find_wrong(default: _Default, field: Field, dialect: Dialect | None) -> str | None:
    """Return what is wrong with a default and the remedy; None if nothing is."""
    value: Any = default.value
    if isinstance(value, ForeignKey):
        return "is a ForeignKey, which is not a value; write Field(foreign_key='table.column')."
    try:
        value = value if default.convert is None else default.convert(value)
    except (ValueError, TypeError, AttributeError):
        return _describe_class(default, field)
    fault = find_fault(value, field.sql_type, dialect)
    if fault is not None:
        return f"{fault.message}; {_advise(fault, default, field)}"
    return None if fits_class(value, field.sql_type) else _describe_class(default, field)


def _describe_class(default: _Default, field: Field) -> str:
    value, noun = default.value, (stored_kind(field.sql_type) or field.kind).noun
    name = type(value).__name__
    if isinstance(value, Enum):
        return (
            f"is a member of {name}, and its column takes {noun}; write "
            f"{name}.{value.name}.value if that is one, or annotate the field as {name}."
        )
    return f"is of the class {name}, and its column takes {noun}; write one as the default."


def _advise(fault: Fault, default: _Default, field: Field) -> str:
    """Return the remedy for a value of the right class that does not fit."""
    if stored_kind(field.sql_type) is not Kind.DATETIME or fault.code not in _OFFSETS:
        return "write one that its column can hold."
    if fault.code == "timezone_aware":
        return (
            f"write {default.argument}=lambda: datetime.now(UTC), or annotate NaiveDatetime for "
            "times without an offset, in a column of DateTime(timezone=False)."
        )
    return (
        f"give the column DateTime(timezone=True), or annotate NaiveDatetime and write "
        f"{default.argument}=lambda: datetime.now(UTC).replace(tzinfo=None)."
    )
