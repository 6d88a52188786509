"""The workshop: names and values that are hard."""

import asyncio
import datetime as dt
import sys
from decimal import Decimal
from typing import Literal, assert_type
from uuid import UUID

from api import Client
from api.client import PartWhere
from api.problems import Changed, NotFound, PreconditionRequired

BIG = 9007199254740993
NOON = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)


async def main(url: str) -> None:
    async with Client(url) as workshop:
        await write_values(workshop)
        await filter_values(workshop)
        await write_slots(workshop)
        await write_ties(workshop)
        await keep_history(workshop)
        pick = await workshop.then.create({"list": "x", "int": 1})
        assert (pick.list_, pick.int_) == ("x", 1)
        assert (await workshop.then.list(where={"list": "x", "int__gte": 1})).items == [pick]
        assert (pick.etag is None, pick.model_copy().etag) == (False, None)
    print("done")


async def write_values(workshop: Client) -> None:
    part = await workshop.spare_parts.create(
        {
            "id": BIG,
            "class": "bolt, M6/8",
            "unit-price": Decimal("12345678901.2345"),
            "copy": None,
            "weight": 0.1234567890123456,
            "made_on": dt.date(2026, 1, 31),
            "seen_at": NOON,
            "lasts": dt.timedelta(minutes=90),
            "blob": "+/8=",
            "notes": {"colour": "red", "zip": "01234", "deep": {"tags": ["a", 'b"c']}},
            "spec": {"colour": "red", "size": {"width": 3}},
            "slots": [{"shelf": "A, 1", "number": 1}],
        }
    )
    assert_type(part.unit_price, Decimal)
    assert_type(part.status, Literal["new", "in use"])
    assert (part.id, part.unit_price, part.weight) == (
        BIG,
        Decimal("12345678901.2345"),
        0.1234567890123456,
    )
    assert (part.class_, part.made_on, part.lasts, part.blob) == (
        "bolt, M6/8",
        dt.date(2026, 1, 31),
        dt.timedelta(minutes=90),
        "+/8=",
    )
    assert part.seen_at is not None
    assert part.spec is not None and part.spec.size is not None and part.spec.size.width == 3
    small = await workshop.spare_parts.create(
        {"id": 5, "class": "nut", "unit-price": Decimal("2.5"), "status": "in use"}
    )
    assert (small.id, str(small.unit_price)) == (5, "2.5000")
    assert (await workshop.spare_parts.update(part, {"limit": 3})).limit == 3


async def filter_values(workshop: Client) -> None:
    async def find(where: PartWhere) -> bool:
        in_list = [each.id for each in (await workshop.spare_parts.list(where=where)).items]
        in_logic = [each.id for each in (await workshop.spare_parts.list(or_=[where])).items]
        assert in_list == in_logic
        return in_list == [BIG]

    assert await find({"id__in": [BIG, 6], "default": False})
    assert await find({"unit-price__gt": Decimal("12345678901.2344")})
    assert await find({"limit__eq": 3, "class": "bolt, M6/8"})
    assert await find(
        {"status__in": ["new"], "made_on__between": (dt.date(2026, 1, 1), dt.date(2026, 2, 1))}
    )
    assert await find({"blob": "+/8=", "lasts__gte": dt.timedelta(hours=1)})
    assert await find({"class__in": ["bolt, M6/8"]})
    assert await find({"spec.size.width__gt": 2, "spec.colour": "red"})
    assert await find({"notes": {"zip": "01234"}})
    assert not await find({"notes": {"zip": 1234}})
    assert await find({"notes": {"zip__in": ["01234", "x"], "deep.tags.1": 'b"c'}})
    assert await find({"slots": {"part": {"class": "bolt, M6/8"}}})


async def write_slots(workshop: Client) -> None:
    key = ("B/2, left", 7)
    await workshop.slots.create_many(
        [{"shelf": key[0], "number": 7, "part_id": 5}, {"shelf": "bulk", "number": 1}]
    )
    whole = await workshop.slots.get(key, include=["part", "part.kind"])
    assert whole.part is not None and whole.part.class_ == "nut" and whole.part.kind is None
    await workshop.slots.update(whole, {"part_id": None})
    await workshop.slots.delete(key)
    try:
        await workshop.slots.get(key)
    except NotFound:
        pass
    else:
        raise AssertionError("it is deleted")
    deleted = await workshop.slots.list(deleted="only")
    assert [each.shelf for each in deleted.items] == [key[0]]
    assert (await workshop.slots.restore(key)).deleted_at is None
    await workshop.slots.delete_many([key, ("bulk", 1)])
    assert (await workshop.slots.list()).total == 1


async def write_ties(workshop: Client) -> None:
    root = await workshop.kinds.create(
        {"name": "Root", "children": [{"name": "A"}, {"name": "B", "children": [{"name": "C"}]}]}
    )
    tree = await workshop.kinds.get(root, include=["children", "children.children"])
    assert [(c.name, [g.name for g in c.children or []]) for c in tree.children or []] == [
        ("A", []),
        ("B", ["C"]),
    ]
    maker = await workshop.makers.create({"name": "Acme", "parts": [BIG]})
    assert_type(maker.id, UUID)
    makers = workshop.spare_parts.makers_of(5)
    await makers.link(maker)
    await makers.link(maker.id)
    assert [each.id for each in (await makers.list()).items] == [maker.id]
    parts = await workshop.makers.parts_of(maker).list(sort=["id"])
    assert [each.id for each in parts.items] == [5, BIG]
    await makers.unlink(maker)
    assert (await makers.list()).total == 0
    sums = await workshop.spare_parts.aggregate(measures=["id:sum"], group=["made_on:year"])
    assert sums.items[0] == {"made_on:year": "2026-01-01", "id:sum": BIG}


async def keep_history(workshop: Client) -> None:
    page = await workshop.memos.list()
    memo = await workshop.memos.create({"text": "One"})
    (listed,) = (await workshop.memos.list()).items
    try:
        await workshop.memos.update(listed, {"text": "Two"})
    except PreconditionRequired:
        pass
    else:
        raise AssertionError("a condition is needed")
    changed = await workshop.memos.update(memo, {"text": "Two"})
    assert changed.rev == 2
    try:
        await workshop.memos.update(memo, {"text": "Three"})
    except Changed:
        pass
    else:
        raise AssertionError("it has changed")
    told = []
    async for change in workshop.memos.follow(after=page.change or 0):
        told.append((change.operation, change.key, change.item and change.item.text))
        if len(told) == 2:
            await workshop.memos.delete(changed)
        if len(told) == 3:
            break
    assert told == [
        ("create", memo.id, "One"),
        ("update", memo.id, "Two"),
        ("delete", memo.id, None),
    ]
    past = await workshop.memos.history(memo.id)
    assert [each.changed["text"] for each in past.items] == [
        {"old": "Two", "new": None},
        {"old": "One", "new": "Two"},
        {"old": None, "new": "One"},
    ]
    assert (await workshop.memos.revert(memo.id, past.items[0].number)).text == "Two"


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
