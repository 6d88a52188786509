"""Rows of a mass write that are found, and writes that a policy refuses in any case."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from modelwire.errors import (
    Constraint,
    ConstraintViolation,
    Forbidden,
    NotFound,
    RequestError,
    TooManyAffected,
)
from modelwire.execute.rejection import Rejection
from modelwire.execute.write.mass import find_affected
from modelwire.execute.write.permission import refuse_by_policy
from modelwire.plan.writing.delete import DeletePlan
from tests.plan.depot import DEPOT

LABELS = DEPOT.tables["labels"]
VIOLATION = ConstraintViolation(Constraint.CHECK)


async def affect(
    *rows: tuple[object, ...], limit: int, count: int = 0, allows: str | None = None
) -> tuple[DeletePlan, Any]:
    """Find the rows of a mass write; returns the plan and what the search was given.

    Args:
        rows: The rows that the search finds.
        limit: The most rows that the client allows.
        count: The number of rows that match afterwards.
        allows: The action that a policy decides on, row by row.
    """
    given: list[Any] = []

    async def search(statement: str, values: Any) -> Sequence[Sequence[object]]:
        given.append(values)
        return [(count,)] if statement == "count" else rows

    context: Any = SimpleNamespace(
        lane=SimpleNamespace(search=search), statements=SimpleNamespace(of=str)
    )
    shape: Any = type("Shape", (), {"allows": allows, "__str__": lambda _: "rows"})()
    plan: Any = SimpleNamespace(table=LABELS, shape=shape, count="count", values={"a": 1})
    return await find_affected(context, plan, limit), given[0]


async def test_matching_rows() -> None:
    """As many as allowed, and one more is looked for."""
    found, given = await affect(("a",), ("b",), limit=2)
    assert found.keys == (("a",), ("b",))
    assert len(found.rows) == 2
    assert found.many
    assert given == {"a": 1, "limit": 3}
    assert (await affect(limit=0))[0].keys == ()


@pytest.mark.parametrize(("count", "told"), [(7, 7), (2, 3)])
async def test_too_many(count: int, told: int) -> None:
    """The number is never below that which was found, even if rows go meanwhile."""
    with pytest.raises(TooManyAffected) as raised:
        await affect(("a",), ("b",), ("c",), limit=2, count=count)
    assert raised.value.detail == f"{told} rows match, and at most 2 may be affected"


@pytest.mark.parametrize("last", [True, False])
async def test_rows_that_a_policy_decides_on(last: bool) -> None:
    """One that the caller may not change refuses all."""
    rows = (("a", True), ("b", last))
    if last:
        assert (await affect(*rows, limit=2, allows="delete"))[0].keys == (("a",), ("b",))
    else:
        with pytest.raises(Forbidden):
            await affect(*rows, limit=2, allows="delete")
    assert len((await affect(*rows, limit=2))[0].keys) == 2


@pytest.mark.parametrize(
    ("error", "is_raised"),
    [
        (None, False),
        (Forbidden(), True),
        (NotFound("x"), False),
        (RequestError("x"), False),
        (VIOLATION, False),
        (Rejection(VIOLATION, None), False),
        (ZeroDivisionError(), True),
    ],
    ids=repr,
)
async def test_a_policy_comes_before_a_precondition(
    error: Exception | None, is_raised: bool
) -> None:
    """Only a refusal by policy counts; whatever else fails is no matter of it."""

    async def attempt() -> None:
        if error is not None:
            raise error

    if error is not None and is_raised:
        with pytest.raises(type(error)):
            await refuse_by_policy(attempt())
    else:
        await refuse_by_policy(attempt())
