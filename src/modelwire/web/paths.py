"""Paths as segments, found before they are percent-decoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote, unquote

from starlette.types import Scope

_CACHE = "modelwire.segments"

T = TypeVar("T")


def segments_of(scope: Scope) -> tuple[str, ...]:
    """Split the path of a request, still percent-encoded; a last slash makes no difference."""
    root: str = scope.get("root_path", "")
    cached = scope.get(_CACHE)
    if cached is not None and cached[0] == root:
        segments: tuple[str, ...] = cached[1]
        return segments
    raw = scope.get("raw_path")
    path = raw.decode("latin-1") if raw else quote(scope["path"])
    prefix = quote(root.rstrip("/")) if root else ""
    if prefix and path.startswith(f"{prefix}/"):
        path = path[len(prefix) :]
    segments = split_path(path)
    scope[_CACHE] = (root, segments)
    return segments


def split_path(path: str) -> tuple[str, ...]:
    """The segments of a path; a last slash makes no difference."""
    return tuple(path.removesuffix("/").split("/")[1:])


@dataclass(slots=True)
class PathTree(Generic[T]):
    """Values by path, whose segments are given ones or, written `{…}`, keys.

    Args:
        reserved: Segments that are no key as they stand; percent-encoded they are one.
    """

    reserved: frozenset[str] = frozenset()
    values: dict[str, T] = field(default_factory=dict)
    _literals: dict[str, PathTree[T]] = field(default_factory=dict)
    _key: PathTree[T] | None = None

    def at(self, path: str) -> PathTree[T]:
        """The place of a path as routes write it: `/users/{id}`; it is made if need be."""
        tree = self
        for segment in split_path(path):
            if not segment.startswith("{"):
                tree = tree._literals.setdefault(segment, PathTree(self.reserved))
                continue
            if tree._key is None:
                tree._key = PathTree(self.reserved)
            tree = tree._key
        return tree

    def find(
        self, segments: Sequence[str], start: int = 0
    ) -> tuple[PathTree[T], tuple[str, ...]] | None:
        """Find the place of a request's path.

        Returns:
            The place and the keys in the path, still percent-encoded; None where nothing is.
        """
        if start == len(segments):
            return (self, ()) if self.values else None
        given = segments[start]
        literal = self._literals.get(given)
        if literal is None and "%" in given:
            literal = self._encoded(given)
        found = literal.find(segments, start + 1) if literal is not None else None
        if found is not None or self._key is None or not given or given in self.reserved:
            return found
        found = self._key.find(segments, start + 1)
        return None if found is None else (found[0], (given, *found[1]))

    def _encoded(self, given: str) -> PathTree[T] | None:
        plain = unquote(given)
        return None if plain in self.reserved else self._literals.get(plain)


def decode_keys(keys: Sequence[str], names: Sequence[Sequence[str]]) -> dict[str, Any]:
    """The keys of a path as parameters for the user's own dependencies."""
    return {
        name: unquote(part)
        for key, fields in zip(keys, names, strict=False)
        for name, part in zip(fields, key.split(",") if len(fields) > 1 else [key], strict=False)
    }
