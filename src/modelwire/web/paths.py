"""Paths as templates of segments, matched before they are percent-decoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from starlette.types import Scope

_CACHE = "modelwire.segments"


def segments_of(scope: Scope) -> tuple[str, ...]:
    """Split the path of a request, still percent-encoded; a last slash makes no difference."""
    root: str = scope.get("root_path", "")
    cached = scope.get(_CACHE)
    if cached is not None and cached[0] == root:
        segments: tuple[str, ...] = cached[1]
        return segments
    raw = scope.get("raw_path")
    path = raw.decode("latin-1") if raw else quote(scope["path"])
    prefix = quote(root.rstrip("/"))
    if prefix and path.startswith(f"{prefix}/"):
        path = path[len(prefix) :]
    segments = tuple(path.removesuffix("/").split("/")[1:])
    scope[_CACHE] = (root, segments)
    return segments


@dataclass(frozen=True, slots=True)
class Template:
    """A path with at most one key in it.

    Args:
        segments: Its segments; None where the key stands.
        reserved: Segments that are no key as they stand; percent-encoded they are one.
    """

    segments: tuple[str | None, ...]
    reserved: frozenset[str] = frozenset()

    def match(self, segments: Sequence[str]) -> str | None:
        """Match the segments of a request's path.

        Returns:
            The key, percent-encoded, or an empty text where the template has none; None where the
            path is another.
        """
        if len(segments) != len(self.segments):
            return None
        key = ""
        for expected, given in zip(self.segments, segments, strict=True):
            if expected is None:
                if not given or given in self.reserved:
                    return None
                key = given
            elif given != expected and (expected in self.reserved or unquote(given) != expected):
                return None
        return key


def to_template(path: str, reserved: frozenset[str] = frozenset()) -> Template:
    """Read a path as routes are written: `/users/{id}`."""
    parts = path.removesuffix("/").split("/")[1:]
    return Template(tuple(None if part.startswith("{") else part for part in parts), reserved)


def decode_key(key: str, names: Sequence[str]) -> dict[str, Any]:
    """The key of a path as parameters for the user's own dependencies."""
    parts = key.split(",") if len(names) > 1 else [key]
    return dict(zip(names, map(unquote, parts), strict=False))
