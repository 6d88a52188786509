"""Effects of Python's statements."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import singledispatch

from ..objects import known_as
from ..values import UNKNOWN, Function, Known, SessionOf, Unloaded, Value
from .expressions import element_of
from .text import bare_name
from .trace import Trace


@singledispatch
def visit(node: ast.stmt, trace: Trace) -> None:
    """Trace a statement; one without a rule does what its parts do."""
    trace.visit_parts(node)


@visit.register
def _(node: ast.FunctionDef | ast.AsyncFunctionDef, trace: Trace) -> None:
    trace.facts.names[node.name] = Function(trace.source, node)


@visit.register
def _(_node: ast.ClassDef, _trace: Trace) -> None:
    """Skip a class that each call defines anew."""


@visit.register
def _(node: ast.Import, trace: Trace) -> None:
    for alias in node.names:
        name = alias.name if alias.asname else alias.name.partition(".")[0]
        module = sys.modules.get(name)
        found = Unloaded(name) if module is None else Known(module, name)
        trace.facts.names[alias.asname or name] = found


@visit.register
def _(node: ast.ImportFrom, trace: Trace) -> None:
    module = sys.modules.get(node.module or "") if not node.level else None
    for alias in node.names:
        found: Value = Unloaded(f"{node.module}.{alias.name}")
        if module is not None and hasattr(module, alias.name):
            found = known_as(getattr(module, alias.name))
        trace.facts.names[alias.asname or alias.name] = found


@visit.register
def _(node: ast.Assign, trace: Trace) -> None:
    for target in node.targets:
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            for part, given in zip(target.elts, node.value.elts, strict=False):
                trace.bind(part, trace.value(given))
            return
    found = trace.value(node.value)
    for target in node.targets:
        trace.bind(target, found)


@visit.register
def _(node: ast.AnnAssign, trace: Trace) -> None:
    if node.value is None:
        trace.visit_parts(node)
    else:
        trace.bind(node.target, trace.value(node.value))


@visit.register
def _(node: ast.AugAssign, trace: Trace) -> None:
    trace.value(node.value)
    trace.bind(node.target, UNKNOWN)


@visit.register
def _(node: ast.For | ast.AsyncFor, trace: Trace) -> None:
    trace.bind(node.target, element_of(trace.value(node.iter)))
    with trace.in_loop():
        trace.visit_all(node.body)
    trace.visit_all(node.orelse)


@visit.register
def _(node: ast.With | ast.AsyncWith, trace: Trace) -> None:
    before = trace.begun
    for item in node.items:
        value = trace.value(item.context_expr)
        if isinstance(value, SessionOf) and value.begun:
            trace.begun = (*trace.begun, item.context_expr)
        if item.optional_vars is not None:
            trace.bind(item.optional_vars, value)
    trace.visit_all(node.body)
    if len(trace.begun) > len(before):
        trace.note("write", trace.begun[-1], SessionOf(is_async=True), name="begin")
    trace.begun = before


@visit.register
def _(node: ast.Try | ast.TryStar, trace: Trace) -> None:
    outer = trace.caught
    for handler in node.handlers:
        trace.caught |= frozenset(_caught_by(trace, handler))
    trace.visit_all(node.body)
    trace.caught = outer
    for handler in node.handlers:
        trace.visit_all(handler.body)
    trace.visit_all([*node.orelse, *node.finalbody])


def _caught_by(trace: Trace, handler: ast.ExceptHandler) -> Iterator[type]:
    if handler.type is None:
        yield BaseException
        return
    parts = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    for part in parts:
        value = trace.value(part)
        if isinstance(value, Known) and isinstance(value.object, type):
            yield value.object


@visit.register
def _(node: ast.Return, trace: Trace) -> None:
    found = trace.value(node.value) if node.value else Known(None)
    trace.note("return", node, found, name=bare_name(node.value))
    trace.note_return(found)


@visit.register
def _(node: ast.Match, trace: Trace) -> None:
    trace.value(node.subject)
    for case in node.cases:
        trace.visit_all(case.body)
