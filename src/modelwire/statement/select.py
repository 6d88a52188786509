"""SQL for shapes of reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    Select,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    true,
    type_coerce,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.selectable import LateralFromClause
from sqlalchemy.types import BigInteger, Integer

from ..catalog.field import Field
from ..catalog.relation import Relation
from ..plan.reading.order import order_of, reverse_order
from ..shape.parts import Include, Keyset
from ..shape.reads import ChildrenShape, CountShape, SelectShape
from .conditions import Conditions, column_of, join_on
from .dialect import SQLDialect
from .door import column_in, columns_in, links_of, rows_of, tell_allowed
from .estimate import Explained
from .for_update import for_update
from .given import join_given
from .given_rows import PLACE
from .keyset import Joined, direct, order_by, rows_after, sort_expression
from .lists import in_rows
from .operators import Prepare
from .reading import read_column
from .references import refer_all


def build_select(
    shape: SelectShape, dialect: SQLDialect, max_included: int, *, lenient: bool = False
) -> tuple[Select[Any], dict[str, Prepare]]:
    """Select the rows of a table.

    Parameters are `p0`, `p1`, … for the conditions, `after0`, … for a keyset, `limit`, `offset`.
    Each joined include has at most one row more than may be included.
    """
    conditions = Conditions(dialect)
    found = rows_of(shape.table, dialect, given=shape.given)
    joined = Joined(found, shape.order, dialect)
    columns = _columns_of(shape, joined, dialect, lenient=lenient)
    where = conditions.render_all(shape.conditions, found)
    after = shape.after
    parts = [] if after is None else rows_after(shape.order, after, joined, dialect)
    if len(parts) > 1:
        rows = [select(*columns).select_from(joined.source).where(*where, part) for part in parts]
        sql = _concatenate(shape, rows, joined, dialect)
    else:
        children = _children_of(shape, found, dialect, max_included, lenient=lenient)
        source, arrays = _join(joined.source, children)
        sql = select(*columns, *arrays).select_from(source).where(*where, *parts)
        sql = sql.order_by(*order_by(shape.order, joined, dialect))
    sql = sql.add_columns(*_columns_beside(shape, found, dialect))
    if shape.limited:
        sql = sql.limit(number_parameter("limit"))
    if shape.offset:
        sql = sql.offset(number_parameter("offset"))
    if shape.lock is not None:
        sql = for_update(sql, shape.lock, found)
    return sql, conditions.prepare


def _children_of(
    shape: SelectShape,
    found: FromClause,
    dialect: SQLDialect,
    max_included: int,
    *,
    lenient: bool,
) -> Sequence[LateralFromClause]:
    most = _one_more(max_included)
    return [_select_children(found, i, dialect, most, lenient=lenient) for i in shape.joined]


def _join(
    source: FromClause, children: Sequence[LateralFromClause]
) -> tuple[FromClause, Sequence[ColumnElement[Any]]]:
    """Join includes to rows, as further columns."""
    for child in children:
        source = source.outerjoin(child, true())
    return source, [column for child in children for column in child.c]


def _columns_beside(
    shape: SelectShape, found: FromClause, dialect: SQLDialect
) -> Iterator[ColumnElement[Any]]:
    """Yield the columns after those of the row: about earlier rows, permissions and positions."""
    if shape.after is not None and shape.after.probes:
        yield _has_rows_before(shape, shape.after, dialect)
    if shape.allows is not None:
        yield tell_allowed(shape.table, shape.allows, found, dialect)
    if shape.given:
        yield found.c[PLACE]


def build_count(shape: CountShape, dialect: SQLDialect) -> tuple[Executable, dict[str, Prepare]]:
    """Count the rows of a table, or let PostgreSQL estimate their number."""
    conditions = Conditions(dialect)
    found = rows_of(shape.table, dialect)
    where = conditions.render_all(shape.conditions, found)
    if not shape.estimated:
        sql = select(func.count()).select_from(found).where(*where)
        return sql, conditions.prepare
    rows: Select[Any] = select(literal_column("1")).select_from(found).where(*where)
    return Explained(rows), conditions.prepare


def build_related(
    shape: ChildrenShape, dialect: SQLDialect, max_included: int, *, lenient: bool = False
) -> Select[Any]:
    """Select the rows that a relation leads to, at most one more than may be included.

    The parents' values are in the parameter `ROWS`. The rows of one parent are consecutive, in the
    order of the relation. If that is the order of their keys, an index on the foreign key returns
    them in it, and nothing is sorted.
    """
    relation, target = shape.relation, shape.target
    found, links = rows_of(target, dialect), _each_link_of(relation, dialect)
    columns = read_columns(target.selected, found, dialect, lenient=lenient)
    source = holder = found
    if links is not None:
        pairs = relation.link_target
        on = and_(*(column_in(found, end) == column_in(links, linked) for end, linked in pairs))
        source, holder = found.join(links, on), links
    if shape.placed:
        place, source = join_given(source, holder, relation.remote, dialect)
        owners = [place]
        sql = select(place, *columns).select_from(source)
    else:
        owners = columns_in(holder, relation.remote)
        told = columns_in(holder, shape.before)
        before = [read_column(column, dialect, lenient=lenient) for column in told]
        sql = select(*before, *columns).select_from(source)
        sql = sql.where(in_rows(refer_all(relation.remote, dialect, holder), dialect))
    given = frozenset(relation.remote)
    order = [term for term in order_of(target, relation) if term.field.column not in given]
    sql = sql.order_by(*owners, *order_by(order, Joined(found, order, dialect), dialect))
    return sql.limit(_one_more(max_included))


def _each_link_of(relation: Relation, dialect: SQLDialect) -> FromClause | None:
    """Return the links of a relation without duplicates."""
    links = links_of(relation, dialect)
    if links is None or not relation.repeats:
        return links
    return select(*columns_in(links, relation.link_columns)).distinct().subquery()


def _one_more(count: int) -> ColumnElement[int]:
    """Return a limit that tells whether there are more. It is a literal, as its value never
    changes."""
    return literal_column(str(count + 1), Integer())


def _select_children(
    parent: FromClause,
    include: Include,
    dialect: SQLDialect,
    most: ColumnElement[int],
    *,
    lenient: bool,
) -> LateralFromClause:
    """Write the rows of an include as one row: an array for each column, in the include's order."""
    child = rows_of(include.target, dialect).alias()
    order = order_of(include.target, include.relation)
    sorts = [sort_expression(term, column_of(child, term.field), dialect) for term in order]
    terms = direct(order, sorts, dialect)
    fields = include.target.selected
    columns = [read_column(column_of(child, field), dialect, lenient=lenient) for field in fields]
    on = join_on(include.relation, parent, child, dialect)
    rows = select(*(column.label(f"c{i}") for i, column in enumerate(columns)))
    rows = rows.select_from(child).where(on).order_by(*terms).limit(most)
    # An aggregate's array has the order of its input (PostgreSQL manual, Aggregate Functions).
    arrays = [
        func.array_agg(column, type_=ARRAY(column.type, dimensions=1)).label(field.key)
        for field, column in zip(fields, rows.correlate(parent).subquery().c, strict=True)
    ]
    return select(*arrays).lateral()


