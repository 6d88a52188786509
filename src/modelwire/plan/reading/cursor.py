"""Cursors: opaque texts for positions in ordered lists.

A cursor has the values of the row at its position in the terms of the order, and the direction of
the page. Clients may not be allowed to see all of these, so it is sealed, bound to the query: a
cursor of another query can't be opened. Each value is still checked like the value of a filter,
since its column may have changed meanwhile.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from ...catalog.domain import MAX_EXPONENT, MAX_INT64, MIN_INT64
from ...catalog.field import Field
from ...catalog.infinite_dates import read_date, write_date
from ...catalog.invalid_values import Octets, SpelledUUID, Unreadable
from ...catalog.kinds import Kind, is_decorated, members_of, storage_type
from ...errors import InvalidRequest
from ...request.query import Parameter
from ...shape.parts import Order
from ..parameters import refuse_parameter
from ..values import BadValue
from .cipher import CursorCipher

_BINDING_BYTES = 16
_BACKWARD, _INCLUSIVE = 1, 2
_UNBOUND = frozenset({"cursor", "limit", "fields", "include"})


class Position(Struct, frozen=True):
    """Position in an ordered list, and the direction of the page from there.

    Args:
        values: The values of the order's terms at the position.
        backward: Whether the page has the rows before it.
        inclusive: Whether the page includes a row at this very position.
    """

    values: tuple[Any, ...]
    backward: bool = False
    inclusive: bool = False


def bind_query(path: Iterable[Any], parameters: Iterable[Parameter]) -> bytes:
    """Return a digest of the query that a cursor is bound to.

    Args:
        path: The values that identify the list.
        parameters: The query; parameters that may change between pages are left out.

    Returns:
        The digest, independent of the order of the parameters.
    """
    bound = sorted((p.name, p.value, p.whole) for p in parameters if p.name not in _UNBOUND)
    text = json.dumps([list(map(str, path)), bound])
    return hashlib.blake2b(text.encode(), digest_size=_BINDING_BYTES).digest()


def write_cursor(
    position: Position, order: Sequence[Order], binding: bytes, cipher: CursorCipher
) -> str:
    """Write a position as a cursor.

    Args:
        position: The position.
        order: The order of the list.
        binding: The digest that the cursor is bound to.
        cipher: The cipher that seals it.

    Returns:
        The cursor: letters, digits, `-` and `_`.
    """
    pairs = zip(order, position.values, strict=True)
    values = [None if v is None else _write_value(term.field, v) for term, v in pairs]
    flags = _BACKWARD * position.backward | _INCLUSIVE * position.inclusive
    # The flags come last: they always differ from the padding.
    return seal([*values, flags], binding, cipher)


def seal(values: Sequence[Any], binding: bytes, cipher: CursorCipher) -> str:
    """Write values as a cursor.

    Args:
        values: Texts, integers and booleans.
        binding: The digest that the cursor is bound to.
        cipher: The cipher that seals it.

    Returns:
        The cursor: letters, digits, `-` and `_`.
    """
    sealed = cipher.encrypt(msgspec.msgpack.encode(values), binding)
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def unseal(text: str, binding: bytes, cipher: CursorCipher) -> Sequence[Any]:
    """Read the values of a cursor.

    Raises:
        InvalidRequest: It is damaged, or was sealed with another secret or for another query.
    """
    content = cipher.decrypt(_decode(text), binding)
    if content is None:
        raise _refuse()
    values: Sequence[Any] = msgspec.msgpack.decode(content)
    return values


def read_cursor(
    text: str, order: Sequence[Order], binding: bytes, cipher: CursorCipher
) -> Position:
    """Read a cursor.

    Args:
        text: The cursor.
        order: The order of the list.
        binding: The digest that it should be bound to.
        cipher: The cipher that opens it.

    Returns:
        The position.

    Raises:
        InvalidRequest: It is damaged, or was sealed with another secret or for another query.
    """
    try:
        *values, flags = unseal(text, binding, cipher)
        pairs = list(zip(order, values, strict=True))
        read = tuple(None if v is None else _read_value(term.field, v) for term, v in pairs)
    except (ValueError, TypeError, ArithmeticError):
        raise _refuse() from None
    if any(value is None and not term.nullable for term, value in zip(order, read, strict=True)):
        raise _refuse()
    return Position(read, bool(flags & _BACKWARD), bool(flags & _INCLUSIVE))


def _decode(text: str) -> bytes:
    try:
        token = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise _refuse() from None
    # The last letter has unused bits.
    if base64.urlsafe_b64encode(token).rstrip(b"=").decode() != text:
        raise _refuse()
    return token


def _refuse() -> InvalidRequest:
    message = (
        "is not a cursor of this list: send `next` or `previous` of a response unchanged, with "
        "the same filters, `q`, `or` and `sort`"
    )
    return refuse_parameter("cursor", message, "invalid_cursor")


def _write_value(field: Field, value: Any) -> Any:
    form = _form_of(field)
    if isinstance(value, form.cls) and not isinstance(value, SpelledUUID):
        return form.write(value)
    if is_decorated(field.sql_type) and not isinstance(value, Unreadable):
        return str(value)
    return _write_stored(value)


def _read_value(field: Field, value: Any) -> Any:
    if isinstance(value, list):
        return _read_stored(value)
    return _form_of(field).read(value, field)


def _write_stored(value: Any) -> list[Any]:
    """Write a value that is not one of its field's type, as it is stored."""
    stored = value.stored if isinstance(value, (Unreadable, SpelledUUID)) else value
    if isinstance(stored, bytes):
        return ["octets" if isinstance(stored, Octets) else "bytes", stored.hex()]
    is_number = isinstance(stored, (int, float)) and not isinstance(stored, bool)
    return ["number", repr(stored)] if is_number else ["text", str(stored)]


