"""Caller of a request: resolved by FastAPI, as a dependency of each route of a resource."""

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
from ..compat.fastapi import names_told_by_clients, takes_scopes
from ..compat.short_way import find_short_way
from ..errors import ConfigurationError
from .session import SessionDep

WHO = "modelwire.who"
"""Key of a request's scope that holds the result of the caller's dependency, where it is kept."""

Run = Callable[[HTTPRequest, Response, AsyncSession | None, object], Awaitable[Response]]


class Callers:
    """Resolver of the callers of one `mount`.

    Args:
        caller: The declaration of the caller.
        catalog: The resources, whose policies say which attributes of a caller are read.

    Raises:
        ConfigurationError: Clients would choose who they are.

    Attributes:
        dependency: The dependency as a function.
        depends: The dependency, which goes before all others of a route.
        keeps: The same, for a route whose dependencies need the caller: it keeps the result.
        takes_scopes: Whether the result depends on the security scopes of its dependant.
        short_way: Calls the dependency without FastAPI; None where FastAPI is needed.
    """

    def __init__(self, caller: Caller, catalog: Catalog) -> None:
        self.dependency = dependency_of(caller)
        self._reader = PrincipalReader(key_of(caller), catalog.parameters)
        self.depends: fastapi_params.Depends = Depends(self.dependency)
        self.keeps: fastapi_params.Depends = Depends(_keep_result_of(self.dependency))
        self._check_class([attribute.name for attribute in key_of(caller)])
        self.short_way = find_short_way(self.depends)
        self.takes_scopes = takes_scopes(self.depends)

    def _check_class(self, key: list[str]) -> None:
        """Check that no class is the dependency whose fields would be read from the query.

        Raises:
            ConfigurationError: Clients would tell who they are.
        """
        told = names_told_by_clients(self.depends).intersection(key)
        if isinstance(self.dependency, type) and told:
            name = self.dependency.__name__
            raise ConfigurationError(
                f"Caller({name}): FastAPI would read {', '.join(sorted(told))} from the query, so "
                "that clients choose who they are. Give it a function that authenticates them, as "
                f"in `def read_caller(…) -> {name}`."
            )

    def read(self, who: object) -> Principal:
        """Read the attributes that policies use from the dependency's result.

        Raises:
            CallerError: An attribute does not match its annotation.
        """
        return self._reader.read(who)

    def bind(self, run: Run, *, in_session: bool) -> Callable[..., Any]:
        """Make an endpoint that receives the caller from FastAPI, resolved once for each request.

        Args:
            run: Answers a request for a caller, in a session or without one.
            in_session: Whether the endpoint receives the session of the request.
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
    """Make a dependency that keeps the result of another one in the scope of a request."""

    async def keep(request: HTTPRequest, who: Annotated[object, Depends(dependency)]) -> None:
        request.scope[WHO] = who

    return keep
