"""A route beside those of resources, as what needs it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .route import Handle


@dataclass(frozen=True, slots=True)
class ExtraRoute:
    """A route that agents or the admin page need.

    Args:
        method: Its method.
        path: Its path.
        handle: What answers.
        is_guarded: Whether it is for callers alone.
        is_shared: Whether another one may be there already, that does as well.
        takes: What the endpoint takes beside.
    """

    method: str
    path: str
    handle: Handle
    is_guarded: bool = False
    is_shared: bool = False
    takes: Mapping[str, bool] = field(default_factory=dict)
