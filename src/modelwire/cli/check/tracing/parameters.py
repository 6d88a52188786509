"""Known values of a function's parameters, by annotations and defaults."""

from __future__ import annotations

import ast
from typing import Annotated, Any

from fastapi.params import Depends

from ..source import Def
from ..values import UNKNOWN, Function, Instance, Known, Place, Value
from .trace import Trace, as_given, given_by


def bind_parameters(trace: Trace) -> None:
    """Bind the parameters of a function to their known values."""
    arguments = trace.function.node.args
    defaults = _defaults_of(trace.function.node)
    owner = trace.function.owner
    for number, arg in enumerate([*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]):
        if number == 0 and owner is not None and arg.arg in {"self", "cls"}:
            value: Value = Instance(owner) if arg.arg == "self" else Known(owner)
        else:
            value = _parameter(trace, arg, defaults.get(arg.arg))
        trace.facts.names[arg.arg] = value


def _defaults_of(node: Def) -> dict[str, ast.expr | None]:
    """Return the defaults of parameters, by name."""
    positional = [*node.args.posonlyargs, *node.args.args]
    defaults: dict[str, ast.expr | None] = {
        a.arg: d for a, d in zip(reversed(positional), reversed(node.args.defaults), strict=False)
    }
    keywords = [a.arg for a in node.args.kwonlyargs]
    return defaults | dict(zip(keywords, node.args.kw_defaults, strict=True))


def _parameter(trace: Trace, arg: ast.arg, default: ast.expr | None) -> Value:
    depends = None
    place = Place(trace.source, arg)
    annotation = annotation_of(trace, arg.annotation)
    if isinstance(default, ast.Call) and trace.is_object(default.func, Depends):
        given = [trace.value(a) for a in [*default.args, *(k.value for k in default.keywords)]]
        if given and isinstance(given[0], Function):
            value = as_given(given_by(trace.functions.facts(given[0])))
            return trace.functions.annotated(annotation, place) if value is UNKNOWN else value
        depends = Depends(given[0].object if given and isinstance(given[0], Known) else None)
    return trace.functions.annotated(annotation, place, depends)


def annotation_of(trace: Trace, node: ast.expr | None) -> Any:
    """Return the meaning of an annotation; None where it can't be told without running code."""
    match node:
        case ast.Constant(value=str() as text):
            try:
                return annotation_of(trace, ast.parse(text, mode="eval").body)
            except SyntaxError:
                return None
        case ast.BinOp(left=left, right=ast.Constant(value=None)):
            return annotation_of(trace, left)
        case ast.Subscript(value=value, slice=inner):
            return _subscript(trace, value, inner)
        case ast.Name() | ast.Attribute():
            found = trace.value(node)
            return found.object if isinstance(found, Known) else None
    return None


def _subscript(trace: Trace, node: ast.expr, inner: ast.expr) -> Any:
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    if name == "Annotated":
        return _annotated(trace, parts)
    if name == "Optional" or "enerator" in name or "terat" in name:
        return annotation_of(trace, parts[0])
    return None


def _annotated(trace: Trace, parts: list[ast.expr]) -> Any:
    cls = annotation_of(trace, parts[0])
    for part in parts[1:]:
        if isinstance(part, ast.Call) and trace.is_object(part.func, Depends):
            given = trace.value(part.args[0]) if part.args else UNKNOWN
            found = given.object if isinstance(given, Known) else None
            if isinstance(given, Function):
                found = getattr(trace.source.module, given.node.name, None)
            return Annotated[cls or object, Depends(found)]
    return cls
