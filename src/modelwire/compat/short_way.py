"""Short way to a dependency that takes nothing but the request: without FastAPI's machinery.

Tried with FastAPI 0.165.0. FastAPI notes the parameters of a dependency in a `Dependant`, which is
documented nowhere: `call`, `dependencies`, `name`, `use_cache`, and the names below. Where a
dependency uses one of the latter, FastAPI resolves it.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_parameterless_sub_dependant
from fastapi.params import Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

_LONG = (
    "path_params",
    "query_params",
    "header_params",
    "cookie_params",
    "body_params",
    "websocket_param_name",
    "response_param_name",
    "background_tasks_param_name",
    "security_scopes_param_name",
)
"""Parameters that only FastAPI can give a dependency: it validates or later uses them."""


class ShortWay:
    """Call of a dependency and its own dependencies, each once, as FastAPI would make it.

    Args:
        dependant: FastAPI's description of the dependency.
    """

    def __init__(self, dependant: Dependant) -> None:
        self._call: Any = dependant.call
        self._is_async = _is_async(self._call)
        takers = (dependant.request_param_name, dependant.http_connection_param_name)
        self._takers = tuple(name for name in takers if name)
        self._below = tuple((str(d.name), d.call, ShortWay(d)) for d in dependant.dependencies)

    async def call(self, request: Request, known: dict[Any, Any]) -> Any:
        """Call the dependency.

        Args:
            request: The request.
            known: Results of dependencies already called.
        """
        values: dict[str, Any] = dict.fromkeys(self._takers, request)
        for name, key, dependency in self._below:
            if key not in known:
                known[key] = await dependency.call(request, known)
            values[name] = known[key]
        if self._is_async:
            return await self._call(**values)
        return await run_in_threadpool(self._call, **values)


def find_short_way(depends: Depends) -> ShortWay | None:
    """Return the short way to a dependency; None where only FastAPI can resolve it."""
    dependant = get_parameterless_sub_dependant(depends=depends, path="")
    return ShortWay(dependant) if _is_short(dependant) else None


def _is_short(dependant: Dependant) -> bool:
    is_long = any(getattr(dependant, name, None) for name in _LONG)
    always_anew = not dependant.use_cache
    if is_long or always_anew or not _is_plain(dependant.call):
        return False
    return all(sub.name is not None and _is_short(sub) for sub in dependant.dependencies)


def _called(call: Any) -> Any:
    return call if inspect.isroutine(call) or inspect.isclass(call) else type(call).__call__


def _is_plain(call: Any) -> bool:
    """Whether a callable is what it seems to be, and needs no closing afterwards."""
    called = _called(call)
    wrapped: Mapping[str, Any] = getattr(called, "__dict__", {})
    closes = inspect.isgeneratorfunction(called) or inspect.isasyncgenfunction(called)
    is_known = inspect.isfunction(called) or inspect.ismethod(called) or inspect.isclass(called)
    return is_known and not closes and "__wrapped__" not in wrapped


def _is_async(call: Any) -> bool:
    return inspect.iscoroutinefunction(_called(call))