def read_columns(
    fields: Sequence[Field], source: FromClause, dialect: SQLDialect, *, lenient: bool = False
) -> list[ColumnElement[Any]]:
    """Return the columns of a row as it is read."""
    return [_read_field(f, column_of(source, f), dialect, lenient=lenient) for f in fields]


def _read_field(
    field: Field, column: ColumnElement[Any], dialect: SQLDialect, *, lenient: bool
) -> ColumnElement[Any]:
    read = read_column(column, dialect, lenient=lenient)
    return read if read is column else read.label(field.column.name)


def _columns_of(
    shape: SelectShape, joined: Joined, dialect: SQLDialect, *, lenient: bool
) -> list[ColumnElement[Any]]:
    traced = [
        _read_field(term.field, joined.column(term), dialect, lenient=lenient)
        for term in shape.traced
    ]
    return [*read_columns(shape.read.fields, joined.rows, dialect, lenient=lenient), *traced]


def number_parameter(name: str) -> BindParameter[int]:
    """Return a parameter for a number of rows."""
    return bindparam(name, type_=BigInteger())


def _concatenate(
    shape: SelectShape, parts: Sequence[Select[Any]], joined: Joined, dialect: SQLDialect
) -> Select[Any]:
    """Write rows in two consecutive parts, each with its own index scan.

    The second part is not even started if the first one has enough rows.
    """
    keys = [sort_expression(t, joined.column(t), dialect) for t in shape.order]
    ordered = order_by(shape.order, joined, dialect)
    first, second = (_label(part, keys).order_by(*ordered) for part in parts)
    start = first.limit(number_parameter("limit")).cte()
    found = select(func.count()).select_from(start).scalar_subquery()
    rest = second.limit(number_parameter("limit") - found).subquery()
    rows = union_all(select(start), select(rest)).subquery()
    chosen = [c for c in rows.c if c.key.startswith("c")]
    placed = [c for c in rows.c if c.key.startswith("o")]
    return select(*chosen).order_by(*direct(shape.order, placed, dialect))


def _label(rows: Select[Any], keys: Sequence[ColumnElement[Any]]) -> Select[Any]:
    """Label the columns of a part `c0`, `c1`, …, and its sort keys `o0`, `o1`, …"""
    columns = [c.label(f"c{i}") for i, c in enumerate(rows.selected_columns)]
    labelled = [key.label(f"o{i}") for i, key in enumerate(keys)]
    return rows.with_only_columns(*columns, *labelled, maintain_column_froms=True)


def _has_rows_before(shape: SelectShape, after: Keyset, dialect: SQLDialect) -> ColumnElement[int]:
    """Write whether there are rows before the start of the page.

    Only one row of a page is used, so the value is left as the driver returns it.

    For any such row, PostgreSQL would scan the table from its start. For the first one in the
    order, it uses the index on the first column.
    """
    order = reverse_order(shape.order)
    found = rows_of(shape.table, dialect)
    joined = Joined(found, order, dialect)
    other = Keyset(after.forms, inclusive=not after.inclusive)
    where = Conditions(dialect).render_all(shape.conditions, found)
    before = [
        select(literal_column("1"))
        .select_from(joined.source)
        .where(*where, part)
        .order_by(*order_by(order[:1], joined, dialect))
        .limit(literal_column("1"))
        .correlate(None)
        .scalar_subquery()
        .is_not(None)
        for part in rows_after(order, other, joined, dialect)
    ]
    return type_coerce(or_(*before), Integer())
