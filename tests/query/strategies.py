"""Rows and queries, as Hypothesis draws them."""
# ruff: noqa: RUF001 - characters that look like others are what is tested

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import partial
from typing import Any

from hypothesis import strategies as st
from pydantic_core import to_jsonable_python

from .model import TABLES, Row, Rows
from .plain import plain
from .queries import LISTS, PARAMETERS, Condition, Logic, Operand, Query, Sort, Term
from .tables import Mood

Draw = Callable[[st.SearchStrategy[Any]], Any]

_TEXTS = (
    *("", "a", "A", "ab", "AB", "Ab", "b", "null", "true", "0", "10", "9"),
    *("ß", "ss", "SS", "ẞ", "İ", "i", "I", "ı", "Σ", "σ", "ς", "ΟΔΟΣ", "οδος", "Ж", "ж"),
    *("é", "É", "e\u0301", "E\u0301", "\u0301", "ﬀ", "Ǆ", "ǅ", "\u212a", "Ⴀ", "Ꭰ", "𐐀"),
    *("🙂", "👩\u200d👧", "\uffff", "\U0010ffff", "\u2028", "\x01", "\x7f", "\n", "\t"),
    *("%", "_", "a%b", "a_b", "\\", "a\\b", "\\%", "\\\\", '"', "'", "''", '"a"', "[a]", "*", "?"),
    *(
        "a,b",
        ",",
        "(a)",
        "(",
        ")",
        "x:y",
        ":",
        " ",
        " a",
        "a ",
        "a b",
        "&",
        "=",
        "+",
        "#",
        "--",
        ";",
    ),
)
_ALPHABET = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
_MORE_TEXT = st.text(st.sampled_from("aAbBßİiΣσςéÉ\u0301🙂%_\\\"' ") | _ALPHABET, max_size=4)
_INT64 = 2**63
_ONE = timedelta(microseconds=1)

