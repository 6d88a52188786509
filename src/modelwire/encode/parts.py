"""JSON documents reduced to the requested parts, byte for byte."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from ..catalog.document_types import POSITION
from ..catalog.documents import Part

Tree = Mapping[str, "Tree"]
"""Requested names and positions, each with those below it; an empty tree stands for all."""

_objects = msgspec.json.Decoder(dict[str, msgspec.Raw])
_arrays = msgspec.json.Decoder(list[msgspec.Raw])
_encoder = msgspec.json.Encoder()


def trees_of(parts: Sequence[Part]) -> Mapping[str, Tree]:
    """Return the requested parts of columns of which only parts are shown, by column name."""
    trees: dict[str, dict[str, Tree]] = {}
    # A column that is requested as a whole includes all of its parts.
    for part in sorted(parts, key=lambda part: len(part.steps)):
        tree = trees.get(part.whole.name)
        if tree is None:
            tree = trees[part.whole.name] = {}
            _grow(tree, part.steps)
        elif tree:
            _grow(tree, part.steps)
    return trees


def _grow(tree: dict[str, Tree], steps: Sequence[str]) -> None:
    for step in steps:
        below = tree.get(step)
        if below is not None and not below:
            return
        tree = tree.setdefault(step, {})  # type: ignore[assignment]


def cut(document: bytes, tree: Tree) -> bytes:
    """Reduce a document to the requested parts.

    Args:
        document: The document.
        tree: The requested parts.

    Returns:
        Objects with the requested names in the order requested, and arrays with the requested
        items; missing parts are left out. Null where the document is neither.
    """
    return _cut(document, tree) or b"null"


def cut_row(row: bytes, trees: Mapping[str, Tree]) -> bytes:
    """Reduce the documents in a row."""
    values = _objects.decode(row)
    for name in trees.keys() & values.keys():
        values[name] = msgspec.Raw(cut(bytes(values[name]), trees[name]))
    return _encoder.encode(values)


def _cut(value: bytes, tree: Tree) -> bytes | None:
    """Return the requested parts of a value; None where it has none of them."""
    if not tree:
        return value
    if value.startswith(b"{"):
        members = _objects.decode(value)
        named = ((n, _cut(bytes(members[n]), below)) for n, below in tree.items() if n in members)
        return _encoder.encode({n: msgspec.Raw(shown) for n, shown in named if shown is not None})
    if value.startswith(b"["):
        items = _arrays.decode(value)
        places = sorted(int(step) for step in tree if POSITION.fullmatch(step))
        found = (_cut(bytes(items[i]), tree[str(i)]) for i in places if i < len(items))
        return b"[" + b",".join(shown for shown in found if shown is not None) + b"]"
    return None
