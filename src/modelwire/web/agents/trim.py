"""Answers that are no longer than an agent can take."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import Any

from ...catalog.names import escape_pointer

_ROOM = 1_024
"""Bytes of a page beside its items: cursors, and what was shortened."""

_STEPS = ((2_000, 100), (500, 25), (120, 8), (40, 3))
"""Characters of a text, and items of an array or names of an object below a row, that are left at
most: each step is tried where the one before it leaves too much."""

_POINTERS = 20
"""Places that are named of those where something was left out."""

_KEPT = frozenset({"next", "etag", "confirm", "how"})
"""The members of an answer that are worth nothing in parts."""

_NAMES_FOR_ITEM = 4
"""Names of an object that are left for each item that an array is left with."""

Page = dict[str, Any]


def write(value: object) -> str:
    """Write some JSON as agents are sent it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def size_of(value: object) -> int:
    """The bytes that some JSON has."""
    return len(write(value).encode(errors="surrogatepass"))


def count_fitting(items: Sequence[object], limit: int) -> int:
    """How many of some items fit, from the first one on: one at least.

    Args:
        items: The items.
        limit: Bytes that a page with them may have.
    """
    left = limit - _ROOM
    for count, item in enumerate(items):
        left -= size_of(item) + 1
        if left < 0:
            return max(1, count)
    return len(items)


async def fit_page(ask: Callable[[int | None], Awaitable[Page]], limit: int) -> Page:
    """Read a page that is no longer than allowed.

    The cursor of a page stands for its end, so a shorter page is asked for anew: what is left out
    is on the next one.

    Args:
        ask: Reads a page of so many items; of as many as it likes, if None.
        limit: Bytes that it may have.
    """
    page = await ask(None)
    while len(page["items"]) > 1 and size_of(page) > limit:
        fitting = min(count_fitting(page["items"], limit), len(page["items"]) - 1)
        page = await ask(fitting)
    return shorten(page, limit)


def shorten(value: Page, limit: int) -> Page:
    """Shorten texts, and what is nested, until the whole fits; `shortened` says where.

    Args:
        value: The whole.
        limit: Bytes that it may have.
    """
    if size_of(value) <= limit:
        return value
    for texts, items in _STEPS:
        cut = _Cut(texts, items)
        shorter = {**cut.shorten_whole(value), "shortened": cut.places}
        if cut.more:
            shorter["more_shortened"] = cut.more
        if size_of(shorter) <= limit:
            return shorter
    whole = {
        name: inner if name in _KEPT or _is_scalar(inner) else None for name, inner in value.items()
    }
    return {**whole, "shortened": [""]}


def _is_scalar(value: object) -> bool:
    return isinstance(value, (bool, int, float))


class _Cut:
    """One step of shortening.

    Args:
        texts: Characters that a text is left with.
        items: Items that an array, or names that an object, is left with.
    """

    def __init__(self, texts: int, items: int) -> None:
        self.places: list[str] = []
        self.more = 0
        self._texts = texts
        self._items = items

    def shorten_whole(self, value: Page) -> Page:
        """Shorten what is under each name of an answer, but for what is worth nothing in parts."""
        kept = {name: inner for name, inner in value.items() if name in _KEPT}
        return {**self._shorten_members(value, ""), **kept}

    def _shorten_members(self, value: dict[str, Any], place: str) -> dict[str, Any]:
        return {
            name: self._shorten(inner, f"{place}/{escape_pointer(name)}")
            for name, inner in value.items()
            if place or name not in _KEPT
        }

    def _shorten(self, value: Any, place: str) -> Any:
        if isinstance(value, str) and len(value) > self._texts:
            self._note(place)
            return f"{value[: self._texts]}… ({len(value)} characters)"
        if isinstance(value, list):
            if len(value) > self._items:
                self._note(place)
            shown = value[: self._items]
            return [self._shorten(item, f"{place}/{i}") for i, item in enumerate(shown)]
        return self._shorten_object(value, place) if isinstance(value, dict) else value

    def _shorten_object(self, value: dict[str, Any], place: str) -> dict[str, Any]:
        names = self._items * _NAMES_FOR_ITEM
        if len(value) > names:
            self._note(place)
            value = dict(islice(value.items(), names))
        return self._shorten_members(value, place)

    def _note(self, place: str) -> None:
        if len(self.places) < _POINTERS:
            self.places.append(place)
        else:
            self.more += 1
