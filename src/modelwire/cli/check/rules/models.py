"""Rules on models: indexes, defaults, and listeners of rows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Boolean, Column, Enum, Table
from sqlalchemy.schema import DefaultClause

from ....catalog.orm_only import describe_passed_over
from ....compat.sqlalchemy import listeners_of
from ..application import Application
from ..finding import Edit, Found, Rule
from ..objects import column_of, is_unique, mapper_of
from ..source import Source
from ..values import Bulk, Filter, Known

_EVENTS = {"update": "update", "delete": "delete", "insert": "insert"}
_FEW = frozenset({"status", "state", "kind", "type", "role"})
_MADE_ONCE = re.compile(
    r"^(datetime\.)*(datetime|date)\.(now|utcnow|today)$|^(uuid\.)?uuid[147]$|^time\.time$|^secrets\.token_\w+$"
)
_FUNCTIONS = re.compile(r"[(]|^(now|current_\w+)$", re.IGNORECASE)


def _is_indexed(column: Any) -> bool:
    """Whether a search by a column can use an index or a key that begins with it."""
    table = column.table
    if not isinstance(table, Table):
        return True
    starts: list[object] = [next(iter(index.columns), None) for index in table.indexes]
    starts += [
        next(iter(c.columns), None)
        for c in table.constraints
        if hasattr(c, "columns") and _makes_index(c)
    ]
    return bool(column.index) or is_unique(column) or any(s is column for s in starts)


def _makes_index(constraint: object) -> bool:
    return type(constraint).__name__ in {"PrimaryKeyConstraint", "UniqueConstraint"}


def find_unindexed_keys(app: Application) -> Iterator[Found]:
    """Find foreign keys without an index, by which children are found by a full scan.

    A delete of a parent scans them too. A foreign key is left alone if an index, a unique
    constraint or the primary key begins with it.
    """
    for model, table in app.tables.items():
        for column in table.columns:
            if column.foreign_keys and not _is_indexed(column) and column.computed is None:
                source, node = _field_of(app, model, column)
                if source is not None:
                    text = (
                        f"{model.__name__}.{column.key} refers to another table, and has no index"
                    )
                    yield Found(source, node, text, _add_index(source, node))


def _field_of(app: Application, model: type, column: Column[Any]) -> tuple[Any, Any]:
    """Return the declaration of a field of a class, or of one of its bases."""
    mapper = mapper_of(model)
    key = mapper.get_property_by_column(column).key if mapper is not None else column.key
    for base in model.__mro__:
        for source in app.sources:
            if source.module is None or source.module.__name__ != base.__module__:
                continue
            for node in ast.walk(source.tree):
                if isinstance(node, ast.ClassDef) and node.name == base.__name__:
                    for part in node.body:
                        if _names(part, key):
                            return source, part
    return app.models.get(model, (None, None))


def _names(node: ast.stmt, key: str) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return any(isinstance(t, ast.Name) and t.id == key for t in targets)


def _add_index(source: Source, node: ast.AST) -> tuple[Edit, ...]:
    value = getattr(node, "value", None)
    if not isinstance(value, ast.Call) or any(k.arg == "index" for k in value.keywords):
        return ()
    parts: list[ast.expr | ast.keyword] = [*value.args, *value.keywords]
    named = any(k.arg in {"sa_column", None} for k in value.keywords)
    if not parts or named or _called(value) not in {"Field", "mapped_column", "Column"}:
        return ()
    end = max(source.end_of(part) for part in parts)
    return (Edit(end, end, ", index=True"),)


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def find_unindexed_filters(app: Application) -> Iterator[Found]:
    """Find queries that filter by a column without an index, and so read the whole table.

    Columns of few values (booleans, enums, a status that is compared with a constant) are left
    alone, and so are conditions beside one that has an index.
    """
    for r in app.running:
        for found in _unindexed(r.facts.filters):
            yield Found(r.function.source, found.node, _say(found.column))
    for source, node in app.calls():
        if _called(node) == "Policy":
            for column, part in _columns_compared(source, node):
                if column.foreign_keys or _is_indexed(column):
                    continue
                if not _has_few(column, constant=False):
                    yield Found(source, part, _say(column))


def _say(column: Column[Any]) -> str:
    return f"Rows are looked for by {column.table.name}.{column.name}, which has no index"


def _unindexed(filters: list[Filter]) -> Iterator[Filter]:
    for found in filters:
        beside = [f for f in filters if f.group is found.group or _around(f.group, found.group)]
        if any(_is_indexed(f.column) and f.column.table is found.column.table for f in beside):
            continue
        if found.column.foreign_keys or _is_indexed(found.column):
            continue
        if not _has_few(found.column, constant=found.constant):
            yield found


def _around(some: ast.AST, other: ast.AST) -> bool:
    """Whether two calls are of one chain: `select(…).where(…).where(…)`."""
    return any(n is other for n in ast.walk(some)) or any(n is some for n in ast.walk(other))


def _has_few(column: Column[Any], *, constant: bool) -> bool:
    return isinstance(column.type, Boolean | Enum) or (constant and column.name in _FEW)


def _columns_compared(source: Source, call: ast.Call) -> Iterator[tuple[Column[Any], ast.AST]]:
    """Yield the columns that a policy compares in a condition written in it, or bound to a name."""
    for given in [*call.args, *(k.value for k in call.keywords)]:
        top: ast.AST | None = given
        if isinstance(given, ast.Name):
            top = _assigned(source, given.id)
        for node in ast.walk(top) if top is not None else ():
            if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq):
                sides = [_column_at(source, s) for s in (node.left, node.comparators[0])]
                known = [c for c in sides if c is not None]
                if len(known) == 1:
                    yield known[0], node


def _assigned(source: Source, name: str) -> ast.AST | None:
    for node in source.tree.body:
        if isinstance(node, ast.Assign) and _names(node, name):
            return node.value
    return None


def _column_at(source: Source, node: ast.expr) -> Column[Any] | None:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        cls = getattr(source.module, node.value.id, None)
        found = (
            column_of(Known(getattr(cls, node.attr, None))) if mapper_of(cls) is not None else None
        )
        return found if isinstance(found, Column) else None
    return None


def find_differing_defaults(app: Application) -> Iterator[Found]:
    """Find defaults that differ: rows inserted by SQL get that of the database, others Python's."""
    for model, table in app.tables.items():
        for column in table.columns:
            given, stored = _python_default(column), _server_default(column)
            if given is not None and stored is not None and given != stored:
                source, node = _field_of(app, model, column)
                if source is not None:
                    name = f"{model.__name__}.{column.key}"
                    text = f"{name} is {given} by default in Python, and {stored} in the database"
                    yield Found(source, node, text)


