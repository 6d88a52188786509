"""Results of calls: of functions of the application, of SQLAlchemy and of Python."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any

from ..objects import name_object
from ..values import (
    UNKNOWN,
    Bulk,
    Call,
    Function,
    Instance,
    Known,
    Method,
    Place,
    Result,
    Row,
    SessionOf,
    Statement,
    Unloaded,
    Value,
    as_rows,
    first_shown,
)
from .conditions import note_comparison
from .created import made_instance, made_session
from .queries import MODELS, Arguments, ask_result, ask_session, ask_statement, begin_statement
from .text import last_name
from .trace import Trace, given_by

_ASIDE = (
    "gather",
    "create_task",
    "ensure_future",
    "wait_for",
    "StreamingResponse",
    "EventSourceResponse",
)
"""Functions that run their arguments concurrently with the caller."""

_SAME = (
    "list",
    "sorted",
    "tuple",
    "set",
    "reversed",
    "iter",
    "enumerate",
    "jsonable_encoder",
    "cast",
)
"""Functions that return their arguments."""

_CONDITIONS = frozenset({"where", "filter", "filter_by", "Policy"})


def call(trace: Trace, node: ast.Call) -> Value:
    """Note a call with its arguments, and return its result."""
    called = trace.value(node.func)
    name = _name_called(called)
    short = name.rpartition(".")[2] or last_name(node.func)
    arguments = _evaluate_arguments(trace, node, short)
    callee = called if isinstance(called, Function) else None
    of = called.of if isinstance(called, Method) else UNKNOWN
    trace.facts.calls.append(Call(node, callee, name, of, arguments, trace.caught, trace.aside > 0))
    match called:
        case Function():
            return _call_function(trace, node, called)
        case Method():
            return _call_method(trace, node, called, arguments)
        case Known(object=found):
            return _call_known(trace, node, found, short, arguments)
    return _same_as(short, arguments)


def _name_called(called: Value) -> str:
    match called:
        case Known(name=name) | Unloaded(name=name):
            return name
        case Method(of=Instance(cls=cls), name=name):
            return f"{name_object(cls)}.{name}"
    return ""


def _evaluate_arguments(trace: Trace, node: ast.Call, short: str) -> dict[int | str, Value]:
    outer_group, trace.group = trace.group, node if short in _CONDITIONS else trace.group
    trace.aside += short in _ASIDE
    arguments: dict[int | str, Value] = {n: trace.value(a) for n, a in enumerate(node.args)}
    arguments |= {k.arg or "**": trace.value(k.value) for k in node.keywords}
    trace.aside -= short in _ASIDE
    trace.group = outer_group
    return arguments


def _call_function(trace: Trace, node: ast.Call, called: Function) -> Value:
    given = given_by(trace.functions.facts(called))
    if isinstance(given, SessionOf):
        trace.note("made", node, given)
    if isinstance(given, Row) and not given.fresh:
        return replace(given, place=Place(trace.source, node))
    return given


def _call_method(trace: Trace, node: ast.Call, called: Method, arguments: Arguments) -> Value:
    name = called.name
    match called.of:
        case SessionOf() as session:
            return ask_session(trace, node, session, name, arguments)
        case Statement() as statement:
            return ask_statement(trace, node, statement, name)
        case Result() as result:
            return ask_result(trace, node, result, name)
        case Row() as row:
            return _call_method_of_row(trace, node, row, name)
        case Instance(cls=cls) if name in {"model_dump", "dict"}:
            return Known(cls, "body")
        case Bulk() as bulk:
            return bulk
        case of if name == "in_":
            note_comparison(trace, node, [of], [node.func])
    return _same_as(name, arguments)


def _call_method_of_row(trace: Trace, node: ast.Call, row: Row, name: str) -> Value:
    if name in {"sqlmodel_update", "update_from"}:
        trace.note("change", node, row, name="*")
    return Known(row.model, "body") if name == "model_dump" else UNKNOWN


def _call_known(
    trace: Trace, node: ast.Call, found: Any, short: str, arguments: Arguments
) -> Value:
    """Return the result of a class or function of the import that is none of the application's."""
    made = made_session(node, found)
    if made is not None:
        trace.note("made", node, made)
        return made
    place = Place(trace.source, node)
    begun = begin_statement(trace, node, found, place, arguments)
    if begun is not None:
        return begun
    if short in {"col", "desc"}:
        return arguments.get(0, UNKNOWN)
    if short == "setattr" and isinstance(row := arguments.get(0), Row):
        trace.note("change", node, row, name="*")
    owner = getattr(found, "__self__", None)
    cls = owner if short in MODELS and isinstance(owner, type) else found
    if isinstance(cls, type):
        return made_instance(node, cls, place, arguments)
    return _same_as(short, {k: as_rows(v) for k, v in arguments.items()})


def _same_as(short: str, arguments: Arguments) -> Value:
    """Return the result of a function that only passes its arguments on."""
    return first_shown(arguments.values()) if short in _SAME else UNKNOWN
