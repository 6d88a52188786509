"""Session under the policies of the request's caller, for the application's own endpoints."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, NamedTuple

from fastapi import Depends
from sqlalchemy import inspect
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import HTTPConnection

from ..catalog.tables import Catalog, Table
from ..errors import NotFound
from ..execute.own.session import open_caller_session
from ..pipeline.reads import read
from ..plan.keys import quote_key
from ..request.request import Request
from .observing import EXCHANGE
from .own_access import CallerAccess, get_access
from .session import UnitOfWorkDep

TAKEN = "modelwire.taken"
"""Key of a request's scope that holds the rows given by `row_of`, as a list of `Taken`."""

AccessDep = Annotated[CallerAccess, Depends(get_access)]
"""Rights of the request's caller."""


class Taken(NamedTuple):
    """Row that `row_of` has given.

    Args:
        catalog: The catalog of its resource.
        table: The resource, as the caller may see it.
        row: The object.
    """

    catalog: Catalog
    table: Table
    row: Any


async def get_caller_session(
    connection: HTTPConnection, access: AccessDep, unit_of_work: UnitOfWorkDep
) -> AsyncIterator[AsyncSession]:
    """Give a request a session under the policies of its caller, committed before the answer.

    It reads only what the caller may see, and writes only what the caller may change, by the ORM
    and by SQLAlchemy's expression language. Textual SQL bypasses the policies. The session is in
    the transaction of `UnitOfWorkDep`.

    Yields:
        The session. A forbidden write raises `Forbidden`, and everything is rolled back.
    """
    async with open_caller_session(unit_of_work, access.rows) as session:
        yield session
        await session.flush()
        taken: list[Taken] = connection.scope.get(TAKEN, [])
        if len(taken) == 1 and EXCHANGE in connection.scope:
            await unit_of_work.flush()  # may have changed the row
            connection.scope[EXCHANGE].tag = await _find_tag(access, unit_of_work, taken[0])


async def _find_tag(access: CallerAccess, session: AsyncSession, taken: Taken) -> bytes:
    """Find the entity tag of a row as now stored; empty if the caller can't see the row."""
    state: Any = inspect(taken.row)
    if state.deleted or state.was_deleted or state.session is None:
        return b""
    key = quote_key([getattr(taken.row, f.key) for f in taken.table.key], taken.table.key)
    request = Request("GET", b"", keys=[key], caller=access.principals[taken.catalog])
    try:
        answer = await read(access.pipelines[taken.catalog], taken.table, request, session)
    except NotFound:
        return b""
    return dict(answer.headers)[b"etag"]


CallerSessionDep = Annotated[AsyncSession, Depends(get_caller_session, scope="function")]
"""Session under the policies of the request's caller, committed when the endpoint returns."""
