"""The session of a caller writes what the policies say, and nothing else."""

from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import delete, exists, func, inspect, literal, select, update
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.session import make_transient_to_detached
from sqlmodel.ext.asyncio.session import AsyncSession

from modelwire.errors import Forbidden, ParentNotFound
from tests.access import own_models as m
from tests.access.own_app import Own
from tests.access.own_models import OwnCountry as Country
from tests.access.own_models import OwnInvoice as Invoice
from tests.access.own_models import OwnLine as Line
from tests.access.own_models import OwnNote as Note
from tests.access.own_models import OwnOrg as Org
from tests.access.own_models import OwnTag as Tag
from tests.access.own_models import OwnTagLink as TagLink

pytestmark = pytest.mark.filterwarnings("ignore:\\n.*You probably want:DeprecationWarning")


def _stored(model: Any, **values: Any) -> Any:
    """An object that stands for a stored row that was not read."""
    row = model(**values)
    make_transient_to_detached(row)
    return row


# What a caller may do.


async def test_new_rows_are_stored_with_what_the_server_sets(own: Own) -> None:
    async def work(session: AsyncSession) -> None:
        session.add(Invoice(number="n1", org_id=1, created_by=99))
        org = await session.get(Org, 1)
        lines = [Line(text="x")]  # type: ignore[call-arg]
        session.add(Invoice(number="n2", org=org, lines=lines))  # type: ignore[call-arg]

    await own.read(work)
    async with own.database.session() as session:
        found = await session.scalars(select(Invoice).where(Invoice.number.like("n%")))
        assert [(i.org_id, i.created_by, i.changed_by) for i in found] == [(1, 1, None)] * 2


async def test_a_new_parent_is_one_that_may_be_referred_to(own: Own) -> None:
    async def work(session: AsyncSession) -> None:
        session.add(Org(id=1_000, name="new"))
        session.add(Invoice(number="n1", org_id=1_000))

    assert (await own.run(work, m.OwnMember(id=1, orgs=[1_000]))).status_code == 200


async def test_rows_are_changed_with_what_the_server_sets(own: Own) -> None:
    async def work(session: AsyncSession) -> None:
        invoice = await session.get_one(Invoice, 1)
        invoice.number = "changed"

    await own.read(work)
    async with own.database.session() as session:
        invoice = await session.get_one(Invoice, 1)
        assert (invoice.number, invoice.changed_by) == ("changed", 1)


async def test_what_is_not_changed_is_not_written(own: Own) -> None:
    async def work(session: AsyncSession) -> None:
        invoice = await session.get_one(Invoice, 3)  # which may not be changed
        invoice.number = invoice.number

    before = await own.snapshot()
    await own.read(work)
    assert await own.snapshot() == before


async def test_rows_are_deleted_with_what_goes_along(own: Own) -> None:
    async def work(session: AsyncSession) -> None:
        await session.delete(await session.get_one(Invoice, 2))

    assert (await own.run(work, m.ADMIN)).status_code == 200
    async with own.database.session() as session:
        assert await session.get(Invoice, 2) is None
        assert await session.get(Line, 2) is None


async def test_rows_that_refer_to_a_deleted_one_are_left_without_it(own: Own) -> None:
    """They are checked as the changed rows that they are."""
    owner = m.OwnMember(id=1, orgs=[1], is_admin=True)

    async def store(session: AsyncSession) -> None:
        notes = [Note(owner_id=1, text="left")]
        session.add(Invoice(number="short", org_id=1, notes=notes))

    async def work(session: AsyncSession) -> None:
        chosen = select(Invoice).where(Invoice.number == "short")
        (invoice,) = await session.scalars(chosen.options(selectinload(Invoice.notes)))
        await session.delete(invoice)

    assert (await own.run(store, owner)).status_code == 200
    assert (await own.run(work, owner)).status_code == 200
    async with own.database.session() as session:
        (note,) = await session.scalars(select(Note).where(Note.text == "left"))
        assert note.invoice_id is None


async def test_many_rows_are_changed_as_far_as_they_may_be(own: Own) -> None:
    async def work(session: AsyncSession) -> Any:
        known = await session.get_one(Invoice, 1)
        result = await session.execute(update(Invoice).values(number=Invoice.number + "x"))
        return result.rowcount, known.number

    assert await own.read(work) == (1, "a1x")
    async with own.database.session() as session:
        found = await session.execute(select(Invoice.number, Invoice.changed_by).order_by("id"))
        assert [tuple(row) for row in found] == [
            ("a1x", 1), ("b1", None), ("a2", None), ("b2", None),
        ]  # fmt: skip


