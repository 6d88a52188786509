"""Rights of a request's caller, for endpoints of the application's own.

Such an endpoint has a dependency on `get_access`, which needs the caller; but `mount` may name the
caller after the endpoint was declared. So once it is known, FastAPI is made to resolve the caller's
dependency before all others of each route that uses `get_access`: once for each request, shared
with the endpoint, and included in the OpenAPI document.

An endpoint that could never answer is refused at start-up. Where an application has no lifespan, or
the endpoint is added later, the endpoint itself raises that error at its first request.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator
from contextvars import ContextVar
from typing import Any, NamedTuple

from fastapi import Depends, FastAPI
from fastapi.params import Depends as Dependency
from sqlmodel import SQLModel
from starlette.requests import HTTPConnection, Request
from starlette.routing import WebSocketRoute
from starlette.types import Scope

from ..access.attributes import name_of
from ..access.principal import Principal
from ..catalog.tables import Catalog, Table
from ..compat.fastapi import PlacedRoute, functions_of, place_routes, resolve_first
from ..errors import ConfigurationError
from ..execute.database import Database
from ..execute.log.origin import note_caller
from ..execute.own.access import RowAccess, Shown
from ..pipeline.pipeline import Pipeline
from ..pipeline.variants import Variants
from ..statement.caller_door import CallerDoor
from .callers import WHO, Callers

SCOPE: ContextVar[Scope | None] = ContextVar("modelwire_scope", default=None)
"""Scope of the current request, for models that depend on its application and caller."""

_ACCESS = "modelwire.access"
"""Key of a request's scope that holds its `CallerAccess`, once that was used."""

_FOR_SOCKET = "CallerSessionDep: a WebSocket has no caller."

_WITHOUT_CALLER = (
    "CallerSessionDep and row_of need a caller, and this application has none. Give "
    "mount(caller=Caller(…)) and each resource a policy=, or use SessionDep or UnitOfWorkDep."
)


class _Mounted(NamedTuple):
    """Resources of one `mount`.

    Args:
        variants: Their pipelines.
        callers: The resolver of callers, where the application has any.
    """

    variants: Variants
    callers: Callers | None

    @property
    def catalog(self) -> Catalog:
        """Everything that any caller may see and set."""
        return self.variants.widest.catalog


class CallerAccess(NamedTuple):
    """Rights of the caller of a request.

    Args:
        rows: The access to rows.
        principals: The caller, as the policies of each catalog know it.
        pipelines: The pipeline of the caller for each catalog.
    """

    rows: RowAccess
    principals: dict[Catalog, Principal]
    pipelines: dict[Catalog, Pipeline]

    def find_table(self, model: type[SQLModel]) -> Table | None:
        """Find the resource of a model, as the caller may see it."""
        return _find_table(model, (p.catalog for p in self.pipelines.values()))


class OwnDependency(ABC):
    """Dependency of own endpoints whose argument depends on their paths and on the resources."""

    @abstractmethod
    def check(self, door: CallerDoor, path: str) -> None:
        """Check that an endpoint can have it.

        Args:
            door: The resources.
            path: The path of the endpoint.

        Raises:
            ConfigurationError: It can't; says what to write.
        """


