"""The resources of one `mount`, as others find them."""

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
    """The resources of one `mount`.

    Args:
        callers: Resolves who asks for them; None where the application has no callers.
        variants: Their pipelines.
        prefix: What stands before their paths.
        dependencies: What all of their operations run first.
    """

    callers: Callers | None
    variants: Variants
    prefix: str
    dependencies: Sequence[Depends] = ()

    @property
    def catalog(self) -> Catalog:
        """All that any caller may see and set."""
        return self.variants.widest.catalog

    def read_caller(self, who: object) -> Principal:
        """Read what the caller's dependency has given."""
        return ANYONE if self.callers is None else self.callers.read(who)

    def catalog_of(self, caller: Principal) -> Catalog:
        """The resources, as a caller may see and set their fields."""
        return self.variants.choose(caller).catalog