async def test_many_rows_are_deleted_as_far_as_they_may_be(own: Own) -> None:
    async def work(session: AsyncSession) -> Any:
        known = await session.get_one(Line, 1)
        result = await session.execute(delete(Line))
        return result.rowcount, inspect(known).deleted or inspect(known).was_deleted

    assert await own.read(work) == (2, True)
    async with own.database.session() as session:
        assert list(await session.scalars(select(Line.id))) == [2]


@pytest.mark.parametrize("flushes", [True, False])
async def test_what_waits_is_written_first_unless_the_statement_says_otherwise(
    own: Own, *, flushes: bool
) -> None:
    """As in any session: a change of many rows meets a new one by `autoflush` alone."""

    async def work(session: AsyncSession) -> Any:
        session.add(Invoice(number="new", org_id=1))
        change = update(Invoice).where(Invoice.number == "new").values(number="met")
        result = await session.execute(change, execution_options={"autoflush": flushes})
        return result.rowcount, len(session.new)

    assert await own.read(work) == ((1, 0) if flushes else (0, 1))


async def test_changes_may_look_at_other_tables(own: Own) -> None:
    async def work(session: AsyncSession) -> Any:
        newest = select(func.max(Invoice.number)).scalar_subquery()
        change = update(Line).values(text=newest)
        change = change.where(Line.invoice_id == Invoice.id, Invoice.number.in_(["a1", "b1"]))
        changed = await session.scalars(change.returning(Line.text))
        return sorted(changed)

    assert await own.read(work) == ["a2", "a2"]


async def test_links_are_made_where_both_ends_are_seen(own: Own) -> None:
    async def work(session: AsyncSession) -> None:
        invoice = Invoice(number="n1", org_id=1)
        invoice.tags.append(await session.get_one(Tag, 1))
        session.add(invoice)

    await own.read(work)
    assert len((await own.snapshot())["tag_links"]) == 5


async def test_links_are_taken_away(own: Own) -> None:
    async def work(session: AsyncSession) -> None:
        invoice = await session.get_one(Invoice, 1, options=[selectinload(Invoice.tags)])
        invoice.tags.clear()

    await own.read(work)
    assert len((await own.snapshot())["tag_links"]) == 3  # one leads to what is not seen


async def test_the_ends_of_many_links_are_looked_up_together(
    own: Own, statements: list[str]
) -> None:
    """However many links a flush makes and takes away, it sends as many statements."""
    async with own.database.session() as session:
        session.add_all([Tag(name=f"many{i}", org_id=1) for i in range(1, 31)])
        await session.commit()

    async def count(numbers: range) -> int:
        async def work(session: AsyncSession) -> int:
            invoice = await session.get_one(Invoice, 1, options=[selectinload(Invoice.tags)])
            chosen = Tag.name.in_([f"many{i}" for i in numbers])
            invoice.tags = [*await session.scalars(select(Tag).where(chosen))]
            statements.clear()
            await session.flush()
            return len(statements)

        sent: int = await own.read(work)
        return sent

    assert await count(range(1, 3)) == await count(range(3, 31))
    assert len((await own.snapshot())["tag_links"]) == 31  # three of which are not its own or seen


async def test_one_of_many_links_that_may_not_be_made(own: Own) -> None:
    """It is refused as it is alone, and none of the others is made."""
    before = await own.snapshot()

    async def work(session: AsyncSession) -> None:
        invoice = await session.get_one(Invoice, 1, options=[selectinload(Invoice.tags)])
        found = await session.scalars(select(Tag))
        invoice.tags = [*found, _stored(Tag, id=2, name="tb", org_id=2)]

    assert (await own.run(work)).status_code == 403
    assert await own.snapshot() == before


async def test_savepoints_and_commits_are_of_one_transaction(own: Own) -> None:
    async def work(session: AsyncSession) -> None:
        try:
            async with session.begin_nested():
                session.add(Invoice(number="n1", org_id=1))
                await session.flush()
                raise KeyError
        except KeyError:
            session.add(Invoice(number="n2", org_id=1))
        await session.commit()
        session.add(Line(invoice_id=1, text="after"))

    await own.read(work)
    async with own.database.session() as session:
        numbers = await session.scalars(select(Invoice.number).where(Invoice.number.like("n%")))
        assert list(numbers) == ["n2"]
        assert await session.scalar(select(Line.id).where(Line.text == "after"))


async def test_a_rollback_undoes_everything(own: Own) -> None:
    async def work(session: AsyncSession) -> None:
        session.add(Invoice(number="n1", org_id=1))
        await session.flush()
        await session.rollback()

    before = await own.snapshot()
    await own.read(work)
    assert await own.snapshot() == before


