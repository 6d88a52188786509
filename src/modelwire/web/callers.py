"""The caller of a request: resolved by FastAPI as a dependency of each route of a resource."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends
from fastapi import params as fastapi_params
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request as HTTPRequest
from starlette.responses import Response

from ..access.caller import Caller, dependency_of, key_of
from ..access.principal import Principal, PrincipalReader
from ..catalog.tables import Catalog
from ..compat.fastapi import takes_scopes
from ..compat.short_way import find_short_way
from .session import SessionDep

WHO = "modelwire.who"
"""Where the scope of a request has what the caller's dependency has given, where that is kept."""

Run = Callable[[HTTPRequest, Response, AsyncSession | None, object], Awaitable[Response]]


class Callers:
    """Resolves the callers of the resources of one `mount`.

    Args:
        caller: What the user declared.
        catalog: The resources, whose policies say what is read of a caller.

    Attributes:
        dependency: What is called.
        depends: The dependency, to stand before all others of a route.
        keeps: The same where a dependency of the route needs the caller: it keeps it for that.
        takes_scopes: Whether what it gives depends on the scopes of who asks for it.
        short_way: Calls it where it is the only one; None where FastAPI has to.
    """

    def __init__(self, caller: Caller, catalog: Catalog) -> None:
        self.dependency = dependency_of(caller)
        self._reader = PrincipalReader(key_of(caller), catalog.parameters)
        self.depends: fastapi_params.Depends = Depends(self.dependency)
        self.keeps: fastapi_params.Depends = Depends(_keep_result_of(self.dependency))
        self.short_way = find_short_way(self.depends)
        self.takes_scopes = takes_scopes(self.depends)

    def read(self, who: object) -> Principal:
        """Read what policies use of what the dependency has given.

        Raises:
            CallerError: It is not what its annotations say.
        """
        return self._reader.read(who)

    def bind(self, run: Run, *, in_session: bool) -> Callable[..., Any]:
        """Make an endpoint that FastAPI gives the caller, the same as to all who depend on it.

        Args:
            run: Answers a request, in a session or without one, for a caller.
            in_session: Whether it is given the session of the request.
        """
        dependency = self.dependency

        async def plain(
            request: HTTPRequest, response: Response, who: Annotated[object, Depends(dependency)]
        ) -> Response:
            return await run(request, response, None, who)

        async def with_session(
            request: HTTPRequest,
            response: Response,
            session: SessionDep,
            who: Annotated[object, Depends(dependency)],
        ) -> Response:
            return await run(request, response, session, who)

        return with_session if in_session else plain


def _keep_result_of(dependency: Callable[..., Any]) -> Callable[..., Awaitable[None]]:
    """Make a dependency that keeps in the scope of a request what another one has given."""

    async def keep(request: HTTPRequest, who: Annotated[object, Depends(dependency)]) -> None:
        request.scope[WHO] = who

    return keep
