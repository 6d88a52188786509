"""Context of an operation: the resource and the relation that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from ..catalog.relation import Relation
from ..catalog.tables import Catalog, Table
from .components import Components


@dataclass(frozen=True, eq=False)
class RouteContext:
    """Resource, or relation of a resource, that an operation belongs to.

    Args:
        catalog: The catalog.
        table: The resource.
        relation: The relation that the operation's path goes through, if any.
    """

    catalog: Catalog
    table: Table
    relation: Relation | None = None

    @property
    def target(self) -> Table:
        """Resource whose rows the operation reads or writes."""
        return self.catalog.target_of(self.relation) if self.relation else self.table


@dataclass(frozen=True, eq=False)
class Subject:
    """Resource that a document describes.

    Args:
        catalog: The catalog.
        table: The resource.
        components: The components that operations share.
        relation: The relation through which an operation reaches the resource, if any.
        start: The resource where that relation starts.
    """

    catalog: Catalog
    table: Table
    components: Components
    relation: Relation | None = None
    start: Table | None = None

    @property
    def owner(self) -> Subject:
        """Resource that the operation's path starts with: the start of its relation."""
        return Subject(self.catalog, self.start or self.table, self.components)

    @property
    def name(self) -> str:
        """Prefix of the names of its components, such as `User`."""
        return self.components.name_of(self.table)

    def related(self, name: str) -> Subject:
        """Return the resource at the other end of a relation."""
        target = self.catalog.target_of(self.table.relations[name])
        return Subject(self.catalog, target, self.components)
