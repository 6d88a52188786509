"""Parts of what is read: order, includes, columns, locks."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import cached_property

from msgspec import Struct

from ..catalog.documents import Part
from ..catalog.field import Field
from ..catalog.relation import Relation
from ..catalog.tables import Table
from ..memory import kept
from .conditions import Through


class Order(Struct, frozen=True, cache_hash=True):
    """One term of an ORDER BY.

    Args:
        field: The field.
        descending: Whether its largest value comes first.
        through: How it is reached, by relations that lead to one row; a missing row is NULL.
        asked: Whether a client or a model has asked for it. Otherwise any order of its values will
            do, as long as no two are equal.
    """

    field: Field
    descending: bool
    through: Through = ()
    asked: bool = False

    @property
    def nullable(self) -> bool:
        """Whether a row may have NULL here."""
        return self.field.nullable or bool(self.through)

    @property
    def traced(self) -> bool:
        """Whether its value is none of the columns of a row, and stands behind these."""
        return bool(self.through) or isinstance(self.field, Part)

    def reverse(self) -> Order:
        """The same in the other direction."""
        return Order(self.field, not self.descending, self.through, self.asked)


class Include(Struct, frozen=True, cache_hash=True):
    """A relation whose rows are read along, and what they include in turn."""

    relation: Relation
    target: Table
    includes: tuple[Include, ...] = ()


class Projection(Struct, frozen=True, cache_hash=True, dict=True):
    """Some columns of a table, as they are read.

    Args:
        fields: The fields in the order in which a row has them; those that are shown come first.
        shown: How many of them are shown.
        parts: What is shown of the documents of those that are shown in part.
    """

    fields: tuple[Field, ...]
    shown: int
    parts: tuple[Part, ...] = ()

    @property
    def shown_fields(self) -> tuple[Field, ...]:
        """The fields that are shown."""
        return self.fields[: self.shown]

    @cached_property
    def positions(self) -> Mapping[Field, int]:
        """Where each field stands in a row."""
        return {field: position for position, field in enumerate(self.fields)}


@kept
def whole_row(table: Table) -> Projection:
    """All that is ever read of a row, with all that clients may see in front."""
    return Projection(table.selected, len(table.readable))


class Keyset(Struct, frozen=True, cache_hash=True):
    """Rows after a given one in the order, whose values are `after0`, `after1`, …

    Args:
        forms: Of each term of the order, what its value is: a `value`, `null`, or what is none and
            is given as it is `stored`, or as the `octets` of a text that is none in its encoding.
        inclusive: Whether the given row itself belongs to them.
        probes: Whether each row says at its end whether there are any rows before them.
    """

    forms: tuple[str, ...]
    inclusive: bool = False
    probes: bool = False


class Lock(Enum):
    """A row-level lock: what no other transaction may do to rows (PostgreSQL manual, 13.3.2).

    A row that is referred to is kept. It may be changed meanwhile, as long as its keys stay.
    """

    KEEP = "keep"
    """Remove them, or change their keys."""

    CHANGE = "change"
    """The same, or change them otherwise."""

    REMOVE = "remove"
    """The same, or refer to them."""
