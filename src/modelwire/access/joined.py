"""Refusal of conditions that Python joins, by `and`, `or` or a chain of comparisons.

SQLAlchemy can't refuse them. The bool of `a == b` is false, so that Python takes `a == b and c` for
`a == b`, and drops the other condition before anything else sees it. The source shows it.
"""

from __future__ import annotations

import ast
import inspect
import linecache
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from types import FrameType
from typing import NamedTuple

from ..errors import ConfigurationError

_PACKAGE = __name__.partition(".")[0]

_TAKING_CONDITIONS = frozenset(("and_", "or_", "not_", "has", "any", "where", "filter"))
"""Functions and methods of SQLAlchemy that take conditions."""

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

Position = tuple[int | None, int | None, int | None, int | None]
"""First line, last line, first column and last column of an expression."""

Assigned = Mapping[str, ast.expr]
"""The values of names."""


class _Source(NamedTuple):
    """Source of a module.

    Args:
        tree: Its syntax tree.
        assigned: What it assigns to names.
        calls: The calls in it, by their positions.
    """

    tree: ast.Module
    assigned: Assigned
    calls: Mapping[Position, ast.Call]


def refuse_joined(conditions: Collection[str]) -> None:
    """Raise an error if the call of `Policy` that led here joins conditions by Python.

    Where the source is not known, as in an interactive session, nothing is found.

    Args:
        conditions: The arguments that are conditions.

    Raises:
        ConfigurationError: Python keeps one of some conditions, and drops the others.
    """
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__", "").split(".")[0] == _PACKAGE:
        frame = frame.f_back
    if frame is None:
        return
    filename, line = frame.f_code.co_filename, frame.f_lineno
    source = _read("".join(linecache.getlines(filename, frame.f_globals)))
    call = None if source is None else source.calls.get(_position_of(frame))
    if source is None or call is None:
        return
    assigned = _find_assigned(source, line)
    named = [keyword.value for keyword in call.keywords if keyword.arg in conditions]
    for given in (*call.args, *named):
        for node in _find_joined(given, assigned):
            raise ConfigurationError(
                f"Policy(…) at {filename}:{node.lineno}: Python keeps one of the conditions in "
                f"`{ast.unparse(node)}`, and drops the others. Join conditions by & and |, with "
                "each comparison in parentheses."
            )


@lru_cache(1)  # the policies of a module are made one after the other
def _read(text: str) -> _Source | None:
    tree = _parse(text)
    if tree is None:
        return None
    calls: dict[Position, ast.Call] = {
        (node.lineno, node.end_lineno, node.col_offset, node.end_col_offset): node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    }
    return _Source(tree, _assigned_in(tree), calls)


def _parse(text: str) -> ast.Module | None:
    """Parse a source; None if it is no source of Python, or has changed since it was imported."""
    for _ in range(2):
        try:
            return ast.parse(text)
        except SystemError:
            # Garbage was collected meanwhile, and what that logged was parsed, too, which Python
            # 3.11 does not expect (python/cpython#106905). There is no garbage now.
            continue
        except (SyntaxError, ValueError, RecursionError):
            break
    return None


def _position_of(frame: FrameType) -> Position:
    """Return the position of the call that a frame is in."""
    positions = frame.f_code.co_positions()
    return next(islice(positions, frame.f_lasti // 2, None), (None, None, None, None))


def _find_assigned(source: _Source, line: int) -> Assigned:
    """Return what is assigned to names in a module, and in the functions around a line."""
    found, function = {**source.assigned}, _function_at(source.tree, line)
    while function is not None:
        found |= _assigned_in(function)
        function = _function_at(function, line)
    return found


def _function_at(scope: ast.AST, line: int) -> ast.AST | None:
    inner = (node for node in _nodes_of(scope) if isinstance(node, _FUNCTIONS))
    return next((f for f in inner if f.lineno <= line <= (f.end_lineno or line)), None)


def _assigned_in(scope: ast.AST) -> dict[str, ast.expr]:
    """Return what a scope assigns to names; a function is a lambda with all that it returns."""
    found: dict[str, ast.expr] = {}
    for node in _nodes_of(scope):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                found[name] = value
            case ast.FunctionDef(name=name, args=args):
                own = _assigned_in(node)
                returns = [n.value for n in _nodes_of(node) if isinstance(n, ast.Return)]
                values = [own.get(getattr(v, "id", ""), v) for v in returns if v is not None]
                found[name] = ast.Lambda(args, ast.Tuple(values))
    return found


def _nodes_of(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield the statements of a scope, including those within others, but no scope's within it."""
    for node in ast.iter_child_nodes(scope):
        yield node
        if not isinstance(node, (*_FUNCTIONS, ast.ClassDef, ast.expr)):
            yield from _nodes_of(node)


def _find_joined(node: ast.expr, assigned: Assigned) -> Iterator[ast.expr]:
    """Yield the conditions within an expression that Python joins."""
    parts: Sequence[ast.expr]
    match node:
        case ast.BoolOp() | ast.Compare(ops=[_, _, *_]):
            yield node
            return
        case ast.Name(id=name) | ast.Call(func=ast.Name(id=name)) if name in assigned:
            value = assigned[name]
            assigned = {key: other for key, other in assigned.items() if key != name}
            if isinstance(node, ast.Call):
                parts = [value.body] if isinstance(value, ast.Lambda) else []
            else:
                parts = [value]
        case _:
            parts = _parts_of(node, assigned)
    for part in parts:
        yield from _find_joined(part, assigned)


def _parts_of(node: ast.expr, assigned: Assigned) -> Sequence[ast.expr]:
    """Return the conditions that an expression is made of."""
    match node:
        case ast.IfExp(body=body, orelse=orelse):
            return [body, orelse]
        case ast.BinOp(left=left, right=right):
            return [left, right]
        case ast.UnaryOp(operand=operand):
            return [operand]
        case ast.Tuple(elts=parts):
            return parts
        case ast.Call(func=ast.Name(id=name), args=given) if name in _TAKING_CONDITIONS:
            return given
        case ast.Call(func=ast.Attribute(value=value, attr=name), args=given):
            return [value, *_conditions_given(name, given, assigned)]
    return []


def _conditions_given(
    method: str, given: Sequence[ast.expr], assigned: Assigned
) -> Sequence[ast.expr]:
    """Return the conditions among the arguments of a method of a column or query."""
    if method == "in_":  # a query, or a list, which may well be one `or` another
        values = (assigned.get(getattr(part, "id", ""), part) for part in given)
        return [v for v in values if isinstance(v, ast.Call) and isinstance(v.func, ast.Attribute)]
    return given if method in _TAKING_CONDITIONS else ()
