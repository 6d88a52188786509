"""Answers cut to a size that an agent can take."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import Any

from ...catalog.names import escape_pointer

_ROOM = 1_024
"""Bytes of a page reserved for cursors and the list of shortened values."""

_STEPS = ((2_000, 100), (500, 25), (120, 8), (40, 3))
"""Steps of shortening: the maximum characters of a text, and items of an array.

An object below a row is limited likewise. Each step applies where the one before leaves too much.
"""

_POINTERS = 20
"""Maximum number of pointers to shortened values."""

_KEPT = frozenset({"next", "etag", "confirm", "how"})
"""Members of an answer that are never shortened."""

_NAMES_FOR_ITEM = 4
"""Names of an object that are kept for each item that an array would keep."""

Page = dict[str, Any]


def write(value: object) -> str:
    """Write JSON as it is sent to agents."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def size_of(value: object) -> int:
    """Return the size of a JSON value in bytes."""
    return len(write(value).encode(errors="surrogatepass"))


def count_fitting(items: Sequence[object], limit: int) -> int:
    """Return the number of leading items that fit; at least one.

    Args:
        items: The items.
        limit: The maximum size of their page, in bytes.
    """
    left = limit - _ROOM
    for count, item in enumerate(items):
        left -= size_of(item) + 1
        if left < 0:
            return max(1, count)
    return len(items)


async def fit_page(ask: Callable[[int | None], Awaitable[Page]], limit: int) -> Page:
    """Read a page that is no longer than allowed.

    The cursor of a page marks its end, so a shorter page is read anew: the items that it lacks are
    on the next one.

    Args:
        ask: Reads a page of a given number of items, or of the default number for None.
        limit: The maximum size of the page, in bytes.
    """
    page = await ask(None)
    while len(page["items"]) > 1 and size_of(page) > limit:
        fitting = min(count_fitting(page["items"], limit), len(page["items"]) - 1)
        page = await ask(fitting)
    return shorten(page, limit)


def shorten(value: Page, limit: int) -> Page:
    """Shorten texts and nested values until the whole fits, and list their pointers in `shortened`.

    Args:
        value: The whole.
        limit: Its maximum size, in bytes.
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
        texts: The maximum length of a text, in characters.
        items: The maximum number of items of an array, from which that of an object follows.
    """

    def __init__(self, texts: int, items: int) -> None:
        self.places: list[str] = []
        self.more = 0
        self._texts = texts
        self._items = items

    def shorten_whole(self, value: Page) -> Page:
        """Shorten the members of an answer, except those that are never shortened."""
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
