"""Resources by the names that agents use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from fastapi.params import Depends

from ...catalog.tables import Table
from ...suggestions import did_you_mean
from ..lookup import RouteLookup
from ..mounted_resources import MountedResources
from .refusals import BadArguments

RESOURCES = "/resources"
"""Path of the descriptions of resources, below that of the agents."""

ACCESS = "/access"
"""Path that tells whether a caller may use them at all."""


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """Resource with the name that agents use.

    Args:
        name: Its name: its path below the prefix of the agents.
        path: Its path in the application.
        table: The resource, as seen by callers with the widest rights.
        keeps_history: Whether the history of its rows can be read.
        mounted: The mount that it belongs to.
    """

    name: str
    path: str
    table: Table
    keeps_history: bool
    mounted: MountedResources


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """Resources that are served to agents at one path.

    Args:
        path: The path.
        prefix: The prefix of the resources' paths, which their names lack.
        lookup: The routes of all resources.
        batches: The paths of batches.
        mounted: The mounts of the resources; later mounts may be added.
    """

    path: str
    prefix: str
    lookup: RouteLookup
    batches: Sequence[str]
    mounted: list[MountedResources] = field(default_factory=list)

    @property
    def resources(self) -> Mapping[str, Named]:
        """Resources by name."""
        return {named.name: named for named in self._name()}

    @property
    def batch(self) -> str | None:
        """Path of batches; None where there is none."""
        near = (path for path in self.batches if path.startswith(f"{self.prefix}/"))
        return next(near, next(iter(self.batches), None))

    @property
    def keeps_history(self) -> bool:
        """Whether any resource keeps a history that can be read."""
        return any(named.keeps_history for named in self.resources.values())

    @property
    def dependencies(self) -> Sequence[Depends]:
        """Dependencies that all operations of the mounts run first."""
        return [depends for each in self.mounted for depends in each.dependencies]

    def find(self, name: str) -> Named:
        """Find a resource.

        Raises:
            BadArguments: No resource has that name.
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
