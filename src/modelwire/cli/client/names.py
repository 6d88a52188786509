"""Names of generated types, each given once."""

from __future__ import annotations

import re
from collections.abc import Collection

_NOT_IN_IDENTIFIERS = re.compile(r"\W", re.ASCII)


class Names:
    """Names of the types in a generated file.

    Args:
        taken: Names that are used otherwise in it.
    """

    def __init__(self, taken: Collection[str]) -> None:
        self._taken = set(taken)

    def give(self, wanted: str) -> str:
        """Return an unused name that resembles the wanted one."""
        name = _NOT_IN_IDENTIFIERS.sub("_", wanted)
        name = f"_{name}" if name[:1].isdigit() or not name else name
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name
