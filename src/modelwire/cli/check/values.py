"""What is known of a value without running anything: a session, a statement, a row."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .source import Def, Source


class Value:
    """What is known of a value; of this one, nothing."""


UNKNOWN = Value()


@dataclass(frozen=True, slots=True)
class Function(Value):
    """A function of the application.

    Args:
        source: The file that it is in.
        node: Its definition.
        owner: The class whose method it is called as; None for a function.
    """

    source: Source
    node: Def
    owner: type | None = None

    @property
    def is_async(self) -> bool:
        """Whether it is `async def`."""
        return isinstance(self.node, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True)
class Known(Value):
    """An object that is there since the import.

    Args:
        object: The object.
        name: The name that its module has for it, as in `time.sleep`.
    """

    object: Any
    name: str = ""


@dataclass(frozen=True, slots=True)
class Unloaded(Value):
    """Something of a module that is imported within a function, and so is not there yet."""

    name: str


@dataclass(frozen=True, slots=True)
class Instance(Value):
    """An instance of a class."""

    cls: type


@dataclass(frozen=True, slots=True)
class SessionOf(Value):
    """A session.

    Args:
        is_async: Whether it is an `AsyncSession`.
        expires: Whether rows are to be read anew after a commit; None where that is not known.
        made: Whether the function has made it itself.
        begun: Whether leaving its block commits.
    """

    is_async: bool
    expires: bool | None = None
    made: bool = False
    begun: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A part of a file."""

    source: Source
    node: ast.AST


@dataclass(frozen=True, slots=True)
class Statement(Value):
    """A `select`, or a `Query`.

    Args:
        place: Where it is begun.
        model: The class whose rows it reads; None where it reads columns.
        reads_rows: Whether it reads rows or columns of them, and does not add them up.
        loads: The relationships that it loads.
        limited: Whether it says how many rows there are at most.
        offset: Whether it passes over rows.
        ordered: Whether it orders them.
        bounded: Whether few rows can fit its condition.
        is_query: Whether it is a `Query`, which has its session.
    """

    place: Place
    model: type | None = None
    reads_rows: bool = False
    loads: frozenset[str] = frozenset()
    limited: bool = False
    offset: bool = False
    ordered: bool = False
    bounded: bool = False
    is_query: bool = False


@dataclass(frozen=True, slots=True)
class Result(Value):
    """What a session answers to a statement."""

    statement: Statement


@dataclass(frozen=True, slots=True)
class Rows(Value):
    """Many rows, or what is made of each of them."""

    statement: Statement
    model: type | None


@dataclass(frozen=True, slots=True)
class Row(Value):
    """A row.

    Args:
        model: Its class.
        place: Where it was read or made.
        missing: Whether it may be None.
        loads: The relationships that are loaded.
        fresh: Whether it is new.
        sets: The fields that were given for a new one; None where that may be any.
        in_loop: Whether it is one of many.
    """

    model: type
    place: Place
    missing: bool = False
    loads: frozenset[str] = frozenset()
    fresh: bool = False
    sets: frozenset[str] | None = None
    in_loop: bool = False


@dataclass(frozen=True, slots=True)
class Key(Value):
    """The key of a row."""

    row: Row


@dataclass(frozen=True, slots=True)
class Bulk(Value):
    """An `update`, `delete` or `insert` of many rows, which makes no objects of them."""

    kind: str
    model: type


@dataclass(frozen=True, slots=True)
class Method(Value):
    """A method of what is no class of the application."""

    of: Value
    name: str


def as_rows(value: Value) -> Value:
    """The rows of a result; any other value as it is."""
    if isinstance(value, Result):
        return Rows(value.statement, value.statement.model)
    return value


def first_shown(values: Iterable[Value]) -> Value:
    """The first of some values that is many rows, or else that is a row or the key of one."""
    rows = [v.row if isinstance(v, Key) else v for v in values]
    return next((v for kind in (Rows, Row) for v in rows if isinstance(v, kind)), UNKNOWN)


@dataclass(frozen=True, slots=True)
class Call:
    """A call.

    Args:
        node: Where it is.
        callee: The function of the application that is called; None for another.
        name: What is called, as in `time.sleep`; empty where that is not known.
        of: What it is a method of.
        arguments: What it is given, by position and by name.
        caught: The exceptions that are caught around it.
        aside: Whether it runs beside the function, in a task or for a stream.
    """

    node: ast.Call
    callee: Function | None
    name: str
    of: Value
    arguments: Mapping[int | str, Value]
    caught: frozenset[type]
    aside: bool


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a function does with a session or a row.

    Args:
        kind: `add`, `change`, `write`, `made`, `query`, `use`, `refresh`, `read`, `yield`,
            `return`, `bulk` or `late`, as in `Facts`.
        node: Where.
        value: With what.
        name: The name that this has there, or the attribute that is read of it.
        caught: The exceptions that are caught around it.
        in_loop: Whether it is done for each of many.
    """

    kind: str
    node: ast.AST
    value: Value = UNKNOWN
    name: str = ""
    caught: frozenset[type] = frozenset()
    in_loop: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition that compares a column with a value.

    Args:
        node: The comparison.
        column: The column.
        group: The call that it is an argument of; what stands in one is asked together.
        constant: Whether the value is written there.
    """

    node: ast.AST
    column: Any
    group: ast.AST
    constant: bool


@dataclass(slots=True)
class Facts:
    """What a function does, in the order of its text.

    Args:
        names: What its names stand for at its end.
        calls: What it calls.
        events: `made`: makes a session. `query`: runs a statement. `use`: asks a session for
            anything. `write`: commits or flushes. `add`, `change`: a row that is new, or is other
            than it was. `refresh`: reads a row anew. `read`: reads an attribute of a row. `bulk`:
            makes a statement that writes many rows. `late`: commits after a `yield`. `yield`,
            `return`: what it gives.
        filters: The conditions of its statements.
        checked: The names that are tried for being None.
        returns: What it returns.
        yields: What it yields.
    """

    names: dict[str, Value] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    filters: list[Filter] = field(default_factory=list)
    checked: frozenset[str] = frozenset()
    returns: Value = UNKNOWN
    yields: Value = UNKNOWN

    def of(self, *kinds: str) -> list[Event]:
        """The events of some kinds."""
        return [event for event in self.events if event.kind in kinds]
