"""Facts from a function's text alone: names that it checks, fields that a call sets."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from ..source import Def, Source
from ..values import Instance, Key, Row, Value


def sets_of(node: ast.Call, arguments: Mapping[int | str, Value]) -> frozenset[str] | None:
    """Return the fields of a new row that are given values; None where they can be any."""
    names = {str(k) for k, v in arguments.items() if isinstance(k, str) and not isinstance(v, Key)}
    names -= {"**", "update"}
    bodies = [v for k, v in arguments.items() if k in (0, "**", "obj")]
    for body in bodies:
        cls = body.cls if isinstance(body, Instance) else getattr(body, "object", None)
        if not (isinstance(cls, type) and issubclass(cls, BaseModel)):
            return None
        names |= set(cls.model_fields)
    for keyword in node.keywords:
        if keyword.arg == "update" and isinstance(keyword.value, ast.Dict):
            names |= {str(getattr(k, "value", "")) for k in keyword.value.keys if k is not None}
            names -= {
                str(getattr(k, "value", ""))
                for k, v in zip(keyword.value.keys, keyword.value.values, strict=True)
                if isinstance(v, ast.Attribute) and v.attr == "id"
            }
    return frozenset(names)


def name_of(source: Source, row: Row) -> str:
    """Return the name that a row was bound to where it was read; empty where it has none."""
    if row.place.source is not source or row.place.node is None:
        return ""
    for node in source.above(row.place.node):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            return node.targets[0].id
        if isinstance(node, ast.NamedExpr | ast.AnnAssign) and isinstance(node.target, ast.Name):
            return node.target.id
        if isinstance(node, ast.stmt):
            return ""
    return ""


def find_checked(function: Def) -> Iterator[str]:
    """Yield the names that a function checks for None, or passes to what may."""
    for node in ast.walk(function):
        match node:
            case (
                ast.If(test=test)
                | ast.While(test=test)
                | ast.IfExp(test=test)
                | ast.Assert(test=test)
            ):
                yield from _bare_names(test)
            case ast.BoolOp(values=values):
                for value in values:
                    yield from _bare_names(value)
            case ast.Match(subject=subject):
                yield from _bare_names(subject)
            case ast.comprehension(ifs=tests):
                for test in tests:
                    yield from _bare_names(test)


def _bare_names(node: ast.expr) -> Iterator[str]:
    inner = {n.value for n in ast.walk(node) if isinstance(n, ast.Attribute)}
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and part not in inner:
            yield part.id


def bare_name(node: ast.expr | None) -> str:
    """Return the name that an expression consists of; empty for another expression."""
    return node.id if isinstance(node, ast.Name) else ""


def last_name(node: ast.expr) -> str:
    """Return the last name of an expression, as `c` of `a.b.c`; empty where it has none."""
    return node.attr if isinstance(node, ast.Attribute) else bare_name(node)
