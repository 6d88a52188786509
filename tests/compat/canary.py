"""Parts that the canaries share: they name the part of a library that is missing."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

import httpx2


def missing_from(owner: Any, names: Iterable[str]) -> list[str]:
    """The names that a class or a module has no longer."""
    return [f"{owner.__name__}.{name}" for name in names if not hasattr(owner, name)]


def unwritten_in(cls: type, names: Iterable[str]) -> list[str]:
    """The names of attributes that the source of a class no longer sets or reads."""
    source = inspect.getsource(cls)
    return [f"{cls.__name__}.{name}" for name in names if f".{name}" not in source]


def parameters_of(function: Any) -> list[str]:
    """The names of the parameters of a function."""
    return [*inspect.signature(function).parameters]


async def ask(app: Any, path: str) -> tuple[int, bytes]:
    """The status and the body that an application answers a path with."""
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get(path)
        return answer.status_code, answer.content
