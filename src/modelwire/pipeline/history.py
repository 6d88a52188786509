"""History of rows, as far as its reader may see it: their changes, and their earlier states."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Collection, Mapping, Sequence

import msgspec
from msgspec import Struct

from ..catalog.tables import Table
from ..errors import ChangedSince, InvalidRow, NotFound, Refused
from ..execute.connect.lane import Lane, Row
from ..plan.keys import select_by_key
from ..plan.parameters import Values
from ..plan.reading.history import (
    FIRST,
    entries_of,
    plan_history,
    read_number,
    select_given,
    select_then,
)
from ..plan.reading.plans import plan_includes, plan_key
from ..plan.writing.mark import mark_of, plan_return
from ..plan.writing.revert import plan_recreate, plan_restore
from ..request.request import Request
from ..respond.answer import Answer, answer_keyset_page
from ..respond.links import Address, link_keyset
from ..shape.parts import Include
from ..shape.reads import SelectShape
from ..statement.given_rows import IMAGES, join_images
from .answers import Created, Updated
from .encoding import encode_each
from .pipeline import Pipeline, Session
from .transaction import transact
from .write import Write
from .writes import check_of_request

BATCH = 100
"""Number of changes that are read at a time."""

_NULL = msgspec.Raw(b"null")

_Shown = dict[str, msgspec.Raw]

_rows = msgspec.json.Decoder(_Shown)


class Entry(Struct, frozen=True):
    """Change of a row, as far as its reader may see it.

    A change that makes the row visible counts as a create, one that hides it as a delete.

    Args:
        number: Its number.
        at: Its instant.
        by: The key of the caller, as JSON; None if unknown.
        old: The row before it, as JSON; None if it was not visible.
        new: The row after it, as JSON; None if it is not visible.
    """

    number: int
    at: dt.datetime
    by: str | None
    old: str | None
    new: str | None

    def within(self, seen: Collection[str | None]) -> Entry:
        """Return the change for a reader who may see only some rows."""
        old = self.old if self.old in seen else None
        new = self.new if self.new in seen else None
        return Entry(self.number, self.at, self.by, old, new)

    @property
    def operation(self) -> str:
        """Operation that the change amounts to."""
        if self.old is None:
            return "create"
        return "delete" if self.new is None else "update"


class _Item(Struct, frozen=True):
    """Change in a response."""

    number: int
    at: dt.datetime
    operation: str
    by: msgspec.Raw
    changed: dict[str, dict[str, msgspec.Raw]]


class History:
    """History of a row.

    Args:
        pipeline: The pipeline.
        lane: The lane.
        table: The resource.
        key: The parameters with the key of the row.
    """

    def __init__(self, pipeline: Pipeline, lane: Lane, table: Table, key: Values) -> None:
        self._statements = pipeline.statements
        self._lane = lane
        self._table = table
        self._key = key

    async def check_seen(self) -> None:
        """Check that the reader may see the row, or could see it when it was deleted.

        Raises:
            NotFound: The reader may not, or the row has never existed.
        """
        if await self.exists():
            return
        last = await self._find_last()
        if last is None or not await self._look([last]):
            raise NotFound(f"{self._table.title} not found")

    async def exists(self) -> bool:
        """Whether there is such a row, and the reader may see it."""
        statement = self._statements.of(select_by_key(self._table))
        return bool(await self._lane.fetch(statement, self._key))

    async def find_items(self, start: int, limit: int, *, older: bool) -> list[_Item]:
        """Find visible changes.

        Args:
            start: The number of a change.
            limit: The maximum number of changes.
            older: Whether to find those before it, newest first, or those after it.
        """
        found: list[_Item] = []
        async for item in self._items(start, older=older):
            found.append(item)
            if len(found) == limit:
                break
        return found

    async def find(self, number: int) -> tuple[Entry, Entry]:
        """Find one change: as logged, and as the reader may see it.

        Raises:
            NotFound: There is no such change with a visible effect.
        """
        found = [e for e in await self._read(number + 1, 1, older=True) if e.number == number]
        seen, rows = await self._see(found)
        if not self._tells(seen, rows):
            raise NotFound("Change not found")
        return found[0], seen[0]

    def marks(self, entry: Entry) -> bool:
        """Whether a change is a soft delete of the row."""
        return entry.new is not None and self._is_gone(entry.new) and not self._is_gone(entry.old)

    async def read_whole(self, images: Sequence[str]) -> Sequence[Row]:
        """Read rows of the log with every field, including hidden ones.

        Raises:
            NotFound: The reader may not see one of them.
        """
        statement = self._statements.of(select_given(self._table, whole=True))
        rows = await self._lane.fetch(statement, {IMAGES: join_images(images)})
        by_place = {row[-1]: row[:-1] for row in rows}
        if len(by_place) < len(images):
            raise NotFound("Change not found")
        return [by_place[place] for place in range(len(images))]

    async def read_mark(self, entry: Entry) -> object:
        """Read the time of a soft delete that a change has made, even if the row is hidden."""
        table = self._table.with_all_rows
        statement = self._statements.of(select_given(table, whole=True))
        ((*row, _),) = await self._lane.fetch(statement, {IMAGES: f"[{entry.new}]"})
        return row[table.stored.index(mark_of(table))]

    async def _find_last(self) -> str | None:
        """Return the row as it was when it was deleted; None if it exists, or never did."""
        entries = await self._read(FIRST, BATCH, older=True)
        while entries:
            for entry in entries:
                if not self._is_gone(entry.new):
                    return None
                if not self._is_gone(entry.old):
                    return entry.old
            entries = await self._read(entries[-1].number, BATCH, older=True)
        return None

    def _is_gone(self, image: str | None) -> bool:
        """Whether a row of the log is missing, or deleted softly."""
        mark = self._table.deleted_at
        if image is None or mark is None:
            return image is None
        return bytes(_rows.decode(image).get(mark.column.name, _NULL)) != bytes(_NULL)

    async def _items(self, start: int, *, older: bool) -> AsyncIterator[_Item]:
        is_last = False
        while not is_last:
            entries = await self._read(start, BATCH, older=older)
            for item in self._show(*await self._see(entries)):
                yield item
            is_last = len(entries) < BATCH
            start = start if is_last else entries[-1].number

    async def _read(self, start: int, limit: int, *, older: bool) -> list[Entry]:
        statement = self._statements.of(entries_of(self._table, older=older))
        values = {**self._key, "number": start, "limit": limit}
        rows = await self._lane.fetch(statement, values)
        return [Entry(number, at, by, old, new) for number, at, _, old, new, by in rows]

    async def _see(self, entries: Sequence[Entry]) -> tuple[list[Entry], Mapping[str, Row]]:
        """Return the changes as the reader may see them, and the visible rows of the log."""
        images = list(dict.fromkeys(i for e in entries for i in (e.old, e.new) if i is not None))
        rows = {images[row[-1]]: row[:-1] for row in await self._look(images)}
        told = [entry.within(rows.keys()) for entry in entries]
        return [e for e in told if e.old is not None or e.new is not None], rows

    async def _look(self, images: Sequence[str]) -> Sequence[Row]:
        """Read the visible rows of the log, each followed by its index."""
        if not images:
            return ()
        statement = self._statements.of(select_given(self._table))
        return await self._lane.fetch(statement, {IMAGES: join_images(images)})

    def _tells(self, entries: Sequence[Entry], rows: Mapping[str, Row]) -> bool:
        """Whether changes are shown; if a row can't be encoded, its differences are unknown."""
        try:
            return bool(self._show(entries, rows))
        except InvalidRow:
            return True

    def _show(self, entries: Sequence[Entry], rows: Mapping[str, Row]) -> list[_Item]:
        """Return changes for the response, except those without a visible difference."""
        encoded = encode_each(self._table, list(rows.values()), (), ())
        shown: dict[str | None, _Shown] = {None: {}}
        for image, body in zip(rows, encoded, strict=True):
            shown[image] = _rows.decode(body)
        items = []
        for entry in entries:
            changed = _compare(shown[entry.old], shown[entry.new])
            if changed:
                by = _NULL if entry.by is None else msgspec.Raw(entry.by.encode())
                items.append(_Item(entry.number, entry.at, entry.operation, by, changed))
        return items


