"""Suggestions for misspelt names: of clients, and of arguments in declarations."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from functools import lru_cache, wraps
from heapq import nlargest
from inspect import signature
from operator import add
from typing import Any, TypeVar

Declared = TypeVar("Declared", bound=Callable[..., Any])


def did_you_mean(name: str, known: Iterable[str], *, start: str = "", end: str = "") -> str:
    """Suggest the closest known name in parentheses, ignoring case; empty if none is close.

    Clients may send names that are meant to cost time. Therefore long names get no suggestion, and
    only the few known names that share the most letters are compared in full.

    Args:
        name: The unknown name.
        known: The known names.
        start: A prefix for the suggestion.
        end: A suffix for the suggestion.
    """
    if len(name) > _LONGEST:
        return ""
    folded: dict[str, str] = {}
    for other in known:
        if len(other) <= _LONGEST:
            folded.setdefault(other.lower(), other)
    parts = _parts_of(name.lower())
    likely = nlargest(_COMPARED, folded, key=lambda other: _overlap(parts, _known_parts_of(other)))
    closest = get_close_matches(name.lower(), likely, n=1, cutoff=0.6)
    return f" (did you mean `{start}{folded[closest[0]]}{end}`?)" if closest else ""


_LONGEST = 64
"""Characters of the longest name that is compared."""

_COMPARED = 3
"""Known names that are compared in full, at most."""


def _parts_of(name: str) -> frozenset[str]:
    """Return the letters and letter pairs of a name."""
    return frozenset((*name, *map(add, name, name[1:])))


# A known name may contain text from a client.
_known_parts_of = lru_cache(maxsize=256)(_parts_of)


def _overlap(some: frozenset[str], others: frozenset[str]) -> float:
    return len(some & others) / (len(some) + len(others) + 1)


def naming_arguments(declared: Declared) -> Declared:
    """Make a function or class answer unknown keyword arguments with those that it has.

    The error is a `TypeError`, as Python's own, which before Python 3.13 suggests nothing and never
    lists the arguments.
    """
    if not isinstance(declared, type):
        return _naming(declared, declared.__name__)
    setattr(declared, "__init__", _naming(vars(declared)["__init__"], declared.__name__))  # noqa: B010 - mypy
    return declared


def _naming(function: Declared, name: str) -> Declared:
    @wraps(function)
    def call(*args: Any, **named: Any) -> Any:
        unknown = named.keys() - parameters
        if unknown:
            first = next(argument for argument in named if argument in unknown)
            raise TypeError(
                f"{name}() has no argument `{first}`{did_you_mean(first, parameters)}; "
                f"it has {', '.join(parameters)}"
            )
        return function(*args, **named)

    parameters = [
        f"*{taken.name}" if taken.kind is taken.VAR_POSITIONAL else taken.name
        for taken in signature(function).parameters.values()
        if taken.name != "self"
    ]
    return call  # type: ignore[return-value]
