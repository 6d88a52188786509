"""Tells which dependencies speak of one row."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_parameterless_sub_dependant
from fastapi.params import Depends


def is_bound(depends: Depends, key: Sequence[str]) -> bool:
    """Whether a dependency takes a key from the path, or the body of a request, at any depth.

    Args:
        depends: The dependency.
        key: The names of the key's components.
    """
    path = "".join(f"/{{{name}}}" for name in key)
    return _takes_row(get_parameterless_sub_dependant(depends=depends, path=path))


def _takes_row(dependant: Dependant) -> bool:
    return bool(dependant.path_params or dependant.body_params) or any(
        map(_takes_row, dependant.dependencies)
    )
