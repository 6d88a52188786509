"""Kinds of columns as users declare them, and their values as JSON has them."""

from __future__ import annotations

import base64
import string
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from pydantic import TypeAdapter

EQUALITY = ("eq", "ne", "in", "not_in")
ORDER = ("gt", "gte", "lt", "lte", "between")
TEXT = (
    *("contains", "icontains", "startswith", "istartswith"),
    *("endswith", "iendswith", "like", "ilike"),
)
NUMBERS = ("sum", "avg", "min", "max")
LEAST_AND_MOST = ("min", "max")


@dataclass(frozen=True)
class Kind:
    """A kind of column.

    Args:
        annotation: How a field of it is annotated.
        draw: Draws a value, as answers show it.
        options: Arguments of `Field`.
        decode: Makes of JSON what is compared and ordered in Python.
        operators: What filters it beside `isnull`.
        measures: What it can be aggregated by, beside counts.
        defaults: Constants, as Python and as JSON have them.
        server_defaults: The same in SQL.
        wrong: JSON that is no value of it.
        is_key: Whether it is used for keys.
        is_sortable: Whether lists sort by it.
    """

    annotation: str
    draw: Callable[[Random], Any]
    options: str = ""
    decode: Callable[[Any], Any] = lambda value: value
    operators: tuple[str, ...] = EQUALITY
    measures: tuple[str, ...] = ()
    defaults: tuple[tuple[str, Any], ...] = ()
    server_defaults: tuple[tuple[str, Any], ...] = ()
    wrong: tuple[Any, ...] = ({}, [])
    is_key: bool = False
    is_sortable: bool = True


def _text(draw: Random, most: int = 12) -> str:
    if draw.random() < 0.15:
        return draw.choice(_TEXTS)[:most]
    return "".join(
        draw.choices(string.ascii_letters + string.digits + " ", k=draw.randint(1, most))
    )


_TEXTS = (
    *("", "a,b", "ß", "É", "x'y", 'x"y', "%", "_", "\\", "a/b", "null", "true", "1", "🙂", "a b"),
    *(
        ".",
        "..",
        "bulk",
        "stream",
        "(a)",
        "a:b",
        " a ",
        "\t",
        "\n",
        "{}",
        "$ref",
        "?",
        "#",
        "&=",
        "+",
    ),
)


def _moment(draw: Random) -> datetime:
    made = datetime(
        draw.choice([1, 1969, 2000, 2024, 9998]), draw.randint(1, 12), 28, draw.randint(0, 23)
    )
    return made.replace(
        second=draw.randint(0, 59), microsecond=draw.choice([0, 0, 1, 500_000, 999_999])
    )


def _iso(made: datetime) -> str:
    return TypeAdapter(datetime).dump_python(made, mode="json")  # type: ignore[no-any-return]


def _decimal(digits: int, scale: int) -> Callable[[Random], str]:
    def draw(random: Random) -> str:
        top = 10 ** random.randint(1, digits)
        return f"{Decimal(random.randint(-top + 1, top - 1)).scaleb(-scale):f}"

    return draw


def _bytes(draw: Random) -> str:
    return base64.b64encode(draw.randbytes(draw.randint(1, 6))).decode()


def _json(draw: Random, depth: int = 2) -> Any:
    simple = [None, True, False, draw.randint(-5, 5), 1.5, _text(draw), 2**53 + 1]
    if depth == 0 or draw.random() < 0.5:
        return draw.choice(simple)
    if draw.random() < 0.4:
        return [_json(draw, depth - 1) for _ in range(draw.randint(0, 3))]
    return _object(draw, depth - 1)


def _object(draw: Random, depth: int = 1) -> dict[str, Any]:
    names = draw.sample(["a", "b", "c d", "größe", "x.y", "n", "$x", ""], draw.randint(0, 3))
    return {name: _json(draw, depth) for name in names}


def _enum(*values: Any) -> Callable[[Any], Any]:
    return values.index


