"""Conditions that compare columns with values."""

from __future__ import annotations

import ast

from ..objects import column_of
from ..values import Filter, Known, Value
from .trace import Trace


def note_comparison(trace: Trace, node: ast.AST, sides: list[Value], exprs: list[ast.expr]) -> None:
    """Note a condition that compares a column with a value.

    Args:
        trace: The trace of the function that it is in.
        node: The condition.
        sides: The compared values; for `in`, the value that is looked for.
        exprs: Their expressions.
    """
    columns = [column_of(side) for side in sides]
    known = [c for c in columns if c is not None]
    if trace.group is None or len(known) != 1:
        return
    other = exprs[1 - columns.index(known[0])] if len(exprs) == 2 else None
    constant = other is not None and (
        isinstance(other, ast.Constant) or isinstance(trace.value(other), Known)
    )
    trace.facts.filters.append(Filter(node, known[0], trace.group, constant))


def note_filter_by(trace: Trace, node: ast.Call, model: type) -> None:
    """Note the conditions of `filter_by`, which are named arguments."""
    for keyword in node.keywords:
        column = column_of(Known(getattr(model, keyword.arg or "", None)))
        if column is not None:
            constant = isinstance(keyword.value, ast.Constant)
            trace.facts.filters.append(Filter(node, column, node, constant))
