"""Known values of expressions."""

from __future__ import annotations

import ast
from functools import singledispatch

from ..values import UNKNOWN, Known, Row, Rows, Statement, Value, as_rows, first_shown
from .attributes import read_attribute
from .calls import call
from .conditions import note_comparison
from .trace import Trace


@singledispatch
def evaluate(node: ast.expr | None, trace: Trace) -> Value:
    """Return the known value of an expression; unknown for one without a rule."""
    if node is not None:
        trace.visit_parts(node)
    return UNKNOWN


@evaluate.register
def _(_node: ast.Lambda, _trace: Trace) -> Value:
    return UNKNOWN


@evaluate.register
def _(node: ast.Constant, _trace: Trace) -> Value:
    return Known(None) if node.value is None else UNKNOWN


@evaluate.register
def _(node: ast.Name, trace: Trace) -> Value:
    return trace.named(node.id)


@evaluate.register
def _(node: ast.Attribute, trace: Trace) -> Value:
    return read_attribute(trace, node)


@evaluate.register
def _(node: ast.Call, trace: Trace) -> Value:
    return call(trace, node)


@evaluate.register
def _(node: ast.Await | ast.Starred | ast.FormattedValue, trace: Trace) -> Value:
    return trace.value(node.value)


@evaluate.register
def _(node: ast.NamedExpr, trace: Trace) -> Value:
    found = trace.value(node.value)
    trace.bind(node.target, found)
    return found


@evaluate.register
def _(node: ast.IfExp, trace: Trace) -> Value:
    trace.value(node.test)
    return first_shown([trace.value(node.body), trace.value(node.orelse)])


@evaluate.register
def _(node: ast.Yield, trace: Trace) -> Value:
    trace.note_yield(node, trace.value(node.value))
    return UNKNOWN


@evaluate.register
def _(node: ast.Dict | ast.BoolOp, trace: Trace) -> Value:
    return first_shown([trace.value(v) for v in node.values])


@evaluate.register
def _(node: ast.List | ast.Tuple | ast.Set, trace: Trace) -> Value:
    return first_shown([trace.value(p) for p in node.elts])


@evaluate.register
def _(node: ast.Compare, trace: Trace) -> Value:
    exprs = [node.left, node.comparators[0]]
    sides = [trace.value(side) for side in exprs]
    if len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq):
        note_comparison(trace, node, sides, exprs)
    return UNKNOWN


@evaluate.register
def _(node: ast.ListComp | ast.SetComp | ast.GeneratorExp, trace: Trace) -> Value:
    return _comprehension(trace, node.generators, [node.elt])


@evaluate.register
def _(node: ast.DictComp, trace: Trace) -> Value:
    return _comprehension(trace, node.generators, [node.key, node.value])


def _comprehension(
    trace: Trace, generators: list[ast.comprehension], parts: list[ast.expr]
) -> Value:
    over: Value = UNKNOWN
    with trace.in_loop():
        for generator in generators:
            found = trace.value(generator.iter)
            over = over if isinstance(over, Rows) else found
            trace.bind(generator.target, element_of(found))
            for test in generator.ifs:
                trace.value(test)
        made = [trace.value(part) for part in parts][-1]
    over = as_rows(over)
    if isinstance(over, Rows):
        return over if isinstance(made, Row) else Rows(over.statement, None)
    return UNKNOWN


def element_of(value: Value) -> Value:
    """Return the known value of a value's elements."""
    rows = as_rows(value)
    if isinstance(rows, Statement) and rows.is_query:
        rows = Rows(rows, rows.model)
    if not isinstance(rows, Rows) or rows.model is None:
        return UNKNOWN
    of = rows.statement
    return Row(rows.model, of.place, loads=of.loads, in_loop=True)
