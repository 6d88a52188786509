"""The session of a caller reads what the policies say, by whatever statement.

Each statement is run by a caller over all rows, and by anybody over a copy from which what the
caller may not see is gone: the results are the same.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import (
    case,
    column,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    table,
    text,
    true,
    tuple_,
    union,
    union_all,
    update,
    values,
)
from sqlalchemy.orm import (
    Session,
    aliased,
    contains_eager,
    defer,
    joinedload,
    load_only,
    selectinload,
    subqueryload,
)
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from modelwire import Database
from tests.access import own_models as m
from tests.access.own_app import Own
from tests.access.own_models import OwnCountry as Country
from tests.access.own_models import OwnInvoice as Invoice
from tests.access.own_models import OwnLine as Line
from tests.access.own_models import OwnOrg as Org
from tests.access.own_models import OwnTag as Tag
from tests.access.own_models import OwnTagLink as TagLink

pytestmark = pytest.mark.filterwarnings("ignore:\\n.*You probably want:DeprecationWarning")

Other = aliased(Invoice)
INVOICES, LINES, LINKS = Invoice.__table__, Line.__table__, TagLink.__table__
Work = Callable[[AsyncSession], Awaitable[Any]]


def _plain(value: Any) -> Any:
    if isinstance(value, m.SQLModel):
        return (type(value).__name__, sorted(value.model_dump().items()))
    if isinstance(value, (list, tuple)) or hasattr(value, "_mapping"):
        return [_plain(part) for part in value]
    return value


def run_all(statement: Any) -> Work:
    async def work(session: AsyncSession) -> Any:
        result = await session.execute(statement)
        return sorted(map(repr, map(_plain, result.unique().all())))

    return work


_SUB = select(Invoice.id, Invoice.number).subquery()
_CTE = select(Invoice.id).where(Invoice.status == "draft").cte()
_RECURSIVE = select(Invoice.id).where(Invoice.id == 1).cte(recursive=True)
_RECURSIVE = _RECURSIVE.union(select(Invoice.id).where(Invoice.id == _RECURSIVE.c.id + 1))
_LATERAL = (
    select(Line.text).where(Line.invoice_id == Invoice.id).order_by(Line.id).limit(1).lateral()
)

READS: dict[str, Any] = {
    "entities": select(Invoice),
    "children": select(Line),
    "columns": select(Invoice.number, Invoice.secret),
    "alias": select(Other).where(Other.number != ""),
    "alias of a table": select(INVOICES.alias("x")),
    "core table": select(INVOICES),
    "a table by its name": select(table("own_invoices", column("number"))),
    "count": select(func.count()).select_from(Invoice),
    "count of a column": select(func.count(Invoice.id)),
    "sum": select(func.sum(Invoice.id), func.max(Invoice.number)),
    "group": select(Invoice.status, func.count()).group_by(Invoice.status),
    "only in where": select(literal(1)).where(Invoice.number == "b1"),
    "join": select(Invoice.number, Org.name).join(Invoice.org),
    "join of tables": select(Invoice.number, Line.text).join(Line, Line.invoice_id == Invoice.id),
    "outer join": select(Invoice.number, Org.name).outerjoin(Org, Org.id == Invoice.guest_id),
    "outer join by relationship": select(Invoice.number, Org.name).outerjoin(Invoice.guest),
    "full join": select(Invoice.number, Org.name).join(Org, Org.id == Invoice.guest_id, full=True),
    "join to links": select(Invoice.number, Tag.name).join(Invoice.tags),
    "links": select(TagLink),
    "core links": select(LINKS),
    "self join": select(Invoice.number, Other.number).join(Other, Other.id != Invoice.id),
    "subquery": select(_SUB),
    "subquery entity": select(aliased(Invoice, select(Invoice).subquery())),
    "scalar subquery": select(
        literal(1), select(func.count(Invoice.id)).scalar_subquery(),
        select(Invoice.number).where(Invoice.id == 2).scalar_subquery(),
    ),
    "exists": select(exists().where(Invoice.number == "b1")),
    "exists of core": select(select(INVOICES).where(INVOICES.c.number == "b1").exists()),
    "in": select(Line.text).where(Line.invoice_id.in_(select(Invoice.id))),
    "in of many": select(Country).where(
        tuple_(literal(2), literal("b1")).in_(select(Invoice.id, Invoice.number))
    ),
    "has": select(Line).where(Line.invoice.has(Invoice.number.like("%"))),
    "any": select(Org).where(Org.invoices.any(Invoice.number == "a1")),
    "any through links": select(Invoice).where(Invoice.tags.any(Tag.name == "tb")),
    "not any": select(Invoice).where(~Invoice.tags.any(Tag.name == "tb")),
    "contains": select(Invoice.number).where(or_(Invoice.tags.any(), true())),
    "function of a subquery": select(
        func.coalesce(select(Invoice.number).where(Invoice.id == 2).scalar_subquery(), "none")
    ),
    "case": select(case((exists().where(Invoice.number == "b1"), "yes"), else_="no")),
    "union": union(select(Invoice.number), select(Tag.name)),
    "union all of entities": select(Invoice).from_statement(
        union_all(select(Invoice), select(Invoice))
    ),
    "intersect": select(Invoice.id).intersect(select(Line.invoice_id)),
    "cte": select(_CTE),
    "recursive cte": select(_RECURSIVE),
    "lateral": select(Invoice.number, _LATERAL.c.text).join(_LATERAL, true()),
    "values": select(Invoice.number).join(
        values(column("n", Invoice.number.type), name="v").data([("b1",), ("a1",)]),
        Invoice.number == column("n", Invoice.number.type),
    ),
    "distinct": select(Invoice.status).distinct(),
    "window": select(Invoice.number, func.count().over()),
    "limit": select(Invoice.number).order_by(Invoice.id.desc()).limit(1),
    "lock": select(Invoice.number).with_for_update(),
    "lock of some": select(Invoice.number).join(Invoice.org).with_for_update(of=Invoice),
    "selectin": select(Org).options(selectinload(Org.invoices).selectinload(Invoice.lines)),
    "everyone's": select(Country),
    "literal column": select(literal(1)).select_from(Invoice).where(text("number = 'b1'")),
}  # fmt: skip


_NOT_ON_SQLITE = ("lateral", "values")


async def _remove_hidden(database: Database, who: m.OwnMember) -> None:
    """Leave only what a member may see."""
    async with database.session() as session:
        hidden = select(Invoice.id).where(Invoice.org_id.not_in(who.orgs))
        tags = select(Tag.id).where(Tag.org_id.not_in(who.orgs))
        gone = or_(TagLink.invoice_id.in_(hidden), TagLink.tag_id.in_(tags))
        for statement in (
            delete(TagLink).where(gone),
            delete(Tag).where(Tag.id.in_(tags)),
            delete(m.OwnNote).where(m.OwnNote.owner_id != who.id),
            delete(Line).where(Line.invoice_id.in_(hidden)),
            delete(Invoice).where(Invoice.id.in_(hidden)),
            delete(Org).where(Org.id.not_in(who.orgs)),
        ):
            await session.execute(statement, execution_options={"synchronize_session": False})
        await session.commit()


async def _check_worlds(own: Own, work: Work, who: m.OwnMember) -> None:
    seen = await own.read(work, who)
    await _remove_hidden(own.database, who)
    async with own.database.session() as session:
        assert seen == await work(session)


@pytest.mark.parametrize("name", READS)
async def test_a_statement_reads_what_its_caller_may_see(own: Own, name: str) -> None:
    if name in _NOT_ON_SQLITE and own.database.dialect == "sqlite":
        pytest.skip("SQLite has no such statement")
    await _check_worlds(own, run_all(READS[name]), m.ANN)


async def test_every_caller_has_a_world_of_his_own(own: Own) -> None:
    for who in (m.ANN, m.BOB, m.ADMIN, m.OwnMember(id=9, orgs=[])):
        numbers = await own.read(lambda s: s.scalars(select(Invoice.number)), who)
        mine = {"a1": 1, "a2": 1, "b1": 2, "b2": 2}
        assert set(numbers) == {number for number, org in mine.items() if org in who.orgs}


LOADS = {
    "selectin": [selectinload(Invoice.guest), selectinload(Invoice.tags)],
    "joined": [joinedload(Invoice.guest), joinedload(Invoice.tags), joinedload(Invoice.lines)],
    "subquery": [subqueryload(Invoice.guest), subqueryload(Invoice.tags)],
    "nested": [selectinload(Invoice.org).selectinload(Org.invoices).joinedload(Invoice.tags)],
    "inner": [joinedload(Invoice.org, innerjoin=True)],
    "some columns": [load_only(Invoice.number), selectinload(Invoice.tags).load_only(Tag.name)],
    "deferred": [defer(Invoice.secret), joinedload(Invoice.notes)],
    "narrowed": [selectinload(Invoice.tags.and_(Tag.name != "ta"))],
}


@pytest.mark.parametrize("name", LOADS)
async def test_what_is_loaded_along_is_what_the_caller_may_see(own: Own, name: str) -> None:
    await _check_worlds(own, load(name), m.ANN)


def load(name: str) -> Work:
    """Load invoices with what an option says."""

    async def work(session: AsyncSession) -> Any:
        found = (await session.scalars(select(Invoice).options(*LOADS[name]))).unique().all()
        return sorted(_tree(invoice) for invoice in found)

    return work


def _tree(row: Any, depth: int = 3) -> str:
    loaded = {}
    for relationship in row.__mapper__.relationships:
        if depth and relationship.key in row.__dict__:
            value = row.__dict__[relationship.key]
            rows = value if isinstance(value, list) else [value]
            loaded[relationship.key] = sorted(_tree(r, depth - 1) if r else "-" for r in rows)
    keys = row.__mapper__.primary_key_from_instance(row)
    return f"{type(row).__name__}{keys}{loaded}"


async def test_what_a_join_has_read_is_what_the_caller_may_see(own: Own) -> None:
    async def work(session: AsyncSession) -> Any:
        statement = select(Invoice).outerjoin(Invoice.tags).options(contains_eager(Invoice.tags))
        return sorted(_tree(i) for i in (await session.scalars(statement)).unique())

    await _check_worlds(own, work, m.ANN)


async def test_get_finds_what_the_caller_may_see(own: Own) -> None:
    async def work(session: AsyncSession) -> Any:
        options = [selectinload(Invoice.tags)]
        found = [await session.get(Invoice, key, options=options) for key in (1, 2, 99)]
        found += [await session.get(Invoice, 2, with_for_update=True, populate_existing=True)]
        return [row and row.number for row in found]

    assert await own.read(work) == ["a1", None, None, None]


async def test_a_row_is_refreshed_as_far_as_it_may_be_seen(own: Own) -> None:
    async def work(session: AsyncSession) -> Any:
        invoice = await session.get_one(Invoice, 1)
        await session.refresh(invoice, ["tags", "guest"])
        return [tag.name for tag in invoice.tags], invoice.guest

    assert await own.read(work) == (["ta"], None)


async def test_streams_and_old_queries_read_what_the_caller_may_see(own: Own) -> None:
    async def work(session: AsyncSession) -> Any:
        streamed = [n async for n in await session.stream_scalars(select(Invoice.number))]
        queried = await session.run_sync(_query)
        return sorted(streamed), sorted(queried)

    assert await own.read(work) == (["a1", "a2"], ["a1", "a2"])


def _query(session: Session) -> list[str]:
    return [number for (number,) in session.query(Invoice.number).filter(col(Invoice.id) > 0)]


async def test_a_caller_whose_statement_is_known_reads_his_own_rows(own: Own) -> None:
    statement = select(Invoice.number).order_by(Invoice.id)
    for who, numbers in ((m.ANN, ["a1", "a2"]), (m.BOB, ["b1", "b2"])) * 2:
        assert list(await own.read(lambda s: s.scalars(statement), who)) == numbers


async def test_no_parameter_of_a_statement_stands_for_the_caller(own: Own) -> None:
    async def work(session: AsyncSession) -> Any:
        given = {"me_orgs": [1, 2], "me_orgs_1": [1, 2], "param_1": [1, 2]}
        return list(await session.scalars(select(Invoice.number).order_by(Invoice.id), given))

    assert await own.read(work) == ["a1", "a2"]


async def test_text_goes_past_policies(own: Own) -> None:
    statement = text("SELECT count(*) FROM own_invoices")
    assert await own.read(lambda s: s.scalar(statement)) == 4


UNSEEN: dict[str, Any] = {
    "no resource": select(m.OwnAudit),
    "no resource in a subquery": select(Invoice).where(exists().where(m.OwnAudit.id == 1)),
    "insert": insert(Invoice).values(number="x", org_id=1),
    "insert from select": insert(Line).from_select(
        ["invoice_id", "text"], select(Invoice.id, literal("x"))
    ),
    "core insert": INVOICES.insert().values(number="x", org_id=1),
    "update of no resource": update(m.OwnAudit).values(text="x"),
    "cte that updates": select(update(Invoice).values(status="x").returning(Invoice.id).cte().c.id),
    "cte that deletes": select(delete(Line).returning(Line.id).cte().c.id),
    "cte beside": select(Country).add_cte(delete(Line).returning(Line.id).cte()),
    "statement that updates": select(Invoice).from_statement(
        update(Invoice).values(status="x").returning(Invoice)
    ),
    "statement that inserts": select(Invoice).from_statement(
        insert(Invoice).values(number="x", org_id=2).returning(Invoice)
    ),
}


@pytest.mark.parametrize("name", UNSEEN)
async def test_what_no_policy_is_known_of_is_refused(own: Own, name: str) -> None:
    before = await own.snapshot()
    answer = await own.run(lambda s: s.execute(UNSEEN[name]), m.ADMIN)
    assert answer.status_code == 500
    assert await own.snapshot() == before


async def test_many_changes_at_once_by_key_are_refused(own: Own) -> None:
    before = await own.snapshot()
    for statement, given in (
        (update(Invoice), [{"id": 2, "status": "x"}, {"id": 4, "status": "x"}]),
        (insert(Invoice), [{"number": "x", "org_id": 2}, {"number": "y", "org_id": 2}]),
    ):
        assert (await own.run(lambda s: s.execute(statement, given))).status_code == 500  # noqa: B023
    assert await own.snapshot() == before


async def test_a_caller_is_asked_for(own: Own) -> None:
    assert (await own.run(lambda s: s.scalars(select(Invoice)), None)).status_code == 401
