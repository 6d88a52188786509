"""View of an application for a test of isolation: its routes, resources and rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product
from typing import Any, NamedTuple

from fastapi import FastAPI

from ..catalog.tables import Table
from ..errors import ConfigurationError
from ..web.service import find_service
from .bodies import Document

METHODS = ("get", "post", "put", "patch", "delete")
Row = Mapping[str, Any]
_MOST = 12
"""Greatest number of paths that are requested for one route."""

_PARAMETER = re.compile(r"{(\w+)(?::\w+)?}")


class Route(NamedTuple):
    """Operation of the OpenAPI document."""

    method: str
    path: str
    operation: Mapping[str, Any]

    @property
    def parameters(self) -> list[str]:
        """Names of the parameters of its path."""
        return _PARAMETER.findall(self.path)

    def write(self, values: Sequence[object]) -> str:
        """Write its path with values in place of its parameters."""
        left = iter(values)
        return _PARAMETER.sub(lambda _: str(next(left)), self.path)


class Place(NamedTuple):
    """Resource and the path that serves it."""

    path: str
    table: Table

    @property
    def order(self) -> str:
        """Key of the resource, as the parameter `sort` takes it."""
        return ",".join(field.name for field in self.table.key)

    def write_key(self, row: Row) -> str:
        """Write the key of a row as in a path."""
        return ",".join(str(row.get(field.name)) for field in self.table.key)

    def offers(self, operation: str) -> bool:
        """Whether it is served with an operation."""
        return operation in self.table.resource.operations


class World:
    """Routes and resources of an application, and the rows of Alice.

    Args:
        app: The application.
        shared: The resources and routes that both callers may see.

    Raises:
        ConfigurationError: Nothing is mounted on the application.
    """

    def __init__(self, app: FastAPI, shared: Sequence[str]) -> None:
        service = find_service(app)
        if service is None:
            raise ConfigurationError("assert_isolated(app): nothing is mounted on it.")
        self.document: Document = app.openapi()
        self.batches = service.batches
        self._shared = [f"/{name.strip('/')}" for name in shared]
        catalogs = [mounted.catalog for mounted in service.problems.mounted]
        tables = [table for catalog in catalogs for table in catalog.tables.values()]
        self._all = [Place(self._find_path(table), table) for table in tables]
        self.places = [place for place in self._all if not self._is_shared(place.path, place)]
        self.routes = [
            Route(method.upper(), path, item[method])
            for path, item in self.document["paths"].items()
            for method in METHODS
            if method in item and not self._is_shared(path, self.owner(path))
        ]
        self.rows: dict[str, Sequence[Row]] = {place.path: [] for place in self._all}
        self._references = {n: r for p in self._all for n, r in self.references(p).items()}

    def _find_path(self, table: Table) -> str:
        """Return the path of a resource, with the prefix of its mount."""
        own = re.compile(rf".*{re.escape(table.path)}(?=/|$)")
        found = (match[0] for path in self.document["paths"] if (match := own.match(path)))
        return min(found, key=len, default=table.path)

    def _is_shared(self, path: str, owner: Place | None) -> bool:
        names = [path.rstrip("/"), *([f"/{owner.table.name}"] if owner is not None else [])]
        return any(f"{n}/".startswith(f"{s}/") for n in names for s in self._shared)

    def owner(self, path: str) -> Place | None:
        """Return the resource whose rows, or related rows, a path leads to."""
        found = [place for place in self._all if f"{path}/".startswith(f"{place.path}/")]
        return max(found, key=lambda place: len(place.path), default=None)

    def find(self, name: str) -> Place | None:
        """Return the resource of a table."""
        return next((place for place in self._all if place.table.name == name), None)

    def rows_of(self, place: Place | None) -> Sequence[Row]:
        """Return the rows of a resource that Alice has."""
        return self.rows[place.path] if place is not None else []

    def references(self, place: Place) -> dict[str, tuple[Place, str]]:
        """Return the resources and fields that fields of a resource refer to."""
        return {
            place.table.by_column[own.name].name: (parent, parent.table.by_column[there.name].name)
            for reference in place.table.references
            if (parent := self.find(reference.parent.fullname)) is not None
            for own, there in zip(reference.columns, reference.parent_columns, strict=True)
        }

    def known_values(self, path: str) -> dict[str, object]:
        """Return the values of fields that refer to rows of Alice, in the bodies of a path."""
        owner = self.owner(path)
        named = {**self._references, **(self.references(owner) if owner is not None else {})}
        return {
            name: rows[0].get(field)
            for name, (parent, field) in named.items()
            if (rows := self.rows[parent.path])
        }

    def paths(self, route: Route, marks: Sequence[str]) -> Iterator[str]:
        """Yield a route's paths with values of Alice in place of its parameters."""
        owner = self.owner(route.path)
        names, rows = route.parameters, self.rows_of(owner)
        if owner is not None and {field.name for field in owner.table.key} == set(names):
            choices: Iterator[Sequence[object]] = iter([row[n] for n in names] for row in rows)
        else:
            choices = product(*(self._values(name, owner, marks) for name in names))
        yield from (route.write(values) for values in islice(choices, _MOST))

    def _values(self, name: str, owner: Place | None, marks: Sequence[str]) -> list[object]:
        """Return the candidates for a parameter: keys of the rows that it seems to name."""
        rows = self.rows_of(owner)
        if rows and name in rows[0]:
            return list(dict.fromkeys(row[name] for row in rows))
        parent, field = self._named(name, owner)
        if parent is not None:
            return [row.get(field) for row in self.rows[parent.path]]
        places = [owner] if owner is not None and rows else self._all
        keys = dict.fromkeys(p.write_key(row) for p in places for row in self.rows[p.path])
        return [*keys, *marks[:4]]

    def _named(self, name: str, owner: Place | None) -> tuple[Place | None, str]:
        """Return the resource and the field that a parameter is named after."""
        for relation in owner.table.relations.values() if owner is not None else ():
            if name.startswith(f"{relation.name}_"):
                return self.find(relation.target), name.removeprefix(f"{relation.name}_")
        return self._references.get(name, (None, ""))
