"""Plans of new rows, with those that are stored with them."""

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
from .draft import Intake, Row, Values, intake_of
from .links import read_links
from .nesting import Related, read_related, relations_in_each

Ties = Mapping[Field, Any]
"""The fields of a row that another row gives its values, with those that are known before."""

_UNKNOWN = object()
"""What the database gives a row that is stored along: no body can name it."""

_STORED = object()
"""What the row that is there has: it is compared when that is read."""


def plan_create(catalog: Catalog, table: Table, body: Any, dialect: Dialect) -> CreatePlan:
    """Plan storing one row.

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
        TooLarge: It holds more rows than one request may write.
    """
    return _CreateBody(catalog, dialect).finish(table, [body], [""])


def plan_bulk_create(catalog: Catalog, table: Table, batch: Batch, dialect: Dialect) -> CreatePlan:
    """Plan storing many rows at once.

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
        TooLarge: A row holds more rows than one request may write.
    """
    return _CreateBody(catalog, dialect).finish(table, *batch)


def plan_child(catalog: Catalog, parent: Parent, body: Any, dialect: Dialect) -> ChildPlan:
    """Plan storing one row below another.

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
    """The fields by which the rows that a relation leads to refer to where it starts.

    Args:
        relation: The relation.
        target: The resource that it leads to.
        known: What is known of the row where it starts, by column.
        unknown: What stands for the rest.
    """
    if relation.link is not None or relation.holds:
        return {}
    pairs = zip(relation.remote, relation.local, strict=True)
    return {target.by_column[own.name]: known.get(other, unknown) for own, other in pairs}


class _CreateBody:
    """Plans the rows of one body, and gathers what is wrong with them."""

    def __init__(self, catalog: Catalog, dialect: Dialect) -> None:
        self._catalog = catalog
        self._dialect = dialect
        self._invalid, self._faults = Faults(), Faults()

    def finish(
        self, table: Table, bodies: Sequence[Any], pointers: Sequence[str], ties: Ties | None = None
    ) -> CreatePlan:
        """Plan all rows, or say everything that is wrong."""
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
        rows: list[Row] = []
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
        """The fields by which a row refers to those that are stored before it."""
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
        self, related: Sequence[Related], taken: Sequence[Row], depth: int
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
    ) -> tuple[Row, ...]:
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
        """Refuse rows that others give values which a policy does not let the caller set."""
        for field in ties:
            if table.policy.rules_of(field.name).write is False:
                step = f"/{escape_pointer(field.name)}" if field.readable else ""
                self._invalid.add_each([p + step for p in pointers], refuse_read_only)

    def _add_claims(
        self, rows: tuple[Row, ...], bodies: Sequence[Values], ties: Ties
    ) -> tuple[Row, ...]:
        """Add to rows what they say of the row that they stand in, where it may be another one.

        Values that differ here may be the same to the database.
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
    """A validated value as its column takes it; None where it can't hold it."""
    try:
        stored = value if field.to_column is None else field.to_column(value)
    except ValueError:
        return None
    return None if find_fault(stored, field.sql_type, dialect) else stored


def schema_of(table: Table, tied: frozenset[Field] = frozenset()) -> Schema:
    """What new rows of a table must fit, where other rows give the values of some fields."""
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
) -> tuple[Row, ...]:
    """Take new rows over from their bodies.

    Args:
        table: The resource.
        intake: That of the schema by which the bodies were validated.
        bodies: The validated bodies.
        pointers: Where each stands.
        faults: Where what their columns can't hold is added.

    Returns:
        The rows.
    """
    if has_derived_create_schema(table):
        return intake.take_all([*map(vars, bodies)], pointers, faults)
    take_given = partial(intake.take_given, faults=faults, defaults=True)
    pairs = zip(bodies, pointers, strict=True)
    return tuple(take_given(vars(body), _given_by(body), pointer) for body, pointer in pairs)


def has_derived_create_schema(table: Table) -> bool:
    """Whether a validated body has every value of a new row: its schema is a derived one."""
    return table.resource.create_schema is None


def _given_by(body: Validated) -> set[str]:
    """The fields of a new row that are stored; the others are left to the column's own default.

    In a schema of the user's own, an absent field whose default is None may stand for a column
    that the database fills.
    """
    sent = body.model_fields_set
    return {key for key, value in vars(body).items() if key in sent or value is not None}
