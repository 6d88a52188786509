"""Resources of an application, by their names in commands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from ..catalog.tables import Table
from ..errors import ConfigurationError
from ..suggestions import did_you_mean
from ..web.endpoint import Endpoint
from ..web.route import ResourceRoute
from ..web.service import Service
from .inside import Inside


class Place(NamedTuple):
    """Resource with the path that serves it.

    Args:
        name: Its name in commands: its path without leading and trailing slashes.
        path: Its path.
        table: Its table.
    """

    name: str
    path: str
    table: Table


def list_places(inside: Inside) -> Mapping[str, Place]:
    """List the resources of an application by their names."""
    return name_places(inside.service)


def name_places(service: Service) -> Mapping[str, Place]:
    """Name the resources of an application.

    Resources of several `mount` calls that share a path have the prefix in their names.
    """
    served = service.paths
    count = Counter(table.path for table in served)
    found = {}
    for table, path in served.items():
        name = (path if count[table.path] > 1 else table.path).strip("/")
        found[name] = Place(name, path, table)
    return found


def find_place(inside: Inside, name: str) -> Place:
    """Find a resource by its name.

    Raises:
        ConfigurationError: There is none.
    """
    places = list_places(inside)
    place = places.get(name.strip("/"))
    if place is None:
        raise ConfigurationError(
            f"There is no resource {name}{did_you_mean(name, places)}; there are "
            f"{', '.join(places) or 'none'}"
        )
    return place


def find_endpoint(inside: Inside, place: Place, below: str, method: str) -> Endpoint | None:
    """Find the endpoint at a path of a resource; None where there is none.

    Args:
        inside: The application.
        place: The resource.
        below: The path below that of the resource, as in `/bulk`.
        method: The method.
    """
    path = f"{place.path}{below}"
    routes = (route for route in inside.app.router.routes if isinstance(route, ResourceRoute))
    found = (r for r in routes if method in r.methods and r.path.rstrip("/") == path)
    route = next(found, None)
    return None if route is None else route.resource_endpoint
