"""Operations that read resources, as parts of which the resources of a client are composed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Generic, Literal, Never, Unpack

import httpx
from pydantic import JsonValue, TypeAdapter

from .answers import PAST, Change, CursorPage, Groups, Page, PastChange
from .connection import Sent
from .parameters import Comparison, Parameters, compare, join, put
from .resources import (
    Conditions,
    DeletedT,
    GroupT,
    IncludeT,
    MeasureT,
    Query,
    Resource,
    RowT,
    SortT,
    TargetT,
    WhereT,
)

_CHANGE = TypeAdapter(Change[dict[str, JsonValue]])


class Lists(Resource[RowT], Generic[RowT, WhereT, DeletedT, SortT, IncludeT]):
    """Reading of lists."""

    async def list(
        self,
        *,
        skip: int | None = None,
        count: Literal["exact", "none", "estimate"] | None = None,
        **query: Unpack[Query[WhereT, DeletedT, SortT, IncludeT]],
    ) -> Page[RowT]:
        """Read a page, `skip` rows from the start."""
        parameters = self._listed(query)
        put(parameters, skip=skip, count=count)
        answer = await self._query(f"{self._path}/", parameters)
        told, change = answer.json(), answer.headers.get("x-change-number")
        return Page(
            self._items(told),
            told["total"],
            told.get("total_is_estimate", False),
            told["skip"],
            told["limit"],
            None if change is None else int(change),
        )

    async def page(
        self, cursor: str = "", **query: Unpack[Query[WhereT, DeletedT, SortT, IncludeT]]
    ) -> CursorPage[RowT]:
        """Read a page by a cursor: the first one, or the one that follows another."""
        parameters = self._listed(query)
        parameters["cursor"] = cursor
        told = (await self._query(f"{self._path}/", parameters)).json()
        return CursorPage(self._items(told), told["limit"], told["next"], told["previous"])

    async def each(
        self, **query: Unpack[Query[WhereT, DeletedT, SortT, IncludeT]]
    ) -> AsyncIterator[RowT]:
        """Read all rows that match, page by page."""
        query.setdefault("limit", self._info.limit)
        cursor: str | None = ""
        while cursor is not None:
            page = await self.page(cursor, **query)
            for row in page.items:
                yield row
            cursor = page.next

    def _items(self, told: Mapping[str, Iterable[object]]) -> Sequence[RowT]:
        return [self._row.model_validate(item) for item in told["items"]]

    def _listed(self, query: Query[WhereT, DeletedT, SortT, IncludeT]) -> Parameters:
        parameters = self._conditions(query)
        join(parameters, include=query.get("include"), sort=query.get("sort"))
        put(parameters, limit=query.get("limit"))
        return parameters


class Streams(Resource[RowT], Generic[RowT, WhereT, DeletedT, SortT, IncludeT]):
    """Reading of all rows in one response."""

    async def stream(
        self, **query: Unpack[Query[WhereT, DeletedT, SortT, IncludeT]]
    ) -> AsyncIterator[RowT]:
        """Read all rows that match, from one streamed response."""
        parameters = self._conditions(query)
        join(parameters, include=query.get("include"), sort=query.get("sort"))
        headers = {"accept": "application/x-ndjson", "prefer": "end-marker"}
        sent = Sent("GET", f"{self._path}/stream/", parameters, headers=headers)
        answer, end, count = await self._connection.open(sent), '{"$rows":', 0
        try:
            async for line in answer.aiter_lines():
                if line == f"{end}{count}}}":
                    return
                yield self._row.model_validate_json(line)
                count += 1
        finally:
            await answer.aclose()
        raise httpx.ReadError("The stream was broken off")


class Reads(Resource[RowT], Generic[RowT, TargetT, DeletedT, IncludeT]):
    """Reading of one row."""

    async def get(
        self,
        target: TargetT,
        *,
        include: Sequence[IncludeT] | None = None,
        deleted: DeletedT | None = None,
    ) -> RowT:
        """Read a row; by default, `include` is what its resource includes."""
        parameters: Parameters = {}
        join(parameters, include=include)
        put(parameters, deleted=deleted)
        return self._row_of(await self._read(self._at(target), parameters))


class Aggregates(Resource[RowT], Generic[RowT, WhereT, DeletedT, GroupT, MeasureT]):
    """Sums over groups of rows."""

    async def aggregate(
        self,
        *,
        group: Sequence[GroupT] | None = None,
        measures: Sequence[MeasureT] | None = None,
        having: Mapping[str, object] | None = None,
        sort: Sequence[str] | None = None,
        tz: str | None = None,
        limit: int | None = None,
        skip: int | None = None,
        **conditions: Unpack[Conditions[WhereT, DeletedT]],
    ) -> Groups:
        """Read sums over groups of the rows that match.

        Args:
            group: The fields to group by; all rows are one group by default.
            measures: The measures of each group; `count` by default.
            having: Comparisons of measures that must all hold for a group, as in `{"count__gte":
                2}`.
            sort: Names of groups and measures, `-` before one for descending.
            tz: The time zone of time buckets.
            limit: The maximum number of groups.
            skip: The number of groups to skip.
            conditions: The conditions of the rows.
        """
        parameters = self._conditions(conditions)
        join(parameters, group=group, measures=measures, sort=sort)
        put(parameters, tz=tz, limit=limit, skip=skip)
        terms = [compare(Comparison(name, value)) for name, value in (having or {}).items()]
        put(parameters, having=f"({','.join(terms)})" if terms else None)
        told = (await self._query(f"{self._path}/aggregate/", parameters)).json()
        return Groups(told["items"], told["skip"], told["limit"], told["more"])


class Follows(Resource[RowT], Generic[RowT, WhereT]):
    """Changes of rows."""

    async def changes(
        self,
        *,
        after: int | None = None,
        limit: int | None = None,
        wait_s: int | None = None,
        **conditions: Unpack[Conditions[WhereT, Never]],
    ) -> tuple[Sequence[Change[RowT]], int]:
        """Read a page of changes of the rows that match.

        Args:
            after: The number of the change to begin after; by default, the oldest that is kept.
            limit: The maximum number of changes to look at.
            wait_s: Seconds to wait while there are no changes.
            conditions: The conditions of the rows; not through relations.

        Returns:
            The changes, and the `after` of the page that follows.
        """
        parameters = self._conditions(conditions)
        put(parameters, after=after, limit=limit, wait=wait_s)
        told = (await self._read(f"{self._path}/changes/", parameters)).json()
        return [self._change_of(item) for item in told["items"]], told["next"]

    async def follow(
        self,
        *,
        after: int | None = None,
        wait_s: int = 20,
        **conditions: Unpack[Conditions[WhereT, Never]],
    ) -> AsyncIterator[Change[RowT]]:
        """Follow the changes of the rows that match, until the loop is left."""
        while True:
            found, after = await self.changes(after=after, wait_s=wait_s, **conditions)
            for change in found:
                yield change

    def _change_of(self, told: object) -> Change[RowT]:
        change = _CHANGE.validate_python(told)
        item = None if change.item is None else self._row.model_validate(change.item)
        return Change(change.number, change.at, change.operation, change.key, item)


class Recalls(Resource[RowT], Generic[RowT, TargetT]):
    """The history of rows."""

    async def history(
        self, target: TargetT, *, cursor: str = "", limit: int | None = None
    ) -> CursorPage[PastChange]:
        """Read a page of the changes of a row, latest first."""
        parameters: Parameters = {"cursor": cursor}
        put(parameters, limit=limit)
        told = (await self._read(f"{self._at(target)}/history/", parameters)).json()
        found = [PAST.validate_python(item) for item in told["items"]]
        return CursorPage(found, told["limit"], told["next"], told["previous"])

    async def get_as_of(self, target: TargetT, moment: datetime) -> RowT:
        """Read a row as it was at a moment."""
        parameters: Parameters = {}
        put(parameters, as_of=moment)
        return self._row_of(await self._read(self._at(target), parameters))
