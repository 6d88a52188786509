"""The resources that agents are given, by the names that they call them by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from fastapi.params import Depends

from ...catalog.names import did_you_mean
from ...catalog.tables import Table
from ..lookup import RouteLookup
from ..mounted import MountedResources
from .refusals import BadArguments

RESOURCES = "/resources"
"""Where resources are described, below the path of the agents."""

ACCESS = "/access"
"""Where it is told whether somebody may use them at all."""


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """A resource as agents call it.

    Args:
        name: Its name: its path below the prefix of the agents.
        path: Its path in the application.
        table: The resource, as those see it who may see most.
        keeps_history: Whether the history of its rows can be read.
        mounted: What it is mounted with.
    """

    name: str
    path: str
    table: Table
    keeps_history: bool
    mounted: MountedResources


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """What is served to agents at one path.

    Args:
        path: The path.
        prefix: What the paths of resources have before their names.
        lookup: The routes of all resources.
        batches: Where batches are answered.
        mounted: The resources; what is mounted later may be added.
    """

    path: str
    prefix: str
    lookup: RouteLookup
    batches: Sequence[str]
    mounted: list[MountedResources] = field(default_factory=list)

    @property
    def resources(self) -> Mapping[str, Named]:
        """The resources by their names."""
        return {named.name: named for named in self._name()}

    @property
    def batch(self) -> str | None:
        """Where batches are answered; None for nowhere."""
        near = (path for path in self.batches if path.startswith(f"{self.prefix}/"))
        return next(near, next(iter(self.batches), None))

    @property
    def keeps_history(self) -> bool:
        """Whether any resource keeps a history that can be read."""
        return any(named.keeps_history for named in self.resources.values())

    @property
    def dependencies(self) -> Sequence[Depends]:
        """What the operations of any of the mounts run first."""
        return [depends for each in self.mounted for depends in each.dependencies]

    def find(self, name: str) -> Named:
        """Find a resource.

        Raises:
            BadArguments: There is none of that name.
        """
        known = self.resources
        found = known.get(name.strip("/"))
        if found is None:
            hint = did_you_mean(name, known)
            raise BadArguments(f"There is no resource `{name}`{hint}; list_resources names all")
        return found

    def _name(self) -> Iterator[Named]:
        for each in self.mounted:
            for table in each.variants.widest.catalog.tables.values():
                path = each.prefix + table.path
                name = path.removeprefix(self.prefix).strip("/")
                keys = ",".join(f"{{{f.name}}}" for f in table.key)
                has_history = self.lookup.has(f"{path.rstrip('/')}/{keys}/history", "GET")
                yield Named(name, path.rstrip("/"), table, has_history, each)
