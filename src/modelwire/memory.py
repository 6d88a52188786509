"""What is found out once and kept: for as long as what it is about, and no longer."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

KEPT = 1024
"""Answers that are kept of one function; the least recently used one goes first."""

SHORT = 512
"""Characters, or bytes, up to which what a client has sent is kept: half a megabyte in each cache.
What is longer is worked out each time."""

P = ParamSpec("P")
T = TypeVar("T")
Text = TypeVar("Text", str, bytes)


class Memory(dict[Callable[..., Any], Callable[..., Any]]):
    """What functions have found out about one application: its catalog holds it, and with that it
    goes."""

    def __missing__(self, function: Callable[..., T]) -> Callable[..., T]:
        found = self[function] = lru_cache(KEPT)(function)
        return found


class Remembering(Protocol):
    """What belongs to an application, and leads to its memory."""

    @property
    def memory(self) -> Memory: ...


Owner = TypeVar("Owner", bound=Remembering)


def kept(
    function: Callable[Concatenate[Owner, P], T],
) -> Callable[Concatenate[Owner, P], T]:
    """Keep what a function finds, in the memory of its first argument.

    A cache of the module would keep tables and schemas of applications that nobody has any more.

    Args:
        function: A function of hashable values, which always finds the same for them.
    """

    @wraps(function)
    def look_up(owner: Owner, /, *args: P.args, **kwargs: P.kwargs) -> T:
        found: T = owner.memory[function](owner, *args, **kwargs)
        return found

    return look_up


def kept_if_short(
    function: Callable[[Owner, Any, Text], T],
) -> Callable[[Owner, Any, Text], T]:
    """Keep what a function finds for a text that clients choose, unless the text is long.

    Args:
        function: A function of what remembers, of what the text is about, and of the text.
    """

    @wraps(function)
    def look_up(owner: Owner, subject: Any, text: Text, /) -> T:
        if len(text) > SHORT:
            return function(owner, subject, text)
        found: T = owner.memory[function](owner, subject, text)
        return found

    return look_up


def known_if_short(function: Callable[[str], T]) -> Callable[[str], T]:
    """Keep what a function finds for a text of a client's, whichever application was asked."""
    known = lru_cache(KEPT)(function)

    @wraps(function)
    def look_up(text: str, /) -> T:
        return (known if len(text) <= SHORT else function)(text)

    return look_up
