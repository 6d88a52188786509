"""Description of a route of a resource."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from ..catalog.access import Access, Past, Recall
from ..openapi.operation import Description
from ..resource import Operation
from ..respond.answer import Answer, StreamAnswer


@dataclass(frozen=True)
class Route:
    """Route of a resource, or of one of its relations.

    Args:
        operation: The operation of the resource, or else the access to the rows of a relation, to
            the past of a row, or to a deleted row.
        method: Its method.
        handle: Answers a request, given the pipeline, the resource and the relation, if any.
        path: Its path below the resource's; `{key}` stands for the key, `{relation}` for the
            relation's name, `{other}` for the key of a row at its other end, `{change_number}` for
            the number of a change.
        description: Its description in the OpenAPI document.
    """

    operation: Operation | Access | Past | Recall
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    handle: Callable[..., Awaitable[Answer | StreamAnswer]]
    path: str
    description: Description
