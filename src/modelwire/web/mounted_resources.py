"""Resources of one `mount`, as other modules use them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi.params import Depends

from ..access.principal import ANYONE, Principal
from ..catalog.tables import Catalog
from ..pipeline.variants import Variants
from .callers import Callers


@dataclass(frozen=True, slots=True, eq=False)
class MountedResources:
    """Resources of one `mount`.

    Args:
        callers: The resolver of callers; None where the application has none.
        variants: Their pipelines.
        prefix: The prefix of their paths.
        dependencies: The dependencies that all of their operations run first.
    """

    callers: Callers | None
    variants: Variants
    prefix: str
    dependencies: Sequence[Depends] = ()

    @property
    def catalog(self) -> Catalog:
        """Everything that any caller may see and set."""
        return self.variants.widest.catalog

    def read_caller(self, who: object) -> Principal:
        """Return the caller, given the result of its dependency."""
        return ANYONE if self.callers is None else self.callers.read(who)

    def catalog_of(self, caller: Principal) -> Catalog:
        """Return the resources as a caller may see and set their fields."""
        return self.variants.choose(caller).catalog
