"""Faults to plant: every place of the source where a policy is written, without it."""

from __future__ import annotations
import __future__

import ast
import copy
import importlib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

import modelwire

SOURCE = Path(modelwire.__file__).parent
STAGES = ("statement", "execute", "plan", "pipeline")

WITHOUT: Mapping[str, str] = {
    "rows_of": "{0}.sql",
    "links_of": "{0}.link",
    "_narrow": "{0}",
    "tell_allowed": "__import__('sqlalchemy').literal_column('1')",
    "render_condition": "__import__('sqlalchemy').true()",
    "update_in": "{0}.sql.update()",
    "delete_from": "{0}.sql.delete()",
    "check_written": "None",
    "check_parents": "None",
    "restricts": "False",
    "hides_rows": "False",
    "take_from": "{{}}",
}
"""Replacements of calls that leave a policy out, in terms of their arguments."""

RULES = {("_render_child", "constant"): "True", ("_can_estimate", "constant"): "True"}
"""Attributes that decide whether a policy is looked at, in the functions that ask for them."""

NOT_ABOUT_POLICIES = {
    ("plan/writing/plans.py", "rows_of"),
    ("statement/statements.py", "take_from"),
    ("pipeline/write.py", "rows_of"),
    ("execute/write/writer.py", "rows_of"),
}
"""Calls of the same name that are no policies, or that bind the values of one."""


@dataclass(frozen=True)
class Plant:
    """A fault.

    Args:
        file: The file, in the package.
        function: The function.
        name: What is left out there.
        index: Which one of them.
    """

    file: str
    function: str
    name: str
    index: int

    def __str__(self) -> str:
        return f"{self.file}:{self.function}:{self.name}:{self.index}"

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let the function run without it."""
        module = importlib.import_module(f"modelwire.{self.file[:-3].replace('/', '.')}")
        found: Any = module
        for part in self.function.split("."):
            found = inspect.getattr_static(found, part)
        inner = getattr(found, "fget", None) or getattr(found, "func", found)
        function = inspect.unwrap(inner)
        tree = ast.parse((SOURCE / self.file).read_text())
        node = copy.deepcopy(dict(functions_of(tree))[self.function])
        node.decorator_list = []
        node = _Leave(self).visit(node)
        code = compile(
            ast.fix_missing_locations(ast.Module([node], [])),
            self.file,
            "exec",
            flags=__future__.annotations.compiler_flag,
        )
        made: dict[str, Any] = {}
        exec(code, vars(module), made)
        planted = made[node.name]
        assert isinstance(function, FunctionType)
        monkeypatch.setattr(function, "__code__", planted.__code__)


@cache
def find_plants() -> Sequence[Plant]:
    """Every place where a policy is written."""
    found = []
    for stage in STAGES:
        for path in sorted((SOURCE / stage).rglob("*.py")):
            file = path.relative_to(SOURCE).as_posix()
            for name, function in functions_of(ast.parse(path.read_text())):
                names: dict[str, int] = {}
                for node in ast.walk(function):
                    left = _leaves(node, name)
                    if left is None or (file, left) in NOT_ABOUT_POLICIES:
                        continue
                    found.append(Plant(file, name, left, names.setdefault(left, 0)))
                    names[left] += 1
    return found


def functions_of(tree: ast.Module) -> Iterator[tuple[str, Any]]:
    """The functions and methods of a file, by their qualified names."""
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    yield f"{node.name}.{inner.name}", inner


def _leaves(node: ast.AST, function: str) -> str | None:
    """Return the name of a call that leaves a policy out when replaced."""
    if isinstance(node, ast.Call):
        name = _name_of(node.func)
        return name if name in WITHOUT else None
    if isinstance(node, ast.Attribute) and (function.rpartition(".")[2], node.attr) in RULES:
        return node.attr
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        name = node.exc.func.id if isinstance(node.exc.func, ast.Name) else None
        return f"raise {name}" if name in ("refuse", "explain_unique") else None
    return None


def _name_of(node: ast.expr) -> str | None:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None


def _place_of(node: ast.AST) -> tuple[type[ast.AST], int, int]:
    return type(node), getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


class _Leave(ast.NodeTransformer):
    """Leaves a policy out of a function."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        tree = ast.parse((SOURCE / plant.file).read_text())
        function = dict(functions_of(tree))[plant.function]
        matching = [n for n in ast.walk(function) if _leaves(n, plant.function) == plant.name]
        node = matching[plant.index]
        self._place = _place_of(node)

    def _is_it(self, node: ast.AST) -> bool:
        return (
            _place_of(node) == self._place
            and _leaves(node, self._plant.function) == self._plant.name
        )

    def visit_Await(self, node: ast.Await) -> ast.AST:
        if self._is_it(node.value) and self._plant.name.startswith("check_"):
            return ast.Constant(None)
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if not self._is_it(node):
            return self.generic_visit(node)
        arguments = [ast.unparse(argument) for argument in node.args]
        text = WITHOUT[self._plant.name].format(*arguments)
        return ast.parse(text, mode="eval").body

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if not self._is_it(node):
            return self.generic_visit(node)
        return ast.Constant(True)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        return ast.Pass() if self._is_it(node) else self.generic_visit(node)