def _span(draw: Random) -> str:
    made = timedelta(
        days=draw.randint(-400, 400),
        seconds=draw.randint(0, 86399),
        microseconds=draw.choice([0, 1]),
    )
    return TypeAdapter(timedelta).dump_python(made, mode="json")  # type: ignore[no-any-return]


def _uuid(draw: Random) -> str:
    return str(uuid.UUID(int=draw.getrandbits(128), version=4))


_INT_WRONG: tuple[Any, ...] = ("x", 1.5, {}, [], 2**70)
_JSON_COLUMN = 'JSON().with_variant(JSONB(), "postgresql")'

KINDS: dict[str, Kind] = {
    "integer": Kind(
        "int",
        lambda draw: draw.choice([draw.randint(-9, 9), draw.randint(-(2**31), 2**31 - 1)]),
        operators=EQUALITY + ORDER,
        measures=NUMBERS,
        defaults=(("7", 7), ("0", 0)),
        server_defaults=(('"5"', 5), ('text("5")', 5)),
        wrong=(*_INT_WRONG, 2**31),
        is_key=True,
    ),
    "small": Kind(
        "int",
        lambda draw: draw.randint(-(2**15), 2**15 - 1),
        "sa_type=SmallInteger",
        operators=EQUALITY + ORDER,
        measures=NUMBERS,
        wrong=(*_INT_WRONG, 2**15),
        is_key=True,
    ),
    "big": Kind(
        "int",
        lambda draw: draw.choice([draw.randint(-9, 9), draw.randint(-(2**63), 2**63 - 1)]),
        "sa_type=BigInteger",
        operators=EQUALITY + ORDER,
        measures=NUMBERS,
        defaults=(("2**53 + 1", 2**53 + 1),),
        wrong=_INT_WRONG,
        is_key=True,
    ),
    "float": Kind(
        "float",
        lambda draw: draw.choice([0.0, 0.1, -2.5, draw.uniform(-9, 9), 1e300, 5e-324]),
        operators=EQUALITY + ORDER,
        measures=LEAST_AND_MOST,
        defaults=(("0.5", 0.5),),
        server_defaults=(('"1.5"', 1.5),),
        wrong=("x", {}, []),
    ),
    "real": Kind(
        "float",
        lambda draw: draw.choice([0.0, 0.1, -2.5, 1.25, 3e38]),
        "sa_type=REAL",
        operators=EQUALITY + ORDER,
        measures=LEAST_AND_MOST,
        wrong=("x", {}, []),
    ),
    "decimal": Kind(
        "Decimal",
        _decimal(10, 2),
        "max_digits=10, decimal_places=2",
        decode=Decimal,
        operators=EQUALITY + ORDER,
        measures=NUMBERS,
        defaults=(('Decimal("1.50")', "1.50"),),
        server_defaults=(('"2.50"', "2.50"),),
        wrong=("x", "1.555", "123456789012", {}, []),
        is_key=True,
    ),
    "numeric": Kind(
        "Decimal",
        _decimal(14, 4),
        "sa_type=Numeric(14, 4)",
        decode=Decimal,
        operators=EQUALITY + ORDER,
        measures=NUMBERS,
        wrong=("x", "1.55555", {}, []),
        is_key=True,
    ),
    "boolean": Kind(
        "bool",
        lambda draw: draw.random() < 0.5,
        defaults=(("True", True), ("False", False)),
        server_defaults=(("true()", True), ("false()", False)),
        wrong=("x", 7, {}, []),
    ),
    "text": Kind(
        "str",
        lambda draw: _text(draw, 40),
        operators=EQUALITY + ORDER + TEXT,
        measures=LEAST_AND_MOST,
        defaults=(('"abc"', "abc"), ('""', "")),
        server_defaults=(('"it"', "it"), ("text(\"'x y'\")", "x y")),
        wrong=(7, {}, [], True, "a\0b"),
        is_key=True,
    ),
    "short": Kind(
        "str",
        _text,
        "max_length=12",
        operators=EQUALITY + ORDER + TEXT,
        measures=LEAST_AND_MOST,
        defaults=(('"abc"', "abc"),),
        wrong=(7, {}, [], "x" * 13),
        is_key=True,
    ),
    "long": Kind(
        "str",
        lambda draw: _text(draw, 99),
        "sa_type=Text",
        operators=EQUALITY + ORDER + TEXT,
        measures=LEAST_AND_MOST,
        wrong=(7, {}, []),
    ),
    "pattern": Kind(
        'Annotated[str, StringConstraints(pattern="^[a-c]+$")]',
        lambda draw: "".join(draw.choices("abc", k=draw.randint(1, 5))),
        operators=EQUALITY + ORDER + TEXT,
        measures=LEAST_AND_MOST,
        wrong=(7, {}, "", "xyz"),
    ),
    "bounded": Kind(
        "int",
        lambda draw: draw.randint(0, 100),
        "ge=0, le=100",
        operators=EQUALITY + ORDER,
        measures=NUMBERS,
        defaults=(("1", 1),),
        wrong=(-1, 101, "x"),
    ),
    "date": Kind(
        "date",
        lambda draw: _moment(draw).date().isoformat(),
        decode=date.fromisoformat,
        operators=EQUALITY + ORDER,
        measures=LEAST_AND_MOST,
        defaults=(("date(2024, 1, 2)", "2024-01-02"),),
        server_defaults=(('"2024-02-03"', "2024-02-03"),),
        wrong=("x", "2024-13-01", {}, []),
        is_key=True,
    ),
    "moment": Kind(
        "datetime",
        lambda draw: _iso(_moment(draw).replace(tzinfo=UTC)),
        decode=datetime.fromisoformat,
        operators=EQUALITY + ORDER,
        measures=LEAST_AND_MOST,
        defaults=(("datetime(2024, 1, 2, tzinfo=UTC)", "2024-01-02T00:00:00Z"),),
        wrong=("x", "2024-01-01T00:00:00", {}, []),
        is_key=True,
    ),
    "zoned": Kind(
        "datetime",
        lambda draw: _iso(_moment(draw).replace(tzinfo=UTC)),
        "sa_type=DateTime(timezone=True)",
        decode=datetime.fromisoformat,
        operators=EQUALITY + ORDER,
        measures=LEAST_AND_MOST,
        wrong=("x", "2024-01-01T00:00:00", {}, []),
    ),
    "local": Kind(
        "NaiveDatetime",
        lambda draw: _iso(_moment(draw)),
        decode=datetime.fromisoformat,
        operators=EQUALITY + ORDER,
        measures=LEAST_AND_MOST,
        defaults=(("datetime(2024, 1, 2)", "2024-01-02T00:00:00"),),
        wrong=("x", "2024-01-01T00:00:00Z", {}, []),
    ),
    "naive": Kind(
        "datetime",
        lambda draw: _iso(_moment(draw)),
        "sa_type=DateTime",
        decode=datetime.fromisoformat,
        operators=EQUALITY + ORDER,
        measures=LEAST_AND_MOST,
        wrong=("x", "2024-01-01T00:00:00Z", {}, []),
    ),
    "time": Kind(
        "time",
        lambda draw: _iso(_moment(draw)).partition("T")[2],
        operators=EQUALITY + ORDER,
        measures=LEAST_AND_MOST,
        decode=lambda value: TypeAdapter(Any).validate_python(value),
        defaults=(("time(12, 30)", "12:30:00"),),
        wrong=("x", "25:00:00", {}, []),
        is_key=True,
    ),
    "span": Kind(
        "timedelta",
        _span,
        decode=lambda value: TypeAdapter(timedelta).validate_python(value),
        operators=EQUALITY + ORDER,
        measures=("sum", "min", "max"),
        defaults=(("timedelta(hours=1)", "PT1H"),),
        wrong=("x", {}, []),
    ),
    "uuid": Kind("uuid.UUID", _uuid, wrong=("x", 7, {}, []), is_key=True),
    "color": Kind(
        "Color",
        lambda draw: draw.choice(["red", "green", "b,l"]),
        decode=_enum("red", "green", "b,l"),
        defaults=(("Color.GREEN", "green"),),
        wrong=("RED", "x", 7, {}, []),
        is_key=True,
    ),
    "mood": Kind(
        "Mood",
        lambda draw: draw.choice(["sad", "happy"]),
        'sa_type=SQLEnum(Mood, values_callable=values_of, name="mood_values")',
        decode=_enum("sad", "happy"),
        defaults=(("Mood.SAD", "sad"),),
        server_defaults=(('"happy"', "happy"),),
        wrong=("SAD", "x", {}, []),
        is_key=True,
    ),
    "plain_enum": Kind(
        "Color",
        lambda draw: draw.choice(["red", "green", "b,l"]),
        "sa_type=String",
        decode=_enum("red", "green", "b,l"),
        wrong=("x", 7, {}, []),
    ),
    "level": Kind(
        "Level",
        lambda draw: draw.choice([3, 1, -2]),
        decode=_enum(3, 1, -2),
        wrong=("HIGH", 9, {}, []),
        is_key=True,
    ),
    "literal": Kind(
        'Literal["a", "b"]',
        lambda draw: draw.choice("ab"),
        "sa_type=String",
        operators=EQUALITY + ORDER + TEXT,
        wrong=("c", 7, {}, []),
    ),
    "bytes": Kind("bytes", _bytes, wrong=("*", {}, []), is_sortable=False, operators=("eq", "ne")),
    "json": Kind(
        "dict[str, Any]",
        _object,
        "sa_type=JSON",
        operators=(),
        defaults=(("{}", {}), ('{"a": 1}', {"a": 1})),
        wrong=(7, "x", []),
        is_sortable=False,
    ),
    "jsonb": Kind(
        "dict[str, Any]",
        _object,
        f"sa_type={_JSON_COLUMN}",
        operators=(),
        wrong=(7, "x", []),
        is_sortable=False,
    ),
    "words": Kind(
        "list[str]",
        lambda draw: [_text(draw) for _ in range(draw.randint(0, 3))],
        "sa_type=JSON",
        operators=(),
        defaults=(("[]", []), ('["a"]', ["a"])),
        wrong=(7, "x", {}, [7]),
        is_sortable=False,
    ),
    "typed": Kind(
        "Size",
        lambda draw: {"width": draw.randint(0, 9), "unit": draw.choice(["cm", "in"]), "tags": []},
        f"sa_type={_JSON_COLUMN}",
        operators=(),
        defaults=(("Size(width=1)", {"width": 1, "unit": "cm", "tags": []}),),
        wrong=(7, "x", {}, {"width": "x"}),
        is_sortable=False,
    ),
    "array": Kind(
        "list[int]",
        lambda draw: [draw.randint(-9, 9) for _ in range(draw.randint(0, 3))],
        'sa_type=ARRAY(Integer).with_variant(JSON(), "sqlite")',
        operators=(),
        defaults=(("[]", []),),
        wrong=(7, "x", {}, ["x"]),
        is_sortable=False,
    ),
    "texts": Kind(
        "list[str]",
        lambda draw: [_text(draw) for _ in range(draw.randint(0, 3))],
        'sa_type=ARRAY(String).with_variant(JSON(), "sqlite")',
        operators=(),
        wrong=(7, "x", {}, [7]),
        is_sortable=False,
    ),
    "address": Kind(
        "IPv4Address",
        lambda draw: f"10.0.0.{draw.randint(0, 255)}",
        operators=EQUALITY + ORDER + TEXT,
        wrong=("x", {}, []),
    ),
    "sizes": Kind(
        "list[Size]",
        lambda draw: (
            [{"width": draw.randint(0, 9), "unit": "cm", "tags": ["x"]}] * draw.randint(0, 2)
        ),
        f"sa_type={_JSON_COLUMN}",
        operators=(),
        wrong=(7, "x", {}, [{}]),
        is_sortable=False,
    ),
    "tallies": Kind(
        "dict[str, int]",
        lambda draw: {
            name: draw.randint(0, 9) for name in draw.sample(["a", "b c", "x.y", "ü"], 2)
        },
        "sa_type=JSON",
        operators=(),
        wrong=(7, "x", [], {"a": "x"}),
        is_sortable=False,
    ),
    "ids": Kind(
        "list[uuid.UUID]",
        lambda draw: [_uuid(draw) for _ in range(draw.randint(0, 2))],
        f"sa_type={_JSON_COLUMN}",
        operators=(),
        wrong=(7, "x", {}, ["x"]),
        is_sortable=False,
    ),
    "colors": Kind(
        "list[Color]",
        lambda draw: draw.sample(["red", "green", "b,l"], draw.randint(0, 3)),
        "sa_type=JSON",
        operators=(),
        wrong=(7, "x", {}, ["RED"]),
        is_sortable=False,
    ),
    "moments": Kind(
        "list[datetime]",
        lambda draw: [_iso(_moment(draw).replace(tzinfo=UTC)) for _ in range(draw.randint(0, 2))],
        "sa_type=JSON",
        operators=(),
        wrong=(7, "x", {}, ["x"]),
        is_sortable=False,
    ),
    "anything": Kind("Any", _object, "sa_type=JSON", operators=(), wrong=(), is_sortable=False),
    "either": Kind(
        "int | str",
        lambda draw: draw.choice([draw.randint(0, 9), "abc"]),
        f"sa_type={_JSON_COLUMN}",
        operators=(),
        wrong=({}, [], 1.5),
        is_sortable=False,
    ),
    "record": Kind(
        "Record",
        lambda draw: {"a": draw.randint(0, 9), "at": _moment(draw).date().isoformat()},
        "sa_type=JSON",
        operators=(),
        wrong=(7, "x", {}, {"a": 1}),
        is_sortable=False,
    ),
    "typed_dict": Kind(
        "Words",
        lambda draw: {"a": draw.randint(0, 9), "b": _text(draw)},
        "sa_type=JSON",
        operators=(),
        wrong=(7, "x", {}, {"a": "x", "b": ""}),
        is_sortable=False,
    ),
    "digit": Kind(
        "Literal[1, 2]",
        lambda draw: draw.randint(1, 2),
        "sa_type=Integer",
        operators=EQUALITY,
        wrong=(3, "x", {}),
        is_sortable=False,
    ),
    "aware": Kind(
        "AwareDatetime",
        lambda draw: _iso(_moment(draw).replace(tzinfo=UTC)),
        decode=datetime.fromisoformat,
        operators=EQUALITY + ORDER,
        measures=LEAST_AND_MOST,
        wrong=("x", "2024-01-01T00:00:00", {}, []),
    ),
    "amount": Kind(
        "Decimal",
        lambda draw: draw.choice(["0", "1.5", "-2.25", "1000", "0.001"]),
        decode=Decimal,
        operators=EQUALITY + ORDER,
        measures=("sum", "min", "max"),
        wrong=("x", {}, [], "NaN"),
    ),
    "positive": Kind(
        "PositiveInt",
        lambda draw: draw.randint(1, 99),
        operators=EQUALITY + ORDER,
        measures=NUMBERS,
        wrong=(0, "x"),
    ),
    "constrained": Kind(
        "Annotated[str, StringConstraints(min_length=2, max_length=8)]",
        lambda draw: "".join(draw.choices("abcXYZ", k=draw.randint(2, 8))),
        operators=EQUALITY + ORDER + TEXT,
        measures=LEAST_AND_MOST,
        wrong=("x", "xxxxxxxxx", 7),
    ),
}

TYPES = {
    "integer": "Integer",
    "float": "Float",
    "decimal": "Numeric(10, 2)",
    "boolean": "Boolean",
    "text": "String",
    "short": "String(12)",
    "date": "Date",
    "moment": "DateTime(timezone=True)",
    "local": "DateTime",
    "time": "Time",
    "span": "Interval",
    "uuid": "Uuid",
    "color": "SQLEnum(Color)",
    "level": "SQLEnum(Level)",
    "bytes": "LargeBinary",
}
"""The types of columns that are declared whole, by `sa_column`."""
