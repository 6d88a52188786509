"""What a tool has at hand while it is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .refusals import read_answer
from .requests import HTTPRequest
from .served import Served
from .surface import Reply, Surface

Answer = dict[str, Any]
"""What a tool answers: a JSON object."""


@dataclass(frozen=True, slots=True)
class Agent:
    """Who calls a tool.

    Args:
        served: The resources.
        surface: Asks the application as the caller.
        max_answer_bytes: Bytes that an answer may have.
    """

    served: Served
    surface: Surface
    max_answer_bytes: int

    async def send(self, request: HTTPRequest) -> Reply:
        """Ask the application."""
        return await self.surface.ask(
            request.method, request.path, request.content, request.headers
        )

    async def ask(self, request: HTTPRequest) -> Any:
        """Ask the application for some JSON.

        Raises:
            Refusal: It refuses, with the problem as it is.
        """
        return read_answer(await self.send(request))


def tag_of(reply: Reply) -> Mapping[str, str]:
    """The version of the row that an answer is about, where it has one."""
    tag = reply.header(b"etag")
    return {} if tag is None else {"etag": tag}