def _read_stored(value: list[Any]) -> Unreadable:
    kind, text = value
    if kind in ("bytes", "octets"):
        return Unreadable((Octets if kind == "octets" else bytes).fromhex(text))
    if kind == "number":
        return Unreadable(float(text) if set(text) & set(".en") else int(text))
    return Unreadable(str(text))


class _Form(NamedTuple):
    """Form of the values of one kind in a cursor.

    Args:
        cls: Their class.
        write: Writes a value as a text, an integer or a boolean.
        read: Reads a value that was written.
    """

    cls: type | tuple[type, ...]
    write: Callable[[Any], Any]
    read: Callable[[Any, Field], Any]


def _form_of(field: Field) -> _Form:
    """Return the form of a column's values in a cursor.

    Values of an unknown kind, as a key with a type of its own may have, are texts.
    """
    return _FORMS.get(field.stored_kind or field.kind, _FORMS[Kind.TEXT])


def _write_interval(value: dt.timedelta) -> str:
    # Another program may have stored one whose microseconds exceed 64 bits.
    return str(value // dt.timedelta(microseconds=1))


def _read_interval(value: Any, field: Field) -> dt.timedelta:
    return dt.timedelta(microseconds=int(_read_text(value, field)))


def _read_integer(value: Any, _field: Field) -> int:
    if type(value) is not int or not MIN_INT64 <= value <= MAX_INT64:
        raise BadValue("should be an integer within 64 bits")
    return value


def _read_boolean(value: Any, _field: Field) -> bool:
    if not isinstance(value, bool):
        raise BadValue("should be true or false")
    return value


def _read_text(value: Any, _field: Field) -> str:
    if not isinstance(value, str):
        raise BadValue("should be a text")
    return value


def _read_float(value: Any, _field: Field) -> float:
    return float(_read_text(value, _field))


def _read_decimal(value: Any, field: Field) -> Decimal:
    number = Decimal(_read_text(value, field))
    if number.is_snan() or abs(number.adjusted()) > MAX_EXPONENT:
        raise BadValue("should be a number of a reasonable size")
    return number


def _read_bytes(value: Any, field: Field) -> bytes:
    return bytes.fromhex(_read_text(value, field))


def _write_enum(value: Any) -> str:
    return value.name if isinstance(value, Enum) else str(value)


def _read_enum(value: Any, field: Field) -> Any:
    sql_type = field.sql_type
    found = members_of(Any, sql_type) or members_of(field.annotation, sql_type)
    members = {_write_enum(member): member for member in found}
    if value not in members:
        raise BadValue("should be a member")
    return members[value]


def _read_uuid(value: Any, field: Field) -> Any:
    found = uuid.UUID(_read_text(value, field))
    return found if field.to_column is None else field.to_column(found)


def _read_datetime(value: Any, field: Field) -> dt.datetime:
    found = dt.datetime.fromisoformat(_read_text(value, field))
    if (found.tzinfo is not None) != bool(getattr(storage_type(field.sql_type), "timezone", 0)):
        raise BadValue("should be as its column has it")
    return found


def _read_date(value: Any, field: Field) -> dt.date:
    return read_date(_read_text(value, field))


def _read_time(value: Any, field: Field) -> dt.time:
    return dt.time.fromisoformat(_read_text(value, field))


_FORMS: Mapping[Kind, _Form] = {
    Kind.INTEGER: _Form(int, int, _read_integer),
    Kind.FLOAT: _Form((float, int), repr, _read_float),
    Kind.DECIMAL: _Form(Decimal, str, _read_decimal),
    Kind.BOOLEAN: _Form(bool, bool, _read_boolean),
    Kind.TEXT: _Form(str, str, _read_text),
    Kind.UUID: _Form((uuid.UUID, str), str, _read_uuid),
    Kind.ENUM: _Form((Enum, str), _write_enum, _read_enum),
    Kind.DATETIME: _Form(dt.datetime, dt.datetime.isoformat, _read_datetime),
    Kind.DATE: _Form(dt.date, write_date, _read_date),
    Kind.TIME: _Form(dt.time, dt.time.isoformat, _read_time),
    Kind.INTERVAL: _Form(dt.timedelta, _write_interval, _read_interval),
    Kind.BYTES: _Form(bytes, bytes.hex, _read_bytes),
}
