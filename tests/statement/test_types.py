"""Values on their way to a driver and back, for each type that a database needs help with."""

import datetime as dt
import math
import uuid
from collections.abc import Callable
from decimal import Decimal
from math import inf, nan
from typing import Any

import pytest
from sqlalchemy import (
    ARRAY,
    CHAR,
    JSON,
    REAL,
    Boolean,
    Date,
    DateTime,
    Double,
    Enum,
    Float,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    String,
    Text,
    Time,
    TypeDecorator,
    Uuid,
)
from sqlalchemy.dialects import sqlite as own
from sqlalchemy.dialects.postgresql.asyncpg import dialect as postgresql
from sqlalchemy.dialects.sqlite.aiosqlite import dialect as sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

from modelwire.catalog.infinite_dates import read_date
from modelwire.catalog.invalid_values import Octets, Unreadable
from modelwire.compat.sqlmodel import AutoString, UTCDateTime
from modelwire.statement.compiled import Compiled, Decoder, binder_of, decoder_of
from modelwire.statement.dialect import SQLDialect
from modelwire.statement.dialects.known import DIALECTS
from modelwire.statement.dialects.postgresql_reading import (
    _read_instant,
    _read_item_parts,
    _read_items,
    _read_octets,
    _read_parts,
)
from modelwire.statement.dialects.postgresql_types import (
    PostgreSQLInstant,
    PostgreSQLList,
    PostgreSQLReal,
    PostgreSQLRealOperand,
    postgresql_type,
)
from modelwire.statement.dialects.sqlite_reading import _read_told
from modelwire.statement.dialects.sqlite_types import (
    SQLiteDecimal,
    SQLiteList,
    SQLiteRows,
    sqlite_type,
)
from modelwire.statement.four_byte_floats import _round as round_to_real
from modelwire.statement.four_byte_floats import place_among_reals, shorten
from modelwire.statement.intervals import read_interval, write_interval
from modelwire.statement.stored_texts import SpelledList
from modelwire.statement.types import operand_type, spell_decimal, wire_type

SQLITE, POSTGRESQL = sqlite(), postgresql()
EAST = dt.timezone(dt.timedelta(hours=2))
NOON = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
LOCAL = NOON.replace(tzinfo=None)
MANY = 2**53 + 1


def send(sql_type: TypeEngine[Any], value: Any, dialect: Dialect) -> Any:
    """Return a value as a driver takes it."""
    convert = binder_of(sql_type, dialect)
    return value if convert is None else convert(value)


def receive(sql_type: TypeEngine[Any], value: Any, dialect: Dialect) -> Any:
    """Return a value that a driver has returned."""
    oid = 700 if isinstance(sql_type.dialect_impl(dialect), PostgreSQLReal) else 1700
    convert = sql_type.dialect_impl(dialect).result_processor(dialect, oid)
    return value if convert is None else convert(value)


@pytest.mark.parametrize(
    ("sql_type", "name"),
    [
        (UTCDateTime(), "SQLiteInstant"),
        (DateTime(timezone=True), "SQLiteInstant"),
        (DateTime(), "SQLiteDateTime"),
        (Date(), "SQLiteDate"),
        (Time(), "SQLiteTime"),
        (Time(timezone=True), "SQLiteClock"),
        (Boolean(), "SQLiteBoolean"),
        (Float(), "SQLiteFloat"),
        (Numeric(5, 2), "SQLiteDecimal"),
        (Text(), "Text"),
        (own.DATETIME(), "DATETIME"),
        (own.DATE(), "DATE"),
        (own.TIME(), "TIME"),
    ],
)
def test_types_on_sqlite(sql_type: TypeEngine[Any], name: str) -> None:
    found = sqlite_type(sql_type)
    assert type(found).__name__ == name
    if isinstance(found, SQLiteDecimal):
        assert found.scale == 2


@pytest.mark.parametrize(
    ("sql_type", "name"),
    [
        (UTCDateTime(), "PostgreSQLInstant"),
        (DateTime(timezone=True), "PostgreSQLInstant"),
        (DateTime(), "DateTime"),
        (Time(), "Time"),
        (Time(timezone=True), "PostgreSQLClock"),
        (CHAR(3), "PostgreSQLChar"),
        (REAL(), "PostgreSQLReal"),
        (Float(), "Float"),
        (Double(), "Double"),
        (Numeric(), "PostgreSQLDecimal"),
        (Numeric(5, 2), "Numeric"),
        (Numeric(5, 2, asdecimal=False), "Numeric"),
        (Text(), "Text"),
    ],
)
def test_types_on_postgresql(sql_type: TypeEngine[Any], name: str) -> None:
    found = postgresql_type(sql_type)
    assert type(found).__name__ == name
    if isinstance(found, Numeric) and not isinstance(found, Float):
        assert (found.precision, found.scale, found.asdecimal) == (5, 2, True)
    if isinstance(found, CHAR):
        assert found.length == 3