def _python_default(column: Column[Any]) -> str | None:
    default = column.default
    if default is None or not default.is_scalar:
        return None
    value = getattr(default, "arg", None)
    value = getattr(value, "name" if isinstance(column.type, Enum) else "value", value)
    return _plain(str(value))


def _server_default(column: Column[Any]) -> str | None:
    default = column.server_default
    if not isinstance(default, DefaultClause):
        return None
    arg = getattr(default.arg, "text", default.arg)
    if not isinstance(arg, str):
        name = type(arg).__name__.lower()
        return {"true_": "true", "false_": "false"}.get(name)
    return None if _FUNCTIONS.search(arg) else _plain(arg)


def _plain(text: str) -> str:
    text = text.partition("::")[0].strip().strip("'").lower()
    text = {"true": "1", "false": "0", "t": "1", "f": "0"}.get(text, text)
    try:
        return str(float(text))
    except ValueError:
        return text


def find_made_once(app: Application) -> Iterator[Found]:
    """Find defaults that are called once, at the import, and shared by all rows."""
    for source in app.sources:
        for cls in ast.walk(source.tree):
            if not isinstance(cls, ast.ClassDef) or not _is_model(source, cls):
                continue
            for part in cls.body:
                value = getattr(part, "value", None)
                if isinstance(part, ast.AnnAssign | ast.Assign) and isinstance(value, ast.Call):
                    given = [k.value for k in value.keywords if k.arg in {"default", "onupdate"}]
                    if _called(value) == "Field" and value.args:
                        given.append(value.args[0])
                    for default in [value, *given]:
                        if isinstance(default, ast.Call) and _MADE_ONCE.match(
                            ast.unparse(default.func)
                        ):
                            name = ast.unparse(default.func)
                            yield Found(
                                source, part, f"{name}() is called once, when the class is made"
                            )


def _is_model(source: Source, node: ast.ClassDef) -> bool:
    cls = getattr(source.module, node.name, None)
    return isinstance(cls, type) and (issubclass(cls, BaseModel) or mapper_of(cls) is not None)


def find_silent_events(app: Application) -> Iterator[Found]:
    """Find mapper events that bulk statements bypass, as they create no objects.

    Requests that modelwire serves bypass them too; they have hooks.
    """
    for function, facts in app.functions:
        for event in facts.of("bulk"):
            bulk = event.value
            if isinstance(bulk, Bulk) and (names := _listened(bulk)):
                listened = f"{', '.join(names)} of {bulk.model.__name__}"
                text = f"This statement runs none of what listens to {listened}"
                yield Found(function.source, event.node, text)
    if app.service is not None:
        yield from _passed_over(app)


def _listened(bulk: Bulk) -> list[str]:
    mapper = mapper_of(bulk.model)
    names = [f"{when}_{_EVENTS[bulk.kind]}" for when in ("before", "after")]
    return [name for name in names if mapper is not None and listeners_of(mapper, name)]


def _passed_over(app: Application) -> Iterator[Found]:
    service = app.service
    mounted = service.mounted if service is not None else ()
    for resources in mounted:
        for table in resources.variants.widest.catalog.tables.values():
            said = describe_passed_over(table) or ""
            if "the event" in said:
                for source, node in app.calls():
                    if (
                        _called(node) == "Resource"
                        and node.args
                        and _model_at(source, node.args[0]) is table.model
                    ):
                        yield Found(source, node, said.partition(". ")[0])


def _model_at(source: Source, node: ast.expr) -> object:
    return getattr(source.module, node.id, None) if isinstance(node, ast.Name) else None


RULES = (
    Rule(
        "MW501",
        "A foreign key without an index",
        "Finding children, and each delete of a parent, reads the whole table",
        "`Field(foreign_key=…, index=True)`",
        find_unindexed_keys,
        fixable=True,
    ),
    Rule(
        "MW502",
        "A filtered field without an index",
        "Each such request reads the whole table",
        "`Field(index=True)`, or `unique=True`",
        find_unindexed_filters,
    ),
    Rule(
        "MW503",
        "Defaults that differ between Python and the database",
        "Rows that other programs insert get another value than those of the application",
        "The same value for `default` and `server_default`",
        find_differing_defaults,
    ),
    Rule(
        "MW504",
        "Mapper events that do not run",
        "Bulk statements, and requests that modelwire serves, create no objects",
        "A hook (`Resource(hooks=…)`), a trigger, or changes to objects one by one",
        find_silent_events,
    ),
    Rule(
        "MW505",
        "A default that is computed once",
        "It is called at import, and every row gets the same value",
        "`default_factory=lambda: datetime.now(UTC)`",
        find_made_once,
    ),
)
