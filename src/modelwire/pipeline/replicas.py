"""Reads from replicas that are fresh enough for a request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from msgspec.structs import replace

from ..errors import Contention, DatabaseError, RequestError, Unavailable
from ..execute.database import Database
from ..execute.faults.translate import was_given_up
from ..execute.replicas.replica import Replica
from ..request.freshness import POSITION, read_freshness, write_position
from ..request.request import Request
from ..respond.answer import Answer, StreamAnswer
from .pipeline import Pipeline, Session

Handler = Callable[..., Awaitable[Answer | StreamAnswer]]


def is_of_copy(error: RequestError) -> bool:
    """Whether an error may be the replica's, rather than the request's.

    A replica may be unavailable, not answer, cancel statements that conflict with recovery
    (PostgreSQL manual, 26.4.2), or lack a table that the primary has.
    """
    return isinstance(error, Unavailable | DatabaseError) or was_given_up(error)


async def read_somewhere(
    handler: Handler, pipeline: Pipeline, *arguments: Any
) -> Answer | StreamAnswer:
    """Answer a read from a replica, or from the primary if no replica is fresh enough.

    Args:
        handler: Answers the request.
        pipeline: The pipeline.
        arguments: The other arguments of the handler, the request and the session last.

    Returns:
        The answer, with the position of the replica if the client follows it.
    """
    request: Request = arguments[-2]
    session: Session = arguments[-1]
    replicas = pipeline.database.replicas
    if session is not None or replicas is None:
        return await handler(pipeline, *arguments)
    cookies = pipeline.database.settings.position_cookie
    freshness = read_freshness(request.headers, cookies=cookies)
    while (replica := await replicas.choose(freshness)) is not None:
        replica.reads += 1
        try:
            answer = await handler(pipeline.on(replica.database), *arguments)
            return await _tell_position(answer, replica) if freshness.is_followed else answer
        except RequestError as error:
            if not is_of_copy(error):
                raise
            if isinstance(error, Contention | DatabaseError):
                break
            replica.retire()
    return await handler(pipeline, *arguments)


async def _tell_position(
    answer: Answer | StreamAnswer, replica: Replica[Database]
) -> Answer | StreamAnswer:
    position = write_position((await replica.look()).reached)
    header = (POSITION.lower().encode(), position.encode())
    return replace(answer, headers=(*answer.headers, header))
