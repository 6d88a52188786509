"""Hooks of one write, in its transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace
from sqlmodel.ext.asyncio.session import AsyncSession

from ...catalog.tables import Table
from ...hooks import Change, Hooks, LinkChange, RowChange, Values, WriteOperation
from ...plan.writing.create_plan import CreatePlan
from ...plan.writing.delete import DeletePlan
from ...plan.writing.links import LinkPlan, LinkSet
from ...plan.writing.new_rows import NewRow
from ...plan.writing.update import UpdatePlan
from ...shape.parts import Projection
from ...shape.reads import ExistingShape
from ...statement.lists import ROWS
from ...statement.statements import Statements
from ..connect.lane import Lane, Row
from .calls import call_hooks
from .committed import Committed
from .rows import HookRows, RowChanges


@dataclass(slots=True)
class _Written:
    """Rows of one table that one operation has written so far.

    Attributes:
        olds: The rows as stored before; None for new ones.
        pointers: Their pointers into the body.
        news: The rows as returned by the write; empty for a delete.
        links: The changed links of each row.
    """

    olds: list[Row | None] = field(default_factory=list)
    pointers: list[str | None] = field(default_factory=list)
    news: list[Row] = field(default_factory=list)
    links: list[_Links] = field(default_factory=list)


_Links = tuple[Sequence[LinkSet], Any]
"""Links of a row, and the action on them."""

_NO_LINKS: _Links = ((), "add")


class HookRun:
    """Runner of the hooks of one request's writes, in one attempt.

    Hooks after a write wait until all writes are done, so each is called once with all rows of its
    table; `finish` calls them.

    Args:
        lane: The lane of the write, in the session's transaction.
        statements: The statements of the application.
        session: The session for the hooks.
        caller: The caller.
        is_own: Whether only hooks use the session.
        has_triggers: Whether triggers may change rows after the write.

    Attributes:
        done: The changes, with their hooks after the commit.
        ran_statements: Whether hooks have run any statements, which may have changed rows.
    """

    def __init__(
        self,
        lane: Lane,
        statements: Statements,
        session: AsyncSession,
        caller: Any,
        *,
        is_own: bool,
        has_triggers: bool,
    ) -> None:
        self._lane = lane
        self._statements = statements
        self._session = session
        self._caller = caller
        self._is_own = is_own
        self._has_triggers = has_triggers
        self._rows: dict[Table, HookRows] = {}
        self._written: dict[tuple[Table, WriteOperation], _Written] = {}
        self.done: list[Committed] = []
        self.ran_statements = False

    @contextmanager
    def part(self) -> Iterator[None]:
        """Begin a part of the write that may be rolled back alone, with what was noted of it."""
        count = len(self.done)
        try:
            yield
        except BaseException:
            del self.done[count:]
            self._written.clear()
            raise

    async def before_create(self, plan: CreatePlan) -> tuple[NewRow, ...]:
        """Run the hooks before rows are stored; return the rows to store."""
        hooks = _hooks_of(plan.table, "create")
        if hooks is None or not hooks.before_create:
            return plan.rows
        shown = self._rows_of(plan.table)

        def make(place: int) -> RowChange:
            row = plan.rows[place]
            return RowChange(None, shown.show_new(row), row.pointer)

        rows = RowChanges(len(plan.rows), make)
        links: list[_Links] = [(kin.links, "add") for kin in plan.kin]
        await self._call(plan.table, "create", hooks.before_create, rows, links)
        return shown.take(plan.rows, rows)

    def created(self, plan: CreatePlan, stored: Sequence[Row]) -> None:
        """Note stored rows."""
        written = self._note(plan.table, "create")
        if written is not None:
            written.olds += [None] * len(stored)
            written.pointers += [row.pointer for row in plan.rows]
            written.news += stored
            links = [(kin.links, "add") for kin in plan.kin]
            written.links += links or [_NO_LINKS] * len(stored)

    async def before_update(self, plan: UpdatePlan, stored: Sequence[Row]) -> UpdatePlan:
        """Run the hooks before rows are updated; return the changes to make.

        Args:
            plan: The changes; a row that sets nothing is not updated.
            stored: The locked rows, with their values in the order of `Table.stored`.
        """
        hooks, places = _hooks_of(plan.table, "update"), _changing(plan)
        if hooks is None or not hooks.before_update or not places:
            return plan
        shown = self._rows_of(plan.table)
        chosen = [plan.rows[place] for place in places]

        def make(place: int) -> RowChange:
            old, row = stored[places[place]], chosen[place]
            return RowChange(shown.show_stored(old), shown.show_new(row), row.pointer)

        rows = RowChanges(len(places), make)
        links = [(plan.links[place], "set") for place in places] if plan.links else []
        await self._call(plan.table, "update", hooks.before_update, rows, links)
        taken = dict(zip(places, shown.take(chosen, rows), strict=True))
        return replace(plan, rows=tuple(taken.get(i, row) for i, row in enumerate(plan.rows)))

    def updated(self, plan: UpdatePlan, stored: Sequence[Row], changed: Sequence[Row]) -> None:
        """Note updated rows."""
        written = self._note(plan.table, "update")
        if written is None:
            return
        places = _changing(plan)
        written.olds += [stored[place] for place in places]
        written.pointers += [plan.rows[place].pointer for place in places]
        written.news += [changed[place] for place in places]
        links = [(plan.links[place], "set") for place in places] if plan.links else []
        written.links += links or [_NO_LINKS] * len(places)

    async def before_link(self, plan: LinkPlan, stored: Row) -> NewRow:
        """Run the hooks before a row is linked or unlinked; return what else they set in it."""
        table, (row,) = plan.owner.table, plan.owner.rows
        hooks = _hooks_of(table, "update")
        if hooks is None or not hooks.before_update:
            return row
        shown = self._rows_of(table)
        change = RowChange(shown.show_stored(stored), shown.show_new(row), None)
        rows = RowChanges(1, lambda _: change)
        await self._call(table, "update", hooks.before_update, rows, [_links_of(plan)])
        return shown.take([row], rows)[0]

    def linked(self, plan: LinkPlan, stored: Row, changed: Row) -> None:
        """Note a linked or unlinked row."""
        table = plan.owner.table
        written = self._note(table, "update")
        if written is not None:
            written.olds.append(stored)
            written.pointers.append(None)
            written.news.append(changed)
            written.links.append(_links_of(plan))

    async def before_delete(
        self, plan: DeletePlan, stored: Sequence[Row], along: Mapping[Table, Sequence[Row]]
    ) -> None:
        """Run the hooks before rows are deleted, and note the rows.

        Args:
            plan: The rows.
            stored: The locked rows, with their values in the order of `Table.stored`.
            along: The keys of the rows that are deleted with them, locked too.
        """
        pointers = [row.pointer or None for row in plan.rows]
        await self._before_delete(plan.table, stored, pointers)
        for table, keys in along.items():
            if _hooks_of(table, "delete") is not None:
                rows = [row for row in await self._read(table, keys) if row is not None]
                await self._before_delete(table, rows, [None] * len(rows))

    async def _before_delete(
        self, table: Table, stored: Sequence[Row], pointers: Sequence[str | None]
    ) -> None:
        hooks, written = _hooks_of(table, "delete"), self._note(table, "delete")
        if hooks is None or not stored:
            return
        shown = self._rows_of(table)

        def make(place: int) -> RowChange:
            return RowChange(shown.show_stored(stored[place]), None, pointers[place])

        await self._call(table, "delete", hooks.before_delete, RowChanges(len(stored), make), [])
        if written is not None:
            written.olds += stored
            written.pointers += pointers

    async def finish(self) -> None:
        """Run the hooks after the writes so far, with the rows as they are then."""
        written, self._written = self._written, {}
        if written and self._is_own:
            # Objects that hooks have loaded may be outdated.
            self._session.expire_all()
        for (table, operation), rows in written.items():
            hooks = _hooks_of(table, operation)
            if hooks is None or not rows.olds:
                continue
            shown = self._rows_of(table)
            news = await self._read_again(table, rows.news) or [None] * len(rows.olds)
            changes = _changes_of(shown, rows, news)
            change = await self._call(table, operation, hooks.after(operation), changes, rows.links)
            if hooks.after_commit:
                self.done.append((change, hooks.after_commit))

    def _rows_of(self, table: Table) -> HookRows:
        if table not in self._rows:
            self._rows[table] = HookRows(table, self._statements.dialect)
        return self._rows[table]

    def _note(self, table: Table, operation: WriteOperation) -> _Written | None:
        """Return where to note written rows; None if no hook runs after the operation."""
        hooks = _hooks_of(table, operation)
        if hooks is None or not (hooks.after(operation) or hooks.after_commit):
            return None
        return self._written.setdefault((table, operation), _Written())

    async def _call(
        self,
        table: Table,
        operation: WriteOperation,
        hooks: Sequence[Any],
        rows: Sequence[RowChange],
        links: Sequence[_Links],
    ) -> Change:
        found = [
            LinkChange(rows[place], named.relation.key, _as_identities(named), action)
            for place, (sets, action) in enumerate(links)
            for named in sets
        ]
        change = Change(table.model, operation, rows, self._session, self._caller, found)
        if hooks:
            ran = await call_hooks(hooks, change)
            self.ran_statements = self.ran_statements or ran
        return change

    async def _read_again(self, table: Table, rows: Sequence[Row]) -> Sequence[Row | None]:
        """Read rows as now stored, unless they can't have changed."""
        is_whole = len(table.selected) == len(table.stored) and not table.computed
        if not rows or (is_whole and not (self._has_triggers or self.ran_statements)):
            return rows
        return await self._read(table, _keys_of(table, rows))

    async def _read(self, table: Table, keys: Sequence[Row]) -> list[Row | None]:
        """Read rows as stored; None for those that no longer exist."""
        whole = Projection(table.stored, len(table.readable))
        # Hooks belong to the service, so no policy applies.
        shape = ExistingShape(table, table.key, whole, hidden=True)
        found = await self._lane.fetch(self._statements.of(shape), {ROWS: keys})
        by_place: dict[int, Row] = {place: row for place, *row in found}
        return [by_place.get(place) for place in range(len(keys))]


