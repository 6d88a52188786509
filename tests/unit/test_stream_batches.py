"""The batches in which a stream reads its rows."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, Self

import pytest

from modelwire.errors import NotFound, RequestError, TooManyIncluded, Unavailable
from modelwire.pipeline import reads
from modelwire.pipeline.reads import _read_batches

BATCH = 8


class Rows:
    """Rows that are read in order, with the rows that each of them includes.

    Args:
        included: The number of included rows of each row.
        most: The most included rows that a response may have.
        primary: The database that this is a replica of, if it is one.
        fails: The error of each read, by its number.
    """

    def __init__(
        self,
        included: Sequence[int],
        *,
        most: int = 10**6,
        primary: "Rows | None" = None,
        fails: dict[int, RequestError] | None = None,
    ) -> None:
        self.counts = included
        self.primary = primary or self
        self.fails = fails or {}
        self.asked: list[tuple[int, int]] = []
        self.catalog = SimpleNamespace(limits=SimpleNamespace(max_included=most))
        self.statements = SimpleNamespace(of=lambda shape: shape)
        self.includes = self

    @asynccontextmanager
    async def reading(self, *_: object) -> AsyncIterator[Self]:
        yield self

    async def fetch(self, _statement: object, values: dict[str, int]) -> list[int]:
        after, limit = values["after"], values["limit"]
        self.asked.append((after, limit))
        if len(self.asked) in self.fails:
            raise self.fails[len(self.asked)]
        return list(range(len(self.counts)))[after : after + limit]

    async def read_counted(
        self, _lane: object, _shape: object, rows: Sequence[int], _includes: object
    ) -> tuple[list[Any], int]:
        included = sum(self.counts[row] for row in rows)
        if included > self.catalog.limits.max_included:
            raise TooManyIncluded("Too many", [])
        return [], included

    async def read(self) -> list[int]:
        """Read all rows; returns how many each batch has."""
        pipeline: Any = self
        plan: Any = SimpleNamespace(shape=None, values={"after": 0}, includes=())
        nothing: Any = None
        batches: Any = _read_batches(pipeline, plan, nothing, nothing)
        found = [rows async for rows, _ in batches]
        assert [row for rows in found for row in rows] == list(range(len(self.counts)))
        return [len(rows) for rows in found]

    @property
    def limits(self) -> list[int]:
        """The number of rows that each batch was to have at most."""
        return [limit for _, limit in self.asked]


@pytest.fixture(autouse=True)
def in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are numbered, and the next batch begins after the last one."""
    monkeypatch.setattr(reads, "STREAM_BATCH", BATCH)
    monkeypatch.setattr(reads, "own_columns", lambda _, rows: rows)
    monkeypatch.setattr(
        reads, "select_next_batch", lambda plan, row: (plan.shape, {"after": row + 1})
    )


@pytest.mark.parametrize(
    ("count", "batches"), [(0, [0]), (3, [3]), (8, [8, 0]), (9, [8, 1]), (20, [8, 8, 4])]
)
async def test_rows_without_includes(count: int, batches: list[int]) -> None:
    """Each batch is as long as it may be; the last one is shorter."""
    rows = Rows([0] * count)
    assert await rows.read() == batches
    assert rows.limits == [BATCH] * len(batches)


async def test_rows_with_too_many_includes() -> None:
    """A batch is halved until they fit, and grows again once there is room for twice as many."""
    rows = Rows([3] * 10 + [1] * 20, most=6)
    assert await rows.read() == [2, 2, 2, 2, 2, 2, 4, 4, 4, 4, 2]
    assert rows.limits == [8, 2, 2, 2, 2, 2, 4, 4, 4, 4, 4]
    almost = Rows([2, 2, 1, 1, 1, 1, 1], most=4)
    assert await almost.read() == [1, 2, 2, 2]
    assert almost.limits == [8, 2, 2, 4]


async def test_a_row_with_too_many_includes() -> None:
    """It can't be made to fit."""
    with pytest.raises(TooManyIncluded):
        await Rows([1, 7], most=6).read()


async def test_the_primary_goes_on_where_a_replica_fails() -> None:
    """From the same place, and for the rest of the stream."""
    primary = Rows([0] * 20)
    replica = Rows([0] * 20, primary=primary, fails={2: Unavailable("away")})
    assert await replica.read() == [8, 8, 4]
    assert replica.asked == [(0, 8), (8, 8)]
    assert primary.asked == [(8, 8), (16, 8)]


@pytest.mark.parametrize("is_replica", [True, False])
async def test_errors(is_replica: bool) -> None:
    """An error of the request itself ends the stream, as does any of the primary."""
    primary = Rows([0] * 20, fails={1: Unavailable("away")})
    rows = Rows([0] * 20, primary=primary, fails={1: NotFound("x")}) if is_replica else primary
    with pytest.raises(NotFound if is_replica else Unavailable):
        await rows.read()
    assert len(rows.asked) == 1
