"""The request of a batch that a constraint at COMMIT is about, and the watch over such ones."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from modelwire.errors import CheckFailed, Constraint, ConstraintViolation, RequestError
from modelwire.execute.rejection import Rejection
from modelwire.pipeline import batch as batch_module
from modelwire.pipeline.batch import BatchWork, BrokenForGood, DeferredWatch
from modelwire.plan.writing.create_plan import CreatePlan
from tests.plan.depot import DEPOT


class Part:
    """Work of one request, which says what it is asked to explain.

    Args:
        is_broken: Whether one of its rows violates a foreign key.
    """

    def __init__(self, *, is_broken: bool = False) -> None:
        self.is_broken = is_broken
        self.explained = 0

    async def explain(self, _rejection: Rejection, _lane: object) -> RequestError:
        self.explained += 1
        return CheckFailed("told")

    async def find_broken(self, _rows: object, _lane: object) -> RequestError | None:
        return CheckFailed("broken") if self.is_broken else None


def make_work(*tables: str | None, broken: Sequence[int] = ()) -> tuple[Any, list[Part]]:
    """Make a batch that has written a row of each table; None is a request without rows."""
    parts = [Part(is_broken=index in broken) for index in range(len(tables))]
    batch: Any = SimpleNamespace(needs_session=False)
    pipeline: Any = SimpleNamespace(catalog=DEPOT)
    work: Any = BatchWork(pipeline, batch)
    work._done = [
        (
            part,
            SimpleNamespace(rows=None if name is None else CreatePlan(DEPOT.tables[name], ())),
            f"/requests/{index}",
        )
        for index, (part, name) in enumerate(zip(parts, tables, strict=True))
    ]
    return work, parts


@pytest.mark.parametrize(
    ("table", "kind", "broken", "explained"),
    [
        ("crates", Constraint.UNIQUE, [], 2),
        ("labels", Constraint.UNIQUE, [], 1),
        (None, Constraint.UNIQUE, [], 2),
        ("depots", Constraint.UNIQUE, [], None),
        # SQLite does not name the foreign key: rows tell, those of the last request first.
        (None, Constraint.FOREIGN_KEY, [], 2),
        (None, Constraint.FOREIGN_KEY, [0, 1], "/requests/1"),
        ("labels", Constraint.FOREIGN_KEY, [0], 1),
    ],
)
async def test_the_last_request_that_it_may_be_about(
    table: str | None, kind: Constraint, broken: Sequence[int], explained: int | str | None
) -> None:
    """The error names the request; one that no request has written is told without a place."""
    work, parts = make_work("crates", "labels", "crates", None, broken=broken)
    lane: Any = None
    error = await work.explain(Rejection(ConstraintViolation(kind, table), None), lane)
    counts = [part.explained for part in parts]
    if isinstance(explained, int):
        assert counts == [int(index == explained) for index in range(4)]
        assert places_of(error) == ("told", [f"/requests/{explained}"])
    else:
        assert counts == [0] * 4
        assert (places_of(error) == ("broken", [explained])) is isinstance(explained, str)


def places_of(error: RequestError) -> tuple[str | None, list[str | None]]:
    return error.detail, [violation.pointer for violation in error.violations]


A, B = (ConstraintViolation(Constraint.CHECK, "crates", name) for name in "ab")
KEY = ConstraintViolation(Constraint.FOREIGN_KEY, "crates", "key")


@pytest.mark.parametrize(
    ("found", "index", "may_be_reference"),
    [
        ([None, None], None, True),
        ([None, A, A], 1, False),
        ([A, None, A], 2, False),
        ([A, B, B], 1, False),
        ([B, A, A], 1, False),
        ([A, None], None, True),
        ([KEY], 0, True),
    ],
)
async def test_the_watch(
    monkeypatch: pytest.MonkeyPatch,
    found: Sequence[ConstraintViolation | None],
    index: int | None,
    may_be_reference: bool,
) -> None:
    """A violation belongs to the request after which it was first there, unless it goes again."""
    left = list(found)

    async def find(_lane: object) -> ConstraintViolation | None:
        return left.pop(0)

    monkeypatch.setattr(batch_module, "_find_deferred", find)
    lane: Any = None
    watch = DeferredWatch(lane)
    for number in range(len(found)):
        await watch.look(number)
    assert watch.may_be_reference is may_be_reference
    if index is None:
        watch.finish()
    else:
        with pytest.raises(BrokenForGood) as raised:
            watch.finish()
        assert raised.value.index == index
