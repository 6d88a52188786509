"""Comparison of both sides by counts and checksums, down to the rows that differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .progress import Progress
from .rows import read_pieces
from .side import Side
from .tables import CopiedTable, End
from .values import digest

_BUCKETS = 1 << 14
"""Parts of a table with a checksum each: only differing parts are searched for rows that differ."""

_SHOWN = 5
"""Number of differing rows of a table that are named."""

_MODULUS = 1 << 128


@dataclass(slots=True)
class Checksum:
    """Checksum of a table's rows, whatever the order in which they were read.

    Attributes:
        rows: The number of rows.
        parts: For each bucket, the sum of its rows' digests.
    """

    rows: int = 0
    parts: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, bucket: int, number: int) -> None:
        """Add a row."""
        self.rows += 1
        self.parts[bucket] = (self.parts[bucket] + number) % _MODULUS

    @property
    def text(self) -> str:
        """The sum of all parts, in hexadecimal digits."""
        return f"{sum(self.parts.values()) % _MODULUS:032x}"


class Difference(NamedTuple):
    """Row that is not the same on both sides.

    Args:
        table: Its table.
        key: Its key.
        text: What is different.
    """

    table: str
    key: str
    text: str

    def __str__(self) -> str:
        return f"{self.table}, the row with the key {self.key}: {self.text}"


class Compared(NamedTuple):
    """Result of comparing a table on both sides.

    Args:
        table: Its name.
        source: The rows to be copied.
        target: The rows that were copied.
        differences: Some of the rows that differ; none where nothing does.
    """

    table: str
    source: Checksum
    target: Checksum
    differences: Sequence[Difference]

    @property
    def is_same(self) -> bool:
        """Whether all rows are the same."""
        return self.source == self.target


async def compare(source: Side, target: Side, table: CopiedTable, progress: Progress) -> Compared:
    """Compare a table on both sides, reading it once on each."""
    sums = [
        await _sum(source, table.source, table, progress),
        await _sum(target, table.target, table, progress),
    ]
    found: Sequence[Difference] = ()
    if sums[0] != sums[1]:
        found = await _find_differences(source, target, table, sums)
    return Compared(table.name, sums[0], sums[1], found)


async def _sum(side: Side, end: End, table: CopiedTable, progress: Progress) -> Checksum:
    found = Checksum()
    async for piece in read_pieces(side, end, table):
        for row in piece.rows:
            values = end.canon.of(row)
            found.add(_bucket_of(table, values), digest(values))
        progress.advance(len(piece.rows))
    return found


def _bucket_of(table: CopiedTable, values: Sequence[Any]) -> int:
    places = table.key_places or range(len(values))
    return hash(repr([values[place] for place in places])) % _BUCKETS


async def _find_differences(
    source: Side, target: Side, table: CopiedTable, sums: Sequence[Checksum]
) -> Sequence[Difference]:
    """Find some of the rows that differ, by reading both sides a second time."""
    here, there = (each.parts for each in sums)
    differing = [b for b in here.keys() | there.keys() if here.get(b) != there.get(b)][:_SHOWN]
    given = await _collect(source, table.source, table, differing)
    kept = await _collect(target, table.target, table, differing)
    found = []
    for key in sorted(given.keys() | kept.keys()):
        text = _tell(table, given.get(key), kept.get(key))
        if text:
            found.append(Difference(table.name, key, text))
    return found[:_SHOWN]


async def _collect(
    side: Side, end: End, table: CopiedTable, buckets: Collection[int]
) -> Mapping[str, Sequence[int]]:
    """Return the digests of the values of each row in some buckets, by the rows' keys."""
    found = {}
    async for piece in read_pieces(side, end, table):
        for row in piece.rows:
            values = end.canon.of(row)
            if _bucket_of(table, values) in buckets:
                key = [values[place] for place in table.key_places or range(len(values))]
                found[", ".join(map(str, key))] = [digest([value]) for value in values]
    return found


def _tell(
    table: CopiedTable, given: Sequence[int] | None, kept: Sequence[int] | None
) -> str | None:
    if given is None:
        return "it is only in the target"
    if kept is None:
        return "it is missing in the target"
    names = [
        column.name
        for column, here, there in zip(table.columns, given, kept, strict=True)
        if here != there
    ]
    return f"{', '.join(names)} differ{'s' if len(names) == 1 else ''}" if names else None
