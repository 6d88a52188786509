"""Values as known without running any code: a session, a statement, a row."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .source import Def, Source


class Value:
    """Value of which nothing is known."""


UNKNOWN = Value()


@dataclass(frozen=True, slots=True)
class Function(Value):
    """Function of the application.

    Args:
        source: The file that contains it.
        node: Its definition.
        owner: The class on which it is called as a method; None for a function.
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
    """Object that the import has created.

    Args:
        object: The object.
        name: Its name in its module, as in `time.sleep`.
    """

    object: Any
    name: str = ""


@dataclass(frozen=True, slots=True)
class Unloaded(Value):
    """Name from a module that is imported within a function, and so not loaded yet."""

    name: str


@dataclass(frozen=True, slots=True)
class Instance(Value):
    """Instance of a class."""

    cls: type


@dataclass(frozen=True, slots=True)
class SessionOf(Value):
    """Session.

    Args:
        is_async: Whether it is an `AsyncSession`.
        expires: Whether rows expire at a commit; None where that is unknown.
        made: Whether the function has created it itself.
        begun: Whether leaving its block commits.
    """

    is_async: bool
    expires: bool | None = None
    made: bool = False
    begun: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Part of a file."""

    source: Source
    node: ast.AST


@dataclass(frozen=True, slots=True)
class Statement(Value):
    """Statement: a `select`, or a `Query`.

    Args:
        place: The place where it begins.
        model: The class whose rows it reads; None where it reads columns.
        reads_rows: Whether it reads rows or columns of them, and doesn't aggregate them.
        loads: The relationships that it loads.
        limited: Whether it limits the number of rows.
        offset: Whether it skips rows.
        ordered: Whether it orders them.
        bounded: Whether few rows can match its condition.
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
    """Result of a statement."""

    statement: Statement


@dataclass(frozen=True, slots=True)
class Rows(Value):
    """Many rows, or values made from each of them."""

    statement: Statement
    model: type | None


@dataclass(frozen=True, slots=True)
class Row(Value):
    """Row.

    Args:
        model: Its class.
        place: The place where it was read or created.
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
    """Key of a row."""

    row: Row


@dataclass(frozen=True, slots=True)
class Bulk(Value):
    """Statement that updates, deletes or inserts many rows, without objects."""

    kind: str
    model: type


@dataclass(frozen=True, slots=True)
class Method(Value):
    """Method of an object that is none of the application's."""

    of: Value
    name: str


def as_rows(value: Value) -> Value:
    """Return the rows of a result; any other value as it is."""
    if isinstance(value, Result):
        return Rows(value.statement, value.statement.model)
    return value


def first_shown(values: Iterable[Value]) -> Value:
    """Return the first of some values that is many rows, or else a row or the key of one."""
    rows = [v.row if isinstance(v, Key) else v for v in values]
    return next((v for kind in (Rows, Row) for v in rows if isinstance(v, kind)), UNKNOWN)


@dataclass(frozen=True, slots=True)
class Call:
    """Call.

    Args:
        node: Its node.
        callee: The function of the application that is called; None for another.
        name: The name of the called function, as in `time.sleep`; empty where that is unknown.
        of: The object whose method is called.
        arguments: Its arguments, by position and by name.
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
    """Operation of a function on a session or a row.

    Args:
        kind: `add`, `change`, `write`, `made`, `query`, `use`, `refresh`, `read`, `yield`,
            `return`, `bulk` or `late`, as in `Facts`.
        node: Its node.
        value: The session or the row.
        name: Its name there, or the attribute that is read of it.
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
    """Condition that compares a column with a value.

    Args:
        node: The comparison.
        column: The column.
        group: The call that it is an argument of; conditions in one call apply together.
        constant: Whether the value is a literal.
    """

    node: ast.AST
    column: Any
    group: ast.AST
    constant: bool


@dataclass(slots=True)
class Facts:
    """Facts on a function, in the order of its text.

    Args:
        names: The values of its names at its end.
        calls: Its calls.
        events: `made`: creates a session. `query`: runs a statement. `use`: calls any method of a
            session. `write`: commits or flushes. `add`, `change`: a row that is new, or changed.
            `refresh`: reads a row again. `read`: reads an attribute of a row. `bulk`: creates a
            statement that writes many rows. `late`: commits after a `yield`. `yield`, `return`: the
            value given.
        filters: The conditions of its statements.
        checked: The names that are checked for None.
        returns: The value that it returns.
        yields: The value that it yields.
    """

    names: dict[str, Value] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    filters: list[Filter] = field(default_factory=list)
    checked: frozenset[str] = frozenset()
    returns: Value = UNKNOWN
    yields: Value = UNKNOWN

    def of(self, *kinds: str) -> list[Event]:
        """Return the events of some kinds."""
        return [event for event in self.events if event.kind in kinds]