@pytest.mark.parametrize(
    ("sql_type", "value", "sent"),
    [
        (DateTime(timezone=True), NOON, "2026-01-31 12:00:00.000000"),
        (DateTime(timezone=True), NOON.replace(microsecond=5), "2026-01-31 12:00:00.000005"),
        (DateTime(timezone=True), NOON.astimezone(EAST), "2026-01-31 12:00:00.000000"),
        (DateTime(timezone=True), None, None),
        (DateTime(), LOCAL, "2026-01-31 12:00:00.000000"),
        (Time(timezone=True), dt.time(14, tzinfo=EAST), "12:00:00.000000"),
        (Time(timezone=True), None, None),
        (Time(), dt.time(14), "14:00:00.000000"),
        (Numeric(5, 2), Decimal("1.5"), 1.5),
        (Numeric(5, 2), None, None),
        (Numeric(5, 2), Decimal("NaN"), nan),
        (Numeric(5, 2), Decimal(MANY), MANY),
        (Numeric(5, 2), Decimal(-MANY), -MANY),
        (Numeric(5, 2), Decimal(2**53), 2**53),
        (Numeric(5, 2), Decimal(2**53 - 1), 2.0**53 - 1),
        (Numeric(5, 2), Decimal(MANY) + Decimal("0.5"), 2.0**53 + 2),
        (Numeric(5, 2), Decimal(2**63 - 1), 2**63 - 1),
        (Numeric(5, 2), Decimal(2**63), 2.0**63),
        (Numeric(5, 2), Decimal(-(2**63)), -(2**63)),
        (Numeric(5, 2), Decimal("1e400"), 1.7976931348623157e308),
        (Numeric(5, 2), Decimal("-1e400"), -1.7976931348623157e308),
        (Numeric(5, 2), Decimal("1e-400"), 5e-324),
        (Numeric(5, 2), Decimal("-1e-400"), -5e-324),
        (Numeric(5, 2), Decimal(0), 0.0),
    ],
)
def test_what_sqlite_is_sent(sql_type: TypeEngine[Any], value: Any, sent: Any) -> None:
    found = send(sqlite_type(sql_type), value, SQLITE)
    assert (type(found), repr(found)) == (type(sent), repr(sent))


@pytest.mark.parametrize(
    ("sql_type", "value", "read"),
    [
        (DateTime(timezone=True), "2026-01-31 12:00:00.000000", NOON),
        (DateTime(), "2026-01-31 12:00:00.000000", LOCAL),
        (Date(), "2026-01-31", NOON.date()),
        (Time(timezone=True), "12:00:00.000000", dt.time(12, tzinfo=dt.UTC)),
        (Time(), "12:00:00", dt.time(12)),
        (Boolean(), 1, True),
        (Boolean(), 0, False),
        (Boolean(), None, None),
        (Float(), 5, 5.0),
        (Float(), 0.5, 0.5),
        (Float(), None, None),
        (Numeric(5, 2), None, None),
        (Numeric(5, 2), 1.5, Decimal("1.50")),
        (Numeric(5, 2), 5, Decimal("5.00")),
        (Numeric(5, 2), -0.0, Decimal("0.00")),
        (Numeric(20, 0), MANY, Decimal(MANY)),
        (Numeric(20, 0), -MANY, Decimal(-MANY)),
        (Numeric(20, 0), 2.0**53, Decimal(2**53)),
        (Numeric(), 1e300, Decimal("1" + "0" * 300)),
        (Numeric(), 1.5, Decimal("1.5")),
        (Numeric(), 100.0, Decimal(100)),
    ],
)
def test_what_sqlite_returns(sql_type: TypeEngine[Any], value: Any, read: Any) -> None:
    found = receive(sqlite_type(sql_type), value, SQLITE)
    assert (type(found), str(found)) == (type(read), str(read))


@pytest.mark.parametrize(
    ("sql_type", "value"),
    [
        (Float(), "1.5"),
        (Float(), MANY),
        (Numeric(5, 2), 1.555),
        (Numeric(5, 2), "1.5"),
        (Boolean(), 2),
    ],
)
def test_what_sqlite_has_that_is_no_value(sql_type: TypeEngine[Any], value: Any) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        receive(sqlite_type(sql_type), value, SQLITE)


