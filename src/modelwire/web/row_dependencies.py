"""Detection of dependencies that apply to a single row."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi.params import Depends

from ..compat.fastapi import takes_path_or_body


def is_bound(depends: Depends, key: Sequence[str]) -> bool:
    """Whether a dependency, at any depth, reads a key from the path, or the request body.

    Args:
        depends: The dependency.
        key: The names of the key's components.
    """
    path = "".join(f"/{{{name}}}" for name in key)
    return takes_path_or_body(depends, path)
