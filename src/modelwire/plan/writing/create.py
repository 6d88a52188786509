"""Plans of new rows, with the related rows that are stored with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from msgspec.structs import replace

from ...catalog.domain import find_fault
from ...catalog.field import Field
from ...catalog.names import escape_pointer
from ...catalog.reading.schemas import without_required
from ...catalog.relation import Relation
from ...catalog.tables import Catalog, Table
from ...dialect import Dialect
from ...errors import Faults, Violation
from ...memory import kept
from ..parent import Parent
from .batches import Batch, check_rows
from .bodies import (
    Schema,
    Validated,
    refuse,
    refuse_read_only,
    validate_each,
    validate_values,
)
from .create_plan import ChildPlan, CreatePlan, RelatedRows, refuse_other_parent
from .links import read_links
from .nesting import Related, read_related, relations_in_each
from .new_rows import Intake, NewRow, Values, intake_of

Ties = Mapping[Field, Any]
"""The fields of a row whose values come from a related row, with those that are already known."""

_UNKNOWN = object()
"""Marks a value that the database makes for a related row: no body can name it."""

_STORED = object()
"""Marks a value of a stored row: it is compared when the row is read."""


def plan_create(catalog: Catalog, table: Table, body: Any, dialect: Dialect) -> CreatePlan:
    """Plan the creation of one row.

    Args:
        catalog: The catalog.
        table: The resource.
        body: The JSON value of the body.
        dialect: The database's dialect.

    Returns:
        The plan.

    Raises:
        InvalidRequest: The body does not fit the create schema.
        TooLong, OutOfRange: A value does not fit its column.
        TooLarge: It contains more rows than one request may write.
    """
    return _CreateBody(catalog, dialect).finish(table, [body], [""])


def plan_bulk_create(catalog: Catalog, table: Table, batch: Batch, dialect: Dialect) -> CreatePlan:
    """Plan the creation of many rows.

    Args:
        catalog: The catalog.
        table: The resource.
        batch: The rows.
        dialect: The database's dialect.

    Returns:
        The plan.

    Raises:
        InvalidRequest: A row does not fit the create schema; the pointer names the row.
        TooLong, OutOfRange: A value does not fit its column.
        TooLarge: A row contains more rows than one request may write.
    """
    return _CreateBody(catalog, dialect).finish(table, *batch)


def plan_child(catalog: Catalog, parent: Parent, body: Any, dialect: Dialect) -> ChildPlan:
    """Plan the creation of one row below another.

    Args:
        catalog: The catalog.
        parent: The row that it belongs to.
        body: The JSON value of the body.
        dialect: The database's dialect.

    Returns:
        The plan.

    Raises:
        InvalidRequest: The body does not fit the create schema, or names another parent.
        TooLong, OutOfRange: A value does not fit its column.
    """
    target = catalog.target_of(parent.relation)
    key = (f.column for f in parent.table.key)
    known = dict(zip(key, parent.key, strict=True))
    ties = tie_fields(parent.relation, target, known, _STORED)
    return ChildPlan(parent, _CreateBody(catalog, dialect).finish(target, [body], [""], ties))


def tie_fields(
    relation: Relation, target: Table, known: Mapping[Any, Any], unknown: object = _UNKNOWN
) -> Ties:
    """Return the foreign key fields of the rows that a relation leads to, with their values.

    Args:
        relation: The relation.
        target: The resource that it leads to.
        known: The known values of the row where it starts, by column.
        unknown: The marker for values that are not known.
    """
    if relation.link is not None or relation.holds:
        return {}
    pairs = zip(relation.remote, relation.local, strict=True)
    return {target.by_column[own.name]: known.get(other, unknown) for own, other in pairs}


class _CreateBody:
    """Planner for the rows of one body, which collects their faults."""

    def __init__(self, catalog: Catalog, dialect: Dialect) -> None:
        self._catalog = catalog
        self._dialect = dialect
        self._invalid, self._faults = Faults(), Faults()

    def finish(
        self, table: Table, bodies: Sequence[Any], pointers: Sequence[str], ties: Ties | None = None
    ) -> CreatePlan:
        """Plan all rows, or refuse them with all their faults."""
        plan = self._plan(table, bodies, pointers, ties or {}, 0)
        self._invalid.refuse()
        refuse(self._faults)
        return plan

    def _plan(
        self, table: Table, bodies: Sequence[Any], pointers: Sequence[str], ties: Ties, depth: int
    ) -> CreatePlan:
        check_rows(table, len(bodies))
        named = relations_in_each(table, bodies)
        if not any(named):
            return CreatePlan(table, self._take(table, bodies, pointers, ties))
        rows: list[NewRow] = []
        kin: list[RelatedRows] = []
        for body, pointer, relations in zip(bodies, pointers, named, strict=True):
            own = body
            if relations:
                own = {name: value for name, value in body.items() if name not in relations}
            related = [
                read_related(table, name, body[name], pointer, self._invalid) for name in relations
            ]
            held = self._find_held(table, related, ties)
            taken = self._take(table, [own], [pointer], {**ties, **held})
            rows += taken
            kin.append(self._plan_kin(related, taken, depth + 1))
        return CreatePlan(table, tuple(rows), tuple(kin))

    def _find_held(self, table: Table, related: Sequence[Related], ties: Ties) -> Ties:
        """Return the fields by which a row refers to rows that are stored before it."""
        held: dict[Field, Any] = {}
        for relation, bodies, pointers, _, _ in related:
            if not (relation.holds and bodies):
                continue
            fields = [table.by_column[column.name] for column in relation.local]
            if any(field in ties or field in held for field in fields):
                self._invalid.add(refuse_other_parent(pointers[0]))
            held.update(dict.fromkeys(fields, _UNKNOWN))
        return held

    def _plan_kin(
        self, related: Sequence[Related], taken: Sequence[NewRow], depth: int
    ) -> RelatedRows:
        known = {f.column: value for row in taken for f, value in row.items()}
        parents: dict[Relation, CreatePlan] = {}
        children: dict[Relation, CreatePlan] = {}
        for relation, bodies, pointers, _, _ in related:
            if bodies and self._is_within(depth, pointers[0]):
                target = self._catalog.target_of(relation)
                ties = tie_fields(relation, target, known)
                plan = self._plan(target, bodies, pointers, ties, depth)
                (parents if relation.holds else children)[relation] = plan
        links = tuple(
            read_links(self._catalog, r.relation, r.keys, r.key_pointers, self._invalid)
            for r in related
            if r.keys
        )
        return RelatedRows(parents, children, links)

    def _is_within(self, depth: int, pointer: str) -> bool:
        limit = self._catalog.limits.max_path_depth
        if depth > limit:
            message = f"should nest rows through at most {limit} relations"
            self._invalid.add(Violation(message, "too_deep", pointer))
        return depth <= limit

    def _take(
        self, table: Table, bodies: Sequence[Any], pointers: Sequence[str], ties: Ties
    ) -> tuple[NewRow, ...]:
        if ties:
            self._refuse_ties(table, pointers, ties)
        tied = frozenset(ties)
        schema = schema_of(table, tied)
        intake = intake_of(table, schema, self._dialect, tied)
        if has_derived_create_schema(table):
            values = validate_values(table, schema, bodies, pointers, self._invalid)
            rows = intake.take_all(values, pointers, self._faults) if values else ()
        else:
            valid = validate_each(table, schema, bodies, pointers, self._invalid)
            rows = take_new(table, intake, valid, pointers, self._faults) if valid else ()
            values = [*map(vars, valid)]
        return self._add_claims(rows, values, ties) if ties else rows

    def _refuse_ties(self, table: Table, pointers: Sequence[str], ties: Ties) -> None:
        """Refuse rows with values from related rows in fields that a policy protects."""
        for field in ties:
            if table.policy.rules_of(field.name).write is False:
                step = f"/{escape_pointer(field.name)}" if field.readable else ""
                self._invalid.add_each([p + step for p in pointers], refuse_read_only)

    def _add_claims(
        self, rows: tuple[NewRow, ...], bodies: Sequence[Values], ties: Ties
    ) -> tuple[NewRow, ...]:
        """Add to rows the parent keys that they name themselves, if these may differ from the
        actual ones.

        Values that differ in Python may be equal to the database.
        """
        claimed = []
        for row, body in zip(rows, bodies, strict=True):
            given = {f: v for f in ties if (v := body.get(f.key)) is not None and v != ties[f]}
            claims = {
                field: _as_stored(field, value, self._dialect) for field, value in given.items()
            }
            for field, claim in claims.items():
                if ties[field] is _UNKNOWN or claim is None:
                    place = f"{row.pointer}/{escape_pointer(field.name)}"
                    self._invalid.add(refuse_other_parent(place))
            claimed.append(replace(row, claims=claims) if claims else row)
        return tuple(claimed)


def _as_stored(field: Field, value: Any, dialect: Dialect) -> Any:
    """Convert a validated value to one of its column; return None if the column can't hold it."""
    try:
        stored = value if field.to_column is None else field.to_column(value)
    except ValueError:
        return None
    return None if find_fault(stored, field.sql_type, dialect) else stored