def spell(value: Any) -> tuple[Any, ...]:
    return value, value.upper()


@pytest.mark.parametrize(
    ("sql_type", "value", "sent"),
    [
        (SQLiteList(Integer()), [1, None, 2], "[1,null,2]"),
        (SQLiteList(Integer()), None, None),
        (SQLiteList(Integer()), [], "[]"),
        (SQLiteList(Boolean()), [True, None], "[true,null]"),
        (SQLiteList(LargeBinary()), [b"\x0a\xff", None], '["0AFF",null]'),
        (SQLiteList(sqlite_type(DateTime())), [LOCAL], '["2026-01-31 12:00:00.000000"]'),
        (SQLiteList(Text(), spell), ["a", "b"], '["a","A","b","B"]'),
        (SQLiteRows(Integer(), Text()), [(1, "a"), (2, "é")], '[[1,"a"],[2,"é"]]'),
        (SQLiteRows(Integer(), LargeBinary()), [(1, b"\x0a")], '[[1,"0A"]]'),
        (SQLiteRows(Integer()), [], "[]"),
        (SQLiteRows(Integer()), None, None),
    ],
)
def test_lists_on_sqlite(sql_type: TypeEngine[Any], value: Any, sent: str | None) -> None:
    assert send(sql_type, value, SQLITE) == sent


@pytest.mark.parametrize(
    ("item", "value", "sent"),
    [
        (Integer(), [1, None, -2], "{1,null,-2}"),
        (Boolean(), [True, None], "{true,null}"),
        (Text(), ["a", None, "null", ""], '{"a",null,"null",""}'),
        (Text(), ['a"b', "c\\d", "e\nf", None], '{"a\\"b","c\\\\d","e\nf",null}'),
        (Text(), [], "{}"),
        (Text(), None, None),
    ],
)
def test_lists_on_postgresql(item: TypeEngine[Any], value: Any, sent: str | None) -> None:
    """They are the text of an array, in which the same characters are escaped as in JSON."""
    assert send(PostgreSQLList(item), value, POSTGRESQL) == sent


@pytest.mark.parametrize(
    ("item", "can"),
    [
        (Text(), True),
        (String(5), True),
        (Integer(), True),
        (Boolean(), True),
        (Enum("a", name="e"), False),
        (Float(), False),
        (Uuid(), False),
    ],
)
def test_items_of_lists(item: TypeEngine[Any], *, can: bool) -> None:
    assert PostgreSQLList.can_hold(item) is can


@pytest.mark.parametrize(
    ("sql_type", "value", "sent"),
    [
        (PostgreSQLInstant(), NOON.astimezone(EAST), NOON),
        (PostgreSQLInstant(), NOON, NOON),
        (PostgreSQLInstant(), None, None),
        (
            postgresql_type(Time(timezone=True)),
            dt.time(14, tzinfo=EAST),
            dt.time(12, tzinfo=dt.UTC),
        ),
        (postgresql_type(Time(timezone=True)), None, None),
        (PostgreSQLRealOperand(), 0.1, 0.10000000149011612),
        (PostgreSQLRealOperand(), None, None),
        (ARRAY(PostgreSQLInstant()), [NOON.astimezone(EAST), None], [NOON, None]),
        (ARRAY(Integer()), [1], [1]),
    ],
)
def test_what_postgresql_is_sent(sql_type: TypeEngine[Any], value: Any, sent: Any) -> None:
    found = send(sql_type, value, POSTGRESQL)
    assert (found, str(found)) == (sent, str(sent))


@pytest.mark.parametrize(
    ("sql_type", "value", "read"),
    [
        (CHAR(5), " a ", " a"),
        (CHAR(5), None, None),
        (REAL(), 0.10000000149011612, 0.1),
        (REAL(), None, None),
        (Numeric(), Decimal("1E+2"), Decimal(100)),
        (Numeric(), Decimal("1.50"), Decimal("1.5")),
        (Numeric(), None, None),
        (Time(timezone=True), dt.time(14, tzinfo=EAST), dt.time(12, tzinfo=dt.UTC)),
        (Time(timezone=True), None, None),
    ],
)
def test_what_postgresql_returns(sql_type: TypeEngine[Any], value: Any, read: Any) -> None:
    found = receive(postgresql_type(sql_type), value, POSTGRESQL)
    assert (type(found), str(found)) == (type(read), str(read))


def test_arrays_that_postgresql_returns() -> None:
    """They are converted if their items are."""
    convert = decoder_of(ARRAY(postgresql_type(Time(timezone=True))), POSTGRESQL)
    assert convert is not None
    assert convert([dt.time(14, tzinfo=EAST), None]) == [dt.time(12, tzinfo=dt.UTC), None]


