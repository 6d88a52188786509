"""What the caller of a request may do, for endpoints of an application's own.

Such an endpoint takes what depends on `get_access`. That needs the caller, whom the application
names in `mount`, perhaps after the endpoint was written. So FastAPI is told then to resolve the
caller's dependency before all others of each route that calls `get_access`: once for each request,
for the endpoint's own use as well, and it stands in the OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any, NamedTuple

from fastapi import FastAPI
from sqlmodel import SQLModel
from starlette.requests import HTTPConnection, Request
from starlette.types import Scope

from ..access.principal import Principal
from ..catalog.tables import Catalog, Table
from ..compat.fastapi import functions_of, place_routes, resolve_first
from ..errors import ConfigurationError
from ..execute.database import Database
from ..execute.log.origin import note_caller
from ..execute.own.access import RowAccess, Shown
from ..pipeline.pipeline import Pipeline
from ..pipeline.variants import Variants
from ..statement.door import CallerDoor
from .callers import WHO, Callers

SCOPE: ContextVar[Scope | None] = ContextVar("modelwire_scope", default=None)
"""The request that is answered, for what is shown as its application and its caller say."""

_ACCESS = "modelwire.access"
"""Where the scope of a request has its `CallerAccess`, once that was asked for."""


class _Mounted(NamedTuple):
    """The resources of one `mount`.

    Args:
        variants: Their pipelines.
        callers: Resolves who asks, where the application has callers.
    """

    variants: Variants
    callers: Callers | None

    @property
    def catalog(self) -> Catalog:
        """All that any caller may see and set of them."""
        return self.variants.widest.catalog


class CallerAccess(NamedTuple):
    """What the caller of a request may do.

    Args:
        rows: The same, to rows.
        principals: The caller, as the policies of each catalog know them.
        pipelines: The pipeline of the caller for each catalog.
    """

    rows: RowAccess
    principals: dict[Catalog, Principal]
    pipelines: dict[Catalog, Pipeline]

    def find_table(self, model: type[SQLModel]) -> Table | None:
        """Find what the caller may see of the resource of a model."""
        return _find_table(model, (p.catalog for p in self.pipelines.values()))


class OwnAccess:
    """Finds out what callers may do in endpoints of an application's own.

    Args:
        app: The application.
        database: Where its rows are.
    """

    def __init__(self, app: FastAPI, database: Database) -> None:
        self._app = app
        self._database = database
        self._mounted: list[_Mounted] = []
        self._door: CallerDoor | None = None
        self._routes = 0

    def add(self, variants: Variants, callers: Callers | None) -> None:
        """Add the resources of a `mount`.

        Args:
            variants: Their pipelines.
            callers: Resolves who asks, where the application has callers.
        """
        self._mounted.append(_Mounted(variants, callers))
        self._door = None
        self._routes = 0

    def begin(self, scope: Scope) -> None:
        """Take note of a request that is about to be answered."""
        SCOPE.set(scope)
        if len(self._app.router.routes) != self._routes:
            self.ask_first()

    def ask_first(self) -> None:
        """Have FastAPI resolve the caller first in routes that were added, if they ask for it."""
        routes = self._app.router.routes
        self._routes = len(routes)
        callers = self._mounted[0].callers if self._mounted else None
        if callers is None:
            return
        for placed in place_routes(routes):
            if get_access in functions_of(placed):
                resolve_first(placed, callers.keeps)

    def find_table(self, model: type[SQLModel], *, documented: bool) -> Table | None:
        """Find what every caller, or any, may see of the resource of a model.

        Args:
            model: The model.
            documented: Whether it is for the OpenAPI document, which has what any may see.
        """
        variants = [mounted.variants for mounted in self._mounted]
        pipelines = [v.widest if documented else v.narrowest for v in variants]
        return _find_table(model, (pipeline.catalog for pipeline in pipelines))

    def read(self, scope: Scope) -> CallerAccess:
        """Read what the caller of a request may do.

        Raises:
            ConfigurationError: The application has no callers, or has not asked for this one.
            CallerError: The caller is not what its annotations say.
        """
        asked = [(m.catalog, m.variants, m.callers) for m in self._mounted if m.callers is not None]
        if not asked:
            raise ConfigurationError(
                "CallerSessionDep and row_of ask who calls, and this application has no caller. "
                "Give mount(caller=Caller(…)) and each resource a policy=, or use SessionDep or "
                "UnitOfWorkDep."
            )
        if WHO not in scope:
            raise ConfigurationError(
                "CallerSessionDep and row_of ask who calls, and this route was added to a router "
                "after that was included, while requests were answered. Add routes before."
            )
        principals = {catalog: callers.read(scope[WHO]) for catalog, _, callers in asked}
        if self._database.tracking.log.is_on:
            note_caller(next(iter(principals.values())))
        pipelines = {c: variants.choose(principals[c]) for c, variants, _ in asked}
        if self._door is None:
            self._door = CallerDoor([m.catalog for m in self._mounted], self._database.sql_dialect)
        rows = RowAccess(
            self._door,
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
    """Find out what the caller of a request may do.

    Raises:
        ConfigurationError: The application has no caller, or nothing is mounted on it.
        CallerError: The caller is not what its annotations say.
    """
    if not isinstance(connection, Request):
        raise ConfigurationError("CallerSessionDep: a WebSocket has no caller.")
    found = getattr(connection.app.state, "modelwire_own", None)
    if not isinstance(found, OwnAccess):
        raise ConfigurationError(
            "CallerSessionDep and row_of: nothing is mounted on this application, so there are no "
            "policies. Call mount(app, database, …, caller=…)."
        )
    access = connection.scope[_ACCESS] = found.read(connection.scope)
    return access


def find_shown(model: type[SQLModel], scope: Scope) -> Table | None:
    """Find what may be seen of the resource of a model in the answer to a request.

    Args:
        model: The model.
        scope: The request. If nothing in it has asked who calls, it is what every caller may see.
            Without a type it is none: the application's document is composed.
    """
    access: CallerAccess | None = scope.get(_ACCESS)
    if access is not None:
        return access.find_table(model)
    own = getattr(scope["app"].state, "modelwire_own", None)
    if not isinstance(own, OwnAccess):
        return None
    return own.find_table(model, documented="type" not in scope)
