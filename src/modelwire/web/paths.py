"""Paths as segments, matched before they are percent-decoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, TypeVar
from urllib.parse import quote, unquote

from msgspec import Struct
from starlette.types import Scope

PATH_MATCH = "modelwire.path_match"
"""Key of a request's scope that holds its `PathMatch`."""

T = TypeVar("T")


class PathMatch(Struct, frozen=True):
    """Match of a request's path, percent-encoded.

    Args:
        segments: The segments of the path.
        keys: The keys among them.
    """

    segments: Sequence[str]
    keys: Sequence[str]


def path_of(scope: Scope) -> str:
    """Return the percent-decoded path of a request in its application, less a trailing slash."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    if root and path.startswith(f"{root}/"):
        path = path.removeprefix(root)
    return path.removesuffix("/")


def segments_of(scope: Scope) -> tuple[str, ...]:
    """Split the path of a request, still percent-encoded; a trailing slash makes no difference."""
    raw = scope.get("raw_path")
    path = raw.decode("latin-1") if raw else quote(scope["path"])
    root = scope.get("root_path")
    if root:
        path = _take_off(root.rstrip("/"), path)
    return tuple(path.removesuffix("/").split("/")[1:])


def _take_off(root: str, path: str) -> str:
    """Remove the root path from the start of a path, however it is percent-encoded there."""
    slashes = (place for place, character in enumerate(path) if character == "/" and place)
    ends = islice(slashes, root.count("/"))  # percent-encoding leaves out slashes, and adds none
    return path[next((end for end in ends if unquote(path[:end]) == root), 0) :]


@dataclass(slots=True)
class PathTree(Generic[T]):
    """Values by path, whose segments are literals or, written `{…}`, keys.

    Args:
        reserved: Segments that are never keys as they are; percent-encoded they are.
    """

    reserved: frozenset[str] = frozenset()
    values: dict[str, T] = field(default_factory=dict)
    _literals: dict[str, PathTree[T]] = field(default_factory=dict)
    _key: PathTree[T] | None = None

    def at(self, path: str) -> PathTree[T]:
        """Return the node of a path as in routes, such as `/users/{id}`, made if necessary."""
        tree = self
        for segment in path.removesuffix("/").split("/")[1:]:
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
        """Find the node of a request's path.

        Returns:
            The node, and the keys in the path, still percent-encoded; None where none has values.
        """
        keys: tuple[str, ...] = ()
        tree = self
        for position in range(start, len(segments)):
            given = segments[position]
            literal = tree._literals.get(given)
            if literal is None and "%" in given:
                literal = tree._encoded(given)
            key = tree._key if given and given not in tree.reserved else None
            if literal is None:
                if key is None:
                    return None
                tree, keys = key, (*keys, given)
            elif key is None:
                tree = literal
            else:
                # Both may match; the literal comes first.
                found = literal.find(segments, position + 1)
                if found is not None:
                    return found[0], (*keys, *found[1])
                tree, keys = key, (*keys, given)
        return (tree, keys) if tree.values else None

    def _encoded(self, given: str) -> PathTree[T] | None:
        plain = unquote(given)
        return None if plain in self.reserved else self._literals.get(plain)