# What they may not.


async def _add_elsewhere(session: AsyncSession) -> None:
    session.add(Org(id=3, name="three"))
    session.add(Country(code="BE", name="Belgium"))


async def _add_tag(session: AsyncSession) -> None:
    session.add(Tag(name="x", org_id=1))


async def _change_issued(session: AsyncSession) -> None:
    (await session.get_one(Invoice, 3)).number = "x"


async def _issue(session: AsyncSession) -> None:
    (await session.get_one(Invoice, 1)).status = "issued"


async def _issue_twice(session: AsyncSession) -> None:
    invoice = await session.get_one(Invoice, 1)
    invoice.status = "issued"
    try:
        await session.flush()
    except Forbidden:
        await session.rollback()
    (await session.get_one(Invoice, 1)).status = "issued"


async def _delete_unloaded(session: AsyncSession) -> None:
    await session.delete(await session.get_one(Invoice, 1))


async def _delete_seen(session: AsyncSession) -> None:
    options = [selectinload(Invoice.lines), selectinload(Invoice.notes)]
    options += [selectinload(Invoice.tags)]
    await session.delete(await session.get_one(Invoice, 1, options=options))


async def _change_detached(session: AsyncSession) -> None:
    row = _stored(Invoice, id=2, number="b1", org_id=2, status="draft")
    session.add(row)
    row.number = "x"


async def _take_detached(session: AsyncSession) -> None:
    row = _stored(Invoice, id=2, number="b1", org_id=2, status="draft")
    session.add(row)
    row.org_id = 1


async def _merge_unloaded(session: AsyncSession) -> None:
    row = _stored(Invoice, id=2, number="b1", org_id=2)
    merged = await session.merge(row, load=False)
    merged.number = "x"


async def _delete_detached(session: AsyncSession) -> None:
    row = _stored(Line, id=2, invoice_id=2, text="l2")
    session.add(row)
    await session.delete(row)


async def _take_child(session: AsyncSession) -> None:
    invoice = await session.get_one(Invoice, 1, options=[selectinload(Invoice.notes)])
    invoice.notes.append(_stored(Note, id=4, invoice_id=None, owner_id=2))


async def _give_child_away(session: AsyncSession) -> None:
    invoice = await session.get_one(Invoice, 1, options=[selectinload(Invoice.notes)])
    note = _stored(Note, id=2, invoice_id=1, owner_id=2)
    session.add(note)
    set_committed_value(invoice, "notes", [*invoice.notes, note])
    invoice.notes.remove(note)


async def _link_unseen(session: AsyncSession) -> None:
    invoice = await session.get_one(Invoice, 1, options=[selectinload(Invoice.tags)])
    invoice.tags.append(_stored(Tag, id=2, name="tb", org_id=2))


async def _link_issued(session: AsyncSession) -> None:
    invoice = await session.get_one(Invoice, 3, options=[selectinload(Invoice.tags)])
    invoice.tags.append(await session.get_one(Tag, 1))


async def _move_many(session: AsyncSession) -> None:
    await session.execute(update(Invoice).values(status="issued"))


async def _move_many_and_go_on(session: AsyncSession) -> None:
    try:
        await session.execute(update(Invoice).values(status="issued"))
    except Forbidden:
        return


async def _flush_and_go_on(session: AsyncSession) -> None:
    (await session.get_one(Invoice, 1)).status = "issued"
    try:
        await session.flush()
    except Forbidden:
        return


async def _change_keys(session: AsyncSession) -> None:
    await session.execute(update(Note).where(Note.id == 3).values(id=77))


async def _change_key(session: AsyncSession) -> None:
    (await session.get_one(Note, 3)).owner_id = 2


