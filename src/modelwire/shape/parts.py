"""Parts of reads: order, includes, projections, keysets, locks."""

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
    """Term of an ORDER BY.

    Args:
        field: The field.
        descending: Whether the largest value comes first.
        through: The relations that lead to the field, each to one row; a missing row is NULL.
        asked: Whether a client or a model asked for this order. Otherwise any order of the values
            will do, as long as no two are equal.
    """

    field: Field
    descending: bool
    through: Through = ()
    asked: bool = False

    @property
    def nullable(self) -> bool:
        """Whether the value may be NULL."""
        return self.field.nullable or bool(self.through)

    @property
    def traced(self) -> bool:
        """Whether the value is not a column of the row and has to be read in addition to these."""
        return bool(self.through) or isinstance(self.field, Part)

    def reverse(self) -> Order:
        """Return the term with the opposite direction."""
        return Order(self.field, not self.descending, self.through, self.asked)


class Include(Struct, frozen=True, cache_hash=True):
    """Relation whose rows are read along with a row, and the includes of those rows."""

    relation: Relation
    target: Table
    includes: tuple[Include, ...] = ()


class Projection(Struct, frozen=True, cache_hash=True, dict=True):
    """Columns of a table to read.

    Args:
        fields: The fields in the order of the columns; those that are shown come first.
        shown: The number of fields that are shown.
        parts: The parts to show of documents that are not shown as a whole.
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
        """The position of each field in a row."""
        return {field: position for position, field in enumerate(self.fields)}


@kept
def whole_row(table: Table) -> Projection:
    """Return the projection of all columns that are ever read, those that clients may see first."""
    return Projection(table.selected, len(table.readable))


class Keyset(Struct, frozen=True, cache_hash=True):
    """Starting point of a page by keyset pagination: a row, whose values are `after0`, `after1`, …

    Args:
        forms: The form of the value of each term of the order: `value`; `null`; `stored` for a
            value that is not one of the field's type and is given as it is stored; `octets` for a
            text that is not valid in its encoding.
        inclusive: Whether the page includes this row.
        probes: Whether each row ends with a flag for whether there are rows before the page.
    """

    forms: tuple[str, ...]
    inclusive: bool = False
    probes: bool = False


class Lock(Enum):
    """Row-level lock, by what it keeps other transactions from doing (PostgreSQL manual, 13.3.2).

    A row that is referred to is locked by `KEEP`. It may be updated meanwhile, except for its keys.
    """

    KEEP = "keep"
    """Deleting the rows, or updating their keys."""

    CHANGE = "change"
    """The same, and updating them otherwise."""

    REMOVE = "remove"
    """The same, and referring to them."""
