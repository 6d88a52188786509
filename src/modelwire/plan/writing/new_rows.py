"""Conversion of validated bodies to rows: converted to columns, checked and completed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from itertools import repeat
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from msgspec import UNSET, Struct
from msgspec.structs import replace
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from sqlalchemy.types import TypeEngine

from ...access.principal import Principal
from ...catalog.codecs import Convert, convert_all, encoder_of_column
from ...catalog.domain import Fault, all_fit, check_of
from ...catalog.field import Field
from ...catalog.kinds import storage_type, strip_optional
from ...catalog.model_validation import ChangeSchema, RowSchema
from ...catalog.names import escape_pointer
from ...catalog.policies import Assigned
from ...catalog.reading.schemas import leave_open
from ...catalog.tables import Table
from ...dialect import Dialect
from ...errors import Faults, Violation
from ...memory import kept
from .bodies import OWN_ERRORS, Schema, message_of

Values = Mapping[str, Any]
"""Validated values, by the names of their fields in Python."""


class NewRow(Struct, frozen=True):
    """Row to write.

    Args:
        fields: The fields that it sets.
        values: The value of each.
        pointer: The place of the row in the body.
        ties: Fields whose values were set by the server, or come from a related row that certainly
            exists: one set for each source.
        claims: The values that the body itself gives for foreign keys to the row it is stored with.
    """

    fields: tuple[Field, ...]
    values: tuple[Any, ...]
    pointer: str = ""
    ties: tuple[frozenset[Field], ...] = ()
    claims: Mapping[Field, Any] = {}

    def tie(self, fields: Sequence[Field], values: Iterable[Any]) -> NewRow:
        """Return the row with a reference to another row in some fields."""
        return self.add(NewRow(tuple(fields), tuple(values), ties=(frozenset(fields),)))

    def add(self, other: NewRow) -> NewRow:
        """Return the row with the values of another one in addition."""
        fields, values = (*self.fields, *other.fields), (*self.values, *other.values)
        return replace(self, fields=fields, values=values, ties=(*self.ties, *other.ties))

    @property
    def tied(self) -> frozenset[Field]:
        """All tied fields."""
        return frozenset().union(*self.ties)

    def leave_out(self, fields: Sequence[Field]) -> NewRow:
        """Return the row without some fields."""
        if not any(field in self.fields for field in fields):
            return self
        return self.keep([field for field in self.fields if field not in fields])

    def keep(self, fields: Sequence[Field]) -> NewRow:
        """Return the row with only some of its fields."""
        kept = [(field, value) for field, value in self.items() if field in fields]
        left = tuple(field for field, _ in kept)
        values = tuple(value for _, value in kept)
        ties = tuple(tie.intersection(left) for tie in self.ties)
        return replace(self, fields=left, values=values, ties=ties)

    def items(self) -> Iterable[tuple[Field, Any]]:
        """Iterate over the fields with their values."""
        return zip(self.fields, self.values, strict=True)


def assign_to(
    row: NewRow, table: Table, given: Mapping[str, Assigned], principal: Principal
) -> NewRow:
    """Set the server's values in a row, in place of any others.

    Args:
        row: The row.
        table: Its resource.
        given: The values, by the names of the fields in Python.
        principal: The caller.

    Raises:
        CallerError: A value is an attribute of the caller that no column can hold.
    """
    fields = [table.by_key[key] for key in given]
    made = [assigned.value(principal) for assigned in given.values()]
    values = [
        value if value is None or field.to_column is None else field.to_column(value)
        for field, value in zip(fields, made, strict=True)
    ]
    return row.leave_out(fields).tie(fields, values) if fields else row


class _Slot(NamedTuple):
    key: str
    field: Field
    convert: Convert | None
    stored: TypeEngine[Any]
    may_be_unset: bool


_field_of = attrgetter("field")


class Intake:
    """Converter of the bodies of one schema to rows of one table.

    Args:
        table: The table.
        schema: The schema.
        dialect: The database's dialect.
        tied: Fields to leave out, since related rows determine their values.
    """

    def __init__(
        self,
        table: Table,
        schema: Schema | ChangeSchema,
        dialect: Dialect,
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
                encoder_of_column(strip_optional(infos[key].annotation), field.sql_type),
                storage_type(field.sql_type),
                is_whole or infos[key].default_factory is leave_open,
            )
            for key, field in known
        ]
        self._fields = tuple(field for _, field in known)
        self._made = [(f, make) for f in table.fields if f not in tied and (make := _maker_of(f))]
        self._missing = self._left_by(self._fields)
        self._whole = (*self._fields, *(field for field, _ in self._missing))
        self._dialect = dialect

    def _left_by(self, fields: Sequence[Field]) -> list[tuple[Field, Callable[[], Any]]]:
        """Return the defaults of a new row that sets some fields."""
        return [(field, make) for field, make in self._made if field not in fields]

    def take_all(
        self, bodies: Sequence[Values], pointers: Sequence[str], faults: Faults
    ) -> tuple[NewRow, ...]:
        """Convert all fields of many bodies, a column at a time, and fill in defaults.

        Args:
            bodies: The validated values of each.
            pointers: The place of each.
            faults: The collector of values that their columns can't hold.
        """
        if len(bodies) == 1:
            return (self._take_whole(bodies[0], pointers[0], faults),)
        fields, columns = [], []
        for slot in self._slots:
            column = list(map(itemgetter(slot.key), bodies))
            if slot.may_be_unset and all(value is UNSET for value in column):
                continue
            taken = self._take_column(slot, column)
            if taken is None:
                # The conversion row by row finds the one at fault.
                return tuple(map(self._take_whole, bodies, pointers, repeat(faults)))
            fields.append(slot.field)
            columns.append(taken)
        missing = self._missing if len(fields) == len(self._fields) else self._left_by(fields)
        columns += [[make() for _ in bodies] for _, make in missing]
        whole = (*fields, *(field for field, _ in missing))
        rows = zip(*columns, strict=True) if columns else [() for _ in bodies]
        return tuple(map(NewRow, repeat(whole), rows, pointers))

    def _take_column(self, slot: _Slot, column: Sequence[Any]) -> Sequence[Any] | None:
        """Convert the values of one field in many rows; return None if one is unset or at fault."""
        if slot.may_be_unset and any(value is UNSET for value in column):
            return None
        if slot.convert is not None:
            try:
                column = convert_all(slot.convert, column)
            except ValueError:
                return None
        return column if all_fit(column, slot.stored, self._dialect) else None

    def _take_whole(self, body: Values, pointer: str, faults: Faults) -> NewRow:
        slots = [slot for slot in self._slots if body[slot.key] is not UNSET]
        values = self._read(slots, body, pointer, faults)
        if len(slots) == len(self._slots):
            return NewRow(self._whole, (*values, *[make() for _, make in self._missing]), pointer)
        return self._complete(slots, values, pointer)

    def take_given(
        self,
        body: Values,
        given: AbstractSet[str],
        pointer: str,
        faults: Faults,
        *,
        defaults: bool,
    ) -> NewRow:
        """Convert only the given fields of a body."""
        slots = [slot for slot in self._slots if slot.key in given]
        values = self._read(slots, body, pointer, faults)
        if defaults:
            return self._complete(slots, values, pointer)
        return NewRow(tuple(map(_field_of, slots)), tuple(values), pointer)

    def _complete(self, slots: Sequence[_Slot], values: Sequence[Any], pointer: str) -> NewRow:
        """Return a new row with some values and the defaults of other fields."""
        fields = tuple(map(_field_of, slots))
        missing = self._left_by(fields)
        made = [make() for _, make in missing]
        return NewRow((*fields, *[field for field, _ in missing]), (*values, *made), pointer)

    def _read(
        self, slots: Iterable[_Slot], body: Values, pointer: str, faults: Faults
    ) -> list[Any]:
        """Convert the values of some fields to values of their columns, and collect faults."""
        values = []
        for slot in slots:
            value, fault = body[slot.key], None
            if value is not None and slot.convert is not None:
                try:
                    value = slot.convert(value)
                except ValueError as exc:
                    value, fault = None, _describe(exc)
            check = check_of(type(value))  # type: ignore[arg-type]  # a class is hashable
            if check is not None:
                fault = check(value, slot.stored, self._dialect)
            if fault is not None:
                faults.add(locate_fault(fault, slot.field, pointer))
            values.append(value)
        return values


def locate_fault(fault: Fault, field: Field, pointer: str) -> Violation:
    named = fault.code in OWN_ERRORS and not fault.place
    message = f"{field.title} {fault.message}" if named else fault.message
    place = f"{pointer}/{escape_pointer(field.name)}{fault.place}"
    return Violation(message, fault.code, place)


def _describe(error: ValueError) -> Fault:
    """Return the fault of a value that can't be converted to one of its column."""
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return Fault(first["type"], message_of(first["type"], first["msg"]))
    return Fault("unstorable", "should be a value that its column can hold")


def _maker_of(field: Field) -> Callable[[], Any] | None:
    """Return the default of a field as a function that returns a value of its column."""
    make, convert = field.default, field.to_column
    return make if make is None or convert is None else partial(_make, make, convert)


def _make(default: Callable[[], Any], convert: Convert) -> Any:
    value = default()
    return None if value is None else convert(value)


def fields_of(schema: Schema | ChangeSchema) -> Mapping[str, FieldInfo]:
    """Return the fields of a schema, by their names in Python."""
    if isinstance(schema, (RowSchema, ChangeSchema)):
        return schema.stored_fields
    return schema.model_fields


@kept
def intake_of(
    table: Table,
    schema: Schema | ChangeSchema,
    dialect: Dialect,
    tied: frozenset[Field] = frozenset(),
) -> Intake:
    """Return the intake of a schema, which is built once."""
    return Intake(table, schema, dialect, tied)