REFUSED: dict[str, Any] = {
    name.removeprefix("_"): work
    for name, work in list(globals().items())
    if name.startswith("_") and inspect(work, raiseerr=False) is None
    and getattr(work, "__module__", "") == __name__ and name != "_stored"
    and "go_on" not in name
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
async def test_what_a_caller_may_not_is_forbidden_and_undone(own: Own, name: str) -> None:
    before = await own.snapshot()
    answer = await own.run(REFUSED[name])
    assert answer.status_code == 403, answer.text
    assert answer.json()["code"] == "forbidden"
    assert await own.snapshot() == before


@pytest.mark.parametrize("work", [_move_many_and_go_on, _flush_and_go_on])
async def test_an_endpoint_that_goes_on_is_refused_all_the_same(own: Own, work: Any) -> None:
    """Nothing of it is stored, so that is what its client is told."""
    before = await own.snapshot()
    answer = await own.run(work)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert await own.snapshot() == before


async def _nest_and_go_on(session: AsyncSession) -> None:
    try:
        async with session.begin_nested():
            (await session.get_one(Invoice, 1)).status = "issued"
    except Forbidden:
        session.add(Line(invoice_id=1, text="after"))


async def _nest_many_and_go_on(session: AsyncSession) -> None:
    session.add(Line(invoice_id=1, text="after"))
    await session.flush()
    try:
        async with session.begin_nested():
            session.add(Line(invoice_id=1, text="within"))
            await _move_many(session)
    except Forbidden:
        pass


async def _nest_references_and_go_on(session: AsyncSession) -> None:
    try:
        async with session.begin_nested(), session.begin_nested():
            await session.execute(update(Line).where(Line.id == 1).values(invoice_id=2))
    except ParentNotFound:
        session.add(Line(invoice_id=1, text="after"))


async def _roll_back_and_go_on(session: AsyncSession) -> None:
    session.add(Line(invoice_id=1, text="before"))
    await session.flush()
    await session.rollback()
    session.add(Line(invoice_id=1, text="after"))


GO_ON = [
    _nest_and_go_on,
    _nest_many_and_go_on,
    _nest_references_and_go_on,
    _roll_back_and_go_on,
]


@pytest.mark.parametrize("work", GO_ON)
async def test_what_is_undone_on_purpose_refuses_nothing_else(own: Own, work: Any) -> None:
    await own.read(work)
    async with own.database.session() as session:
        texts = list(await session.scalars(select(Line.text).order_by(Line.text)))
        assert texts == ["after", "l1", "l2", "l3"]
        assert (await session.get_one(Invoice, 1)).status == "draft"


async def test_what_is_refused_within_a_savepoint_is_not_kept_by_it(own: Own) -> None:
    async def work(session: AsyncSession) -> None:
        async with session.begin_nested():
            with suppress(Forbidden):
                await _move_many(session)
            session.add(Line(invoice_id=1, text="after"))
            await session.flush()

    before = await own.snapshot()
    assert (await own.run(work)).status_code >= 400
    assert await own.snapshot() == before


async def test_a_key_that_is_merged_is_one_that_is_seen(own: Own) -> None:
    """A merged key of another caller's row counts as taken, as for a create."""
    before = await own.snapshot()
    given: dict[str, Any] = {"id": 2, "number": "x", "org_id": 1}
    hidden = await own.run(lambda s: s.merge(Invoice(**given)))
    issued = await own.run(lambda s: s.merge(Invoice(id=3, number="x", org_id=1)))
    assert hidden.status_code == 400
    assert hidden.json()["code"] == "already_exists"
    assert issued.status_code == 403
    assert await own.snapshot() == before
    await own.read(lambda s: s.merge(Invoice(id=1, number="merged", org_id=1)))
    assert "'merged'" in repr((await own.snapshot())["invoices"])


async def test_nothing_is_loaded_lazily(own: Own) -> None:
    async def work(session: AsyncSession) -> Any:
        invoice = await session.get_one(Invoice, 1)
        return await session.run_sync(lambda _: list(invoice.tags))

    assert (await own.run(work)).status_code == 500
    assert own.result is None


async def _refer_new(session: AsyncSession, key: int) -> None:
    session.add(Line(invoice_id=key, text="x"))


async def _refer_among_others(session: AsyncSession, key: int) -> None:
    """One of many rows refers to it; the others to a parent that is seen, and is looked at once."""
    session.add_all([Line(invoice_id=to, text="x") for to in (3, 3, 3, key, 3, 3)])


async def _refer_changed(session: AsyncSession, key: int) -> None:
    (await session.get_one(Line, 1)).invoice_id = key


async def _refer_many(session: AsyncSession, key: int) -> None:
    await session.execute(update(Line).where(Line.id == 1).values(invoice_id=key))


async def refer_note(session: AsyncSession, key: int) -> None:
    (await session.get_one(Note, 3)).invoice_id = key


REFERRING = [_refer_new, _refer_among_others, _refer_changed, _refer_many, refer_note]


@pytest.mark.parametrize("refer", REFERRING)
async def test_a_parent_that_is_not_seen_is_as_one_that_is_not_there(own: Own, refer: Any) -> None:
    before = await own.snapshot()
    hidden = await own.run(lambda session: refer(session, 2))
    missing = await own.run(lambda session: refer(session, 999))
    assert hidden.json()["code"] == "parent_not_found"
    assert (hidden.status_code, hidden.content) == (missing.status_code, missing.content)
    assert await own.snapshot() == before


async def test_a_parent_that_is_seen_may_be_referred_to(own: Own) -> None:
    for refer in REFERRING:
        assert (await own.run(lambda s: refer(s, 3))).status_code == 200  # noqa: B023


async def test_a_parent_that_stays_need_not_be_seen(own: Own) -> None:
    """A row that refers to one which its caller doesn't see may be changed in its other fields."""
    async with own.database.session() as session:
        (await session.get_one(Note, 3)).invoice_id = 2
        await session.commit()

    async def work(session: AsyncSession) -> None:
        (await session.get_one(Note, 3)).text = "changed"

    answer = await own.run(work)
    assert answer.status_code == 200, answer.text


async def test_a_parent_by_its_object_is_looked_at_too(own: Own) -> None:
    async def work(session: AsyncSession) -> None:
        org = _stored(Org, id=2, name="two")
        session.add(Invoice(number="n1", org=org))  # type: ignore[call-arg]

    before = await own.snapshot()
    assert (await own.run(work)).json()["code"] == "parent_not_found"
    assert await own.snapshot() == before


async def test_what_is_no_resource_is_not_written(own: Own) -> None:
    async def work(session: AsyncSession) -> None:
        session.add(m.OwnAudit(text="x"))

    assert (await own.run(work)).status_code == 500
    assert (await own.snapshot())["audit"] == []


async def test_link_objects_are_no_resource_here(own: Own) -> None:
    async def work(session: AsyncSession) -> None:
        session.add(TagLink(invoice_id=2, tag_id=2))

    assert (await own.run(work)).status_code == 500


@pytest.mark.parametrize("name", ["bulk_save_objects", "bulk_insert_mappings"])
async def test_what_no_flush_would_check_is_refused(own: Own, name: str) -> None:
    arguments = {
        "bulk_save_objects": ([Invoice(number="x", org_id=2)],),
        "bulk_insert_mappings": (Invoice, [{"number": "x", "org_id": 2}]),
    }[name]
    answer = await own.run(lambda s: s.run_sync(lambda sync: getattr(sync, name)(*arguments)))
    assert answer.status_code == 500
    assert len((await own.snapshot())["invoices"]) == 4


HIDDEN = select(func.max(Invoice.secret)).where(Invoice.org_id == 2).scalar_subquery()

READING: dict[str, Any] = {
    "subquery": HIDDEN,
    "within a function": func.coalesce(HIDDEN, "none"),
    "exists": func.iif(exists().where(Invoice.org_id == 2), "yes", "no"),
    "union": select(Org.name).union(select(Tag.name)).limit(1).scalar_subquery(),
    "another table": Org.__table__.c.name,
    "another one of a mapped class": Org.name,
}


@pytest.mark.parametrize("name", READING)
@pytest.mark.parametrize("is_new", [True, False])
async def test_no_value_of_an_object_reads_rows(own: Own, name: str, is_new: bool) -> None:
    """A flush doesn't go through the door of statements, so values may not be SQL."""

    async def work(session: AsyncSession) -> None:
        invoice = Invoice(number="n1", org_id=1) if is_new else await session.get_one(Invoice, 1)
        invoice.number = READING[name]
        session.add(invoice)

    before = await own.snapshot()
    answer = await own.run(work)
    assert answer.json()["code"] == "unexpected_error"
    assert await own.snapshot() == before


async def test_a_value_may_be_computed_of_the_row_that_has_it(own: Own) -> None:
    async def work(session: AsyncSession) -> tuple[str, str]:
        invoice = await session.get_one(Invoice, 1)
        invoice.number = func.upper(Invoice.number) + "!"  # type: ignore[assignment]
        new = Invoice(number=func.lower("NEW"), org_id=1)
        session.add(new)
        await session.flush()
        await session.refresh(invoice)
        await session.refresh(new)
        return invoice.number, new.number

    assert await own.read(work) == ("A1!", "new")


@pytest.mark.parametrize("is_new", [True, False])
async def test_no_reference_is_computed_by_the_database(
    own: Own,
    caplog: pytest.LogCaptureFixture,
    is_new: bool,
) -> None:
    """A reference computed by the database can't be checked before the write."""

    async def work(session: AsyncSession) -> None:
        new = Line(text="x")  # type: ignore[call-arg]
        line = new if is_new else await session.get_one(Line, 1)
        line.invoice_id = literal(1) + literal(1)  # type: ignore[assignment]
        session.add(line)

    before = await own.snapshot()
    answer = await own.run(work)
    assert answer.status_code == 500
    assert "invoice_id: the session of a caller" in caplog.text
    assert await own.snapshot() == before
