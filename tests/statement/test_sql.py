"""SQL of shapes on both databases, and the values that it is run with: `sql.txt` has the cases."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Numeric,
    Text,
    Time,
    column,
    table,
)
from sqlalchemy.dialects.postgresql.asyncpg import dialect as postgresql
from sqlalchemy.dialects.sqlite.aiosqlite import dialect as sqlite
from sqlalchemy.types import TypeEngine

from modelwire.plan.parent import plan_parent
from modelwire.plan.reading.aggregate import plan_aggregate
from modelwire.plan.reading.keyset import rows_from
from modelwire.plan.reading.plans import ListPlan, plan_list, plan_read
from modelwire.shape.aggregates import AggregateShape
from modelwire.shape.entries import EntriesShape, ThenShape
from modelwire.shape.lookups import DescendShape, LookupShape
from modelwire.shape.parts import Keyset, Lock
from modelwire.shape.reads import (
    ChildrenShape,
    CountShape,
    ExistingShape,
    GatheredShape,
    SelectShape,
)
from modelwire.shape.shapes import Shape
from modelwire.shape.writes import (
    CheckShape,
    Conflict,
    DeleteShape,
    InsertShape,
    LinkShape,
    UnlinkShape,
    UpdateShape,
)
from modelwire.statement.dialects.known import DIALECTS
from modelwire.statement.lists import ROWS
from modelwire.statement.lowercase import Lowered
from modelwire.statement.normalised import normalize
from modelwire.statement.statements import Statement, Statements
from tests.plan.cases import cases
from tests.plan.described import catalog_of, query

STATEMENTS = {
    "sqlite": Statements(sqlite(), max_included=50),
    "postgresql": Statements(postgresql(), max_included=50),
}

Found = tuple[Shape, Mapping[str, Any] | None]


@pytest.mark.parametrize(("case", "expected"), cases(__name__))
def test_sql(case: str, expected: Sequence[str]) -> None:
    """A shape has this text on each database, and these values in the order of its parameters."""
    assert list(plan(case)) == expected


def plan(case: str) -> Iterator[str]:
    """Tell the statements of a case, such as `list users?id=1`."""
    kind, _, rest = case.partition(" ")
    for name, statements in STATEMENTS.items():
        dialect = statements.dialect
        if {"estimate": dialect.estimates, "gathered": dialect.gathers_reads}.get(kind) is False:
            continue
        shape, values = KINDS[kind.removeprefix("lenient-")](rest, name)
        statement = statements._render(shape, lenient=kind.startswith("lenient-"))
        yield from tell(name, statement, values)
        if isinstance(shape, AggregateShape) and (converted := statement.compiled.converted):
            yield f"  converts columns {', '.join(map(str, sorted(converted)))}"


def tell(name: str, statement: Statement, values: Mapping[str, Any] | None) -> Iterator[str]:
    """Tell a statement of a database, and the values that it is run with, if they are known."""
    yield f"{name}: {shorten(statement.compiled.text)}"
    yield from _bound(statement, values)


def shorten(text: str) -> str:
    """Write a statement on one line, with names in place of long expressions of one column, which
    have tests of their own, and without most of the columns that are read as they are."""
    text = re.sub(r"\s+", " ", text).strip()
    # SQLAlchemy 2.0 doubles the backslash for PostgreSQL before it has connected.
    text = text.replace(r"ESCAPE '\\'", r"ESCAPE '\'")
    for name, pattern in LONG.items():
        text = pattern.sub(rf"{name}(\g<x>)", text)
    return re.sub(rf"(?<=SELECT )(?:{COLUMN}, )*{COLUMN}(?= FROM)", _list, text)


COLUMN = r"\w+\.\w+(?: AS \w+)?"


def _pattern_of(expression: ColumnElement[Any]) -> re.Pattern[str]:
    """Return the pattern of an expression of the column `x.y`, in which it stands several times."""
    text = re.escape(re.sub(r"\s+", " ", str(expression.compile(dialect=sqlite()))).strip())
    text = re.sub(r"1e(\\-)?\d+", r"1e-?\\d+", text)
    first, *others = text.split(re.escape("x.y"))
    return re.compile("(?P=x)".join((rf"{first}(?P<x>[\w.]+){others[0]}", *others[1:])))


TYPES: Mapping[str, TypeEngine[Any]] = {
    "instant": DateTime(),
    "day": Date(),
    "clock": Time(),
    "boolean": Boolean(),
    "rounded": Numeric(10, 2),
}

LONG = {
    **{
        name: _pattern_of(normalize(sql_type, column("y", sql_type, _selectable=table("x"))))
        for name, sql_type in TYPES.items()
    },
    "document": re.compile(
        r"CASE WHEN json_valid\((?P<x>[\w.]+)\) THEN CASE WHEN json_type\((?P=x)\) IN "
        r"\('object', 'array'\) THEN (?P=x) ELSE '\[\]' END ELSE '\[\]' END"
    ),
    "stored": re.compile(
        r"CASE WHEN \(typeof\((?P<x>[\w.]+)\) = 'text'\) THEN CAST\((?P=x) AS BLOB\) "
        r"WHEN \(typeof\((?P=x)\) = 'blob'\) THEN hex\((?P=x)\) ELSE (?P=x) END"
    ),
    "lower": _pattern_of(Lowered(column("y", Text(), _selectable=table("x")))),
}


def _list(columns: re.Match[str]) -> str:
    names = [re.split(r"[. ]", column)[1] for column in columns[0].split(", ")]
    return f"{names[0]} … {names[-1]}" if len(names) > 3 else columns[0]


def _bound(statement: Statement, values: Mapping[str, Any] | None) -> Iterator[str]:
    names = statement.compiled.names
    if not names:
        return
    if values is None or statement.asked:
        yield f"  with {', '.join(_named(name, statement) for name in names)}"
    else:
        yield f"  with {', '.join(map(repr, statement.compiled.bind(statement.bind(values))))}"


def _named(name: str, statement: Statement) -> str:
    """Tell a parameter, with its value if that is part of the statement, and given rows with how
    they are bound."""
    constants = statement.compiled.constants
    if name == ROWS and statement.expand is not None:
        return f"{name}={statement.expand([(1,)])[name]!r}"
    return f"{name}={constants[name]!r}" if name in constants else name


def _list_of(text: str, _dialect: str) -> tuple[SelectShape, Mapping[str, Any]]:
    """A page of a list, as in `users?id=1`, or below a row: `teams.players=1?id=1`."""
    path, _, parameters = text.partition("?")
    catalog, name = catalog_of(path)
    name, _, relation = name.partition(".")
    table, parent = catalog.tables[name], None
    if relation:
        relation, _, key = relation.partition("=")
        parent = plan_parent(table, table.relations[relation], key)
        table = catalog.target_of(parent.relation)
    found = plan_list(catalog, table, query(parameters), parent)
    assert isinstance(found, ListPlan)
    return found.shape, found.values


def _count(text: str, dialect: str, *, estimated: bool = False) -> Found:
    shape, values = _list_of(text, dialect)
    return CountShape(shape.table, shape.conditions, estimated), values


def _page(text: str, dialect: str) -> Found:
    """A page by cursor, as in `value,null+ back users?sort=…`: forms, probing, direction."""
    forms, way, rest = text.split(" ", 2)
    shape, _ = _list_of(rest, dialect)
    after = Keyset(tuple(forms.rstrip("+=").split(",")), "=" in forms, "+" in forms)
    return rows_from(replace(shape, offset=False), after, backward=way == "back"), None


def _aggregate(text: str, _dialect: str) -> tuple[AggregateShape, Mapping[str, Any]]:
    path, _, parameters = text.partition("?")
    catalog, table = catalog_of(path)
    found = plan_aggregate(catalog, catalog.tables[table], query(parameters))
    return found.shape, found.values


def _read(text: str, dialect: str) -> Found:
    path, _, parameters = text.partition("?")
    catalog, table = catalog_of(path)
    found = plan_read(catalog, catalog.tables[table], query(parameters), DIALECTS[dialect])
    return found.shape, None


def _gathered(text: str, dialect: str) -> Found:
    shape, _ = _read(text, dialect)
    assert isinstance(shape, SelectShape)
    return GatheredShape(shape), None


def _children(text: str, _dialect: str) -> Found:
    path, _, name = text.rpartition(".")
    catalog, table = catalog_of(path)
    relation = catalog.tables[table].relations[name]
    return ChildrenShape(catalog.tables[table], relation, catalog.target_of(relation)), None


def _unlink(text: str, _dialect: str) -> Found:
    """The deletion of links, of which those that the caller sees."""
    path, _, name = text.partition(".")
    catalog, table = catalog_of(path)
    relation = catalog.tables[table].relations[name]
    assert relation.link is not None
    linked = tuple(own for _, own in relation.link_target)
    seen = (relation, catalog.target_of(relation))
    return UnlinkShape(relation.link, (*relation.remote, *linked), len(relation.remote), seen), None


def _parent(text: str, _dialect: str, *, locks: bool = True) -> Found:
    """The row above a list, which is looked up, or locked for a new child."""
    path, _, name = text.partition(".")
    catalog, table = catalog_of(path)
    name, _, key = name.partition("=")
    owner = catalog.tables[table]
    parent = plan_parent(owner, owner.relations[name], key)
    return parent.owner if locks else parent.shape, None


def _row(text: str, _dialect: str) -> Found:
    """A shape that is made by hand: what, of which table, and of which fields."""
    what, path, *names = text.split(" ")
    catalog, name = catalog_of(path)
    table = catalog.tables[name]
    fields = tuple(next(f for f in table.fields if f.name == name) for name in names)
    columns, key = tuple(f.column for f in fields), table.key
    shapes: dict[str, Callable[[], Shape]] = {
        "insert": lambda: InsertShape(table, fields),
        "insert-many": lambda: InsertShape(table, fields, many=True),
        "merge": lambda: InsertShape(table, fields, conflict=Conflict(key, fields[len(key) :])),
        "keep": lambda: InsertShape(table, fields, many=True, conflict=Conflict(key, ())),
        "ignore": lambda: InsertShape(table, fields, many=True, conflict=Conflict(key, None)),
        "update": lambda: UpdateShape(table, fields),
        "update-many": lambda: UpdateShape(table, fields, many=True),
        "existing": lambda: ExistingShape(table, fields),
        "locked": lambda: ExistingShape(table, key, lock=Lock.CHANGE),
        "check": lambda: CheckShape(table, ("create", "read")),
        "check-as-written": lambda: CheckShape(table, ("update", "read"), fields),
        "delete": lambda: DeleteShape(table.sql, columns, table),
        "find": lambda: LookupShape(table.sql, table.key_columns, columns),
        "find-placed": lambda: LookupShape(table.sql, table.key_columns, columns, placed=True),
        "keep-lock": lambda: LookupShape(table.sql, table.key_columns, columns, Lock.KEEP),
        "remove-lock": lambda: LookupShape(table.sql, table.key_columns, columns, Lock.REMOVE),
        "descend": lambda: DescendShape(table.sql, columns, table.key_columns, Lock.REMOVE),
        "link": lambda: LinkShape(table.sql, columns),
        "unlink": lambda: UnlinkShape(table.sql, columns, 1),
        "given": lambda: SelectShape(table, given=True),
        "entries-before": lambda: EntriesShape(table),
        "entries-after": lambda: EntriesShape(table, older=False),
        "then-after-change": lambda: ThenShape(table),
        "then-before-change": lambda: ThenShape(table, before=False),
        "mass-lock": lambda: SelectShape(table, limited=True, lock=Lock.REMOVE),
    }
    return shapes[what](), None


KINDS: Mapping[str, Callable[[str, str], Found]] = {
    "list": _list_of,
    "count": _count,
    "estimate": lambda text, dialect: _count(text, dialect, estimated=True),
    "page": _page,
    "aggregate": _aggregate,
    "read": _read,
    "gathered": _gathered,
    "children": _children,
    "unlink": _unlink,
    "parent": _parent,
    "parent-there": partial(_parent, locks=False),
    "row": _row,
}