class OwnAccess:
    """Access to the rights of callers in endpoints of the application's own.

    Args:
        app: The application.
        database: Its database.
    """

    def __init__(self, app: FastAPI, database: Database) -> None:
        self._app = app
        self._database = database
        self._mounted: list[_Mounted] = []
        self._door: CallerDoor | None = None
        self._routes = 0
        self._refusing: dict[object, Dependency] = {}

    def add(self, variants: Variants, callers: Callers | None) -> None:
        """Add the resources of a `mount`.

        Args:
            variants: Their pipelines.
            callers: The resolver of callers, where the application has any.
        """
        self._mounted.append(_Mounted(variants, callers))
        self._door = None
        self._routes = 0

    def begin(self, scope: Scope) -> None:
        """Note a request that is about to be answered."""
        SCOPE.set(scope)
        if len(self._app.router.routes) != self._routes:
            self.ask_first()

    def ask_first(self) -> None:
        """Have FastAPI resolve the caller first in routes that were added, if they depend on it."""
        routes = self._app.router.routes
        self._routes = len(routes)
        callers = self._mounted[0].callers if self._mounted else None
        if callers is None:
            return
        for placed, functions in self._find_own():
            if isinstance(placed.route, WebSocketRoute):
                continue
            self._ask_for(callers, placed)
            try:
                self._check(placed, functions)
            except ConfigurationError:
                place = placed.template, placed.methods
                resolve_first(placed, self._refusing.setdefault(place, self._checking(placed)))

    def _find_own(self) -> Iterator[tuple[PlacedRoute, Collection[object]]]:
        """Yield the routes that use the rights of a caller, with their dependencies."""
        for placed in place_routes(self._app.router.routes):
            functions = functions_of(placed)
            if get_access in functions:
                yield placed, functions

    def _ask_for(self, callers: Callers, placed: PlacedRoute) -> None:
        """Have FastAPI resolve the caller first in a route.

        Raises:
            ConfigurationError: The path has a parameter of the name of one of the caller's.
        """
        try:
            resolve_first(placed, callers.keeps)
        except AssertionError as exc:
            raise ConfigurationError(
                f"The caller of {placed.path}: the path and {name_of(callers.dependency)} have a "
                f"parameter of the same name, which FastAPI reads from the path ({exc}). Rename "
                "one of them."
            ) from exc

    def check(self) -> None:
        """Check the application's own endpoints, at start-up.

        Raises:
            ConfigurationError: One of them could never answer; says what to write.
        """
        self.ask_first()
        for placed, functions in self._find_own():
            self._check(placed, functions)

    def _check(self, placed: PlacedRoute, functions: Collection[object]) -> None:
        if isinstance(placed.route, WebSocketRoute):
            raise ConfigurationError(f"{_FOR_SOCKET} Leave it out of {placed.path}.")
        if self._mounted and self._mounted[0].callers is None:
            raise ConfigurationError(_WITHOUT_CALLER)
        for function in functions:
            if isinstance(function, OwnDependency):
                function.check(self.door, placed.template or "")

    def _checking(self, placed: PlacedRoute) -> Dependency:
        """Make a dependency that checks the endpoint of a route again: more may be mounted."""

        async def check() -> None:
            self._check(placed, functions_of(placed))

        first: Dependency = Depends(check)
        return first

    @property
    def door(self) -> CallerDoor:
        """Policies of all resources, by table."""
        if self._door is None:
            self._door = CallerDoor([m.catalog for m in self._mounted], self._database.sql_dialect)
        return self._door

    def find_table(self, model: type[SQLModel], *, documented: bool) -> Table | None:
        """Find the resource of a model, as every caller or as some caller may see it.

        Args:
            model: The model.
            documented: Whether it is for the OpenAPI document, which has what some caller may see.
        """
        variants = [mounted.variants for mounted in self._mounted]
        pipelines = [v.widest if documented else v.narrowest for v in variants]
        return _find_table(model, (pipeline.catalog for pipeline in pipelines))

    def read(self, scope: Scope) -> CallerAccess:
        """Return the rights of the caller of a request.

        Raises:
            ConfigurationError: The application has no callers, or the route has not resolved this
                one.
            CallerError: An attribute of the caller does not match its annotation.
        """
        asked = [(m.catalog, m.variants, m.callers) for m in self._mounted if m.callers is not None]
        if not asked:
            raise ConfigurationError(_WITHOUT_CALLER)
        if WHO not in scope:
            raise ConfigurationError(
                "CallerSessionDep and row_of need a caller, and this route was added to a router "
                "after that was included, while requests were served. Add routes before that."
            )
        principals = {catalog: callers.read(scope[WHO]) for catalog, _, callers in asked}
        if self._database.tracking.log.is_on:
            note_caller(next(iter(principals.values())))
        pipelines = {c: variants.choose(principals[c]) for c, variants, _ in asked}
        rows = RowAccess(
            self.door,
            {catalog: variants.widest.statements for catalog, variants, _ in asked},
            principals,
            {c: Shown(p.catalog, p.statements) for c, p in pipelines.items()},
        )
        return CallerAccess(rows, principals, pipelines)


def _find_table(model: Any, catalogs: Iterable[Catalog]) -> Table | None:
    """Find the resource of a model.

    Raises:
        ConfigurationError: Several mounts have it, and show it differently.
    """
    found = [table for c in catalogs if (table := c.find(model.__table__)) is not None]
    if len({tuple(table.readable) for table in found}) > 1:
        raise ConfigurationError(
            f"shown({model.__name__}): it is mounted more than once, and shows different fields. "
            "Give all the same hidden= and policy=, or answer with a model of your own."
        )
    return found[0] if found else None


async def get_access(connection: HTTPConnection) -> CallerAccess:
    """Return the rights of the caller of a request.

    Raises:
        ConfigurationError: The application has no caller, or nothing is mounted on it.
        CallerError: An attribute of the caller does not match its annotation.
    """
    if not isinstance(connection, Request):
        raise ConfigurationError(_FOR_SOCKET)
    found = getattr(connection.app.state, "modelwire_own", None)
    if not isinstance(found, OwnAccess):
        raise ConfigurationError(
            "CallerSessionDep and row_of: nothing is mounted on this application, so there are no "
            "policies. Call mount(app, database, …, caller=…)."
        )
    access = connection.scope[_ACCESS] = found.read(connection.scope)
    return access


def find_shown(model: type[SQLModel], scope: Scope) -> Table | None:
    """Find the resource of a model, as it may be seen in the response to a request.

    Args:
        model: The model.
        scope: The request. If it has not resolved its caller, the result is what every caller may
            see. Without a type it is no request: the OpenAPI document is being composed.
    """
    access: CallerAccess | None = scope.get(_ACCESS)
    if access is not None:
        return access.find_table(model)
    own = getattr(scope["app"].state, "modelwire_own", None)
    if not isinstance(own, OwnAccess):
        return None
    return own.find_table(model, documented="type" not in scope)