@pytest.mark.parametrize(
    ("values", "needs"),
    [([NOON], False), ([None, NOON], False), ([NOON, LOCAL], True), ([], False)],
)
def test_first_and_last_instants(values: list[Any], *, needs: bool) -> None:
    """The driver returns them without an offset."""
    assert PostgreSQLInstant.needs_decoding([(1, value) for value in values], 1) is needs


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (_read_octets, b"\xc3\xa9", "é"),
        (_read_octets, b"\xff", Unreadable(Octets(b"\xff"))),
        (_read_told, b"\xc3\xa9", "é"),
        (_read_told, b"\xff", Unreadable(Octets(b"\xff"))),
        (_read_told, "0AFF", b"\x0a\xff"),
        (_read_told, 5, 5),
        (_read_told, None, None),
        (_read_instant, "2026-01-31T12:00:00+00:00", NOON),
        (_read_instant, "infinity", dt.datetime.max),
        (_read_instant, "-infinity", dt.datetime.min),
        (read_date, "2026-01-31", NOON.date()),
        (read_date, "infinity", dt.date.max),
        (_read_parts, "1 2 1 day", dt.timedelta(1, 0, 2)),
        (_read_parts, "9999999999 0 many days", Unreadable("many days")),
        (_read_item_parts, "1 2 1 day", dt.timedelta(1, 0, 2)),
    ],
)
def test_spellings(read: Callable[[Any], Any], text: Any, value: Any) -> None:
    """Texts are decoded by themselves, so that one that can't be is shown as it is."""
    found = read(text)
    assert (type(found), getattr(found, "stored", found)) == (
        type(value),
        getattr(value, "stored", value),
    )


def test_items_of_arrays() -> None:
    """Each is read by itself, in any number of dimensions."""
    text = '["2026-01-31", null, ["infinity", "10000-01-01"]]'
    assert _read_items(read_date, text) == [NOON.date(), None, [dt.date.max, "10000-01-01"]]


@pytest.mark.parametrize("value", [inf, -inf, nan])
def test_floats_that_are_no_numbers(value: float) -> None:
    assert repr(send(sqlite_type(Numeric(5, 2)), value, SQLITE)) == repr(value)


def test_rows_are_decoded() -> None:
    """Only columns with a conversion, and of those with a look at the rows only if it says so."""
    decoders = (
        Decoder(1, str, None),
        Decoder(2, str, lambda rows, position: rows[0][position] == 3),
        Decoder(0, str, lambda rows, position: rows[0][position] == 3),
    )
    found = Compiled("", (), (), {}, {}, decoders, frozenset((0, 1, 2)))
    assert found.decode([(1, 2, 3), (4, 5, 6)]) == [(1, "2", "3"), (4, "5", "6")]
    assert found.decode([]) == []
    rows = [(1, 2)]
    assert Compiled("", (), (), {}, {}, (), ()).decode(rows) is rows


def test_values_are_bound() -> None:
    """Constants and defaults are added to those that are given, which come first."""
    found = Compiled("", ("a", "b", "c"), ((0, str),), {"b": 2}, {"c": lambda: 3}, (), ())
    assert found.bind({"a": 1}) == ["1", 2, 3]
    assert found.bind({"a": 1, "b": 4, "c": 5, "d": 6}) == ["1", 4, 5]
    assert Compiled("", ("c",), (), {}, {"c": lambda: 3}, (), ()).bind({}) == [3]
    assert Compiled("", ("b",), (), {"b": 2}, {}, (), ()).bind({}) == [2]


@pytest.mark.parametrize(
    ("real", "number"),
    [
        (0.10000000149011612, 0.1),
        (9.884679457172751e-07, 9.88468e-07),
        (0.07255537807941437, 0.07255538),
        (2.2079346351233653e-08, 2.2079346e-08),
        (0.010348421521484852, 0.0103484215),
        (16777216.0, 16777216.0),
    ],
)
def test_numbers_of_four_byte_floats(real: float, number: float) -> None:
    """Each stands for the shortest text that it can be read from."""
    assert shorten(real) == number
    assert place_among_reals(number) == real


@pytest.mark.parametrize("number", [0.10000000149011612, 0.0999999999, 16777217.0, 9.8846795e-07])
def test_numbers_between_four_byte_floats(number: float) -> None:
    """A number that no float stands for compares as it does with the texts of its neighbours."""
    place, around = place_among_reals(number), round_to_real(number)
    assert place != around
    assert (place < around) is (number < shorten(around))
    assert abs(place - around) < abs(around) * 1e-15


