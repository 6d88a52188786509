"""Routes of resources."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

from ..catalog.access import Access, Past, Recall
from ..catalog.guards import Guards
from ..catalog.tables import Table
from ..errors import ConfigurationError
from ..openapi.context import RouteContext
from ..openapi.operation import compose_operation, name_operation
from ..pipeline.renamed import answer_renamed
from ..plan.reading.history import keeps_history
from ..plan.reading.operators import check_filters
from ..plan.writing.renamed import has_renamed
from ..resource import OPERATIONS
from ..shape.parts import Lock
from .descriptions import Route
from .operations import ROUTES
from .routes import Routes

READ_ONLY = ("list", "stream", "aggregate", "read", Access.LIST, Access.AGGREGATE, Past.SHOW)
"""Operations that change nothing."""

NOT_IN_BATCHES = ("stream", "aggregate", "changes")
"""Operations that are not available in batches."""

_LOCKS = {"update": Lock.CHANGE, "delete": Lock.REMOVE, Access.LINK: Lock.CHANGE}
"""Locks that operations take on the row in the path."""


def add_resources(routes: Routes) -> None:
    """Add the routes of the resources of a mount.

    Raises:
        ConfigurationError: One can't be served as declared; says why.
    """
    catalog = routes.mounted.catalog
    tables = catalog.tables.values()
    for table in tables:
        check_filters(table)
        _check_operations(table)
    served = [
        (RouteContext(catalog, table, relation), route, guards)
        for table in tables
        for route in ROUTES
        for relation, guards in table.find_served(route.operation)
    ]
    ids = _name_operations(routes, [(place, route) for place, route, _ in served])
    for operation_id, (place, route, guards) in zip(ids, served, strict=True):
        _add_route(routes, place, route, guards, operation_id)


def _name_operations(routes: Routes, served: Sequence[tuple[RouteContext, Route]]) -> Iterator[str]:
    """Return the ids of operations; those of a resource's own rows are chosen first.

    So the lines of an invoice leave `list_invoice_lines` to the resource of invoice lines.
    """
    chosen = {}
    for i in sorted(range(len(served)), key=lambda i: served[i][0].relation is not None):
        place, route = served[i]
        own, other = (routes.service.name_of(each) for each in (place.table, place.target))
        name = name_operation(route.description, place, own, other)
        chosen[i] = routes.service.choose_id(name)
    return (chosen[i] for i in range(len(served)))


def _check_operations(table: Table) -> None:
    resource = table.resource
    for name in (*resource.operations, *resource.operation_dependencies):
        if name not in OPERATIONS:
            raise ConfigurationError(
                f"Resource({table.model.__name__}): there is no operation `{name}`; "
                f"there are {', '.join(OPERATIONS)}."
            )
    if keeps_history(table) and "history" in table.children:
        raise ConfigurationError(
            f"Resource({table.model.__name__}, changes=…): its relationship `history` is "
            "served where the history of a row would be. Write Changes(history=False), or "
            "give the relationship another name."
        )
    if "restore" in table.below[Access.CREATE] and table.find_served(Recall.RESTORE):
        raise ConfigurationError(
            f"Resource({table.model.__name__}, soft_delete=…): rows of its relationship "
            "`restore` are created where a row is restored. Give the relationship another name."
        )


def _add_route(
    routes: Routes, place: RouteContext, route: Route, guards: Guards, operation_id: str
) -> None:
    table, relation, target = place.table, place.relation, place.target
    takes_body = route.description.body is not None
    handle = routes.mounted.variants.bind(
        route.handle, table, relation, reads=_may_be_of_copy(route, target)
    )
    if takes_body and has_renamed(place.catalog, target):
        handle = partial(answer_renamed, handle, place.catalog, target)
    endpoint = routes.endpoint(
        handle,
        key_names=_names_in(route, place),
        # A row created below another one has its path below its own resource.
        base=quote(routes.prefix + (target if route.method == "POST" else table).path),
        takes_body=takes_body,
        callers=routes.mounted.callers,
        trusts=routes.trusts_cookies if _is_sent_unasked(route) else None,
    )
    tags = table.resource.tags
    routes.add(
        routes.prefix + table.path + _write_path(place, route),
        endpoint,
        route.method,
        operation_id=operation_id,
        compose=partial(_compose, routes, place, route),
        joins=route.operation not in NOT_IN_BATCHES,
        reads_only=route.operation in READ_ONLY,
        locks=(table, _LOCKS[route.operation]) if _changes_row(route) else None,
        dependencies=[*routes.asked, *(guard.depends for guard in guards)],
        tags=list(tags if tags is not None else [table.name]),
        status_code=route.description.status,
    )


def _changes_row(route: Route) -> bool:
    """Whether it changes the existing row that its path names."""
    return "{key}" in route.path and route.operation in _LOCKS


def _is_sent_unasked(route: Route) -> bool:
    """Whether browsers send a page's request to another origin without asking first."""
    return route.method == "POST" and route.description.body is None


def _compose(routes: Routes, place: RouteContext, route: Route) -> dict[str, Any]:
    return compose_operation(route.description, routes.service.components(), place, route.path)


def _write_path(place: RouteContext, route: Route) -> str:
    """Return the path of a route below its resource's, with the names of its parameters."""
    own, other = (",".join(f"{{{name}}}" for name in names) for names in _key_names(place))
    path = route.path.replace("{key}", own).replace("{other}", other)
    return path.replace("{relation}", place.relation.name if place.relation else "")


def _may_be_of_copy(route: Route, target: Table) -> bool:
    """Whether a replica may answer.

    A response with a change number is the primary's, since a replica may lag behind.
    """
    tells = route.operation in ("list", Access.LIST) and target.guarded.is_followed
    return route.operation in READ_ONLY and not tells


def _names_in(route: Route, place: RouteContext) -> list[list[str]]:
    """Return the names of the path parameters, by key."""
    own, other = _key_names(place)
    return [own, ["change_number"] if "{change_number}" in route.path else other]


def _key_names(place: RouteContext) -> tuple[list[str], list[str]]:
    """Return the names of the parameters of both keys that a path may have."""
    own = [f.name for f in place.table.key]
    return own, [f"{_start(place)}{f.name}" for f in place.target.key]


def _start(place: RouteContext) -> str:
    """Return the prefix that distinguishes the parameters of the second key from the first's."""
    return f"{place.relation.name}_" if place.relation else ""
