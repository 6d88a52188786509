"""Validated bodies as the rows that are stored: converted, checked and completed."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from functools import lru_cache, partial
from itertools import repeat
from operator import itemgetter
from typing import Any, NamedTuple

from msgspec import UNSET, Struct
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python
from sqlalchemy.types import TypeEngine

from ..catalog import Field, Kind, Table
from ..catalog.domain import all_fit, check_of
from ..catalog.kinds import bare_class, storage_type
from ..catalog.names import escape_pointer
from ..catalog.schemas import leave_open
from ..catalog.whole import ChangeSchema, RowSchema
from ..errors import Faults, Violation
from .bodies import OWN_ERRORS, Schema

_STORED_AS_THEY_ARE = frozenset(
    {str, int, bool, Decimal, bytes, uuid.UUID, dt.datetime, dt.date, dt.time, dt.timedelta}
)


Values = Mapping[str, Any]
"""Validated values, by the names of their fields in Python."""


class Row(Struct, frozen=True):
    """One row to write.

    Args:
        fields: The fields that it sets.
        values: The value of each.
        pointer: Where it stands in the body.
        tied: Those of the fields whose values another row has given, which is there for certain.
    """

    fields: tuple[Field, ...]
    values: tuple[Any, ...]
    pointer: str = ""
    tied: frozenset[Field] = frozenset()

    def tie(self, fields: Sequence[Field], values: Iterable[Any]) -> Row:
        """The same row, which refers to another one by some fields."""
        tied = self.tied.union(fields)
        return Row((*self.fields, *fields), (*self.values, *values), self.pointer, tied)

    def add(self, other: Row) -> Row:
        """The same row, which sets what another one does as well."""
        return Row((*self.fields, *other.fields), (*self.values, *other.values), self.pointer)

    def keep(self, fields: Sequence[Field]) -> Row:
        """The same row with some of its fields only."""
        kept = [(field, value) for field, value in self.items() if field in fields]
        return Row(tuple(f for f, _ in kept), tuple(v for _, v in kept), self.pointer)

    def items(self) -> Iterable[tuple[Field, Any]]:
        """Each field with its value."""
        return zip(self.fields, self.values, strict=True)


class _Slot(NamedTuple):
    key: str
    field: Field
    convert: Callable[[Any], Any] | None
    stored: TypeEngine[Any]
    may_be_unset: bool


class Intake:
    """How the bodies of one schema become rows of one table.

    Args:
        table: The table.
        schema: The schema.
        dialect: `sqlite` or `postgresql`.
        tied: Fields that are not taken, since other rows give their values.
    """

    def __init__(
        self,
        table: Table,
        schema: Schema | ChangeSchema,
        dialect: str,
        tied: AbstractSet[Field] = frozenset(),
    ) -> None:
        is_whole = isinstance(schema, (RowSchema, ChangeSchema))
        infos = fields_of(schema)
        known = [(key, table.by_key[key]) for key in infos if key in table.by_key]
        known = [(key, field) for key, field in known if field not in tied]
        self._slots = [
            _Slot(
                key,
                field,
                _converter_of(field, infos[key].annotation),
                storage_type(field.column.type),
                is_whole or infos[key].default_factory is leave_open,
            )
            for key, field in known
        ]
        self._fields = tuple(field for _, field in known)
        self._made = [
            (f, f.default) for f in table.fields if f.default is not None and f not in tied
        ]
        self._missing = [(f, make) for f, make in self._made if f not in self._fields]
        self._whole = (*self._fields, *(field for field, _ in self._missing))
        self._dialect = dialect

    def take_all(
        self, bodies: Sequence[Values], pointers: Sequence[str], faults: Faults
    ) -> tuple[Row, ...]:
        """Take every field of many bodies, a column at a time, and make what they leave open.

        Args:
            bodies: The validated values of each.
            pointers: Where each stands.
            faults: Where what their columns can't hold is added.
        """
        if len(bodies) == 1:
            return (self._take_whole(bodies[0], pointers[0], faults),)
        columns = []
        for key, _, convert, stored, may_be_unset in self._slots:
            column = list(map(itemgetter(key), bodies))
            is_open = may_be_unset and any(value is UNSET for value in column)
            if convert is not None and not is_open:
                column = [value if value is None else convert(value) for value in column]
            if is_open or not all_fit(column, stored, self._dialect):
                # Row by row it shows which one it is.
                return tuple(map(self._take_whole, bodies, pointers, repeat(faults)))
            columns.append(column)
        columns += [[make() for _ in bodies] for _, make in self._missing]
        rows = zip(*columns, strict=True) if columns else [() for _ in bodies]
        return tuple(map(Row, repeat(self._whole), rows, pointers))

    def _take_whole(self, body: Values, pointer: str, faults: Faults) -> Row:
        slots = [slot for slot in self._slots if body[slot.key] is not UNSET]
        values = self._read(slots, body, pointer, faults)
        if len(slots) == len(self._slots):
            return Row(self._whole, (*values, *(make() for _, make in self._missing)), pointer)
        fields = tuple(slot.field for slot in slots)
        missing = [(f, make) for f, make in self._made if f not in fields]
        return _complete(fields, values, missing, pointer)

    def take_given(
        self,
        body: Values,
        given: AbstractSet[str],
        pointer: str,
        faults: Faults,
        *,
        defaults: bool,
    ) -> Row:
        """Take the given fields of a body, and no others."""
        slots = [slot for slot in self._slots if slot.key in given]
        values = self._read(slots, body, pointer, faults)
        fields = tuple(slot.field for slot in slots)
        missing = [(f, make) for f, make in self._made if f not in fields] if defaults else []
        return _complete(fields, values, missing, pointer)

    def _read(
        self, slots: Iterable[_Slot], body: Values, pointer: str, faults: Faults
    ) -> list[Any]:
        values = []
        for key, field, convert, stored, _ in slots:
            value = body[key]
            if value is not None:
                if convert is not None:
                    value = convert(value)
                check = check_of(type(value))  # type: ignore[arg-type]  # a class is hashable
                fault = check(value, stored, self._dialect) if check is not None else None
                if fault is not None:
                    code, message = fault
                    place = f"{pointer}/{escape_pointer(field.name)}"
                    message = f"{field.title} {message}" if code in OWN_ERRORS else message
                    faults.add(Violation(message, code, place))
            values.append(value)
        return values


def fields_of(schema: Schema | ChangeSchema) -> Mapping[str, FieldInfo]:
    """The fields of which a schema gives the values, by their names in Python."""
    if isinstance(schema, (RowSchema, ChangeSchema)):
        return schema.stored_fields
    return schema.model_fields


@lru_cache(maxsize=512)
def intake_of(
    table: Table,
    schema: Schema | ChangeSchema,
    dialect: str,
    tied: frozenset[Field] = frozenset(),
) -> Intake:
    """The intake of a schema; made once."""
    return Intake(table, schema, dialect, tied)


def _complete(
    fields: tuple[Field, ...],
    values: list[Any],
    missing: list[tuple[Field, Callable[[], Any]]],
    pointer: str,
) -> Row:
    made = tuple(make() for _, make in missing)
    return Row((*fields, *(field for field, _ in missing)), (*values, *made), pointer)


def _converter_of(field: Field, annotation: Any) -> Callable[[Any], Any] | None:
    cls = bare_class(annotation)
    if field.kind is Kind.JSON or (field.kind is Kind.TEXT and cls is not str):
        return partial(_to_column, field)
    return None if cls in _STORED_AS_THEY_ARE else partial(_to_column, field)


def _to_column(field: Field, value: Any) -> Any:
    if field.kind is Kind.JSON:
        try:
            return to_jsonable_python(value)
        except UnicodeEncodeError:
            return value  # a name has a lone surrogate, of which the check of the column tells
    if field.kind is Kind.TEXT and not isinstance(value, str):
        return value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
    # The two zeros are one number, of which SQLite keeps one.
    return value + 0.0 if isinstance(value, float) else value
