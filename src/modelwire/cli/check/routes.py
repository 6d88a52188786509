"""Endpoints of an application, their dependencies, and their calls."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from ...compat.fastapi import dependant_of, place_routes
from ...web.route import ResourceRoute
from .objects import Index
from .source import Def
from .tracing.tracer import Tracer
from .values import Facts, Function

_METHODS = frozenset({"get", "post", "put", "patch", "delete", "options", "head", "api_route"})


@dataclass(frozen=True, slots=True)
class Dependency:
    """Function of the application that a route depends on.

    Args:
        function: The function.
        ends_late: Whether the code after its `yield` runs after the response.
    """

    function: Function
    ends_late: bool


@dataclass(frozen=True, slots=True, eq=False)
class Endpoint:
    """Endpoint of the application itself.

    Args:
        function: Its function.
        route: FastAPI's route.
        path: Its full path.
        methods: Its methods.
        dependencies: Its dependencies, at any depth.
    """

    function: Function
    route: APIRoute
    path: str
    methods: frozenset[str]
    dependencies: Sequence[Dependency]

    @property
    def decorator(self) -> ast.Call | None:
        """Decorator that declares it; None where a call adds it."""
        for node in self.function.node.decorator_list:
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Attribute) and called.attr in _METHODS:
                return node  # type: ignore[return-value]
        return None

    @property
    def place(self) -> ast.AST:
        """Node that declares its response."""
        return self.decorator or self.function.node


@dataclass(frozen=True, slots=True)
class Reached:
    """Function that runs for an endpoint.

    Args:
        function: The function.
        facts: The facts on it.
        caught: The exceptions that are caught around its call.
        waits: Whether it runs in the event loop.
        aside: Whether it runs beside the endpoint.
        depended: Whether it is a dependency, or called by one.
    """

    function: Function
    facts: Facts
    caught: frozenset[type]
    waits: bool
    aside: bool
    depended: bool


def find_endpoints(app: FastAPI, index: Index) -> Iterator[Endpoint]:
    """Find the endpoints of the application itself."""
    seen = set()
    for placed in place_routes(app.routes):
        route = placed.route
        if not isinstance(route, APIRoute) or isinstance(route, ResourceRoute):
            continue
        function = index.find(placed.endpoint)
        if function is None or (function.node, placed.path) in seen:
            continue
        seen.add((function.node, placed.path))
        dependencies = list(_dependencies_of(dependant_of(route).dependencies, index))
        yield Endpoint(function, route, placed.path or "", placed.methods, dependencies)


def _dependencies_of(dependants: Sequence[Any], index: Index) -> Iterator[Dependency]:
    for dependant in dependants:
        call = dependant.call
        if isinstance(call, type):
            function = index.find(vars(call).get("__init__"), call)
        else:
            function = index.find(call)
            if function is None and callable(call):
                function = index.find(vars(type(call)).get("__call__"), type(call))
        if function is not None:
            yield Dependency(function, getattr(dependant, "scope", None) != "function")
        yield from _dependencies_of(dependant.dependencies, index)


def reach(endpoint: Endpoint, tracer: Tracer) -> Sequence[Reached]:
    """Find every function that runs for an endpoint, with what is caught around it.

    Args:
        endpoint: The endpoint.
        tracer: Finds the calls of functions.

    Returns:
        The endpoint itself first, then the functions it calls, then its dependencies.
    """
    found: dict[tuple[Def, type | None, frozenset[type], bool], Reached] = {}

    def follow(
        function: Function, caught: frozenset[type], *, waits: bool, aside: bool, depended: bool
    ) -> None:
        key = (function.node, function.owner, caught, aside)
        if key in found:
            return
        facts = tracer.facts(function)
        waits = waits or function.is_async
        found[key] = Reached(function, facts, caught, waits, aside, depended)
        for call in facts.calls:
            if call.callee is not None:
                follow(
                    call.callee,
                    caught | call.caught,
                    waits=waits,
                    aside=aside or call.aside,
                    depended=depended,
                )

    follow(endpoint.function, frozenset(), waits=False, aside=False, depended=False)
    for dependency in endpoint.dependencies:
        follow(dependency.function, frozenset(), waits=False, aside=False, depended=True)
    return list(found.values())


def parameters_of(node: Def) -> Mapping[str, ast.arg]:
    """Return the parameters of a function, by name."""
    a = node.args
    return {arg.arg: arg for arg in (*a.posonlyargs, *a.args, *a.kwonlyargs)}
