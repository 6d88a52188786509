"""Context of a tool call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .refusals import read_answer
from .requests import HTTPRequest
from .served import Served
from .surface import Reply, Surface

Answer = dict[str, Any]
"""Answer of a tool: a JSON object."""


@dataclass(frozen=True, slots=True)
class Agent:
    """Caller of a tool.

    Args:
        served: The resources.
        surface: Sends requests to the application as the caller.
        max_answer_bytes: The maximum size of an answer, in bytes.
    """

    served: Served
    surface: Surface
    max_answer_bytes: int

    async def send(self, request: HTTPRequest) -> Reply:
        """Send a request to the application."""
        return await self.surface.ask(
            request.method, request.path, request.content, request.headers
        )

    async def ask(self, request: HTTPRequest) -> Any:
        """Send a request to the application for JSON.

        Raises:
            Refusal: The application refuses it; has the problem unchanged.
        """
        return read_answer(await self.send(request))


def tag_of(reply: Reply) -> Mapping[str, str]:
    """Return the entity tag of the row in an answer, where it has one."""
    tag = reply.header(b"etag")
    return {} if tag is None else {"etag": tag}
