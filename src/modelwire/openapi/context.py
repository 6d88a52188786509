"""The place of an operation among the resources of a service."""

from __future__ import annotations

from dataclasses import dataclass

from ..catalog.relation import Relation
from ..catalog.tables import Catalog, Table
from .components import Components


@dataclass(frozen=True, eq=False)
class RouteContext:
    """The resource, or the relation of one, that an operation stands under.

    Args:
        catalog: The catalog.
        table: The resource.
        relation: The relation of that resource that the operation goes by, if any.
    """

    catalog: Catalog
    table: Table
    relation: Relation | None = None

    @property
    def target(self) -> Table:
        """The resource whose rows the operation reads or writes."""
        return self.catalog.target_of(self.relation) if self.relation else self.table


@dataclass(frozen=True, eq=False)
class Subject:
    """A resource that a document describes.

    Args:
        catalog: The catalog.
        table: The resource.
        components: The parts that operations share.
        relation: The relation by which an operation comes to it, if any.
        start: The resource where that relation starts.
    """

    catalog: Catalog
    table: Table
    components: Components
    relation: Relation | None = None
    start: Table | None = None

    @property
    def owner(self) -> Subject:
        """The resource that the operation stands under: that where its relation starts."""
        return Subject(self.catalog, self.start or self.table, self.components)

    @property
    def name(self) -> str:
        """The start of the names of its parts, such as `User`."""
        return self.components.name_of(self.table)

    def related(self, name: str) -> Subject:
        """The resource at the other end of a relation."""
        target = self.catalog.target_of(self.table.relations[name])
        return Subject(self.catalog, target, self.components)
