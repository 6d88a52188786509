"""What a function does, found out from its text and from the objects that its names stand for."""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Annotated, Any, get_type_hints

from fastapi.params import Depends
from pydantic import BaseModel

from ...execute.database import Database
from .asking import MODELS, ask_result, ask_session, ask_statement, begin_statement
from .objects import (
    Index,
    column_of,
    keys_of,
    mapper_of,
    name_object,
    relations_of,
    session_class,
    session_maker,
    split_annotation,
    value_of_class,
)
from .source import Def, Source
from .text import find_checked, name_of, sets_of
from .values import (
    UNKNOWN,
    Bulk,
    Call,
    Event,
    Facts,
    Filter,
    Function,
    Instance,
    Key,
    Known,
    Method,
    Place,
    Result,
    Row,
    Rows,
    SessionOf,
    Statement,
    Unloaded,
    Value,
)

_ASIDE = (
    "gather",
    "create_task",
    "ensure_future",
    "wait_for",
    "StreamingResponse",
    "EventSourceResponse",
)
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


class Tracer:
    """Finds out what functions do, each once.

    Args:
        index: Where the functions are.
    """

    def __init__(self, index: Index) -> None:
        self.index = index
        self._facts: dict[tuple[ast.AST, type | None], Facts] = {}

    def facts(self, function: Function) -> Facts:
        """What a function does; of one that calls itself, what is known so far."""
        key = (function.node, function.owner)
        if key not in self._facts:
            self._facts[key] = Facts()
            _Trace(self, function, self._facts[key]).run()
        return self._facts[key]

    def given_by(self, depends: object) -> Value:
        """What a dependency gives."""
        call = getattr(depends, "dependency", None)
        if isinstance(call, type):
            return Instance(call)
        function = self.index.find(call)
        if function is None:
            return UNKNOWN
        facts = self.facts(function)
        given = facts.yields if facts.yields is not UNKNOWN else facts.returns
        return replace(given, made=False, begun=False) if isinstance(given, SessionOf) else given

    def attribute(self, cls: type, name: str) -> Value:
        """What an attribute of an instance is."""
        for base in cls.__mro__:
            found = vars(base).get(name)
            if isinstance(found, property) and found.fget is not None:
                function = self.index.find(found.fget, cls)
                return self.facts(function).returns if function else UNKNOWN
            if found is not None and (function := self.index.find(found, cls)):
                return function
            init = self.index.find(vars(base).get("__init__"), cls)
            if init and (given := self.facts(init).names.get(f"self.{name}")) not in {
                None,
                UNKNOWN,
            }:
                return given or UNKNOWN
        return self._declared(cls, name)

    def method(self, instance: object, name: str) -> Function | None:
        """The method of an object that is there since the import; None where it is not ours."""
        return self.index.find(getattr(type(instance), name, None), type(instance))

    def _declared(self, cls: type, name: str) -> Value:
        try:
            hints = get_type_hints(cls, include_extras=True)
        except Exception:  # whatever an annotation raises, it says nothing then
            hints = {}
        if name in hints and not hasattr(cls, name):
            return self.annotated(hints[name], Place(None, None))  # type: ignore[arg-type]
        return _known(getattr(cls, name, None))

    def annotated(self, annotation: Any, place: Place, default: object = None) -> Value:
        """What is known of a parameter by its annotation and its default."""
        cls, depends = split_annotation(annotation)
        depends = default if isinstance(default, Depends) else depends
        of_class = value_of_class(cls, place)
        if depends is None or (isinstance(of_class, Row) and depends.dependency is None):
            return of_class
        given = self.given_by(depends) if depends.dependency else UNKNOWN
        if isinstance(of_class, SessionOf) and isinstance(given, SessionOf):
            return given
        if isinstance(of_class, Row) or given is UNKNOWN:
            return of_class
        return given


