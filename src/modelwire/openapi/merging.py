"""Puts operations, and the parts that they refer to, into a document that others have begun."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from .components import Components, Parts, references_in
from .values import JSONSchema

Operations = Mapping[str, Mapping[str, JSONSchema]]
"""Operations by path and method."""


def add_operations(document: JSONSchema, operations: Operations, shared: Components) -> JSONSchema:
    """Add operations to a document.

    Parts that it has others of the same name for are renamed.

    Args:
        document: The document.
        operations: The operations. Those of a path that is there already are added to that.
        shared: The parts that operations refer to.

    Returns:
        The document with both.
    """
    known: Parts = document.get("components", {})
    parts = shared.collect(operations)
    renamed = _find_conflicts(known, parts)
    if renamed:
        operations, parts = _rename(operations, renamed), _rename_parts(parts, renamed)
    paths = {**document.get("paths", {})}
    for path, methods in operations.items():
        paths[path] = {**paths.get(path, {}), **methods}
    return add_parts({**document, "paths": paths}, parts)


def add_parts(document: JSONSchema, parts: Parts) -> JSONSchema:
    """Add parts to a document that has none of their names."""
    components = {**document.get("components", {})}
    for kind, added in parts.items():
        components[kind] = {**added, **components.get(kind, {})}
    return {**document, "components": components}


def drop_unused(document: JSONSchema, names: tuple[str, ...]) -> JSONSchema:
    """Drop schemas of some names, unless something refers to them."""
    schemas = document.get("components", {}).get("schemas", {})
    used = {name for _, name in references_in(document.get("paths", {}))}
    if used & set(names):
        return document
    kept = {name: schema for name, schema in schemas.items() if name not in names}
    return {**document, "components": {**document["components"], "schemas": kept}}


def _find_conflicts(known: Parts, parts: Parts) -> dict[str, str]:
    """Find new names for parts whose names other parts have, all with their kind."""
    found = {}
    for kind, added in parts.items():
        taken = {**known.get(kind, {}), **added}
        for name, part in added.items():
            if name in known.get(kind, {}) and known[kind][name] != part:
                number = 2
                while f"{name}{number}" in taken:
                    number += 1
                found[f"{kind}/{name}"] = f"{kind}/{name}{number}"
    return found


def _rename_parts(parts: Parts, renamed: Mapping[str, str]) -> Parts:
    moved = {
        kind: {
            renamed.get(f"{kind}/{name}", f"{kind}/{name}").partition("/")[2]: part
            for name, part in added.items()
        }
        for kind, added in parts.items()
    }
    return _rename(moved, renamed)


def _rename(value: Operations | Parts, renamed: Mapping[str, str]) -> dict[str, JSONSchema]:
    names = "|".join(map(re.escape, sorted(renamed, key=len, reverse=True)))
    pattern = re.compile(rf'("\$ref": "#/components/)({names})(")')
    text = pattern.sub(lambda m: m[1] + renamed[m[2]] + m[3], json.dumps(value))
    found: dict[str, JSONSchema] = json.loads(text)
    return found
