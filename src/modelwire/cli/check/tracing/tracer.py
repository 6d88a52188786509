"""Facts on the functions and classes of an application, each found once."""

from __future__ import annotations

import ast
from typing import Any, get_type_hints

from fastapi.params import Depends

from ..objects import Index, known_as, split_annotation, value_of_class
from ..source import Def
from ..values import UNKNOWN, Facts, Function, Instance, Place, Row, SessionOf, Value
from .expressions import evaluate
from .parameters import bind_parameters
from .statements import visit
from .text import find_checked
from .trace import Trace, as_given, given_by


class Tracer:
    """Finder of the facts on functions, each once.

    Args:
        index: The index of functions.
    """

    def __init__(self, index: Index) -> None:
        self.index = index
        self._facts: dict[tuple[ast.AST, type | None], Facts] = {}

    def facts(self, function: Function) -> Facts:
        """Return the facts on a function; for a recursive one, those known so far."""
        key = (function.node, function.owner)
        if key not in self._facts:
            self._facts[key] = Facts()
            _FunctionTrace(self, function, self._facts[key]).run()
        return self._facts[key]

    def attribute(self, cls: type, name: str) -> Value:
        """Return the value of an attribute of an instance."""
        for base in cls.__mro__:
            found = vars(base).get(name)
            if isinstance(found, property) and found.fget is not None:
                function = self.index.find(found.fget, cls)
                return self.facts(function).returns if function else UNKNOWN
            if found is not None and (function := self.index.find(found, cls)):
                return function
            given = self._set_by(base, cls, name)
            if given is not UNKNOWN:
                return given
        return self._declared(cls, name)

    def _set_by(self, base: type, cls: type, name: str) -> Value:
        """Return the value to which the `__init__` of a base class has set an attribute."""
        init = self.index.find(vars(base).get("__init__"), cls)
        return self.facts(init).names.get(f"self.{name}", UNKNOWN) if init else UNKNOWN

    def _declared(self, cls: type, name: str) -> Value:
        try:
            hints = get_type_hints(cls, include_extras=True)
        except Exception:  # whatever an annotation raises, the value is unknown
            hints = {}
        if name in hints and not hasattr(cls, name):
            return self.annotated(hints[name], Place(None, None))  # type: ignore[arg-type]
        return known_as(getattr(cls, name, None))

    def method(self, instance: object, name: str) -> Function | None:
        """Return the method of an object of the import; None where it is not the application's."""
        return self.index.find(getattr(type(instance), name, None), type(instance))

    def annotated(self, annotation: Any, place: Place, default: object = None) -> Value:
        """Return the known value of a parameter, by its annotation and default."""
        cls, depends = split_annotation(annotation)
        depends = default if isinstance(default, Depends) else depends
        of_class = value_of_class(cls, place)
        if depends is None or (isinstance(of_class, Row) and depends.dependency is None):
            return of_class
        given = self._given_by(depends.dependency) if depends.dependency else UNKNOWN
        if isinstance(of_class, SessionOf) and isinstance(given, SessionOf):
            return given
        if isinstance(of_class, Row) or given is UNKNOWN:
            return of_class
        return given

    def _given_by(self, dependency: object) -> Value:
        if isinstance(dependency, type):
            return Instance(dependency)
        function = self.index.find(dependency)
        return UNKNOWN if function is None else as_given(given_by(self.facts(function)))


class _FunctionTrace(Trace):
    """Trace of one function, from its parameters to its last statement."""

    __slots__ = ()

    def run(self) -> None:
        node = self.function.node
        self.facts.checked = frozenset(find_checked(node))
        outer = self.source.function_of(node)
        if isinstance(outer, Def):
            self.facts.names.update(self.functions.facts(Function(self.source, outer)).names)
        bind_parameters(self)
        self.visit_all(node.body)

    def visit(self, node: ast.stmt) -> None:
        visit(node, self)

    def value(self, node: ast.expr | None) -> Value:
        return evaluate(node, self)
