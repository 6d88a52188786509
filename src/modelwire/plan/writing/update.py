"""Plans of updates: of one row, of many by their keys, of all that match some filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from msgspec.structs import replace

from ...catalog.field import Field
from ...catalog.names import escape_pointer, join_words
from ...catalog.tables import Catalog, Table
from ...dialect import Dialect
from ...errors import ChangedSince, Faults, NotNull, Violation
from ...shape.reads import ExistingShape
from ..keys import Key, key_values, read_component, select_locked
from ..values import BadValue
from .batches import Batch, check_distinct
from .bodies import refuse, validate
from .drafts import Draft, fields_to_read, settle_drafts
from .echoes import Echo, find_echo, leave_out_key, refuse_row
from .keyed import KeyedRows
from .links import LinkSet, read_links
from .nesting import read_related
from .new_rows import NewRow, intake_of

Body = dict[str, Any]
"""The JSON value of a row."""


class UpdatePlan(KeyedRows, frozen=True, dict=True):
    """Update of rows. A row that sets nothing is left as it is.

    Args:
        drafts: For each row, the further changes that depend on stored values; empty if there are
            none.
        links: For each row, the complete sets of its links; empty if none are given.
        echoes: For each row, the values that clients can't set, and that must equal the shown ones;
            empty if there are none.
        expected: Values that the single row must still have; None for no expectation.
    """

    drafts: tuple[Draft | None, ...] = ()
    links: tuple[tuple[LinkSet, ...], ...] = ()
    echoes: tuple[Echo, ...] = ()
    expected: NewRow | None = None

    @cached_property
    def is_one_statement(self) -> bool:
        """Whether one statement does everything, without reading and locking the rows first."""
        reads = self.many or self.drafts or self.echoes or any(self.links)
        if reads or self.expected is not None:
            return False
        policy = self.table.policy
        return not policy.restricts("update") or (policy.update is policy.read and self._stays)

    @property
    def _stays(self) -> bool:
        """Whether the rows surely remain those that the caller may see, below the same parents."""
        moves = any(field.column.foreign_keys for row in self.rows for field in row.fields)
        return not (moves or self.may_leave_policy)

    @property
    def may_leave_policy(self) -> bool:
        """Whether the caller might not be allowed to change a row, or to see it, as it is
        afterwards."""
        policy = self.table.policy
        if not policy.kept_by_updates:
            return False
        written = {field.column.key for row in self.rows for field in row.fields}
        if written:
            written |= self.table.changed_along
        decides = policy.looks_further or not policy.decisive.isdisjoint(written)
        return bool(written) and decides

    @property
    def changed_table(self) -> Table:
        """The resource with the policy that applies to the rows afterwards."""
        return self.table

    @property
    def sets_fields(self) -> bool:
        """Whether a row sets any field."""
        return bool(self.drafts) or any(row.fields for row in self.rows)

    @property
    def is_splittable(self) -> bool:
        """Whether it can be executed in parts, to find out which one is refused."""
        if len(self.rows) > 1 or not self.links:
            return len(self.rows) > 1
        return any(len(link.keys) > 1 for row in self.links for link in row)

    @property
    def by_fields(self) -> Mapping[tuple[Field, ...], Sequence[int]]:
        """The indexes of the rows that set the same fields."""
        groups: dict[tuple[Field, ...], list[int]] = {}
        for index, row in enumerate(self.rows):
            groups.setdefault(row.fields, []).append(index)
        return groups

    @property
    def locking_shape(self) -> ExistingShape:
        """The shape that reads and locks the rows."""
        expected = () if self.expected is None else self.expected.fields
        return select_locked(self.table, (*fields_to_read(self.table, self.drafts), *expected))

    def nth(self, index: int) -> UpdatePlan:
        """Return the plan for a single row."""
        return replace(
            self,
            keys=(self.keys[index],),
            rows=(self.rows[index],),
            drafts=self.drafts[index : index + 1],
            links=self.links[index : index + 1],
            echoes=self.echoes[index : index + 1],
        )

    def check_expected(self, stored: Sequence[Sequence[Any]]) -> None:
        """Check that the single row still has the expected values.

        Args:
            stored: The row as `locking_shape` reads it.

        Raises:
            ChangedSince: It does not; the message names the fields.
        """
        if self.expected is None:
            return
        has = dict(zip(self.locking_shape.read.fields, stored[0], strict=False))
        # NaN does not equal itself, but is the same value.
        differ = [f for f, v in self.expected.items() if v != has[f] and repr(v) != repr(has[f])]
        if differ:
            names = ", ".join(f.name for f in differ if f.readable)
            raise ChangedSince(f"Changed since: {names}" if names else "The row has changed since")

    def settle(self, stored: Sequence[Sequence[Any]], dialect: Dialect) -> UpdatePlan:
        """Apply the drafts to the stored rows.

        Args:
            stored: The rows as `locking_shape` reads them.
            dialect: The database's dialect.

        Raises:
            InvalidRequest: The result of a draft does not fit its schema.
            TooLong, OutOfRange: A value does not fit its column.
        """
        if not self.drafts:
            return self
        fields = self.locking_shape.read.fields
        has = [dict(zip(fields, row, strict=False)) for row in stored]
        rows = settle_drafts(self.table, dialect, self.rows, self.drafts, has)
        return replace(self, rows=rows, drafts=())


def plan_update(
    catalog: Catalog, table: Table, key: str, body: Any, dialect: Dialect, *, ignore_null: bool
) -> UpdatePlan:
    """Plan the update of one row.

    Args:
        catalog: The catalog.
        table: The resource.
        key: The key in the path.
        body: The JSON value of the body.
        dialect: The database's dialect.
        ignore_null: Whether null leaves a field as it is (PUT) or clears it (PATCH, RFC 7396).

    Returns:
        The plan.

    Raises:
        InvalidRequest: The key is not valid or the body does not fit the update schema.
        NotNull: The body clears a field that must have a value.
        TooLong, OutOfRange: A value does not fit its column.
    """
    found = tuple(key_values(table, key))
    planner = _ChangeBody(catalog, table, dialect, ignore_null=ignore_null)
    planner.add(body, "", found)
    return planner.finish([found])


def plan_bulk_update(catalog: Catalog, table: Table, batch: Batch, dialect: Dialect) -> UpdatePlan:
    """Plan the update of many rows.

    Args:
        catalog: The catalog.
        table: The resource.
        batch: Rows with their keys, each a merge patch.
        dialect: The database's dialect.

    Returns:
        The plan.

    Raises:
        InvalidRequest: A row has no valid key or does not fit the update schema, or two rows have
            one key; the pointer names the row.
        NotNull: A row clears a field that must have a value.
        TooLong, OutOfRange: A value does not fit its column.
    """
    items, pointers = batch
    planner = _ChangeBody(catalog, table, dialect)
    keys = []
    for item, pointer in zip(items, pointers, strict=True):
        key, rest = _take_key(table, item, pointer, planner.invalid)
        keys.append(key)
        planner.add(rest, pointer)
    check_distinct(keys, pointers, planner.invalid)
    return replace(planner.finish(keys), many=True)


def plan_change(catalog: Catalog, table: Table, body: Any, dialect: Dialect) -> UpdatePlan:
    """Plan the same update for many rows whose keys are not known yet.

    Args:
        catalog: The catalog.
        table: The resource.
        body: The JSON value of the body: a merge patch.
        dialect: The database's dialect.

    Returns:
        A plan for one row, without its key.

    Raises:
        InvalidRequest: The body does not fit the update schema.
        NotNull: The body clears a field that must have a value.
        TooLong, OutOfRange: A value does not fit its column.
    """
    planner = _ChangeBody(catalog, table, dialect, links=False)
    planner.add(body, "")
    return planner.finish([()])


def repeat_change(plan: UpdatePlan, keys: Sequence[Key]) -> UpdatePlan:
    """Return the plan of one change for all rows with some keys."""
    count = len(keys)
    return replace(
        plan,
        keys=tuple(keys),
        rows=plan.rows * count,
        drafts=plan.drafts * count,
        echoes=plan.echoes * count,
        many=True,
    )


def _take_key(table: Table, body: Any, pointer: str, faults: Faults) -> tuple[Key | None, Any]:
    """Separate the key of a row from the rest of its body."""
    if not isinstance(body, dict):
        return None, body
    names = [f.name for f in table.key]
    rest = {name: value for name, value in body.items() if name not in names}
    key: list[Any] = []
    for component in table.key:
        place = f"{pointer}/{escape_pointer(component.name)}"
        if component.name not in body:
            faults.add(Violation("is required: it says which row this is", "missing", place))
            continue
        try:
            key.append(read_component(component, body[component.name]))
        except BadValue as exc:
            faults.add(Violation(str(exc), "invalid_key", place))
    return (tuple(key) if len(key) == len(names) else None), rest


class _ChangeBody:
    """Planner for the changes of rows, which collects their faults."""

    def __init__(
        self,
        catalog: Catalog,
        table: Table,
        dialect: Dialect,
        *,
        ignore_null: bool = False,
        links: bool = True,
    ) -> None:
        self._catalog = catalog
        self._table = table
        self._ignore_null = ignore_null
        self._linked = table.linked if links else {}
        self._intake = intake_of(table, table.schemas.update, dialect)
        self._rows: list[NewRow] = []
        self._drafts: list[Draft | None] = []
        self._links: list[tuple[LinkSet, ...]] = []
        self._echoes: list[Echo] = []
        self._nulls: list[tuple[Field, Violation]] = []
        self._faults, self.invalid = Faults(), Faults()

    def add(self, body: Any, pointer: str, key: Key | None = None) -> None:
        """Add the change of one row; its key is given if it is in the path."""
        table, draft = self._table, None
        echo: Echo = {}
        links: tuple[LinkSet, ...] = ()
        if isinstance(body, dict):
            if not table.echoed.isdisjoint(body):
                body, echo = self._take_echo(body, key)
            if not self._linked.keys().isdisjoint(body):
                body, links = self._take_links(body, pointer)
            if None in body.values():
                body = self._read_nulls(body, pointer)
            if body and (table.schemas.change is not None or table.patched):
                body, draft = self._take_draft(body)
        self._echoes.append(echo)
        self._links.append(links)
        self._drafts.append(draft)
        sent = validate(table, table.schemas.update, body, pointer, self.invalid)
        if sent is None:
            return
        given = sent.model_fields_set
        take = self._intake.take_given
        self._rows.append(take(vars(sent), given, pointer, self._faults, defaults=False))

    def finish(self, keys: Sequence[Key | None]) -> UpdatePlan:
        """Plan all rows, or refuse them with their faults."""
        if self._nulls:
            fields = list(dict.fromkeys(field for field, _ in self._nulls))
            detail = f"{join_words([f.title for f in fields])} can't be null"
            raise NotNull(detail, [violation for _, violation in self._nulls])
        self.invalid.refuse()
        refuse(self._faults)
        return UpdatePlan(
            self._table,
            tuple([key for key in keys if key is not None]),
            tuple(self._rows),
            drafts=tuple(self._drafts) if any(self._drafts) else (),
            links=tuple(self._links) if any(self._links) else (),
            echoes=tuple(self._echoes) if any(self._echoes) else (),
        )

    def _take_echo(self, body: Body, key: Key | None) -> tuple[Body, Echo]:
        """Separate an echo from a body: values that are shown and can't be set."""
        echo = find_echo(self._table, body)
        compared = {n: v for n, v in echo.items() if v is not None or not self._ignore_null}
        rest = {name: value for name, value in body.items() if name not in echo}
        return rest, leave_out_key(self._table, compared, key) if key else compared

    def _take_draft(self, body: Body) -> tuple[Body, Draft | None]:
        """Separate a draft from a body: the changes that depend on the stored row."""
        known = {} if self._ignore_null else self._table.patched
        patches = {n: known[n] for n, v in body.items() if n in known and isinstance(v, dict)}
        if self._table.schemas.change is not None:
            return {}, Draft(body, patches)
        if not patches:
            return body, None
        rest = {name: value for name, value in body.items() if name not in patches}
        return rest, Draft({name: body[name] for name in patches}, patches)

    def _take_links(self, body: Body, pointer: str) -> tuple[Body, tuple[LinkSet, ...]]:
        """Separate the keys of rows to link from a body; new rows are refused in a change."""
        links, rest = [], {}
        for name, value in body.items():
            if name not in self._linked:
                rest[name] = value
            elif value is not None or not self._ignore_null:
                found = read_related(self._table, name, value, pointer, self.invalid)
                self.invalid.add_each(found.pointers, refuse_row)
                keys, places = found.keys or [], found.key_pointers
                relation = self._linked[name]
                links.append(read_links(self._catalog, relation, keys, places, self.invalid))
        return rest, tuple(links)

    def _read_nulls(self, body: Body, pointer: str) -> Body:
        """Handle nulls before the schema, whose validators may not expect them."""
        known = self._table.settable
        nulls = {name: known[name] for name, v in body.items() if v is None and name in known}
        if self._ignore_null:
            return {name: value for name, value in body.items() if name not in nulls}
        by_key = self._table.by_key
        columns = {name: by_key[key] for name, key in nulls.items() if key in by_key}
        refused = {name: field for name, field in columns.items() if not field.nullable}
        for name, field in refused.items():
            message = f"{field.title} can't be null"
            place = f"{pointer}/{escape_pointer(name)}"
            self._nulls.append((field, Violation(message, "not_null", place)))
        return {name: value for name, value in body.items() if name not in refused}
