"""A request of a batch on its way through FastAPI, for what its route depends on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.background import BackgroundTask
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from ..access.principal import Principal
from ..execute.connect.session import open_joined_session
from ..pipeline.work import OpenTransaction
from ..respond.answer import Answer
from .callers import Callers
from .session import get_session, get_unit_of_work

PART = "modelwire.part"
"""Where the scope of a request of a batch has its `Part`."""


@dataclass(slots=True)
class Part:
    """What a request of a batch takes along to its endpoint, and what it comes back with.

    Args:
        transaction: The transaction of the batch.
        caller: Who asks.
        body: Its body.
        is_asked_only: Whether nothing but what guards it is asked.

    Attributes:
        answer: The answer.
        background: What dependencies have run once it is committed.
        sessions: The sessions that dependencies were given.
    """

    transaction: OpenTransaction
    caller: Principal
    body: bytes
    is_asked_only: bool = False
    answer: Answer = field(init=False)
    background: BackgroundTask | None = None
    sessions: list[AsyncSession] = field(default_factory=list)

    async def settle(self) -> None:
        """Write what dependencies have put into their sessions."""
        for session in self.sessions:
            await session.commit()

    def receive(self) -> Receive:
        """What gives its body."""
        messages: list[Message] = [{"type": "http.request", "body": self.body, "more_body": False}]

        async def receive() -> Message:
            return messages.pop() if messages else {"type": "http.disconnect"}

        return receive


class PartResponse(Response):
    """What stands for the response to a request of a batch, and is not sent."""

    def __init__(self, part: Part) -> None:
        super().__init__()
        self._part = part

    async def __call__(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        self._part.background = self.background


async def send_nothing(_message: Message) -> None:
    """Send nothing."""


async def _give_session(connection: HTTPConnection) -> AsyncIterator[AsyncSession]:
    """Give a dependency a session in the transaction of the batch, which ends with that alone."""
    part: Part = connection.scope[PART]
    owner = part.transaction.session
    if owner is None:
        raise RuntimeError("A batch with such a dependency is carried out in a session.")
    async with open_joined_session(await owner.connection()) as session:
        part.sessions.append(session)
        yield session
        await session.commit()


def _give_caller(connection: HTTPConnection) -> object:
    """Give a dependency the caller of the batch."""
    part: Part = connection.scope[PART]
    return part.caller.who


class PartOverrides:
    """What dependencies of a request of a batch are given: what the batch has already.

    Args:
        provider: Has what the application overrides.
        callers: Resolves who asks, where the application has callers.
    """

    def __init__(self, provider: Any, callers: Callers | None) -> None:
        self._provider = provider
        self._own: dict[Callable[..., Any], Callable[..., Any]] = {
            get_session: _give_session,
            get_unit_of_work: _give_session,
        }
        if callers is not None and not callers.takes_scopes:
            self._own[callers.dependency] = _give_caller

    @property
    def dependency_overrides(self) -> Mapping[Callable[..., Any], Callable[..., Any]]:
        """What is called in the place of what."""
        return {**getattr(self._provider, "dependency_overrides", {}), **self._own}
