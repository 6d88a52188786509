"""Merging of operations and components into a document that FastAPI has composed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from .components import Components, Parts, references_in, simplify
from .values import JSONSchema

Operations = Mapping[str, Mapping[str, JSONSchema]]
"""Operations by path and method."""


def add_operations(document: JSONSchema, operations: Operations, shared: Components) -> JSONSchema:
    """Add operations to a document.

    The schema of a resource has the name of its class, even where endpoints of the application use
    that class too. Where both have the same schema, they share one component; otherwise that of the
    endpoints is renamed to `…-Own`. Any other component whose name is taken gets a number.

    Args:
        document: The document.
        operations: The operations. Those of a path that the document has already are added to it.
        shared: The components that operations refer to.

    Returns:
        The document with both.
    """
    parts = shared.collect(operations)
    document = _yield_names(document, parts, shared)
    known: Parts = document.get("components", {})
    renamed = _find_conflicts(known, parts)
    if renamed:
        operations, parts = _rename(operations, renamed), _rename_parts(parts, renamed)
    paths = {**document.get("paths", {})}
    for path, methods in operations.items():
        paths[path] = {**paths.get(path, {}), **methods}
    return add_parts({**document, "paths": paths}, parts)


def add_parts(document: JSONSchema, parts: Parts) -> JSONSchema:
    """Add components to a document that has none of the same names."""
    components = {**document.get("components", {})}
    for kind, added in parts.items():
        components[kind] = {**added, **components.get(kind, {})}
    return {**document, "components": components}


def drop_unused(document: JSONSchema, names: tuple[str, ...]) -> JSONSchema:
    """Drop the named schemas, unless an operation refers to one of them."""
    schemas = document.get("components", {}).get("schemas", {})
    used = {name for _, name in references_in(document.get("paths", {}))}
    if used & set(names):
        return document
    kept = {name: schema for name, schema in schemas.items() if name not in names}
    return {**document, "components": {**document["components"], "schemas": kept}}


def _yield_names(document: JSONSchema, parts: Parts, shared: Components) -> JSONSchema:
    """Return a document without other schemas under the names of resources' own classes."""
    known: Parts = document.get("components", {})
    schemas, ours = known.get("schemas", {}), parts.get("schemas", {})
    both = [name for name in schemas if name in ours and shared.is_of_class(name)]
    same = {n: ours[n] for n in both if simplify(schemas[n]) == ours[n]}
    others = {f"schemas/{n}": f"schemas/{n}-Own" for n in both if n not in same}
    if not (same or others):
        return document
    whole = {**document, "components": {**known, "schemas": {**schemas, **same}}}
    whole = _rename(whole, others) if others else whole
    moved = {
        others.get(f"schemas/{n}", f"/{n}").partition("/")[2]: s
        for n, s in whole["components"]["schemas"].items()
    }
    return {**whole, "components": {**whole["components"], "schemas": moved}}


def _find_conflicts(known: Parts, parts: Parts) -> dict[str, str]:
    """Find new names for components whose names are taken; keys and values include the kind."""
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


def _rename(
    value: Operations | Parts | JSONSchema, renamed: Mapping[str, str]
) -> dict[str, JSONSchema]:
    names = "|".join(map(re.escape, sorted(renamed, key=len, reverse=True)))
    pattern = re.compile(rf'("\$ref": "#/components/)({names})(")')
    text = pattern.sub(lambda m: m[1] + renamed[m[2]] + m[3], json.dumps(value))
    found: dict[str, JSONSchema] = json.loads(text)
    return found
