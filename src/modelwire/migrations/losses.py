"""Data that a step removes from a database: found in its source, which may be edited by hand."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, Integer, Numeric, SmallInteger, String
from sqlalchemy.types import TypeEngine, to_instance

_TAKING = ("DROP TABLE", "DROP COLUMN", "DELETE ", "TRUNCATE ")
"""Parts of statements that remove rows or columns."""

_SIZES = (SmallInteger, Integer, BigInteger)


def find_losses(source: str, function: str, names: Mapping[str, Any]) -> Sequence[str]:
    """Find the data that a function of a step removes.

    Args:
        source: The source of the step.
        function: `upgrade` or `downgrade`.
        names: The names of its module, by which types are resolved.

    Returns:
        A line for each loss, as in `drops the column books.pages`. Statements that are built at run
        time are not found.
    """
    reader = _Reader(names)
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            reader.visit(node)
    return reader.found


class _Reader(ast.NodeVisitor):
    """Reader of calls of operations, each with the table of the batch around it."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self.found: list[str] = []
        self._names = names
        self._table: str | None = None

    def visit_With(self, node: ast.With) -> None:
        call = node.items[0].context_expr
        outer = self._table
        if isinstance(call, ast.Call) and _name_of(call) == "batch_alter_table":
            self._table = _text_of(call.args[0])
        self.generic_visit(node)
        self._table = outer

    def visit_Call(self, node: ast.Call) -> None:
        words = [_text_of(argument) for argument in node.args]
        path = ".".join([self._table, *words[:1]] if self._table else words[:2])
        match _name_of(node):
            case "drop_table":
                self.found.append(f"drops the table {words[0]}")
            case "drop_column":
                self.found.append(f"drops the column {path}")
            case "alter_column":
                self._compare_types(node, path)
            case "alter_enum":
                self._compare_labels(node)
            case "execute":
                self._read_statement(node)
        self.generic_visit(node)

    def _compare_types(self, node: ast.Call, path: str) -> None:
        given = {k.arg: k.value for k in node.keywords}
        if "type_" not in given:
            return
        new, old = self._value_of(given["type_"]), self._value_of(given.get("existing_type"))
        if new is None or old is None:
            self.found.append(f"changes the type of {path}")
        elif is_narrower(to_instance(old), to_instance(new)):
            self.found.append(f"narrows {path} from {to_instance(old)!r} to {to_instance(new)!r}")

    def _compare_labels(self, node: ast.Call) -> None:
        name, old, new = (self._value_of(argument) for argument in node.args[:3])
        gone = [label for label in old if label not in new]
        if gone:
            self.found.append(f"takes {', '.join(gone)} from the enum {name}")

    def _read_statement(self, node: ast.Call) -> None:
        for part in ast.walk(node):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                words = " ".join(part.value.split())
                if any(taking in words.upper() for taking in _TAKING):
                    self.found.append(f"runs {words}")

    def _value_of(self, node: ast.expr | None) -> Any:
        if node is None:
            return None
        expression = ast.fix_missing_locations(ast.Expression(node))
        try:
            # The step is the user's own code, and is about to be run.
            return eval(compile(expression, "<step>", "eval"), dict(self._names))  # noqa: S307
        except Exception:
            return None


def _name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _text_of(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else ast.unparse(node)


def is_narrower(old: TypeEngine[Any], new: TypeEngine[Any]) -> bool:
    """Return whether a type can't hold all values of another; True where that is unknown."""
    if isinstance(new, String):
        if not isinstance(old, String):
            return new.length is not None
        return new.length is not None and (old.length is None or old.length > new.length)
    if isinstance(old, Integer) and isinstance(new, Integer):
        return _size_of(old) > _size_of(new)
    if isinstance(old, Integer) and isinstance(new, Numeric):
        return new.precision is not None
    if isinstance(old, Numeric) and isinstance(new, Numeric):
        return _digits_of(old) > _digits_of(new) or (old.scale or 0) > (new.scale or 0)
    return _python_type_of(old) is not _python_type_of(new)


def _python_type_of(sql_type: TypeEngine[Any]) -> object:
    try:
        return sql_type.python_type
    except NotImplementedError:
        return type(sql_type)


def _size_of(number: Integer) -> int:
    return max(i for i, size in enumerate(_SIZES) if isinstance(number, size))


def _digits_of(number: Numeric[Any]) -> float:
    """Return the number of digits before the decimal point."""
    return number.precision - (number.scale or 0) if number.precision else float("inf")
