"""Tells which dependencies speak of one row."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi.params import Depends

from ..compat.fastapi import takes_path_or_body


def is_bound(depends: Depends, key: Sequence[str]) -> bool:
    """Whether a dependency takes a key from the path, or the body of a request, at any depth.

    Args:
        depends: The dependency.
        key: The names of the key's components.
    """
    path = "".join(f"/{{{name}}}" for name in key)
    return takes_path_or_body(depends, path)
