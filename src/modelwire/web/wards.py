"""What the caller of a request may do, for endpoints of an application's own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from typing import Any, NamedTuple

from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request as HTTPRequest
from starlette.responses import Response

from ..catalog.tables import Catalog, Table
from ..compat.fastapi import resolves
from ..errors import ConfigurationError
from ..execute.database import Database
from ..execute.own.ward import Ward
from ..statement.guard import Guard, Guarded
from ..statement.statements import Statements
from .callers import Callers
from .session import get_session, get_unit_of_work

WARD = "modelwire.ward"
"""Where the scope of a request has the `Ward` of its caller, once that was asked for."""

_OVERRIDES: ContextVar[Mapping[Any, Any]] = ContextVar("modelwire_overrides")


class _Mounted(NamedTuple):
    """The resources of one `mount`.

    Args:
        catalog: The resources.
        shown: What every caller may see of them.
        statements: Their statements.
        callers: Resolves who asks, where the application has callers.
    """

    catalog: Catalog
    shown: Catalog
    statements: Statements
    callers: Callers | None


class _Resolver(NamedTuple):
    """Resolves a caller.

    Args:
        run: Has FastAPI do it.
        takes_session: Whether the caller's dependency takes the session of the request.
    """

    run: Callable[[HTTPRequest], Awaitable[Response]]
    takes_session: bool


class _Overrides:
    """What stands in for dependencies while a caller is resolved."""

    @property
    def dependency_overrides(self) -> Mapping[Any, Any]:
        return _OVERRIDES.get()


class Wards:
    """Resolves the caller of a request to an endpoint of an application's own.

    Args:
        app: The application.
        database: Where its rows are.
    """

    def __init__(self, app: FastAPI, database: Database) -> None:
        self._app = app
        self._database = database
        self._mounted: list[_Mounted] = []
        self._guard: Guard | None = None
        self._resolver: _Resolver | None = None

    def add(
        self, catalog: Catalog, shown: Catalog, statements: Statements, callers: Callers | None
    ) -> None:
        """Add the resources of a `mount`.

        Args:
            catalog: The resources.
            shown: The same with no more than every caller may see.
            statements: Their statements.
            callers: Resolves who asks, where the application has callers.
        """
        self._mounted.append(_Mounted(catalog, shown, statements, callers))
        self._guard = self._resolver = None

    def find(self, model: type[SQLModel]) -> Guarded:
        """Find the resource of a model.

        Raises:
            ConfigurationError: It is none of this application.
        """
        return self._guarded().find(model.__table__)  # type: ignore[attr-defined]

    def find_table(self, model: type[SQLModel]) -> Table | None:
        """Find what every caller may see of the resource of a model, in the first mount that has it."""
        for mounted in self._mounted:
            for table in mounted.shown.tables.values():
                if table.model is model:
                    return table
        return None

    async def ask(self, request: HTTPRequest, session: AsyncSession) -> Ward:
        """Find out who asks, once for each request.

        Args:
            request: The request.
            session: Its session, which the caller's dependency is given too.

        Raises:
            ConfigurationError: The application has no caller.
            CallerError: The caller is not what its annotations say.
        """
        if WARD not in request.scope:
            who = await self._resolve(request, session)
            request.scope[WARD] = Ward(
                self._guarded(),
                {mounted.catalog: mounted.statements for mounted in self._mounted},
                {m.catalog: m.callers.read(who) for m in self._mounted if m.callers is not None},
            )
        ward: Ward = request.scope[WARD]
        return ward

    def _guarded(self) -> Guard:
        if self._guard is None:
            catalogs = [mounted.catalog for mounted in self._mounted]
            self._guard = Guard(catalogs, self._database.sql_dialect)
        return self._guard

    async def _resolve(self, request: HTTPRequest, session: AsyncSession) -> object:
        """Have FastAPI resolve the caller's dependency, in the session of the request."""
        if self._resolver is None:
            self._resolver = self._build_resolver()
        overrides, scope = self._app.dependency_overrides, request.scope
        if overrides or self._resolver.takes_session:
            overrides = {**overrides, get_session: _give_session, get_unit_of_work: _give_session}
        scope[_SESSION] = session
        token = _OVERRIDES.set(overrides)
        try:
            await self._resolver.run(request)
        finally:
            _OVERRIDES.reset(token)
            del scope[_SESSION]
        return scope.pop(_WHO)

    def _build_resolver(self) -> _Resolver:
        callers = next((m.callers for m in self._mounted if m.callers is not None), None)
        if callers is None:
            raise ConfigurationError(
                "CallerSessionDep and row_of ask who calls, and this application has no caller. "
                "Give mount(caller=Caller(…)) and each resource a policy=, or use SessionDep or "
                "UnitOfWorkDep."
            )
        route = APIRoute(
            "/",
            callers.bind(_keep, in_session=False),
            dependency_overrides_provider=_Overrides(),
            response_model=None,
        )
        return _Resolver(route.get_route_handler(), resolves(route, get_session))


# FastAPI keeps functions that it was given, so these hold nothing of a request.

_WHO, _SESSION = "modelwire.who", "modelwire.session"


async def _keep(
    request: HTTPRequest, _response: Response, _session: object, who: object
) -> Response:
    request.scope[_WHO] = who
    return Response()


async def _give_session(request: HTTPRequest) -> AsyncSession:
    session: AsyncSession = request.scope[_SESSION]
    return session
