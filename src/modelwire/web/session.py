"""Session dependencies."""

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any
from weakref import WeakKeyDictionary

from fastapi import Depends
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import HTTPConnection, Request

from ..compat.starlette import replace_receive
from ..errors import ConfigurationError
from ..execute.connect.lane import commit_session
from ..execute.connect.limit import CLIENT
from ..execute.connect.session import holds_writes
from ..execute.database import Database
from .client import SCOPE_CLIENT, Client

logger = logging.getLogger("modelwire")


async def get_session(connection: HTTPConnection) -> AsyncIterator[AsyncSession]:
    """Give a request its session: rolled back on any error, and always closed.

    A running statement is cancelled when the client disconnects.

    The endpoint commits its writes itself: `await session.commit()`. Override it in tests with
    `app.dependency_overrides[get_session]`; generated endpoints then use that session too.

    Yields:
        The session.

    Raises:
        ConfigurationError: The application has no database.
    """
    database = getattr(connection.app.state, "modelwire_database", None)
    if not isinstance(database, Database):
        raise ConfigurationError(
            "This application has no database. Call mount(app, database, …), "
            "or create it with FastAPI(lifespan=database.lifespan)."
        )
    with _seeing_client(connection):
        async with database.session() as session:
            try:
                yield session
            except BaseException:
                await session.rollback()
                raise
            if holds_writes(session):
                _warn_of_lost_writes(connection)


def lend_session(session: AsyncSession) -> Callable[[HTTPConnection], AsyncIterator[AsyncSession]]:
    """Return an override of `get_session` by one session, in which each request ends as usual.

    What a request has written without a commit is undone at its end, and so is all that was not
    committed before if the request fails. A request that has written nothing leaves the session as
    it is, so that its objects stay readable.

    Args:
        session: The session.
    """

    async def lend(connection: HTTPConnection) -> AsyncIterator[AsyncSession]:
        held = holds_writes(session)
        try:
            yield session
        except BaseException:
            if holds_writes(session) or not session.is_active:
                await session.rollback()
            raise
        if holds_writes(session) and not held:
            _warn_of_lost_writes(connection)
            await session.rollback()

    return lend


def _warn_of_lost_writes(connection: HTTPConnection) -> None:
    """Warn, once per endpoint, that an endpoint has returned without committing its writes."""
    name = getattr(connection.scope.get("endpoint"), "__qualname__", "An endpoint")
    path = getattr(connection.scope.get("route"), "path", "")
    told = _TOLD.setdefault(connection.app, set())
    if (name, path) not in told:
        told.add((name, path))
        logger.warning(_LOST, name)


_TOLD: WeakKeyDictionary[Any, set[tuple[str, str]]] = WeakKeyDictionary()
"""The endpoints that were warned of, by application: names and paths. An endpoint itself may refer
to the application, and would keep it."""

_LOST = (
    "%s has returned without a commit, so that what it wrote in its session is not stored. Call "
    "await session.commit(), or take UnitOfWorkDep; if nothing should be stored, call await "
    "session.rollback()"
)


@contextmanager
def _seeing_client(connection: HTTPConnection) -> Iterator[None]:
    """Let statements see whether the client of a request has disconnected."""
    if not isinstance(connection, Request):
        yield
        return
    client = Client(connection.receive)
    # The body of this request, and what was received meanwhile, is read through the client.
    replace_receive(connection, client.receive)
    connection.scope[SCOPE_CLIENT] = client
    CLIENT.set(client)
    try:
        yield
    finally:
        CLIENT.set(None)
        client.close()


SessionDep = Annotated[AsyncSession, Depends(get_session)]
"""Session of the request, as an endpoint's parameter: `session: SessionDep`."""


async def get_unit_of_work(session: SessionDep) -> AsyncIterator[AsyncSession]:
    """Give a request its session, committed before the response is sent.

    Yields:
        The session. An error in the endpoint or in COMMIT becomes the response.
    """
    yield session
    await commit_session(session)


UnitOfWorkDep = Annotated[AsyncSession, Depends(get_unit_of_work, scope="function")]
"""Session of the request, committed when the endpoint returns: `session: UnitOfWorkDep`."""
