"""Rows and sums over them, as Hypothesis draws them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from .adding import find_groups, kind_of
from .aggregates import Aggregate, Group, Measure, Order
from .model import TABLES, Row, Rows
from .queries import LISTS, Condition, Logic, Operand, Query, Term
from .strategies import VALUES, Draw, databases, filters, operators_of, paths, tables, terms, write

ZONES: Mapping[str | None, Sequence[datetime]] = {
    None: (),
    "UTC": (),
    "Europe/Berlin": (datetime(2026, 3, 29, 1), datetime(2026, 10, 25, 1)),
    "America/New_York": (datetime(2026, 3, 8, 7), datetime(2026, 11, 1, 6)),
    "Asia/Kathmandu": (datetime(1985, 12, 31, 18, 30),),
    "Australia/Lord_Howe": (datetime(2026, 4, 4, 15), datetime(2026, 10, 3, 15, 30)),
}
"""Time zones, with the instants in UTC at which their clocks are changed."""

SPANS = ("year", "quarter", "month", "week", "day", "hour")

_FUNCTIONS: Mapping[str, Sequence[str]] = {
    "integer": ("sum", "avg", "min", "max"),
    "float": ("sum", "avg", "min", "max"),
    "decimal": ("sum", "avg", "min", "max"),
    "interval": ("sum", "min", "max"),
    **dict.fromkeys(("text", "date", "datetime", "local", "time"), ("min", "max")),
}


@st.composite
def grouped_rows(draw: Draw, most: int = 12) -> Rows:
    """Rows of every table; instants lie around those at which clocks are changed."""
    rows: Rows = draw(databases(most))
    changes = [change for zone in ZONES.values() for change in zone]
    near = st.builds(
        lambda change, minutes: change.replace(tzinfo=UTC) + timedelta(minutes=minutes),
        st.sampled_from(changes),
        st.integers(-180, 180) | st.integers(-40_000, 40_000),
    )
    for row in rows["artists"]:
        if row["moment"] is not None:
            row["moment"] = draw(near | near | st.just(row["moment"]))
        if row["local"] is not None:
            row["local"] = draw(near.map(lambda value: value.replace(tzinfo=None)))
    return rows


@st.composite
def groups(draw: Draw, table: str) -> tuple[Group, ...]:
    """At most three fields, dates and instants most often cut to a span of time."""
    found: dict[str, Group] = {}
    for _ in range(draw(st.integers(0, 3))):
        path, target = draw(paths(table, 2, many=False))
        kinds = {name: kind for name, kind in TABLES[target].kinds.items() if kind != "json"}
        times = [name for name, kind in kinds.items() if kind in ("date", "datetime", "local")]
        field = draw(st.sampled_from(list(kinds)) | st.sampled_from(times or list(kinds)))
        spans = {"date": SPANS[:-1], "datetime": SPANS, "local": SPANS}.get(kinds[field], ())
        span = draw(st.sampled_from([None, *spans, *spans]))
        group = Group(path, field, span)
        if group.name != "count":
            found[group.name] = group
    return tuple(found.values())


@st.composite
def measures(draw: Draw, table: str) -> tuple[Measure, ...]:
    """Some measures, own or through relations."""
    found = {"count": Measure()} if draw(st.booleans()) else {}
    for _ in range(draw(st.integers(0 if found else 1, 4))):
        path, target = draw(paths(table, 2, many=False))
        field, kind = draw(st.sampled_from(list(TABLES[target].kinds.items())))
        counts = ("count",) if kind == "json" else ("count", "count_distinct")
        functions = _FUNCTIONS.get(kind, ())
        function = draw(st.sampled_from(functions or counts) | st.sampled_from(counts))
        measure = Measure(function, path, field)
        found[measure.name] = measure
    return tuple(found.values())


def _is_inexact(measure: Measure, table: str) -> bool:
    return measure.function in ("sum", "avg") and _field_kind(measure, table) == "float"


def _field_kind(measure: Measure, table: str) -> str:
    return kind_of(Measure("min", measure.path, measure.field), table)


@st.composite
def having(draw: Draw, asked: Aggregate, found: Sequence[Row]) -> tuple[Term, ...]:
    """Terms on measures, whose values are most often those of some group."""
    exact = [m for m in asked.measures if not _is_inexact(m, asked.table)]
    if not exact:
        return ()
    return tuple(draw(_term(asked, found, exact, 2)) for _ in range(draw(st.integers(0, 2))))


@st.composite
def _term(
    draw: Draw, asked: Aggregate, found: Sequence[Row], exact: Sequence[Measure], depth: int
) -> Term:
    kind = draw(st.sampled_from(["", "", "and", "or", "not"])) if depth else ""
    if kind:
        count = 1 if kind == "not" else draw(st.integers(1, 2))
        inner = (draw(_term(asked, found, exact, depth - 1)) for _ in range(count))
        return Logic(kind, tuple(inner))
    measure = draw(st.sampled_from(exact))
    kind = kind_of(measure, asked.table)
    operator = draw(st.sampled_from([o for o in operators_of(kind) if "like" not in o]))
    told = [item[measure.name] for item in found if item[measure.name] is not None]
    choices = [*told, *told, *VALUES[kind]]
    operands: tuple[Operand, ...]
    if operator == "isnull":
        operands = (write(draw, "boolean", draw(st.booleans())),)
    else:
        count = 2 if operator == "between" else draw(st.integers(1, 3)) if operator in LISTS else 1
        operands = tuple(write(draw, kind, draw(st.sampled_from(choices))) for _ in range(count))
    return Condition((), measure.name, operator, operands, bare=operator == "eq")


@st.composite
def orders(draw: Draw, asked: Aggregate) -> tuple[Order, ...]:
    """An order by groups and measures."""
    exact = [m for m in asked.measures if not _is_inexact(m, asked.table)]
    names = [*(group.name for group in asked.groups), *(measure.name for measure in exact)]
    chosen = draw(st.lists(st.sampled_from(names), max_size=3, unique=True)) if names else []
    return tuple(Order(name, draw(st.booleans())) for name in chosen)


@st.composite
def aggregates(draw: Draw, rows: Rows) -> Aggregate:
    """Sums with anything in them."""
    table = draw(tables(rows) | st.just("artists"))
    nothing: st.SearchStrategy[Any] = st.just(())
    chosen = Query(
        table,
        filters=draw(nothing | nothing | filters(rows, table, 1, 2)),
        logic=draw(nothing | nothing | terms(rows, table, 1).map(lambda term: (term,))),
        words=draw(nothing | nothing | nothing | st.just(("a",))),
    )
    zone = draw(st.sampled_from(list(ZONES)))
    asked = Aggregate(chosen, draw(groups(table)), draw(measures(table)), zone=zone)
    try:
        terms_ = draw(having(asked, find_groups(rows, asked)))
    except OverflowError:
        terms_ = ()
    return Aggregate(chosen, asked.groups, asked.measures, terms_, draw(orders(asked)), zone)
