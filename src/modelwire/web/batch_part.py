"""Request of a batch on its way through FastAPI, for the dependencies of its route."""

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
"""Key of a scope that holds the `Part` of a request of a batch."""


@dataclass(slots=True)
class Part:
    """State of a request of a batch, passed to its endpoint and back.

    Args:
        transaction: The transaction of the batch.
        caller: The caller.
        body: Its body.
        is_asked_only: Whether only the dependencies are run.

    Attributes:
        answer: The answer.
        background: The background tasks of dependencies, run once the batch is committed.
        sessions: The sessions that dependencies have received.
    """

    transaction: OpenTransaction
    caller: Principal
    body: bytes
    is_asked_only: bool = False
    answer: Answer = field(init=False)
    background: BackgroundTask | None = None
    sessions: list[AsyncSession] = field(default_factory=list)

    async def settle(self) -> None:
        """Flush the pending writes of dependencies from their sessions."""
        for session in self.sessions:
            await session.commit()

    def receive(self) -> Receive:
        """Return a `receive` with its body."""
        messages: list[Message] = [{"type": "http.request", "body": self.body, "more_body": False}]

        async def receive() -> Message:
            return messages.pop() if messages else {"type": "http.disconnect"}

        return receive


class PartResponse(Response):
    """Placeholder for the response to a request of a batch, which is never sent."""

    def __init__(self, part: Part) -> None:
        super().__init__()
        self._part = part

    async def __call__(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        self._part.background = self.background


async def send_nothing(_message: Message) -> None:
    """Discard a message."""


async def _give_session(connection: HTTPConnection) -> AsyncIterator[AsyncSession]:
    """Give a dependency a session in the transaction of the batch, closed together with it."""
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
    """Dependency overrides for a request of a batch: the batch's own session and caller.

    Args:
        provider: The provider of the application's overrides.
        callers: The resolver of callers, where the application has any.
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
        """Overrides: those of the application, and those of the batch."""
        return {**getattr(self._provider, "dependency_overrides", {}), **self._own}
