"""The session of a request's caller, and single rows of it, for endpoints of one's own."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from sqlalchemy import inspect
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import HTTPConnection, Request

from ..errors import ConfigurationError
from ..execute.own.session import open_caller_session
from ..execute.own.ward import Ward
from ..observe.observer import Observer
from ..pipeline.encoding import tagged
from ..respond.answer import entity_tag
from .observing import exchange_of
from .service import Service, find_service
from .session import UnitOfWorkDep
from .wards import WARD

TAKEN = "modelwire.taken"
"""Where the scope of a request has the rows that `row_of` has given it."""


def service_of(app: FastAPI, what: str) -> Service:
    """Find the service of an application.

    Args:
        app: The application.
        what: What asks for it.

    Raises:
        ConfigurationError: Nothing is mounted on it.
    """
    service = find_service(app)
    if service is None:
        raise ConfigurationError(
            f"{what}: nothing is mounted on this application, so there are no policies. "
            "Call mount(app, database, …, caller=…)."
        )
    return service


async def get_caller_session(
    connection: HTTPConnection, unit_of_work: UnitOfWorkDep
) -> AsyncIterator[AsyncSession]:
    """Give a request a session under the policies of its caller, committed before the answer.

    What it reads is what the caller may see, and what it writes is what he may change: by the ORM
    and by SQLAlchemy's expression language. Text that is run as SQL goes past policies. It is in
    the transaction of `UnitOfWorkDep`.

    Yields:
        The session. What is not allowed raises `Forbidden`, and everything is undone.

    Raises:
        ConfigurationError: The application has no caller, or nothing is mounted on it.
    """
    if not isinstance(connection, Request):
        raise ConfigurationError("CallerSessionDep: a WebSocket has no caller.")
    service = service_of(connection.app, "CallerSessionDep")
    ward = await service.wards.ask(connection, unit_of_work)
    async with open_caller_session(unit_of_work, ward) as session:
        yield session
        await session.flush()
        await _tell_tag(connection, session, service.database.observer)


async def _tell_tag(request: Request, session: AsyncSession, observer: Observer) -> None:
    """Give the answer the entity tag of the row that the path names, as it is stored then."""
    taken = request.scope.get(TAKEN, ())
    if len(taken) != 1:
        return
    found, row = taken[0]
    state: Any = inspect(row)
    if state.deleted or state.was_deleted or state.session is None:
        return
    ward: Ward = request.scope[WARD]
    stored = await session.run_sync(lambda sync: ward.take(sync, found, state.identity, None))
    exchange_of(request.scope, observer).tag = entity_tag(tagged(found.table, stored))


CallerSessionDep = Annotated[AsyncSession, Depends(get_caller_session, scope="function")]
"""A session under the policies of the request's caller, committed when the endpoint returns."""
