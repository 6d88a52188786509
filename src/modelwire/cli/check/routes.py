"""The endpoints of an application, what they depend on, and what they call."""

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
    """A function of the application that a route depends on.

    Args:
        function: The function.
        ends_late: Whether what stands after its `yield` runs after the answer.
    """

    function: Function
    ends_late: bool


@dataclass(frozen=True, slots=True, eq=False)
class Endpoint:
    """An endpoint of the application's own.

    Args:
        function: The function that answers.
        route: FastAPI's route.
        path: Its whole path.
        methods: Its methods.
        dependencies: What it depends on, at any depth.
    """

    function: Function
    route: APIRoute
    path: str
    methods: frozenset[str]
    dependencies: Sequence[Dependency]

    @property
    def decorator(self) -> ast.Call | None:
        """The decorator that makes it one; None where it is added by a call."""
        for node in self.function.node.decorator_list:
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Attribute) and called.attr in _METHODS:
                return node  # type: ignore[return-value]
        return None

    @property
    def place(self) -> ast.AST:
        """Where it is said how it answers."""
        return self.decorator or self.function.node


@dataclass(frozen=True, slots=True)
class Reached:
    """A function that runs for an endpoint.

    Args:
        function: The function.
        facts: What it does.
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
    """Find the endpoints of an application that are its own."""
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
        tracer: Knows what functions call.

    Returns:
        The endpoint itself first, then what it calls, then what it depends on.
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
    """The parameters of a function, by name."""
    a = node.args
    return {arg.arg: arg for arg in (*a.posonlyargs, *a.args, *a.kwonlyargs)}
