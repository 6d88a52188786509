"""Names of generated types: each is given once."""

from __future__ import annotations

import re
from collections.abc import Collection

_NOT_IN_IDENTIFIERS = re.compile(r"\W", re.ASCII)


class Names:
    """The names that a generated file has for its types.

    Args:
        taken: Those that stand for something else in it.
    """

    def __init__(self, taken: Collection[str]) -> None:
        self._taken = set(taken)

    def give(self, wanted: str) -> str:
        """Give a name that is like the one that is wanted, and that nothing else has."""
        name = _NOT_IN_IDENTIFIERS.sub("_", wanted)
        name = f"_{name}" if name[:1].isdigit() or not name else name
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name
