"""Tables as a client knows them, and the source of their classes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .kinds import KINDS, Kind


class Missing:
    """Marker of an unknown default, which no JSON contains."""


MISSING = Missing()


@dataclass
class Column:
    """A field of a model, with what a client needs to know of it."""

    name: str
    wire: str
    kind_name: str
    nullable: bool = False
    is_required: bool = True
    is_settable: bool = True
    is_shown: bool = True
    is_unique: bool = False
    is_key: bool = False
    is_lowered: bool = False
    is_queryable: bool = True
    default: Any = MISSING
    column: str = ""
    reference: tuple[Table, Column] | None = None
    pool: int = 0

    @property
    def kind(self) -> Kind:
        return KINDS[self.kind_name]


@dataclass
class Relation:
    """A relationship of a model: the columns by which it leads there."""

    name: str
    target: Table
    is_many: bool
    columns: tuple[Column, ...] = ()
    is_link: bool = False
    back: str | None = None
    nested: bool = False
    included: bool = False
    wire: str = ""

    def __post_init__(self) -> None:
        self.wire = self.wire or self.name


@dataclass
class Table:
    """A model with its resource."""

    class_name: str
    name: str
    columns: list[Column] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    arguments: dict[str, Any] = field(default_factory=dict)
    after: list[str] = field(default_factory=list)
    args: list[str] = field(default_factory=list)
    unique_keys: list[list[Column]] = field(default_factory=list)
    base: str = "Base"
    counts_itself: bool = False
    is_soft: bool = False
    has_changes: bool = False
    needs_match: bool = False
    version: str | None = None
    path: str = ""
    max_limit: int = 100
    is_link: bool = False
    policies: bool = False
    is_camel: bool = False
    is_partly_seen: bool = False
    style: str = "plain"
    schemas: list[str] = field(default_factory=list)

    @property
    def key(self) -> list[Column]:
        return [column for column in self.columns if column.is_key]

    @property
    def settable(self) -> list[Column]:
        return [column for column in self.columns if column.is_settable]

    def column(self, wire: str) -> Column:
        return next(column for column in self.columns if column.wire == wire)