@pytest.mark.parametrize("number", [1e39, -1e39, inf, -inf])
def test_numbers_beyond_four_byte_floats(number: float) -> None:
    assert place_among_reals(number) == number
    assert round_to_real(number) == math.copysign(inf, number)


def test_the_largest_four_byte_float() -> None:
    largest = 3.4028234663852886e38
    assert round_to_real(largest) == largest
    assert shorten(largest) == 3.4028235e38


@pytest.mark.parametrize(
    ("value", "sql_type", "spelled"),
    [
        (Decimal("1.5"), Numeric(10, 2), "1.50"),
        (Decimal("1E+2"), Numeric(10, 2), "100.00"),
        (Decimal("NaN"), Numeric(10, 2), "NaN"),
        (Decimal("1E+2"), Numeric(), "100"),
        (Decimal("Infinity"), Numeric(), "Infinity"),
        (Decimal("1." + "0" * 40 + "1"), Numeric(50, 41), "1." + "0" * 40 + "1"),
    ],
)
def test_decimals_are_spelled(value: Decimal, sql_type: TypeEngine[Any], spelled: str) -> None:
    """They have the places of their column, however many digits that takes."""
    assert str(spell_decimal(value, sql_type)) == spelled


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=list(DIALECTS))
def test_types_on_the_wire(dialect: SQLDialect) -> None:
    """A type of the application's is its own, as is one of items that need no other."""
    plain = ARRAY(Integer(), dimensions=2)
    assert wire_type(plain, dialect) is plain
    clocks = wire_type(ARRAY(Time(timezone=True), dimensions=2), dialect)
    assert isinstance(clocks, ARRAY)
    assert (clocks.dimensions, type(clocks.item_type).__name__) == (
        2,
        {"sqlite": "SQLiteClock", "postgresql": "PostgreSQLClock"}[dialect.name],
    )
    document = JSON()
    sent = wire_type(document, dialect)
    assert isinstance(sent, JSON)
    assert (sent.none_as_null, document.none_as_null) == (True, False)
    assert wire_type(sent, dialect) is sent
    own = _Own()
    assert wire_type(own, dialect) is operand_type(own, dialect) is own


class _Own(TypeDecorator[int]):
    impl = Integer
    cache_ok = True


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=list(DIALECTS))
@pytest.mark.parametrize(
    ("sql_type", "names"),
    [
        (SmallInteger(), {"BigInteger"}),
        (String(5), {"Text"}),
        (AutoString(5), {"Text"}),
        (CHAR(3), {"PostgreSQLChar", "CHAR"}),
        (Float(), {"SQLiteFloat", "Double", "Float"}),
        (REAL(), {"SQLiteFloat", "PostgreSQLRealOperand", "REAL"}),
        (Numeric(5, 2), {"SQLiteDecimal", "Numeric"}),
        (Boolean(), {"SQLiteBoolean", "Boolean"}),
    ],
)
def test_types_of_operands(dialect: SQLDialect, sql_type: TypeEngine[Any], names: set[str]) -> None:
    """They are wide enough for any value."""
    found = operand_type(sql_type, dialect)
    assert type(found).__name__ in names
    if isinstance(found, Numeric) and not isinstance(found, Float):
        assert found.scale is None


@pytest.mark.parametrize(
    "duration",
    [
        dt.timedelta(),
        dt.timedelta(1, 2, 3),
        dt.timedelta(-1, 5),
        dt.timedelta.max,
        dt.timedelta.min,
    ],
)
def test_intervals(duration: dt.timedelta) -> None:
    assert read_interval(write_interval(duration)) == duration
    assert write_interval(dt.timedelta(1, 2, 3)) == (0, 1, 2_000_003)
    assert read_interval((2, 1, 5)) == dt.timedelta(61, 0, 5)


def test_lists_of_texts_with_several_spellings() -> None:
    """Each value is sent in all of its spellings, and no list is NULL."""
    bind = SpelledList(Uuid(), lambda text: (text, text.upper())).bind_processor(SQLITE)
    text = f"{'0' * 31}a"
    assert bind([uuid.UUID(int=10)]) == [text, text.upper()]
    assert (bind([]), bind(None)) == ([], None)


def test_decimals_of_many_digits_on_sqlite() -> None:
    """A float stands for a decimal with more digits than Python's arithmetic has by default."""
    found = receive(sqlite_type(Numeric(40, 2)), 1e30, SQLITE)
    assert str(found) == f"1{'0' * 30}.00"