def _compare(old: _Shown, new: _Shown) -> dict[str, dict[str, msgspec.Raw]]:
    """Return the fields that differ, each with both of its values."""
    found = {}
    for name in new or old:
        before, after = old.get(name, _NULL), new.get(name, _NULL)
        if bytes(before) != bytes(after):
            found[name] = {"old": before, "new": after}
    return found


async def read_history(
    pipeline: Pipeline, table: Table, request: Request, session: Session = None
) -> Answer:
    """Answer `GET /invoices/{id}/history/`."""
    plan = plan_history(pipeline.catalog, table, request.key, pipeline.parse_query(request))
    cipher = await pipeline.find_cipher(session)
    start, older = plan.open(cipher)
    await pipeline.open_log(session)
    statement = pipeline.statements.of(select_by_key(plan.table))
    async with pipeline.reading(session, statement, request.caller) as lane:
        history = History(pipeline, lane, plan.table, plan.key)
        await history.check_seen()
        found = await history.find_items(start, plan.limit + 1, older=older)
        others: Sequence[_Item] = ()
        if start != FIRST:
            # The change where the page starts belongs to the other side.
            others = await history.find_items(_beside(start, older=older), 1, older=not older)
    items = found[: plan.limit]
    has_older, has_newer = len(found) > plan.limit, bool(others)
    if not older:
        items, has_older, has_newer = items[::-1], has_newer, has_older
    numbers = [item.number for item in items] or [_beside(start, older=older)]
    following = plan.write_cursor(numbers[-1], cipher, older=True) if has_older else None
    previous = plan.write_cursor(numbers[0], cipher, older=False) if has_newer else None
    path = f"{request.base}/{request.key}/history/"
    links = link_keyset(Address(path, request.query_string), following, previous)
    body = msgspec.json.encode(items)
    return answer_keyset_page(body, plan.limit, following, previous, links)


