"""Links of many-to-many relations, by the keys of the rows at their other end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from msgspec import Struct
from msgspec.structs import replace

from ...catalog.relation import Relation
from ...catalog.tables import Catalog, Table
from ...errors import Faults, Violation
from ..keys import Key, key_values, read_key
from ..values import BadValue
from .keyed import KeyedRows, plan_for_key


class LinkSet(Struct, frozen=True):
    """Rows that a row is to be linked to.

    Args:
        relation: The relation.
        target: The resource at its other end.
        keys: The keys of these rows, without duplicates.
        pointers: The place of each in the body; None for the path.
        are_new: Whether they are stored together with their links.
    """

    relation: Relation
    target: Table
    keys: tuple[Key, ...]
    pointers: tuple[str | None, ...]
    are_new: bool = False

    def pick(self, indexes: Sequence[int]) -> LinkSet:
        """Return some of the links."""
        keys = tuple(self.keys[i] for i in indexes)
        return replace(self, keys=keys, pointers=tuple(self.pointers[i] for i in indexes))


class LinkPlan(Struct, frozen=True):
    """Link between two rows, to be added or removed.

    Args:
        owner: The first row in the path, which is locked.
        links: The other row.
        removes: Whether the link is removed.
    """

    owner: KeyedRows
    links: LinkSet
    removes: bool = False
    is_one_statement: ClassVar[bool] = False
    is_splittable: ClassVar[bool] = False


def plan_link(
    catalog: Catalog, table: Table, relation: Relation, keys: Sequence[str], *, removes: bool
) -> LinkPlan:
    """Plan the addition or removal of a link between two rows.

    Args:
        catalog: The catalog.
        table: The resource of the first row.
        relation: The relation that leads to the second.
        keys: Both keys in the path, percent-encoded.
        removes: Whether the link is removed.

    Returns:
        The plan.

    Raises:
        InvalidRequest: A key is not valid.
    """
    target = catalog.target_of(relation)
    own, other = keys
    links = LinkSet(relation, target, (tuple(key_values(target, other)),), (None,))
    return LinkPlan(plan_for_key(table, tuple(key_values(table, own))), links, removes)


def read_links(
    catalog: Catalog,
    relation: Relation,
    values: Sequence[Any],
    pointers: Sequence[str],
    faults: Faults,
) -> LinkSet:
    """Read the keys under the name of a relation.

    Args:
        catalog: The catalog.
        relation: The relation.
        values: The JSON values of the keys; duplicates count once.
        pointers: The place of each.
        faults: The collector of faults.

    Returns:
        The links.
    """
    target = catalog.target_of(relation)
    found: dict[Key, str] = {}
    for value, pointer in zip(values, pointers, strict=True):
        try:
            found.setdefault(read_key(target, value), pointer)
        except BadValue as exc:
            faults.add(Violation(str(exc), "invalid_key", pointer))
    return LinkSet(relation, target, tuple(found), tuple(found.values()))
