"""Route besides those of resources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .endpoint import Handle


@dataclass(frozen=True, slots=True)
class ExtraRoute:
    """Route for agents or the admin page.

    Args:
        method: Its method.
        path: Its path.
        handle: Answers its requests.
        is_guarded: Whether it resolves callers and runs the dependencies of the mounts.
        is_shared: Whether an existing route of the same path may serve instead.
        takes: Options of the endpoint, such as `takes_body`.
    """

    method: str
    path: str
    handle: Handle
    is_guarded: bool = False
    is_shared: bool = False
    takes: Mapping[str, bool] = field(default_factory=dict)
