"""Modelwire's part of an application, shared by all its calls of `mount`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import chain, count
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from ..access.caller import Caller
from ..catalog.tables import Table
from ..compat.starlette import check_at_start, has_started, middleware_of
from ..errors import ConfigurationError
from ..execute.database import Database
from ..openapi.components import Components
from .cors import Cors, CrossOrigin
from .docs import serve_document
from .document import Document
from .hosts import AllowedHosts
from .index import Index
from .limits import Streams
from .lookup import RouteLookup
from .mounted_resources import MountedResources
from .observing import ObservabilityMiddleware
from .own_access import OwnAccess
from .pending_reports import PendingReports
from .positions import Positions
from .problems import Mounted, Problems
from .route import ResourceRoute
from .route_names import RouteNames
from .shown import check_shown
from .unexpected import UnexpectedErrors

if TYPE_CHECKING:  # rarely used, and the SDK may not be installed
    from .admin.mounting import Admin
    from .agents.mounting import Agents


class Service:
    """Service of an application, which several calls of `mount` add to and share.

    Args:
        app: The application; its `state.modelwire` becomes this service.
        database: The database.

    Attributes:
        database: The same.
        lookup: The routes of all resources.
        problems: Answers errors.
        finished: The answered requests, until they are reported.
        streams: The open streams.
        listeners: The open streams of events.
        offline_docs: Whether the docs pages load their assets from the application; None until
            that is decided.
        own_access: The rights of callers in the application's own endpoints.
        mounted: The resources of each `mount`.
        batches: The paths of batches.
        agents: The services for agents, by path.
        admin: The admin pages, by path.

    Raises:
        ConfigurationError: The application has answered requests already.
    """

    def __init__(self, app: FastAPI, database: Database) -> None:
        if has_started(app):
            raise ConfigurationError(
                "mount(app=…): the application has started already; mount before its first request."
            )
        self.database = database
        self._app = app
        self.lookup = RouteLookup(app, ResourceRoute)
        names = RouteNames(app)
        self.problems = Problems(names, database)
        self.problems.install(app)
        self.finished = PendingReports(database.observer, names)
        self.streams = Streams(database.settings.max_streams)
        self.listeners = Streams(database.settings.max_listeners, "listeners")
        self.offline_docs: bool | None = None
        self.own_access = OwnAccess(app, database)
        self.mounted: list[MountedResources] = []
        self.batches: list[str] = []
        self.agents: dict[str, Agents] = {}
        self.admin: dict[str, Admin] = {}
        self._names: dict[Table, str] = {}
        self._operation_ids: set[str] = set()
        self._components: Components | None = None
        serve_document(app, Document(app, self.components, self.own_access))
        self._named_cors: Cors | None = None
        self._caller: Caller | None = None
        self._mounts = 0
        self._add_middleware(app)
        check_at_start(app, self._check_own_endpoints)
        app.state.modelwire = self
        app.state.modelwire_own = self.own_access
        app.state.modelwire_database = database

    def _add_middleware(self, app: FastAPI) -> None:
        database = self.database
        if database.replicas is not None:
            cookies = database.settings.position_cookie
            app.add_middleware(Positions, replicas=database.replicas, cookies=cookies)
        hosts = database.settings.allowed_hosts
        if "*" not in hosts:
            app.add_middleware(AllowedHosts, names=hosts, problems=self.problems)
        app.add_middleware(
            ObservabilityMiddleware,
            observer=database.observer,
            finished=self.finished,
            begin=self.own_access.begin,
        )
        # As the innermost, so that the other middleware adds its headers to these responses too.
        middleware_of(app).append(Middleware(UnexpectedErrors, problems=self.problems))

    def _check_own_endpoints(self) -> None:
        """Check the application's own endpoints.

        Raises:
            ConfigurationError: One of them could never answer; says what to write.
        """
        self.own_access.check()
        check_shown(self._app, self.own_access)

    def add_resources(self, mounted: MountedResources, conflict_status: int) -> None:
        """Add resources, which also explain errors in the application's own endpoints.

        Args:
            mounted: The resources.
            conflict_status: The status where a unique value is taken or a parent is missing.
        """
        catalog, variants = mounted.catalog, mounted.variants
        # The caller of a failed statement in an endpoint of the application's own is unknown.
        told = variants.narrowest.catalog
        self.problems.mounted.append(Mounted(catalog, told, conflict_status))
        self.own_access.add(variants, mounted.callers)
        self.mounted.append(mounted)
        self.index.lists += [
            mounted.prefix + table.path
            for table in catalog.tables.values()
            if "list" in table.resource.operations
        ]
        for table in catalog.tables.values():
            self._names[table] = _number(table.model.__name__, self._names.values())
        self._components = None

    def name_of(self, table: Table) -> str:
        """Return the name of a resource in the document: its class, with a number if necessary."""
        return self._names[table]

    def choose_id(self, name: str) -> str:
        """Return the id of an operation: its name, with a number if another operation has that."""
        chosen = _number(name, self._operation_ids)
        self._operation_ids.add(chosen)
        return chosen

    def components(self) -> Components:
        """Return the components that the operations of the document share."""
        if self._components is None:
            self._components = Components(self._names, self.problems.mounted[0].conflict_status)
        return self._components

    @property
    def paths(self) -> Mapping[Table, str]:
        """Path of each resource, with the prefix of its mount."""
        return {
            table: each.prefix + table.path
            for each in self.mounted
            for table in each.catalog.tables.values()
        }

    @property
    def index(self) -> Index:
        """Page with links to the routes."""
        return self.problems.index

    def choose_cors(self, app: FastAPI, cors: Cors | None) -> None:
        """Choose the origins whose pages may use the application.

        Args:
            app: The application.
            cors: The origins. With None in every mount, those of the environment.

        Raises:
            ConfigurationError: An earlier mount has other ones, or the application has its own
                CORS.
        """
        origins = self.database.settings.cors_origins
        if cors is not None and self._named_cors not in (None, cors):
            raise ConfigurationError(
                "mount(cors=…): an earlier mount of this application has other origins or options; "
                "give both the same, or one of them none."
            )
        self._named_cors = self._named_cors or cors
        chosen = self._named_cors or (Cors(origins) if origins else None)
        if chosen is not None:
            self._allow_origins(middleware_of(app), chosen)

    def choose_caller(self, caller: Caller | None) -> None:
        """Choose the caller.

        Raises:
            ConfigurationError: An earlier mount has another caller, or none.
        """
        if self._mounts and caller is not self._caller:
            raise ConfigurationError(
                f"mount(caller={caller}): an earlier mount of this application has {self._caller}; "
                "give both the same."
            )
        self._caller, self._mounts = caller, self._mounts + 1

    @property
    def caller(self) -> Caller | None:
        """Caller that all mounts share."""
        return self._caller

    @property
    def origins(self) -> Sequence[str]:
        """Other origins whose pages may use the application."""
        named = self._named_cors
        return self.database.settings.cors_origins if named is None else named.origins

    def _allow_origins(self, middleware: list[Middleware], cors: Cors) -> None:
        kinds: list[object] = [known.cls for known in middleware]
        if CORSMiddleware in kinds:
            raise ConfigurationError(
                "mount(cors=…): the application has CORSMiddleware already; remove one of them. "
                "MODELWIRE_CORS_ORIGINS is the same as cors=."
            )
        entry = Middleware(CrossOrigin, cors=cors, problems=self.problems)
        if CrossOrigin in kinds:
            middleware[kinds.index(CrossOrigin)] = entry
        else:  # outermost, so that refusals are readable too, but observed
            middleware.insert(kinds.index(ObservabilityMiddleware) + 1, entry)

    def choose_docs(self, *, offline: bool) -> bool:
        """Choose where the docs pages load their assets from.

        Returns:
            Whether the application still has to serve them.

        Raises:
            ConfigurationError: An earlier mount has chosen otherwise.
        """
        chosen = self.offline_docs
        if chosen not in (None, offline):
            raise ConfigurationError(
                f"mount(offline_docs={offline}): an earlier mount of this application has "
                f"{chosen}; give both the same."
            )
        self.offline_docs = offline
        return offline and chosen is None


def _number(name: str, taken: Collection[str]) -> str:
    """Return a name, with the first number from 2 on that no other has, if it is taken."""
    numbered = (f"{name}{number}" for number in count(2))
    return next(each for each in chain([name], numbered) if each not in taken)


def find_service(app: FastAPI) -> Service | None:
    """Find the service of an application; None where nothing is mounted on it."""
    found = getattr(app.state, "modelwire", None)
    return found if isinstance(found, Service) else None


def open_service(app: FastAPI, database: Database) -> Service:
    """Find the service of an application, or make it.

    Raises:
        ConfigurationError: The application has another database.
    """
    known = getattr(app.state, "modelwire_database", database)
    if known is not database:
        raise ConfigurationError("This application has another database already; it takes one.")
    return find_service(app) or Service(app, database)
