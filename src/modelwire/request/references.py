"""References from a request of a batch to values in earlier answers. Syntax only."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from ..errors import Violation

NAME = "$ref"
"""The single name of an object that is a reference."""

_IN_PATH = re.compile(r"\{([^{}/?&]*)\}")
_TEXT = re.compile(r"(0|[1-9][0-9]{0,8})((?:\.[^.]+)+)", re.DOTALL)


class Reference(Struct, frozen=True):
    """Reference to a value in the answer to an earlier request.

    Args:
        index: The number of the request, from 0.
        steps: The names and array positions that lead to the value.
    """

    index: int
    steps: tuple[str, ...]


Resolve = Callable[[Reference, str], Any]
"""A function that returns the value of a reference, given the place of the reference itself."""

Write = Callable[[Reference, str], str]
"""The same, with the value written for use in a path."""


def check_reference(text: object, place: str, index: int) -> Iterator[Violation]:
    """Yield the fault of a reference, if it has one.

    Args:
        text: The reference, as in `0.id`.
        place: Its place.
        index: The number of the request that it is in.
    """
    found = _TEXT.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        message = "should name a request and a value of its answer, as in 0.id"
        yield Violation(message, "invalid_reference", place)
    elif int(found[1]) >= index:
        yield Violation("refers to no request before this one", "invalid_reference", place)


def check_path(path: str, place: str, index: int) -> Iterator[Violation]:
    """Yield the faults of the references in a path."""
    if "{" not in path and "}" not in path:
        return
    for text in _IN_PATH.findall(path):
        yield from check_reference(text, place, index)
    if set("{}") & set(_IN_PATH.sub("", path)):
        yield Violation("has a brace that belongs to no reference", "invalid_path", place)


def check_value(value: Any, place: str, index: int) -> Iterator[Violation | None]:
    """Yield the fault of each reference in a JSON value; None for a valid one."""
    for where, found in _find(value, place):
        text = found[NAME] if len(found) == 1 else None
        yield next(check_reference(text, where, index), None)


def fill_path(path: str, place: str, write: Write) -> str:
    """Return a path with its references replaced by texts."""
    return _IN_PATH.sub(lambda found: write(_read(found[1]), place), path)


def fill_value(value: Any, place: str, resolve: Resolve) -> Any:
    """Return a JSON value with its references replaced by values."""
    if isinstance(value, dict):
        if NAME in value:
            return resolve(_read(value[NAME]), place)
        return {n: fill_value(v, f"{place}/{escape_step(n)}", resolve) for n, v in value.items()}
    if isinstance(value, list):
        return [fill_value(v, f"{place}/{i}", resolve) for i, v in enumerate(value)]
    return value


def escape_step(name: str) -> str:
    """Write a name as one step of a JSON Pointer (RFC 6901, section 3)."""
    return name.replace("~", "~0").replace("/", "~1")


def _read(text: str) -> Reference:
    index, *steps = text.split(".")
    return Reference(int(index), tuple(steps))


def _find(value: Any, place: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the objects that have the name of a reference, each with its place."""
    if isinstance(value, dict):
        if NAME in value:
            yield place, value
            return
        for name, inner in value.items():
            yield from _find(inner, f"{place}/{escape_step(name)}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _find(inner, f"{place}/{i}")
