"""Sums of the rows below a row, which may not exist."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from modelwire.pipeline import aggregates
from modelwire.pipeline.aggregates import _read_groups


@pytest.mark.parametrize(
    ("found", "has_groups", "is_checked"),
    [
        ([], True, True),
        ([], False, True),
        # Without groups there is an item even where there are no rows.
        ([(0,)], False, True),
        ([(0,)], True, False),
    ],
)
async def test_a_row_that_may_not_exist(
    monkeypatch: pytest.MonkeyPatch,
    found: Sequence[tuple[int]],
    has_groups: bool,
    is_checked: bool,
) -> None:
    """It is looked for, unless groups show that it exists."""
    checked: list[object] = []

    async def check(_pipeline: object, _lane: object, parent: object) -> None:
        checked.append(parent)

    async def fetch(_statement: object, _values: object) -> Sequence[tuple[int]]:
        return found

    @asynccontextmanager
    async def reading(*_: object) -> AsyncIterator[Any]:
        yield SimpleNamespace(fetch=fetch)

    monkeypatch.setattr(aggregates, "check_parent", check)
    monkeypatch.setattr(aggregates, "_check_sums", lambda _shape, _found: None)
    pipeline: Any = SimpleNamespace(statements=SimpleNamespace(of=str), reading=reading)
    plan: Any = SimpleNamespace(shape=SimpleNamespace(groups=(1,) * has_groups), values={})
    asked: Any = SimpleNamespace(
        session=None, request=SimpleNamespace(caller=None), parent="parent"
    )
    assert await _read_groups(pipeline, plan, asked) == found
    assert checked == ["parent"] * is_checked
