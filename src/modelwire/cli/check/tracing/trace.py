"""State of the trace of a function while its text is walked through."""

from __future__ import annotations

import ast
import builtins
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ..objects import Index, known_as, name_object
from ..source import Source
from ..values import UNKNOWN, Event, Facts, Function, Known, Place, Row, Rows, SessionOf, Value
from .text import name_of


class Functions(Protocol):
    """Facts on all functions and classes of the application."""

    index: Index

    def facts(self, function: Function) -> Facts:
        """Return the facts on a function."""

    def attribute(self, cls: type, name: str) -> Value:
        """Return the value of an attribute of an instance."""

    def method(self, instance: object, name: str) -> Function | None:
        """Return the method of an object of the import; None where it is not the application's."""

    def annotated(self, annotation: Any, place: Place, default: object = None) -> Value:
        """Return the known value of a parameter, by its annotation and default."""


@dataclass(slots=True)
class Trace(ABC):
    """Trace of a function, with its position in the text.

    Args:
        functions: The facts on all functions.
        function: The function.
        facts: The facts found so far.
        caught: The exceptions that are caught here.
        loops: The number of loops around this place.
        aside: The number of calls around it that run their arguments beside the function.
        yielded: Whether the function has yielded.
        group: The call whose arguments are conditions, if this is one of them.
        begun: The blocks around it that commit when they are left.
    """

    functions: Functions
    function: Function
    facts: Facts
    caught: frozenset[type] = frozenset()
    loops: int = 0
    aside: int = 0
    yielded: bool = False
    group: ast.AST | None = None
    begun: tuple[ast.AST, ...] = ()

    @abstractmethod
    def visit(self, node: ast.stmt) -> None:
        """Trace a statement of Python."""

    @abstractmethod
    def value(self, node: ast.expr | None) -> Value:
        """Return the known value of an expression."""

    @property
    def source(self) -> Source:
        """File that contains the function."""
        return self.function.source

    def visit_all(self, nodes: list[ast.stmt]) -> None:
        """Trace some statements, one after another."""
        for node in nodes:
            self.visit(node)

    def visit_parts(self, node: ast.AST) -> None:
        """Trace the parts of a node, whatever they are."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.value(child)
            elif isinstance(child, ast.stmt):
                self.visit(child)

    @contextmanager
    def in_loop(self) -> Iterator[None]:
        """Mark what follows as done for each of many."""
        self.loops += 1
        yield
        self.loops -= 1

    def note(self, kind: str, node: ast.AST, value: Value = UNKNOWN, name: str = "") -> None:
        """Note an `Event`."""
        event = Event(kind, node, value, name, self.caught, self.loops > 0)
        self.facts.events.append(event)

    def note_read(self, node: ast.AST, row: Row, name: str) -> None:
        """Note that an attribute of a row is read; for each of many, where the row is one."""
        in_loop = self.loops > 0 and row.in_loop
        self.facts.events.append(Event("read", node, row, name, self.caught, in_loop))

    def note_use(self, kind: str, node: ast.AST, value: Value = UNKNOWN, name: str = "") -> None:
        """Note an operation on a session; a write after a `yield` comes late."""
        self.note(kind, node, value, name)
        if kind == "write" and self.yielded:
            self.note("late", node, value, name)

    def note_return(self, found: Value) -> None:
        """Note a value that the function returns here, beside those it returns elsewhere."""
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

    def note_yield(self, node: ast.AST, found: Value) -> None:
        """Note a value that the function yields here; the blocks around it commit after that."""
        self.facts.yields = found
        self.yielded = True
        self.note("yield", node, found)
        for block in self.begun:
            self.note("late", block, found)

    def bind(self, target: ast.expr, value: Value) -> None:
        """Bind a name to a value from here on."""
        match target:
            case ast.Name(id=name):
                self.facts.names[name] = value
            case ast.Attribute(value=of, attr=attr):
                owner = self.value(of)
                if isinstance(owner, Row):
                    self.note("change", target, owner, name=attr)
                if is_self(of):
                    self.facts.names[f"self.{attr}"] = value
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                for element in elements:
                    self.bind(element, UNKNOWN)
            case ast.Starred(value=inner):
                self.bind(inner, UNKNOWN)
            case ast.Subscript():
                self.visit_parts(target)

    def named(self, name: str) -> Value:
        """Return the value of a name here."""
        if name in self.facts.names:
            return self.facts.names[name]
        missing = object()
        found = getattr(self.source.module, name, missing)
        if found is missing:
            found = getattr(builtins, name, missing)
        return UNKNOWN if found is missing else self.known(found, name_object(found))

    def known(self, found: object, name: str) -> Value:
        """Return an object of the import: a function of the application, or `Known` by a name."""
        is_function = callable(found) and not isinstance(found, type)
        own = self.functions.index.find(found) if is_function else None
        return own or known_as(found, name)

    def is_object(self, node: ast.expr, what: type | Any) -> bool:
        """Whether an expression stands for an object, or for one of its name."""
        value = self.value(node)
        return isinstance(value, Known) and (
            value.object is what or getattr(value.object, "__name__", "") == what.__name__
        )


def given_by(facts: Facts) -> Value:
    """Return the result of a function's call: its yielded value, where it is a generator."""
    return facts.yields if facts.yields is not UNKNOWN else facts.returns


def as_given(value: Value) -> Value:
    """Return a value as another function receives it: a session is not created by the receiver."""
    return replace(value, made=False, begun=False) if isinstance(value, SessionOf) else value


def is_self(node: ast.expr) -> bool:
    """Whether an expression is the name `self`."""
    return isinstance(node, ast.Name) and node.id == "self"