VALUES: Mapping[str, Sequence[Any]] = {
    "text": _TEXTS,
    "integer": (0, 1, -1, 2, 7, 2**31 - 1, -(2**31)),
    "small": (0, 1, -1, 2, 2**15 - 1, -(2**15)),
    "big": (0, 1, -1, 2**31, 2**53 + 1, _INT64 - 1, -_INT64),
    "float": (0.0, 0.1, -0.1, 0.5, 1.5, 1e16, 1e300, -1.7976931348623157e308, 5e-324, 2.0**53),
    "decimal": tuple(map(Decimal, ("0.00", "0.01", "-0.01", "1.10", "12345678.90", "99999999.99"))),
    "rate": tuple(map(Decimal, ("0", "0.1", "0.2", "-0.3", "1.005", "0.000001", "1" + "0" * 20))),
    "boolean": (True, False),
    "date": (date.min, date(1969, 12, 31), date(2024, 2, 29), date.max),
    "datetime": (
        datetime.min.replace(tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2024, 2, 29, 12, tzinfo=UTC),
        datetime(2024, 2, 29, 12, 0, 0, 1, tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
    ),
    "local": (datetime.min, datetime(1970, 1, 1), datetime(2024, 2, 29, 12), datetime.max),
    "time": (time.min, time(0, 0, 0, 1), time(12), time.max),
    "interval": (timedelta(0), -_ONE, timedelta(hours=-25), timedelta(days=400, microseconds=1)),
    "enum": tuple(Mood),
    "uuid": tuple(uuid.UUID(int=i) for i in (0, 1, 2**64, 2**127, 2**128 - 1)),
    "json": ({}, {"a": None}, {"ß": [1, "x"]}),
}
"""Values of each kind of column, with those at its edges."""

_MORE: Mapping[str, st.SearchStrategy[Any]] = {
    "text": _MORE_TEXT,
    "integer": st.integers(-(2**31), 2**31 - 1),
    "small": st.integers(-(2**15), 2**15 - 1),
    "big": st.integers(-_INT64, _INT64 - 1),
    "float": st.floats(allow_nan=False, allow_infinity=False).map(lambda value: value + 0.0),
    "decimal": st.integers(-(10**10) + 1, 10**10 - 1).map(lambda value: Decimal(value).scaleb(-2)),
    "rate": st.integers(-(10**12), 10**12).map(lambda value: plain(Decimal(value).scaleb(-3))),
    "date": st.dates(),
    "datetime": st.datetimes(timezones=st.just(UTC)),
    "local": st.datetimes().map(lambda value: value.replace(fold=0)),
    "time": st.times(),
    "interval": st.timedeltas(timedelta(days=-700), timedelta(days=700)),
    "uuid": st.uuids(),
}
_STORED = {("artists", name): name for name in ("small", "big", "rate")}
"""Columns whose kind a client doesn't see."""

_PARENTS: Mapping[str, Mapping[str, str]] = {
    "labels": {"parent_id": "labels"},
    "artists": {"label_id": "labels"},
    "albums": {"artist_id": "artists"},
    "tracks": {"album_id": "albums"},
}

_ORDER = ("gt", "gte", "lt", "lte", "between")
_TEXT = ("contains", "startswith", "endswith", "like")
_PATTERNS = (*_TEXT, *(f"i{name}" for name in _TEXT))
_UNORDERED = ("boolean", "uuid", "enum")


def operators_of(kind: str) -> tuple[str, ...]:
    """The operators that a kind of field has."""
    if kind == "json":
        return ("isnull",)
    basic = ("eq", "ne", "in", "not_in", "isnull")
    order = () if kind in _UNORDERED else _ORDER
    return (*basic, *order, *(_PATTERNS if kind == "text" else ()))


# ---- rows ---------------------------------------------------------------------------------------


@st.composite
def databases(draw: Draw, most: int = 7) -> Rows:
    """Rows of every table, with ties, NULLs, and parents that some rows don't have."""
    more = {kind: draw(st.lists(strategy, max_size=2)) for kind, strategy in _MORE.items()}
    rows: dict[str, list[Row]] = {}
    for table in ("labels", "artists", "albums", "genres", "tracks"):
        rows[table] = []
        for _ in range(draw(st.integers(3, most) | st.integers(0, most))):
            row = draw(rows_of(table, rows, more))
            if row is not None:
                rows[table].append(row)
    pairs = [
        {"album_id": album["id"], "genre_code": genre["code"]}
        for album in rows["albums"]
        for genre in rows["genres"]
    ]
    rows["album_genres"] = [pair for pair in pairs if draw(st.booleans())]
    return rows


@st.composite
def rows_of(draw: Draw, table: str, rows: Rows, more: Mapping[str, Sequence[Any]]) -> Row | None:
    """A row for a table; None where it can't have one, for lack of a parent or of a free key."""
    declared, row = TABLES[table], {}
    for field, kind in declared.kinds.items():
        parent = _PARENTS.get(table, {}).get(field)
        stored = _STORED.get((table, field), kind)
        if parent is not None:
            choices = [other[TABLES[parent].key[0]] for other in rows[parent]]
        else:
            choices = [*VALUES[stored], *more.get(stored, ())]
        if field in declared.key:
            choices = [choice for choice in choices if choice != ""]
        elif not (table == "artists" and field == "name"):
            choices = [None, *choices]
        if not choices:
            return None
        row[field] = draw(st.sampled_from(choices))
    taken = [[other[field] for field in declared.key] for other in rows[table]]
    if [row[field] for field in declared.key] in taken:
        return None
    hidden = {"password_hash": "secret"} if table == "artists" else {}
    return {**row, **hidden}


# ---- queries ------------------------------------------------------------------------------------


@st.composite
def operands(draw: Draw, rows: Rows, table: str, field: str, operator: str) -> Operand:
    """An operand, most often one that some row has something to do with."""
    kind = TABLES[table].kinds[field]
    if operator == "isnull":
        return write(draw, "boolean", draw(st.booleans()))
    stored = [row[field] for row in rows[table] if row[field] is not None]
    known = st.sampled_from(stored) if stored else st.nothing()
    value = draw(known | known | st.sampled_from(VALUES[kind]) | _MORE.get(kind, st.nothing()))
    if operator in _PATTERNS:
        value = draw(_patterns(value) if operator.endswith("like") else _parts(value))
    elif kind == "text":
        value = draw(st.sampled_from([value, value, value.swapcase(), value[:1]]))
    elif kind == "integer":
        value = draw(st.just(value) | st.sampled_from(VALUES["big"]))
    elif kind == "decimal":
        value += draw(st.sampled_from([Decimal(0), Decimal("0.001"), Decimal("1e3")]))
    return write(draw, kind, value)


@st.composite
def _parts(draw: Draw, text: str) -> str:
    """A part of a text, perhaps in another case."""
    start = draw(st.integers(0, len(text)))
    part = text[start : draw(st.integers(start, len(text)))]
    change: Callable[[str], str] = draw(
        st.sampled_from([str, str, str.upper, str.lower, str.swapcase])
    )
    return change(part)


@st.composite
def _patterns(draw: Draw, text: str) -> str:
    """A pattern: a text with wildcards in the place of some characters."""
    pattern = ""
    for character in draw(_parts(text)):
        literal = f"\\{character}" if character in "%_\\" else character
        pattern += draw(st.sampled_from([literal, literal, literal, "_", "%"]))
    return str(draw(st.sampled_from(["", "%", "_"])) + pattern + draw(st.sampled_from(["", "%"])))


def write(draw: Draw, kind: str, value: Any) -> Operand:
    """A value, in one of the ways to write it."""
    match kind:
        case "boolean":
            return Operand(value, str(value).lower())
        case "enum":
            return Operand(value, value.value)
        case "decimal":
            return Operand(value, draw(st.sampled_from([str(value), f"{value:f}", f"{value:E}"])))
        case "datetime":
            return Operand(value, draw(st.sampled_from(_moments(value))))
        case "local":
            return Operand(
                value, draw(st.sampled_from([value.isoformat(), value.isoformat() + "Z"]))
            )
    return Operand(value, str(to_jsonable_python(value)))


def _moments(value: datetime) -> list[str]:
    """Ways to write a moment: in UTC, without an offset, with another one."""
    plain = value.replace(tzinfo=None).isoformat()
    texts = [plain, plain + "Z", plain + "+00:00"]
    for hours in (2, -11.5):
        try:
            texts.append(value.astimezone(timezone(timedelta(hours=hours))).isoformat())
        except OverflowError:
            continue
    return texts


@st.composite
def conditions(
    draw: Draw, rows: Rows, table: str, depth: int = 0, *, in_logic: bool = False
) -> Condition:
    """A comparison of a field, over at most so many relations."""
    path, target = draw(paths(table, depth))
    kinds = TABLES[target].kinds
    field = draw(st.sampled_from(list(kinds)))
    operator = draw(st.sampled_from(operators_of(kinds[field])))
    default = TABLES[target].default_operator(field)
    named_like = not path and field in PARAMETERS
    bare = operator == default and not named_like and draw(st.booleans())
    one = partial(operands, rows, target, field, operator)
    if operator not in LISTS:
        return Condition(path, field, operator, (draw(one()),), bare)
    count = 2 if operator == "between" else draw(st.integers(1, 4))
    drawn = tuple(draw(one()) for _ in range(count))
    if not in_logic and count == 1 and "," in drawn[0].text:
        drawn += drawn
    return Condition(path, field, operator, drawn, bare)


@st.composite
def paths(draw: Draw, table: str, depth: int, *, many: bool = True) -> tuple[tuple[str, ...], str]:
    """A path of relations, and the table at its end."""
    path: tuple[str, ...] = ()
    for _ in range(draw(st.integers(0, depth))):
        relations = TABLES[table].relations
        names = [name for name, relation in relations.items() if many or not relation.many]
        if not names:
            break
        name = draw(st.sampled_from(names))
        path, table = (*path, name), relations[name].target
    return path, table


def terms(rows: Rows, table: str, depth: int = 0) -> st.SearchStrategy[Term]:
    """A term of `or`: a comparison, or logic over terms."""
    leaves: st.SearchStrategy[Term] = conditions(rows, table, depth, in_logic=True)

    def extend(inner: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
        several = st.lists(inner, min_size=1, max_size=3).map(tuple)
        return st.builds(Logic, st.sampled_from(["and", "or"]), several) | st.builds(
            Logic, st.just("not"), st.tuples(inner)
        )

    return st.recursive(leaves, extend, max_leaves=5)


@st.composite
def sorts(draw: Draw, table: str, depth: int = 0) -> tuple[Sort, ...]:
    """An order over at most three fields, through to-one relations too."""
    found: dict[tuple[tuple[str, ...], str], Sort] = {}
    for _ in range(draw(st.integers(0, 3))):
        path, target = draw(paths(table, depth, many=False))
        kinds = TABLES[target].kinds
        field = draw(st.sampled_from([name for name, kind in kinds.items() if kind != "json"]))
        found[path, field] = Sort(path, field, draw(st.booleans()))
    return tuple(found.values())


@st.composite
def words(draw: Draw, rows: Rows, table: str) -> tuple[str, ...]:
    """Words that are searched for, most often parts of a text that some row has."""
    texts = [
        row[field]
        for row in rows[table]
        for field, kind in TABLES[table].kinds.items()
        if kind == "text" and row[field]
    ]
    found = []
    for _ in range(draw(st.integers(1, 2))):
        text = draw(st.sampled_from(texts or ["a"]) | st.sampled_from(_TEXTS))
        found += (draw(_parts(text)) or text).split()
    return tuple(found)


@st.composite
def includes(draw: Draw, table: str, depth: int = 3) -> tuple[tuple[str, ...], ...]:
    """Some paths to include."""
    found = (draw(paths(table, depth))[0] for _ in range(draw(st.integers(0, 2))))
    return tuple(path for path in dict.fromkeys(found) if path)


def fields(table: str) -> st.SearchStrategy[tuple[str, ...]]:
    """Some fields to show; none for all of them."""
    names = list(TABLES[table].kinds)
    return st.lists(st.sampled_from(names), max_size=3, unique=True).map(tuple)


def tables(rows: Rows) -> st.SearchStrategy[str]:
    """A table, one that has rows if there is any."""
    return st.sampled_from([table for table in TABLES if rows[table]] or list(TABLES))


@st.composite
def filters(draw: Draw, rows: Rows, table: str, depth: int, most: int) -> tuple[Condition, ...]:
    found = (draw(conditions(rows, table, depth)) for _ in range(draw(st.integers(0, most))))
    return tuple({condition.name: condition for condition in found}.values())


@st.composite
def filtered(draw: Draw, rows: Rows, depth: int = 0) -> Query:
    """A query with filters."""
    table = draw(tables(rows))
    first = draw(conditions(rows, table, depth))
    more = draw(filters(rows, table, depth, 1))
    return Query(table, tuple({c.name: c for c in (first, *more)}.values()))


@st.composite
def logical(draw: Draw, rows: Rows, depth: int = 0) -> Query:
    """A query with `or`."""
    table = draw(tables(rows))
    logic = tuple(draw(st.lists(terms(rows, table, depth), min_size=1, max_size=3)))
    return Query(table, logic=logic, quoted=draw(st.booleans()))


@st.composite
def sorted_(draw: Draw, rows: Rows, depth: int = 0) -> Query:
    """A query with an order."""
    table = draw(tables(rows))
    return Query(table, sort=draw(sorts(table, depth)))


@st.composite
def searched(draw: Draw, rows: Rows) -> Query:
    """A query with `q`."""
    table = draw(tables(rows))
    return Query(table, words=draw(words(rows, table)))


@st.composite
def projected(draw: Draw, rows: Rows) -> Query:
    """A query with `fields`, and with includes beside them."""
    table = draw(tables(rows))
    return Query(table, fields=draw(fields(table)), includes=draw(includes(table)))


@st.composite
def including(draw: Draw, rows: Rows) -> Query:
    """A query with includes."""
    table = draw(tables(rows))
    return Query(table, includes=draw(includes(table)))


@st.composite
def queries(draw: Draw, rows: Rows, depth: int = 2) -> Query:
    """A query with anything in it."""
    table = draw(tables(rows))
    nothing: st.SearchStrategy[Any] = st.just(())
    logic = nothing | st.lists(terms(rows, table, depth), min_size=1, max_size=2).map(tuple)
    return Query(
        table,
        filters=draw(nothing | filters(rows, table, depth, 2)),
        logic=draw(logic),
        words=draw(nothing | nothing | words(rows, table)),
        sort=draw(sorts(table, depth)),
        fields=draw(fields(table)),
        includes=draw(includes(table, 2)),
        quoted=draw(st.booleans()),
    )
