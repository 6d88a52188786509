"""Results of methods of sessions and statements: SQLAlchemy's and SQLModel's."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..objects import column_of, is_unique, keys_of, mapper_of, relations_of
from ..values import UNKNOWN, Bulk, Known, Place, Result, Row, Rows, SessionOf, Statement, Value
from .conditions import note_filter_by
from .text import bare_name, last_name
from .trace import Trace

MODELS = frozenset({"model_validate", "from_orm", "parse_obj", "model_construct"})
"""Methods of classes that create an instance."""

_EAGER = frozenset(
    {"selectinload", "joinedload", "subqueryload", "contains_eager", "immediateload"}
)
_ONE_OR_NONE = frozenset({"first", "one_or_none", "scalar_one_or_none", "scalar", "fetchone"})
_ONE = frozenset({"one", "scalar_one"})
_ALL = frozenset({"all", "fetchall", "fetchmany", "partitions"})
_AGGREGATES = frozenset({"group_by", "having", "distinct"})
_RUNS = frozenset({"exec", "execute", "scalars", "stream", "stream_scalars"})

Arguments = Mapping[int | str, Value]


def begin_statement(
    trace: Trace, node: ast.Call, found: Any, place: Place, arguments: Arguments
) -> Value | None:
    """Return the statement that a function of SQLAlchemy begins; None for other functions."""
    module, name = getattr(found, "__module__", "") or "", getattr(found, "__name__", "")
    if not module.startswith(("sqlmodel", "sqlalchemy")):
        return None
    first = arguments.get(0, UNKNOWN)
    if name == "select":
        return _select(place, [v for k, v in arguments.items() if isinstance(k, int)])
    model = first.object if isinstance(first, Known) else None
    if name in {"update", "delete", "insert"} and isinstance(model, type) and mapper_of(model):
        bulk = Bulk(name, model)
        trace.note_use("bulk", node, bulk)
        return bulk
    return None


def _select(place: Place, parts: list[Value], *, is_query: bool = False) -> Statement:
    models = [p.object for p in parts if isinstance(p, Known) and mapper_of(p.object) is not None]
    rows = bool(parts) and all(
        isinstance(p, Known) and (p.object in models or column_of(p) is not None) for p in parts
    )
    only = models[0] if len(parts) == 1 and models else None
    return Statement(place, only, reads_rows=rows, is_query=is_query)


def ask_session(
    trace: Trace, node: ast.Call, session: SessionOf, name: str, arguments: Arguments
) -> Value:
    """Return the result of a session's method."""
    place = Place(trace.source, node)
    first = arguments.get(0, UNKNOWN)
    if name == "begin":
        return replace(session, begun=True, made=False)
    trace.note_use("use", node, session, name)
    if name in {"get", "get_one"}:
        return _get(node, place, first, strict=name == "get_one")
    if name in _RUNS or name == "scalar":
        statement = first if isinstance(first, Statement) else None
        if statement is None:
            return UNKNOWN
        trace.note_use("query", node, statement)
        result = Result(statement)
        return ask_result(trace, node, result, "first") if name == "scalar" else result
    if name == "query":
        values = [v for k, v in arguments.items() if isinstance(k, int)]
        return _select(place, values, is_query=True)
    if name in {"add", "add_all", "merge", "delete"}:
        trace.note_use("add" if name != "delete" else "delete", node, first, _first_name(node))
        return first if name == "merge" else UNKNOWN
    if name in {"commit", "flush"}:
        trace.note_use("write", node, session, name)
    if name == "refresh":
        trace.note_use("refresh", node, first, _first_name(node))
    return UNKNOWN


def _first_name(node: ast.Call) -> str:
    return bare_name(node.args[0]) if node.args else ""


def _get(node: ast.Call, place: Place, first: Value, *, strict: bool) -> Value:
    if not isinstance(first, Known) or mapper_of(first.object) is None:
        return UNKNOWN
    return Row(first.object, place, missing=not strict, loads=_loads_in(node, first.object))


def _loads_in(node: ast.AST, model: type | None) -> frozenset[str]:
    """Return the relationships that options name, with those behind them after a dot."""
    found: set[str] = set()
    for part in ast.walk(node):
        if not isinstance(part, ast.Call) or last_name(part.func) not in _EAGER or not part.args:
            continue
        path: list[str] = []
        inner: ast.AST = part
        while isinstance(inner, ast.Call):
            name = last_name(inner.func)
            if name in _EAGER and inner.args:
                path.insert(0, last_name(inner.args[0]))
            inner = inner.func.value if isinstance(inner.func, ast.Attribute) else inner.func
        found |= {".".join(path[: n + 1]) for n in range(len(path))}
    return frozenset(found | _always_loaded(model))


def _always_loaded(model: type | None) -> set[str]:
    return {
        name
        for name, relation in relations_of(model).items()
        if relation.lazy
        not in {"select", True, "raise", "raise_on_sql", "noload", "dynamic", "write_only"}
    }


def ask_statement(trace: Trace, node: ast.Call, statement: Statement, name: str) -> Value:
    """Return the result of a statement's method, or of a `Query`'s."""
    if name == "filter_by" and statement.model is not None:
        note_filter_by(trace, node, statement.model)
    if name in {"where", "filter", "filter_by"}:
        return replace(statement, bounded=statement.bounded or _is_bounded(trace, node, statement))
    if name in {"limit", "fetch", "slice"}:
        return replace(statement, limited=True, offset=statement.offset)
    if name == "offset":
        return replace(statement, offset=True)
    if name == "order_by":
        return replace(statement, ordered=True)
    if name == "options":
        return replace(statement, loads=statement.loads | _loads_in(node, statement.model))
    if name in _AGGREGATES:
        return replace(statement, reads_rows=False)
    if not statement.is_query:
        return statement
    return _ask_query(trace, node, statement, name)


def _ask_query(trace: Trace, node: ast.Call, statement: Statement, name: str) -> Value:
    if name in {"update", "delete"} and statement.model is not None:
        bulk = Bulk(name, statement.model)
        trace.note_use("bulk", node, bulk)
        return UNKNOWN
    if name == "get" and statement.model is not None:
        return _get(node, statement.place, Known(statement.model), strict=False)
    if name in _ALL | _ONE | _ONE_OR_NONE:
        trace.note_use("query", node, statement)
        return ask_result(trace, node, Result(statement), name)
    return UNKNOWN if name in {"count", "exists"} else statement


def ask_result(trace: Trace, node: ast.Call, result: Result, name: str) -> Value:
    """Return the result of a result's method."""
    statement = result.statement
    place = Place(trace.source, node)
    loads = statement.loads | _always_loaded(statement.model)
    if name in _ALL:
        return Rows(replace(statement, loads=frozenset(loads)), statement.model)
    if name in _ONE | _ONE_OR_NONE:
        if statement.model is None:
            return UNKNOWN
        return Row(statement.model, place, missing=name in _ONE_OR_NONE, loads=frozenset(loads))
    return result


def _is_bounded(trace: Trace, node: ast.Call, statement: Statement) -> bool:
    """Whether a condition selects rows by a key, or by given values."""
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and last_name(part.func) == "in_":
            return True
        if isinstance(part, ast.Compare) and isinstance(part.ops[0], ast.Eq):
            sides = (part.left, part.comparators[0])
            if any(is_unique(column_of(trace.value(side))) for side in sides):
                return True
    return (
        any(k.arg in keys_of(statement.model) for k in node.keywords) if statement.model else False
    )