def schema_of(table: Table, tied: frozenset[Field] = frozenset()) -> Schema:
    """Return the schema of a table's new rows, in which fields set by related rows are optional."""
    return _loosen(table, tied) if tied else table.schemas.row or table.schemas.create


@kept
def _loosen(table: Table, tied: frozenset[Field]) -> Schema:
    rows, keys = table.schemas.row, frozenset(field.key for field in tied)
    return without_required(table.schemas.create, keys) if rows is None else rows.loosen(keys)


def take_new(
    table: Table,
    intake: Intake,
    bodies: Sequence[Validated],
    pointers: Sequence[str],
    faults: Faults,
) -> tuple[NewRow, ...]:
    """Convert validated bodies to new rows.

    Args:
        table: The resource.
        intake: The intake of the schema that validated the bodies.
        bodies: The validated bodies.
        pointers: The place of each.
        faults: The collector of values that their columns can't hold.

    Returns:
        The rows.
    """
    if has_derived_create_schema(table):
        return intake.take_all([*map(vars, bodies)], pointers, faults)
    take_given = partial(intake.take_given, faults=faults, defaults=True)
    pairs = zip(bodies, pointers, strict=True)
    return tuple(take_given(vars(body), _given_by(body), pointer) for body, pointer in pairs)


def has_derived_create_schema(table: Table) -> bool:
    """Whether a validated body has all values of a new row, since its schema is derived."""
    return table.resource.create_schema is None


def _given_by(body: Validated) -> set[str]:
    """Return the fields of a new row to store; the others are left to the column's default.

    In a user's own schema, an absent field whose default is None may be a column that the database
    fills.
    """
    sent = body.model_fields_set
    return {key for key, value in vars(body).items() if key in sent or value is not None}
