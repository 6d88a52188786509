"""A shape of every kind, as requests to the league and the zoo are planned, and as writes ask."""

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from modelwire.catalog.read import read_catalog
from modelwire.catalog.tables import Table
from modelwire.plan.keys import select_by_key
from modelwire.plan.parent import plan_parent
from modelwire.plan.reading.aggregate import plan_aggregate
from modelwire.plan.reading.keyset import rows_from
from modelwire.plan.reading.plans import ListPlan, plan_list, plan_read, plan_stream
from modelwire.plan.writing.mass import plan_mass
from modelwire.request.query import parse_query
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
from tests.conftest import LEAGUE, ZOO

CATALOG = read_catalog([*LEAGUE, *ZOO])
TABLES: Mapping[str, Table] = CATALOG.tables

QUERIES = [
    ("users", ""),
    ("users", "limit=10&sort=-full_name&is_active=true&username__icontains=a"),
    ("users", "q=ann&fields=id,email"),
    ("players", "team.name__icontains=a&sort=team.name,-name"),
    ("players", "or=(team.name:t1,not(name__isnull:true))"),
    ("teams", "players.name__in=a,b&players.team.city=x"),
    ("categories", "sort=parent.parent.name&children.children.name=x"),
    ("groups", "members.groups.name=x&include=members"),
    ("people", "groups.name__ne=x"),
    ("cities", "country.name=x&sort=country.name"),
    ("things", "color__in=red&reference=00000000-0000-0000-0000-000000000001&sort=-color,moment"),
]
SUMS = [
    ("users", ""),
    ("players", "group=team.name&measures=count,team.city:max&having=(count__gt:1)&sort=-count"),
    ("cities", "group=country.name,name&measures=country.code:count_distinct&q=a&country.name=x"),
    ("things", "group=moment:hour,moment:day,day:week,color&tz=Europe/Berlin"),
    ("things", "measures=big:sum,big:avg,price:sum,price:avg,amount:avg,ratio:sum,span:sum"),
    ("things", "measures=data:count,reference:count_distinct,text:min&having=(not(span:sum:PT1H))"),
]
RELATIONS = [
    ("teams", "players"),
    ("players", "team"),
    ("groups", "members"),
    ("categories", "children"),
    ("countries", "cities"),
    ("cities", "country"),
]


def selects() -> Iterator[SelectShape]:
    """Rows: listed, streamed, by cursor in both directions, below a row, by key, locked."""
    for name, query in QUERIES:
        table, parameters = TABLES[name], parse_query(query.encode(), 10_000)
        plan = plan_list(CATALOG, table, parameters)
        assert isinstance(plan, ListPlan)
        yield plan.shape
        yield from pages(plan.shape)
        yield plan_stream(CATALOG, table, [p for p in parameters if p.name != "limit"]).shape
    for name in ("users", "players", "groups", "categories", "cities"):
        table = TABLES[name]
        yield plan_mass(CATALOG, table, (), Lock.REMOVE, "delete").shape
        for dialect in DIALECTS.values():
            yield plan_read(CATALOG, table, (), dialect).shape
    yield plan_read(
        CATALOG, TABLES["teams"], parse_query(b"include=players", 100), DIALECTS["postgresql"]
    ).shape
    for name, relation in RELATIONS:
        table = TABLES[name]
        if relation in table.children:
            parent = plan_parent(
                table, table.relations[relation], "x" if name == "countries" else "1"
            )
            plan = plan_list(CATALOG, CATALOG.target_of(parent.relation), (), parent)
            assert isinstance(plan, ListPlan)
            yield plan.shape


def pages(shape: SelectShape) -> Iterator[SelectShape]:
    """Pages by cursor: after and before a row, which may have NULL in each term."""
    shape = replace(shape, offset=False, limited=True)
    for form in ("value", "null"):
        forms = [form if term.nullable else "value" for term in shape.order]
        after = Keyset(tuple(forms), probes=True)
        yield rows_from(shape, after)
        yield rows_from(shape, replace(after, probes=False), backward=True)


def related() -> Iterator[Shape]:
    for name, relation_name in RELATIONS:
        table = TABLES[name]
        relation = table.relations[relation_name]
        target = CATALOG.target_of(relation)
        yield ChildrenShape(table, relation, target)
        parent = plan_parent(table, relation, "x,y" if name == "cities" else "1")
        yield parent.shape
        yield parent.owner


def lookups() -> Iterator[Shape]:
    for name in ("users", "cities", "memberships"):
        table = TABLES[name]
        key, columns = table.key, table.key_columns
        yield ExistingShape(table, key)
        yield ExistingShape(table, key, lock=Lock.CHANGE)
        yield ExistingShape(table, key, lock=Lock.CHANGE, allows=("read", "update"))
        yield ExistingShape(table, key, allows=("delete",), hidden=True)
        yield CheckShape(table, ("create", "read"))
        yield CheckShape(table, ("update", "read"), table.stored[1:])
        for resource in (None, table):
            yield LookupShape(table.sql, columns, columns, Lock.KEEP, resource=resource)
            yield LookupShape(table.sql, columns, columns, placed=True, resource=resource)
    tree = TABLES["categories"].sql
    yield DescendShape(tree, (tree.c.parent_id,), (tree.c.id,), Lock.REMOVE)


def writes() -> Iterator[Shape]:
    for name in ("users", "cities", "things", "order_lines"):
        table = TABLES[name]
        rest = tuple(f for f in table.fields if f.writable and not f.primary_key)[:3]
        given = (*table.key, *rest)
        for many in (False, True):
            yield InsertShape(table, given, many)
            yield UpdateShape(table, rest, many)
            for merged in (None, (), rest):
                yield InsertShape(table, given, many, Conflict(table.key, merged))
        for resource in (None, table):
            yield DeleteShape(table.sql, table.key_columns, resource)
    links = TABLES["memberships"].sql
    ends = (links.c.group_id, links.c.person_id)
    yield LinkShape(links, ends)
    yield UnlinkShape(links, ends, 1)


def sums() -> Iterator[AggregateShape]:
    """Groups: of all rows, and of those below a row."""
    for name, query in SUMS:
        yield plan_aggregate(CATALOG, TABLES[name], parse_query(query.encode(), 10_000)).shape
    for name, relation in RELATIONS:
        table = TABLES[name]
        if relation in table.children:
            parent = plan_parent(
                table, table.relations[relation], "x" if name == "countries" else "1"
            )
            yield plan_aggregate(CATALOG, CATALOG.target_of(parent.relation), (), parent).shape


def gathered() -> Iterator[Shape]:
    for shape in selects():
        if shape == select_by_key(shape.table, joined=shape.joined):
            yield GatheredShape(shape)


def given() -> Iterator[Shape]:
    """Rows that are given in place of those of a table, and what the log has of them."""
    for shape in selects():
        if not shape.joined:
            yield replace(shape, given=True)
    for table in TABLES.values():
        for way in (False, True):
            yield from (EntriesShape(table, older=way), ThenShape(table, before=way))


def counts() -> Iterator[Shape]:
    for shape in selects():
        yield CountShape(shape.table, shape.conditions)


def shapes() -> Iterator[Shape]:
    """Each of them once."""
    for kind in (selects, gathered, given, counts, sums, related, lookups, writes):
        yield from dict.fromkeys(kind())