@dataclass(slots=True)
class _Trace:
    tracer: Tracer
    function: Function
    facts: Facts
    caught: frozenset[type] = frozenset()
    loops: int = 0
    aside: int = 0
    yielded: bool = False
    group: ast.AST | None = None
    begun: tuple[ast.AST, ...] = ()

    @property
    def source(self) -> Source:
        return self.function.source

    def run(self) -> None:
        node = self.function.node
        self.facts.checked = frozenset(find_checked(node))
        outer = self.source.function_of(node)
        if isinstance(outer, Def):
            inherited = self.tracer.facts(Function(self.source, outer)).names
            self.facts.names.update(inherited)
        self._bind_parameters(node)
        for statement in node.body:
            self.visit(statement)

    def _bind_parameters(self, node: Def) -> None:
        arguments = node.args
        positional = [*arguments.posonlyargs, *arguments.args]
        defaults: dict[str, ast.expr | None] = {
            a.arg: d
            for a, d in zip(reversed(positional), reversed(arguments.defaults), strict=False)
        }
        defaults.update(
            zip([a.arg for a in arguments.kwonlyargs], arguments.kw_defaults, strict=True)
        )
        owner = self.function.owner
        for number, arg in enumerate([*positional, *arguments.kwonlyargs]):
            if number == 0 and owner is not None and arg.arg in {"self", "cls"}:
                value: Value = Instance(owner) if arg.arg == "self" else Known(owner)
            else:
                value = self._parameter(arg, defaults.get(arg.arg))
            self.facts.names[arg.arg] = value

    def _parameter(self, arg: ast.arg, default: ast.expr | None) -> Value:
        depends = None
        if isinstance(default, ast.Call) and self._is(default.func, Depends):
            given = [self.value(a) for a in [*default.args, *(k.value for k in default.keywords)]]
            depends = Depends(given[0].object if given and isinstance(given[0], Known) else None)
            if given and isinstance(given[0], Function):
                return self._given(given[0], arg)
        annotation = self.annotation(arg.annotation) if arg.annotation else None
        return self.tracer.annotated(annotation, Place(self.source, arg), depends)

    def _given(self, function: Function, arg: ast.arg) -> Value:
        facts = self.tracer.facts(function)
        given = facts.yields if facts.yields is not UNKNOWN else facts.returns
        if given is UNKNOWN:
            return self.tracer.annotated(self.annotation(arg.annotation), Place(self.source, arg))
        return replace(given, made=False, begun=False) if isinstance(given, SessionOf) else given

    def _is(self, node: ast.expr, what: object) -> bool:
        value = self.value(node)
        return isinstance(value, Known) and (
            value.object is what or getattr(value.object, "__name__", "") == what.__name__  # type: ignore[attr-defined]
        )

    def annotation(self, node: ast.expr | None) -> Any:
        """What an annotation stands for; None where that can't be told without running anything."""
        match node:
            case ast.Constant(value=str() as text):
                try:
                    return self.annotation(ast.parse(text, mode="eval").body)
                except SyntaxError:
                    return None
            case ast.BinOp(left=left, right=ast.Constant(value=None)):
                return self.annotation(left)
            case ast.Subscript(value=value, slice=inner):
                return self._subscript(value, inner)
            case ast.Name() | ast.Attribute():
                found = self.value(node)
                return found.object if isinstance(found, Known) else None
        return None

    def _subscript(self, node: ast.expr, inner: ast.expr) -> Any:
        name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
        parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        if name == "Annotated":
            return self._annotated(parts)
        if name == "Optional" or "enerator" in name or "terat" in name:
            return self.annotation(parts[0])
        return None

    def _annotated(self, parts: list[ast.expr]) -> Any:
        cls = self.annotation(parts[0])
        for part in parts[1:]:
            if isinstance(part, ast.Call) and self._is(part.func, Depends):
                given = self.value(part.args[0]) if part.args else UNKNOWN
                found = given.object if isinstance(given, Known) else None
                if isinstance(given, Function):
                    found = getattr(self.source.module, given.node.name, None)
                return Annotated[cls or object, Depends(found)]
        return cls

    # Statements, in their order.

    def visit(self, node: ast.stmt) -> None:  # noqa: C901, PLR0912 - a case for each kind
        """Note what a statement of Python does."""
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self.facts.names[node.name] = Function(self.source, node)
            case ast.ClassDef():
                pass
            case ast.Import() | ast.ImportFrom():
                self._import(node)
            case ast.Assign(targets=targets, value=value):
                self._assign(targets, value)
            case ast.AnnAssign(target=target, value=value) if value is not None:
                self.bind(target, self.value(value))
            case ast.AugAssign(target=target, value=value):
                self.value(value)
                self.bind(target, UNKNOWN)
            case ast.For() | ast.AsyncFor():
                self._loop(node.target, node.iter)
                with self._in_loop():
                    self._all(node.body)
                self._all(node.orelse)
            case ast.With() | ast.AsyncWith():
                self._with(node)
            case ast.Try() | ast.TryStar():
                self._try(node)
            case ast.Return(value=value):
                found = self.value(value) if value else Known(None)
                self._event("return", node, found, name=_name(value))
                self._return(found)
            case ast.Match(subject=subject, cases=cases):
                self.value(subject)
                for case in cases:
                    self._all(case.body)
            case _:
                self._others(node)

    def _assign(self, targets: list[ast.expr], value: ast.expr) -> None:
        for target in targets:
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                for part, given in zip(target.elts, value.elts, strict=False):
                    self.bind(part, self.value(given))
                return
        found = self.value(value)
        for target in targets:
            self.bind(target, found)

    def _all(self, nodes: list[ast.stmt]) -> None:
        for node in nodes:
            self.visit(node)

    def _others(self, node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.value(child)
            elif isinstance(child, ast.stmt):
                self.visit(child)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            if isinstance(node, ast.Import):
                name = alias.name if alias.asname else alias.name.partition(".")[0]
                found: Value = Unloaded(name)
                if name in sys.modules:
                    found = Known(sys.modules[name], name)
                self.facts.names[alias.asname or name] = found
                continue
            module = sys.modules.get(node.module or "") if not node.level else None
            found = Unloaded(f"{node.module}.{alias.name}")
            if module is not None and hasattr(module, alias.name):
                found = _known(getattr(module, alias.name))
            self.facts.names[alias.asname or alias.name] = found

    def _loop(self, target: ast.expr, over: ast.expr) -> None:
        self.bind(target, self._element(self.value(over)))

    def _element(self, value: Value) -> Value:
        if isinstance(value, Result):
            value = Rows(value.statement, value.statement.model)
        if isinstance(value, Statement) and value.is_query:
            value = Rows(value, value.model)
        if isinstance(value, Rows) and value.model is not None:
            return Row(
                value.model, value.statement.place, loads=value.statement.loads, in_loop=True
            )
        return UNKNOWN

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        before = self.begun
        for item in node.items:
            value = self.value(item.context_expr)
            if isinstance(value, SessionOf) and value.begun:
                self.begun = (*self.begun, item.context_expr)
            if item.optional_vars is not None:
                self.bind(item.optional_vars, value)
        self._all(node.body)
        if len(self.begun) > len(before):
            self._event("write", self.begun[-1], SessionOf(is_async=True), name="begin")
        self.begun = before

    def _try(self, node: ast.Try | ast.TryStar) -> None:
        outer = self.caught
        for handler in node.handlers:
            self.caught |= frozenset(self._caught_by(handler))
        self._all(node.body)
        self.caught = outer
        for handler in node.handlers:
            self._all(handler.body)
        self._all([*node.orelse, *node.finalbody])

    def _caught_by(self, handler: ast.ExceptHandler) -> Iterator[type]:
        if handler.type is None:
            yield BaseException
            return
        parts = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        for part in parts:
            value = self.value(part)
            if isinstance(value, Known) and isinstance(value.object, type):
                yield value.object

    @contextmanager
    def _in_loop(self) -> Iterator[None]:
        self.loops += 1
        yield
        self.loops -= 1

    def _event(self, kind: str, node: ast.AST, value: Value = UNKNOWN, name: str = "") -> None:
        event = Event(kind, node, value, name, self.caught, self.loops > 0)
        self.facts.events.append(event)

    def event(self, kind: str, node: ast.AST, value: Value = UNKNOWN, name: str = "") -> None:
        """Note what is done with a session; see `Event`."""
        self._event(kind, node, value, name)
        if kind == "write" and self.yielded:
            self._event("late", node, value, name)

    def _return(self, found: Value) -> None:
        known = self.facts.returns
        if found == Known(None):
            if isinstance(known, Row):
                self.facts.returns = replace(known, missing=True)
            elif known is UNKNOWN:
                self.facts.returns = found
            return
        if isinstance(found, Row):
            name = name_of(self.source, found)
            missing = found.missing and not (name and name in self.facts.checked)
            found = replace(found, missing=missing or known == Known(None))
        if known in (UNKNOWN, Known(None)) or isinstance(found, Row | Rows):
            self.facts.returns = found

    def bind(self, target: ast.expr, value: Value) -> None:
        """Note what a name stands for from here on."""
        match target:
            case ast.Name(id=name):
                self.facts.names[name] = value
            case ast.Attribute(value=of, attr=attr):
                owner = self.value(of)
                if isinstance(owner, Row):
                    self._event("change", target, owner, name=attr)
                if isinstance(of, ast.Name) and of.id == "self":
                    self.facts.names[f"self.{attr}"] = value
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                for element in elements:
                    self.bind(element, UNKNOWN)
            case ast.Starred(value=inner):
                self.bind(inner, UNKNOWN)
            case ast.Subscript():
                self._others(target)

    # Expressions.

    def value(self, node: ast.expr | None) -> Value:  # noqa: C901, PLR0911, PLR0912 - as there
        """What is known of the value of an expression."""
        match node:
            case None | ast.Lambda():
                return UNKNOWN
            case ast.Constant(value=value):
                return Known(None) if value is None else UNKNOWN
            case ast.Name(id=name):
                return self._name(name)
            case ast.Attribute():
                return self._attribute(node)
            case ast.Call():
                return self._call(node)
            case (
                ast.Await(value=inner) | ast.Starred(value=inner) | ast.FormattedValue(value=inner)
            ):
                return self.value(inner)
            case ast.NamedExpr(target=target, value=inner):
                found = self.value(inner)
                self.bind(target, found)
                return found
            case ast.IfExp(test=test, body=body, orelse=orelse):
                self.value(test)
                return self._first([self.value(body), self.value(orelse)])
            case ast.Yield(value=inner):
                found = self.value(inner)
                self.facts.yields = found
                self.yielded = True
                self._event("yield", node, found)
                for block in self.begun:
                    self._event("late", block, found)
                return UNKNOWN
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                return self._comprehension(node)
            case ast.Dict(values=values):
                return self._first([self.value(v) for v in values])
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
                return self._first([self.value(p) for p in parts])
            case ast.BoolOp(values=parts):
                return self._first([self.value(p) for p in parts])
            case ast.Compare():
                return self._compare(node)
        self._others(node)
        return UNKNOWN

    @staticmethod
    def _first(values: list[Value]) -> Value:
        rows = [v.row if isinstance(v, Key) else v for v in values]
        return next((v for kind in (Rows, Row) for v in rows if isinstance(v, kind)), UNKNOWN)

    def _name(self, name: str) -> Value:
        if name in self.facts.names:
            return self.facts.names[name]
        missing = object()
        found = getattr(self.source.module, name, missing)
        if found is missing:
            found = getattr(builtins, name, missing)
        return UNKNOWN if found is missing else self._object(found)

    def _object(self, found: object) -> Value:
        own = (
            self.tracer.index.find(found)
            if callable(found) and not isinstance(found, type)
            else None
        )
        return own or _known(found, name_object(found))

    def _attribute(self, node: ast.Attribute) -> Value:
        of, name = self.value(node.value), node.attr
        match of:
            case Known(object=found) if (
                isinstance(found, type) or hasattr(found, "__path__") or name_object(found)
            ):
                return self._attribute_of(found, name)
            case Known(object=found) if isinstance(found, Database) or session_maker(found):
                return Known(getattr(found, name, None))
            case Known(object=found) if method := self.tracer.method(found, name):
                return method
            case Unloaded(name=module):
                return Unloaded(f"{module}.{name}")
            case Instance(cls=cls):
                if isinstance(node.value, ast.Name) and node.value.id == "self":
                    own = self.facts.names.get(f"self.{name}")
                    if own is not None:
                        return own
                found_value = self.tracer.attribute(cls, name)
                return found_value if found_value is not UNKNOWN else Method(of, name)
            case Row():
                return self._read(node, of)
        return Method(of, name)

    def _attribute_of(self, found: object, name: str) -> Value:
        try:
            value = getattr(found, name)
        except Exception:  # whatever it raises, it is not known then
            return UNKNOWN
        if isinstance(found, type) and mapper_of(found) is None:
            own = self.tracer.index.find(value, found)
            if own is not None:
                return own
        module = name_object(found) if not isinstance(found, type) else ""
        own = (
            self.tracer.index.find(value)
            if callable(value) and not isinstance(value, type)
            else None
        )
        return own or _known(value, f"{module}.{name}" if module else name_object(value))

    def _read(self, node: ast.Attribute, row: Row) -> Value:
        name = node.attr
        in_loop = self.loops > 0 and row.in_loop
        self.facts.events.append(Event("read", node, row, name, self.caught, in_loop))
        relation = relations_of(row.model).get(name)
        if relation is None:
            return Key(row) if name in keys_of(row.model) else Method(row, name)
        target = relation.mapper.class_
        inner = frozenset(p.partition(".")[2] for p in row.loads if p.startswith(f"{name}."))
        if relation.uselist:
            statement = Statement(row.place, target, reads_rows=True, loads=inner, bounded=True)
            return Rows(statement, target)
        return Row(target, row.place, loads=inner)

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
    ) -> Value:
        over: Value = UNKNOWN
        with self._in_loop():
            for generator in node.generators:
                found = self.value(generator.iter)
                over = over if isinstance(over, Rows) else found
                self.bind(generator.target, self._element(found))
                for test in generator.ifs:
                    self.value(test)
            parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
            made = [self.value(part) for part in parts][-1]
        if isinstance(over, Result):
            over = Rows(over.statement, over.statement.model)
        if isinstance(over, Rows):
            return over if isinstance(made, Row) else Rows(over.statement, None)
        return UNKNOWN

    def _compare(self, node: ast.Compare) -> Value:
        sides = [self.value(side) for side in (node.left, node.comparators[0])]
        if len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq):
            self.compare(node, sides, [node.left, node.comparators[0]])
        return UNKNOWN

    def compare(self, node: ast.AST, sides: list[Value], exprs: list[ast.expr]) -> None:
        """Note a condition that compares a column with a value."""
        columns = [column_of(side) for side in sides]
        known = [c for c in columns if c is not None]
        if self.group is None or len(known) != 1:
            return
        other = exprs[1 - columns.index(known[0])] if len(exprs) == 2 else None
        constant = isinstance(other, ast.Constant) or (
            other is not None and isinstance(self.value(other), Known) and other is not None
        )
        self.facts.filters.append(Filter(node, known[0], self.group, constant))

    def filter_by(self, node: ast.Call, model: type) -> None:
        """Note the conditions that the names of arguments are."""
        for keyword in node.keywords:
            column = column_of(Known(getattr(model, keyword.arg or "", None)))
            if column is not None:
                constant = isinstance(keyword.value, ast.Constant)
                self.facts.filters.append(Filter(node, column, node, constant))

    # Calls.

    def _call(self, node: ast.Call) -> Value:
        called = self.value(node.func)
        name = _name_called(called)
        short = name.rpartition(".")[2] or _last(node.func)
        is_condition = short in {"where", "filter", "filter_by", "Policy"}
        outer_group, self.group = self.group, node if is_condition else self.group
        self.aside += short in _ASIDE
        arguments: dict[int | str, Value] = {n: self.value(a) for n, a in enumerate(node.args)}
        arguments |= {k.arg or "**": self.value(k.value) for k in node.keywords}
        self.aside -= short in _ASIDE
        self.group = outer_group
        callee = called if isinstance(called, Function) else None
        of = called.of if isinstance(called, Method) else UNKNOWN
        self.facts.calls.append(
            Call(node, callee, name, of, arguments, self.caught, self.aside > 0)
        )
        return self._called(node, called, short, arguments)

    def _called(  # noqa: C901, PLR0911 - as there
        self, node: ast.Call, called: Value, short: str, arguments: dict[int | str, Value]
    ) -> Value:
        match called:
            case Function():
                facts = self.tracer.facts(called)
                given = facts.yields if facts.yields is not UNKNOWN else facts.returns
                if isinstance(given, SessionOf):
                    self._event("made", node, given)
                if isinstance(given, Row) and not given.fresh:
                    return replace(given, place=Place(self.source, node))
                return given
            case Method(of=SessionOf() as session, name=name):
                return ask_session(self, node, session, name, arguments)
            case Method(of=Statement() as statement, name=name):
                return ask_statement(self, node, statement, name)
            case Method(of=Result() as result, name=name):
                return ask_result(self, node, result, name)
            case Method(of=Row() as row, name=name):
                if name in {"sqlmodel_update", "update_from"}:
                    self._event("change", node, row, name="*")
                return Known(row.model, "body") if name == "model_dump" else UNKNOWN
            case Method(of=Instance(cls=cls), name="model_dump" | "dict"):
                return Known(cls, "body")
            case Method(of=Bulk() as bulk):
                return bulk
            case Method(name="in_", of=of):
                self.compare(node, [of], [node.func])
                return UNKNOWN
            case Known(object=found):
                return self._known_called(node, found, short, arguments)
        return self._first(list(arguments.values())) if short in _SAME else UNKNOWN

    def _known_called(
        self, node: ast.Call, found: Any, short: str, arguments: dict[int | str, Value]
    ) -> Value:
        made = self._made_session(node, found)
        if made is not None:
            self._event("made", node, made)
            return made
        place = Place(self.source, node)
        begun = begin_statement(self, node, found, place, arguments)
        if begun is not None:
            return begun
        if short in {"col", "desc"}:
            return arguments.get(0, UNKNOWN)
        if short == "setattr" and isinstance(row := arguments.get(0), Row):
            self._event("change", node, row, name="*")
        owner = getattr(found, "__self__", None)
        if short in MODELS and isinstance(owner, type):
            found = owner
        if isinstance(found, type):
            return self._instance(node, found, place, arguments)
        values = [
            Rows(v.statement, v.statement.model) if isinstance(v, Result) else v
            for v in arguments.values()
        ]
        return self._first(values) if short in _SAME else UNKNOWN

    def _instance(
        self, node: ast.Call, cls: type, place: Place, arguments: dict[int | str, Value]
    ) -> Value:
        if cls in (list, tuple, set):
            first = arguments.get(0, UNKNOWN)
            return (
                Rows(first.statement, first.statement.model) if isinstance(first, Result) else first
            )
        if mapper_of(cls) is not None:
            return Row(cls, place, fresh=True, sets=sets_of(node, arguments))
        if issubclass(cls, BaseModel):
            shown = self._first(
                [
                    v
                    for k, v in arguments.items()
                    if not isinstance(v, Key) or k in keys_of(v.row.model)
                ]
            )
            return shown if shown is not UNKNOWN else Instance(cls)
        return Instance(cls)

    def _made_session(self, node: ast.Call, found: Any) -> SessionOf | None:
        expires: bool | None = True
        for keyword in node.keywords:
            if keyword.arg == "expire_on_commit":
                expires = getattr(keyword.value, "value", None)
        if (session := session_class(found)) is not None:
            return replace(session, made=True, expires=expires)
        if (session := session_maker(found)) is not None:
            return session
        owner = getattr(found, "__self__", None)
        if isinstance(owner, Database) and found.__name__ == "session":
            return SessionOf(is_async=True, expires=False, made=True)
        if (session := session_maker(owner)) is not None and found.__name__ == "begin":
            return replace(session, begun=True)
        return None


def _known(found: object, name: str = "") -> Value:
    return UNKNOWN if found is None else Known(found, name or name_object(found))


def _name(node: ast.expr | None) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else _name(node)


def _name_called(called: Value) -> str:
    match called:
        case Known(name=name) | Unloaded(name=name):
            return name
        case Method(of=Instance(cls=cls), name=name):
            return f"{name_object(cls)}.{name}"
    return ""
