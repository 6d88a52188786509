"""Functions that SQLite calls for exact sums and means, and what is read from their texts."""

import datetime as dt
import math
from decimal import Decimal
from fractions import Fraction
from functools import cmp_to_key
from typing import Any

import pytest
from sqlalchemy.dialects.sqlite.aiosqlite import dialect as sqlite

from modelwire.catalog.kinds import Kind
from modelwire.statement.exact_numbers import (
    DurationText,
    ExactNumber,
    ExactText,
    Total,
    add_scaled,
    compare_numbers,
    join_halves,
    mean,
    write_out,
)

DIALECT = sqlite()
FAR = 2**63 - 1


@pytest.mark.parametrize("values", [[0], [FAR] * 3, [-1], [-FAR - 1, FAR, -5], [2**32, 2**31]])
def test_integers_are_added_in_halves(values: list[int]) -> None:
    """Both halves of each integer are added up by themselves, so that no sum overflows."""
    high, low = sum(v >> 32 for v in values), sum(v & (2**32 - 1) for v in values)
    assert join_halves(high, low) == str(sum(values))


@pytest.mark.parametrize("halves", [(None, None), (None, 1), (1, None)])
def test_no_halves(halves: tuple[int | None, int | None]) -> None:
    assert join_halves(*halves) is None


@pytest.mark.parametrize(
    ("values", "total"),
    [
        ([], None),
        (["a", None, b"1"], None),
        ([0], "0"),
        ([0.1, 0.2], "0.3"),
        ([1e20, 1, "x", -1e20], "1"),
        ([1e300, 1e-5], f"1{'0' * 300}.00001"),
        ([math.inf, 1], "Infinity"),
        ([math.inf, -math.inf], "NaN"),
    ],
)
def test_totals(values: list[Any], total: str | None) -> None:
    """Numbers are added as they are written, and other values are passed over."""
    aggregate = Total()
    for value in values:
        aggregate.step(value)
    assert aggregate.finalize() == total


@pytest.mark.parametrize(
    ("units", "scale", "others", "total"),
    [
        (None, 2, None, None),
        (None, 2, "1.5", "1.5"),
        (150, 2, None, "1.50"),
        (150, 2, "0.001", "1.501"),
        (-5, 0, "5", "0"),
        (FAR, 4, "1e20", str(Decimal(FAR).scaleb(-4) + 10**20)),
        (1, 2, "Infinity", "Infinity"),
    ],
)
def test_parts_of_a_sum(units: int | None, scale: int, others: str | None, total: str) -> None:
    assert add_scaled(units, scale, others) == total


@pytest.mark.parametrize(
    ("total", "count", "places", "found"),
    [
        (None, 0, 2, None),
        ("1", 0, 2, None),
        ("1", 3, None, 1 / 3),
        ("1", 3, 2, "0.33"),
        ("2", 3, 2, "0.67"),
        ("0.25", 2, 2, "0.12"),
        ("0.75", 2, 2, "0.38"),
        ("-0.25", 2, 2, "-0.12"),
        ("5", 2, 0, "2"),
        ("1", 3, -1, "0.333333"),
        ("0.10", 3, -1, "0.0333333"),
        ("100", 3, -1, "33.333333"),
        ("Infinity", 3, 2, "Infinity"),
        ("Infinity", 3, None, math.inf),
    ],
)
def test_means(total: str | None, count: int, places: int | None, found: Any) -> None:
    """A mean is rounded half to even, and has six places more than the sum if no scale is known."""
    assert mean(total, count, places) == found


def test_means_as_floats_are_the_closest() -> None:
    total = 3 * 10**40 + 1
    assert mean(str(total), 3, None) == float(Fraction(total, 3))


def test_texts_of_numbers_are_ordered() -> None:
    """By their values, with those that are no numbers last."""
    texts = ["10", "9.5", "-3", "1e3", "0.50", "-Infinity", "NaN", "Infinity"]
    found = sorted(texts, key=cmp_to_key(compare_numbers))
    assert found == ["-Infinity", "-3", "0.50", "9.5", "10", "1e3", "Infinity", "NaN"]
    assert compare_numbers("0.5", "0.50") == compare_numbers("NaN", "NaN") == 0


@pytest.mark.parametrize(
    ("number", "written"),
    [("1.500", "1.5"), ("100", "100"), ("1E+3", "1000"), ("5.00", "5"), ("NaN", "NaN")],
)
def test_numbers_without_needless_zeros(number: str, written: str) -> None:
    assert str(write_out(Decimal(number))) == written


@pytest.mark.parametrize(
    ("kind", "scale", "stored", "value"),
    [
        (Kind.INTEGER, None, "9223372036854775808", 2**63),
        (Kind.INTEGER, None, "0.5", Decimal("0.5")),
        (Kind.INTEGER, None, "NaN", "NaN"),
        (Kind.DECIMAL, 2, "1.5", Decimal("1.50")),
        (Kind.DECIMAL, None, "1.500", Decimal("1.5")),
        (Kind.DECIMAL, 2, "Infinity", Decimal("Infinity")),
        (Kind.FLOAT, None, "0.1", 0.1),
        (Kind.FLOAT, None, "Infinity", math.inf),
        (Kind.FLOAT, None, None, None),
    ],
)
@pytest.mark.parametrize("cls", [ExactNumber, ExactText])
def test_results(
    cls: type[ExactNumber], kind: Kind, scale: int | None, stored: str | None, value: Any
) -> None:
    """A sum is shown as what it is a sum of."""
    found = cls(kind, scale).process_result_value(stored, DIALECT)
    assert (str(found), type(found)) == (str(value), type(value) if value != "NaN" else Decimal)


def test_what_no_float_can_hold() -> None:
    with pytest.raises(OverflowError):
        ExactText(Kind.FLOAT).process_result_value("1e400", DIALECT)


@pytest.mark.parametrize("value", [Decimal("1E+3"), 1000.0, 1000])
def test_numbers_that_sums_are_compared_with(value: Any) -> None:
    """A text of digits on SQLite, and a number elsewhere."""
    assert Decimal(ExactText(Kind.DECIMAL).process_bind_param(value, DIALECT)) == 1000
    assert "E" not in ExactText(Kind.DECIMAL).process_bind_param(value, DIALECT)
    assert ExactNumber(Kind.DECIMAL).process_bind_param(value, DIALECT) == 1000
    for cls in (ExactText, ExactNumber):
        assert cls(Kind.DECIMAL).process_bind_param(None, DIALECT) is None


@pytest.mark.parametrize("value", [dt.timedelta(-1, 1, 1), dt.timedelta.max, None])
def test_durations(value: dt.timedelta | None) -> None:
    kind = DurationText()
    assert kind.process_result_value(kind.process_bind_param(value, DIALECT), DIALECT) == value
    assert kind.process_bind_param(dt.timedelta(seconds=1), DIALECT) == "1000000"


def test_means_of_many_digits() -> None:
    assert mean("1" * 40, 1, 2) == f"{'1' * 40}.00"
    assert mean("1" * 40 + ".5", 1, -1) == f"{'1' * 40}.5000000"