def _changes_of(shown: HookRows, written: _Written, news: Sequence[Row | None]) -> RowChanges:
    """Return written rows as hooks see them."""

    def show(row: Row | None) -> Values | None:
        return None if row is None else shown.show_stored(row)

    def make(place: int) -> RowChange:
        return RowChange(show(written.olds[place]), show(news[place]), written.pointers[place])

    return RowChanges(len(written.olds), make)


def _hooks_of(table: Table, operation: WriteOperation) -> Hooks | None:
    hooks = table.resource.hooks
    return hooks if hooks is not None and hooks.serve(operation) else None


def _changing(plan: UpdatePlan) -> list[int]:
    """Return the indexes of the rows that a plan changes."""
    links = plan.links or ((),) * len(plan.rows)
    return [i for i, row in enumerate(plan.rows) if row.fields or links[i]]


def _keys_of(table: Table, rows: Sequence[Row]) -> list[Row]:
    return [table.values_of(row, table.key_columns) for row in rows]


def _links_of(plan: LinkPlan) -> _Links:
    return (plan.links,), "remove" if plan.removes else "add"


def _as_identities(links: LinkSet) -> list[Any]:
    """Return keys as sessions take them: a single value where there is only one."""
    return [key[0] if len(key) == 1 else key for key in links.keys]
