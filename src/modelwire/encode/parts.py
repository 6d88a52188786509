"""Documents cut down to the parts of them that are shown, byte for byte as they are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from ..catalog.document_types import POSITION
from ..catalog.documents import Part

Tree = Mapping[str, "Tree"]
"""The names and positions that are shown, each with those below it; all, if there are none."""

_objects = msgspec.json.Decoder(dict[str, msgspec.Raw])
_arrays = msgspec.json.Decoder(list[msgspec.Raw])
_encoder = msgspec.json.Encoder()


def trees_of(parts: Sequence[Part]) -> Mapping[str, Tree]:
    """What is shown of each column, by its name, of which only parts are."""
    trees: dict[str, dict[str, Tree]] = {}
    # What is shown whole is shown with all of its parts.
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
    """Cut a document.

    Args:
        document: The document.
        tree: What is shown of it.

    Returns:
        Objects with the names that are shown, in the order in which they were asked for, and arrays
        with the items; what is not there is left out. Null, if it is neither.
    """
    return _cut(document, tree) or b"null"


def cut_row(row: bytes, trees: Mapping[str, Tree]) -> bytes:
    """Cut the documents in a row."""
    values = _objects.decode(row)
    for name in trees.keys() & values.keys():
        values[name] = msgspec.Raw(cut(bytes(values[name]), trees[name]))
    return _encoder.encode(values)


def _cut(value: bytes, tree: Tree) -> bytes | None:
    """What is shown of a value; None where it has nothing of that."""
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
