"""The parameter `sort`: a total order that ends with the key."""

from __future__ import annotations

from collections.abc import Sequence

from ...catalog.documents import Part, views_in_order
from ...catalog.field import Field
from ...catalog.kinds import SORTABLE, Kind
from ...catalog.relation import Relation
from ...catalog.tables import Catalog, Table
from ...memory import kept, kept_if_short
from ...shape.parts import Order
from ..parameters import refuse_parameter
from .paths import FieldPath, TooDeep, find_field, split_names, suggest_path


@kept_if_short
def plan_order(catalog: Catalog, table: Table, text: str) -> tuple[Order, ...]:
    """Plan an order.

    Args:
        catalog: The catalog.
        table: The resource.
        text: The value of `sort`: paths separated by commas, each with `-` before it for
            descending.

    Returns:
        A total order.

    Raises:
        InvalidRequest: A path leads to no field, to a field that can't be sorted by, or to many
            rows.
    """
    if not text:
        return key_order(table)
    parts, limit = split_names(text), catalog.limits.max_sort_terms
    if len(parts) > limit:
        raise refuse_parameter("sort", f"should name at most {limit} fields", "too_many_terms")
    paths = [part.removeprefix("-") for part in parts]
    terms = [t for part in parts for t in _plan_terms(catalog, table, part, paths)]
    places = {(term.through, term.field) for term in terms}
    if len(places) < len(terms):
        raise refuse_parameter("sort", "names a field twice")
    return total_order(table, terms)


@kept
def key_order(table: Table) -> tuple[Order, ...]:
    """Return the default order of a list: that of its key."""
    return tuple(Order(field, descending=False) for field in table.key)


@kept
def order_of(target: Table, relation: Relation) -> tuple[Order, ...]:
    """Return the order of a relation's rows: that of its `order_by`, then that of the key.

    Fields that a policy hides from the caller are left out.
    """
    terms = [
        Order(target.by_column[column.name], descending=descending, asked=True)
        for column, descending in relation.order
    ]
    seen = [t for t in terms if target.policy.rules_of(t.field.name).read is not False]
    return total_order(target, [term for term in seen if term.field.kind in SORTABLE])


def total_order(table: Table, order: Sequence[Order]) -> tuple[Order, ...]:
    """Append the key to an order, so that no two rows are equal in it.

    Terms after the complete key have no effect and are left out.
    """
    left = set(table.key)
    terms = []
    for term in (*order, *key_order(table)):
        if not left:
            break
        if not term.through:
            if term.field in left:
                left.discard(term.field)
            elif term.field.primary_key:
                continue
        terms.append(term)
    return tuple(terms)


def reverse_order(order: Sequence[Order]) -> tuple[Order, ...]:
    """Return the reverse of an order."""
    return tuple(term.reverse() for term in order)


def _plan_terms(catalog: Catalog, table: Table, part: str, paths: Sequence[str]) -> Sequence[Order]:
    path = part.removeprefix("-")
    found = find_field(catalog, table, path)
    if isinstance(found, TooDeep):
        raise refuse_parameter("sort", str(found), "too_deep")
    if not isinstance(found, FieldPath) or found.field.kind not in SORTABLE:
        known = [f.name for f in table.queryable.values() if f.kind in SORTABLE]
        suggestion = suggest_path(
            catalog,
            table,
            path,
            lambda near, other: near not in paths and _is_sortable(other),
        )
        message = f"can't name `{path}`{suggestion}; it can name {', '.join(known)}"
        raise refuse_parameter("sort", message, "unknown_field")
    many = find_many(found)
    if many is not None:
        message = f"can't go through `{many.name}` in `{path}`, which leads to many rows"
        raise refuse_parameter("sort", message, "to_many")
    descending = part.startswith("-")
    return [Order(f, descending, found.through, asked=True) for f in ordered_by(found.field)]


def ordered_by(field: Field) -> Sequence[Field]:
    """Return the fields that the values of a field are sorted by: views, if they may have any
    type."""
    if isinstance(field, Part) and field.kind is Kind.VALUE:
        return views_in_order(field)
    return [field]


def _is_sortable(found: FieldPath) -> bool:
    return found.field.kind in SORTABLE and find_many(found) is None


def find_many(found: FieldPath) -> Relation | None:
    """Return the first relation on a path that leads to many rows."""
    return next((s.relation for s in found.through if s.relation.many or s.relation.link), None)
