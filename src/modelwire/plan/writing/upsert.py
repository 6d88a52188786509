"""Plans of upserts: rows that are new, or that exist under the same unique key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from ...access.principal import Principal
from ...catalog.field import Field
from ...catalog.names import escape_pointer, name_of
from ...catalog.tables import Table
from ...dialect import Dialect
from ...errors import Faults, Violation
from ...shape.parts import Projection
from ...shape.reads import ExistingShape
from ...shape.writes import Conflict, InsertShape
from ..keys import Key
from .batches import Batch, check_distinct
from .bodies import Validated, refuse, validate_each
from .create import schema_of, take_new
from .create_plan import CreatePlan, go_together
from .drafts import validate_whole
from .nesting import relations_in
from .new_rows import NewRow, assign_to, intake_of
from .options import Resolution


class UpsertPlan(CreatePlan, frozen=True):
    """Upsert of rows.

    Args:
        unique: The fields of the unique key that identifies existing rows.
        merged: For each row, the fields to update in an existing row; None to leave it as it is.
    """

    unique: tuple[Field, ...] = ()
    merged: tuple[tuple[Field, ...] | None, ...] = ()

    @property
    def is_one_statement(self) -> bool:
        """Whether one statement stores everything; more rows, or a row that its model validates
        whole, have to be looked up."""
        is_seen = self.table.schemas.change is not None or self.completes_references
        merges = len(self.rows) == 1 and self.merged[0] is not None
        return merges and not is_seen and not self.is_restricted

    @property
    def is_restricted(self) -> bool:
        """Whether a policy restricts which rows are created or updated."""
        policy = self.table.policy
        restricted = policy.restricts("update") or not policy.create.constant
        return restricted or bool(policy.on_create or policy.on_update)

    @property
    def whole_shape(self) -> ExistingShape | None:
        """The shape that reads the stored rows with every value, for a model that validates whole
        rows; None if a row as it is read has them all."""
        table = self.table
        if table.schemas.change is None or len(table.stored) == len(table.selected):
            return None
        projection = Projection(table.stored, len(table.readable))
        return ExistingShape(table, table.key, projection, hidden=True)

    @property
    def completes_references(self) -> bool:
        """Whether it writes a part of a composite foreign key, whose rest remains as stored if the
        row exists."""
        composite = [r for r in self.table.references if len(r.columns) > 1]
        if not composite:
            return False
        unique = {field.column for field in self.unique}
        written = [unique.union(f.column for f in merged) for merged in {*self.merged} if merged]
        return any(
            not columns.isdisjoint(reference.columns) and not columns.issuperset(reference.columns)
            for reference in composite
            for columns in written
        )

    @property
    def is_splittable(self) -> bool:
        """Whether it can be executed again. It may conflict with a row that is just being stored,
        in another unique key, and that can be found the second time."""
        return True

    @property
    def unique_values(self) -> list[Key]:
        """The values of each row in the unique key."""
        return [key_of(row, self.unique) for row in self.rows]

    def pick(self, indexes: Sequence[int]) -> UpsertPlan:
        """Return the plan for some of its rows."""
        rows = tuple(self.rows[index] for index in indexes)
        return replace(self, rows=rows, merged=tuple(self.merged[index] for index in indexes))

    def group(self, indexes: Iterable[int]) -> Mapping[InsertShape, list[int]]:
        """Group the rows at some indexes by the statement that stores them.

        Each statement has its rows in the order of their keys, the same in every request, to avoid
        deadlocks between two of them. A row whose key has a NULL is new.
        """
        keys = self.unique_values
        groups: defaultdict[tuple[Any, ...], list[int]] = defaultdict(list)
        for index in sorted(indexes, key=lambda index: repr(keys[index])):
            is_new = None in keys[index]
            groups[self.rows[index].fields, self.merged[index], is_new].append(index)
        return {self._shape_of(*shared): group for shared, group in groups.items()}

    def _shape_of(
        self, fields: tuple[Field, ...], merged: tuple[Field, ...] | None, is_new: bool
    ) -> InsertShape:
        conflict = None if is_new else Conflict(self.unique, merged)
        many = go_together(self.table, fields)
        if many and conflict is not None and merged:
            many = go_together(self.table, merged, changes=True)
        return InsertShape(self.table, fields, many=many, conflict=conflict)


def key_of(row: NewRow, key: Sequence[Field]) -> Key:
    """Return the values of a row in some fields."""
    return tuple(row.values[row.fields.index(field)] for field in key)


def plan_upsert(
    table: Table,
    dialect: Dialect,
    unique: tuple[Field, ...],
    resolution: Resolution,
    principal: Principal,
    batch: Batch,
) -> UpsertPlan:
    """Plan an upsert of rows.

    Args:
        table: The resource.
        dialect: The database's dialect.
        unique: The fields of the unique key that identifies existing rows.
        resolution: The resolution of conflicts with existing rows.
        principal: The caller, whose attributes may be assigned.
        batch: The rows; each is complete, as for a new row.

    Returns:
        The plan.

    Raises:
        InvalidRequest: A row does not fit the create schema or, if it may be merged, the update
            schema; or two rows have the same key. The pointer names the row.
        TooLong, OutOfRange: A value does not fit its column.
    """
    bodies, pointers = batch
    merges = resolution is Resolution.MERGE
    invalid, faults = Faults(), Faults()
    _refuse_relations(table, batch, invalid)
    schema = schema_of(table)
    valid = () if invalid else validate_each(table, schema, bodies, pointers, invalid)
    if merges and not invalid and table.resource.update_schema is not None:
        names = {name_of(field.key, schema.model_fields[field.key]) for field in unique}
        changes = [{k: v for k, v in body.items() if k not in names} for body in bodies]
        validate_each(table, table.schemas.update, changes, pointers, invalid)
    invalid.refuse()
    rows = take_new(table, intake_of(table, schema, dialect), valid, pointers, faults)
    rows = tuple(assign_to(row, table, table.policy.on_create, principal) for row in rows)
    _check_keys(rows, unique, faults)
    refuse(faults)
    merged = _merged_in(rows, valid, unique) if merges else (None,) * len(rows)
    return UpsertPlan(table, rows, unique=unique, merged=merged)


def check_merged(plan: UpsertPlan, rows: Sequence[Sequence[Any]]) -> None:
    """Check that the resulting rows are valid for a model that validates whole rows.

    Args:
        plan: The rows.
        rows: The rows with every value, as `whole_shape` reads them.

    Raises:
        InvalidRequest: One is invalid; the pointer names it.
    """
    table, schema = plan.table, plan.table.schemas.change
    if schema is None:
        return
    faults = Faults()
    for row, has, merged in zip(plan.rows, rows, plan.merged, strict=True):
        if merged is not None:
            stored = dict(zip(table.stored, has, strict=True))
            validate_whole(table, schema, {}, stored, row.pointer, faults)
    faults.refuse()


def _refuse_relations(table: Table, batch: Batch, faults: Faults) -> None:
    """Refuse related rows in an upsert: there is no rule for those of existing rows."""
    for body, pointer in zip(batch.items, batch.pointers, strict=True):
        for name in relations_in(table, body):
            place = f"{pointer}/{escape_pointer(name)}"
            message = "can't be used together with on_conflict; write it in another request"
            faults.add(Violation(message, "nested_write", place))


def _check_keys(rows: Sequence[NewRow], unique: Sequence[Field], faults: Faults) -> None:
    """Check that each row has its key, and that no key occurs twice; NULLs are not equal."""
    keys: list[Key | None] = []
    for row in rows:
        missing = [field for field in unique if field not in row.fields]
        for field in missing:
            place = f"{row.pointer}/{escape_pointer(field.name)}"
            faults.add(Violation("is required: it says which row this is", "missing", place))
        key = None if missing else key_of(row, unique)
        keys.append(None if key is None or None in key else key)
    check_distinct(keys, [row.pointer for row in rows], faults)


def _merged_in(
    rows: Sequence[NewRow], bodies: Sequence[Validated], unique: Sequence[Field]
) -> tuple[tuple[Field, ...], ...]:
    """Return the fields that each row was sent with, except for its key; equal ones are shared."""
    known: dict[tuple[Any, ...], tuple[Field, ...]] = {}
    merged = []
    for row, body in zip(rows, bodies, strict=True):
        sent = frozenset(body.model_fields_set)
        found = known.get((row.fields, sent))
        if found is None:
            found = tuple(f for f in row.fields if f.key in sent and f not in unique)
            known[row.fields, sent] = found
        merged.append(found)
    return tuple(merged)
