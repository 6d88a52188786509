"""Known values of attributes: of modules, instances, rows."""

from __future__ import annotations

import ast

from ....execute.database import Database
from ..objects import keys_of, mapper_of, name_object, relations_of, session_maker
from ..values import UNKNOWN, Instance, Key, Known, Method, Row, Rows, Statement, Unloaded, Value
from .trace import Trace, is_self


def read_attribute(trace: Trace, node: ast.Attribute) -> Value:
    """Return the known value of an attribute, and note where it is a row's."""
    of, name = trace.value(node.value), node.attr
    match of:
        case Known(object=found):
            return _of_object(trace, of, found, name)
        case Unloaded(name=module):
            return Unloaded(f"{module}.{name}")
        case Instance(cls=cls):
            own = trace.facts.names.get(f"self.{name}") if is_self(node.value) else None
            value = trace.functions.attribute(cls, name) if own is None else own
            return Method(of, name) if own is None and value is UNKNOWN else value
        case Row():
            return _of_row(trace, node, of)
    return Method(of, name)


def _of_object(trace: Trace, of: Known, found: object, name: str) -> Value:
    if isinstance(found, type) or hasattr(found, "__path__") or name_object(found):
        return _of_named(trace, found, name)
    if isinstance(found, Database) or session_maker(found):
        return Known(getattr(found, name, None))
    return trace.functions.method(found, name) or Method(of, name)


def _of_named(trace: Trace, found: object, name: str) -> Value:
    """Return the known value of an attribute of a class, a function or a module."""
    try:
        value = getattr(found, name)
    except Exception:  # whatever is raised, the value is unknown
        return UNKNOWN
    if isinstance(found, type) and mapper_of(found) is None:
        own = trace.functions.index.find(value, found)
        if own is not None:
            return own
    module = "" if isinstance(found, type) else name_object(found)
    return trace.known(value, f"{module}.{name}" if module else name_object(value))


def _of_row(trace: Trace, node: ast.Attribute, row: Row) -> Value:
    name = node.attr
    trace.note_read(node, row, name)
    relation = relations_of(row.model).get(name)
    if relation is None:
        return Key(row) if name in keys_of(row.model) else Method(row, name)
    target = relation.mapper.class_
    inner = frozenset(p.partition(".")[2] for p in row.loads if p.startswith(f"{name}."))
    if relation.uselist:
        statement = Statement(row.place, target, reads_rows=True, loads=inner, bounded=True)
        return Rows(statement, target)
    return Row(target, row.place, loads=inner)