def _beside(start: int, *, older: bool) -> int:
    """Return the start of the other side of a page, including the change where the page starts."""
    return start - 1 if older else start + 1


async def read_then(
    pipeline: Pipeline,
    lane: Lane,
    shape: SelectShape,
    key: Values,
    at: dt.datetime,
) -> Sequence[Row] | None:
    """Read a row as of an instant, as far as its reader may see it.

    Args:
        pipeline: The pipeline.
        lane: The lane.
        shape: The shape of the read, of a given row.
        key: The parameters with its key.
        at: The instant.

    Returns:
        The row, or none if it did not exist; None if it has not changed since the log began.
    """
    statements = pipeline.statements
    for before in (True, False):
        statement = statements.of(select_then(shape.table, before=before))
        found = await lane.fetch(statement, {**key, "at": at})
        if found:
            image = found[0][0]
            if image is None:
                return ()
            rows = await lane.fetch(statements.of(shape), {IMAGES: join_images([image])})
            return [row[:-1] for row in rows]
    return None


async def revert(
    pipeline: Pipeline, table: Table, request: Request, session: Session = None
) -> Answer:
    """Answer `POST /invoices/{id}/history/{number}/revert`."""
    includes = plan_includes(pipeline.catalog, table, request.query_string)
    key = plan_key(table, request.key)
    await pipeline.open_log(session)
    statement = pipeline.statements.of(select_by_key(table))
    async with pipeline.reading(session, statement, request.caller) as lane:
        history = History(pipeline, lane, table, key)
        await history.check_seen()
        write = await _plan_back(history, table, request, key, includes)
    return await transact(pipeline, write, request, session)


async def _plan_back(
    history: History, table: Table, request: Request, key: Values, includes: tuple[Include, ...]
) -> Write:
    """Plan the write that reverts a change.

    Raises:
        NotFound: There is no such change, or the row can't be restored.
        Refused: The change has created the row.
        ChangedSince: The change has deleted the row, which is there again.
    """
    found, entry = await history.find(read_number(request.keys[1]))
    if entry.old is None:
        raise Refused("The change has created the row; DELETE reverts that")
    if entry.new is None and not history.marks(found):
        if await history.exists():
            raise ChangedSince("The row has changed since")
        (stored,) = await history.read_whole([entry.old])
        return Write(plan_recreate(table, stored, request.caller), Created(table, includes))
    check = check_of_request(table, request)
    if entry.new is None:
        back = plan_return(table, request.key, await history.read_mark(found))
        return Write(back, Updated(table, includes), check)
    old, new = await history.read_whole([entry.old, entry.new])
    changed = find_changed_columns(entry.old, entry.new)
    plan = plan_restore(table, tuple(key.values()), old, new, changed)
    return Write(plan, Updated(table, includes), check)


def find_changed_columns(old: str, new: str) -> set[str]:
    """Return the names of the columns in which two rows of the log differ."""
    before, after = _rows.decode(old), _rows.decode(new)
    return {name for name, value in after.items() if bytes(before.get(name, _NULL)) != bytes(value)}
