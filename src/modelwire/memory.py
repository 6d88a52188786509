"""Caches whose entries live as long as the application that they are about."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

KEPT = 1024
"""Results that are cached for each function; the least recently used one is evicted first."""

SHORT = 512
"""Characters or bytes of the longest text of a client that is cached: half a megabyte in each
cache. Results for longer texts are computed each time."""

P = ParamSpec("P")
T = TypeVar("T")
Text = TypeVar("Text", str, bytes)


class Memory(dict[Callable[..., Any], Callable[..., Any]]):
    """Caches of one application, one for each function. The catalog owns them, so they live as long
    as it does."""

    def __missing__(self, function: Callable[..., T]) -> Callable[..., T]:
        found = self[function] = lru_cache(KEPT)(function)
        return found


class Remembering(Protocol):
    """An object that belongs to an application and gives access to its caches."""

    @property
    def memory(self) -> Memory: ...


Owner = TypeVar("Owner", bound=Remembering)


def kept(
    function: Callable[Concatenate[Owner, P], T],
) -> Callable[Concatenate[Owner, P], T]:
    """Cache the results of a function in the memory of its first argument.

    A module-level cache would keep tables and schemas of applications that no longer exist.

    Args:
        function: A pure function of hashable values.
    """

    @wraps(function)
    def look_up(owner: Owner, /, *args: P.args, **kwargs: P.kwargs) -> T:
        found: T = owner.memory[function](owner, *args, **kwargs)
        return found

    return look_up


def kept_if_short(
    function: Callable[[Owner, Any, Text], T],
) -> Callable[[Owner, Any, Text], T]:
    """Cache the results of a function for texts that clients choose, unless they are long.

    Args:
        function: A function of the owner of the cache, a subject, and the text.
    """

    @wraps(function)
    def look_up(owner: Owner, subject: Any, text: Text, /) -> T:
        if len(text) > SHORT:
            return function(owner, subject, text)
        found: T = owner.memory[function](owner, subject, text)
        return found

    return look_up


def known_if_short(function: Callable[[str], T]) -> Callable[[str], T]:
    """Cache the results of a function of clients' texts, for all applications, unless they are
    long."""
    known = lru_cache(KEPT)(function)

    @wraps(function)
    def look_up(text: str, /) -> T:
        return (known if len(text) <= SHORT else function)(text)

    return look_up
