"""Nothing outside of `modelwire.compat` names what is private to a library."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from types import CodeType

import pytest

import modelwire

from .names import DOCUMENTED, UNDOCUMENTED

SOURCE = Path(modelwire.__file__).parent
MODULES = sorted(path for path in SOURCE.rglob("*.py") if SOURCE / "compat" not in path.parents)

LIBRARIES = (
    "aiosqlite",
    "asyncpg",
    "fastapi",
    "prometheus_client",
    "pydantic",
    "pydantic_core",
    "sqlalchemy",
    "sqlmodel",
    "starlette",
    "uvicorn",
)

OF_PYTHON = frozenset({"_replace", "_asdict", "_fields", "_make"})
"""Methods of named tuples."""


def is_private(name: str) -> bool:
    """Whether a name has an underscore before it, or two around it and Pydantic's name in it."""
    is_special = name.startswith("__") and name.endswith("__")
    if is_special:
        return name.startswith(("__pydantic", "__sqlmodel", "__class_vars"))
    return name.startswith("_") and name.strip("_") != "" and name not in OF_PYTHON


def own_names(tree: ast.Module) -> frozenset[str]:
    """The private names that a module gives itself: to methods, slots and attributes of `self`."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
        elif isinstance(node, ast.Attribute) and is_of_self(node):
            if isinstance(node.ctx, ast.Store):
                found.add(node.attr)
        elif isinstance(node, ast.Assign):
            names = {name.id for name in node.targets if isinstance(name, ast.Name)}
            found |= names | (set(ast.literal_eval(node.value)) if "__slots__" in names else set())
    return frozenset(found)


def is_of_self(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")


def private_parts(tree: ast.Module) -> Iterator[str]:
    """Yield what of others' a module names, with its line."""
    own = own_names(tree)
    for node in ast.walk(tree):
        for name in named_by(node, own):
            yield f"line {getattr(node, 'lineno', 0)}: {name}"


def named_by(node: ast.AST, own: frozenset[str]) -> Iterator[str]:
    if isinstance(node, ast.Attribute):
        is_own = is_of_self(node) or (node.attr in own and not is_of_super(node))
        if node.attr in UNDOCUMENTED or (is_private(node.attr) and not is_own):
            yield ast.unparse(node)
    elif isinstance(node, ast.keyword) and node.arg is not None:
        if node.arg in UNDOCUMENTED or is_private(node.arg):
            yield f"{node.arg}="
    elif isinstance(node, ast.Call) and is_reflection(node):
        yield from (
            repr(a.value)
            for a in node.args
            if isinstance(a, ast.Constant) and is_hidden(a.value) and a.value not in own
        )
    elif isinstance(node, ast.ImportFrom) and node.level == 0:
        yield from imported(node.module or "", [alias.name for alias in node.names])
    elif isinstance(node, ast.Import):
        for alias in node.names:
            yield from imported(alias.name, [])


def is_of_super(node: ast.Attribute) -> bool:
    value = node.value
    return (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Name)
        and value.func.id == "super"
    )


def is_reflection(node: ast.Call) -> bool:
    """Whether a call looks an attribute up by its name."""
    called = node.func
    if isinstance(called, ast.Attribute):
        return called.attr in ("pop", "get") and "__dict__" in ast.unparse(called)
    names = ("getattr", "setattr", "hasattr", "delattr", "attrgetter")
    return isinstance(called, ast.Name) and called.id in names


def is_hidden(value: object) -> bool:
    return isinstance(value, str) and (value in UNDOCUMENTED or is_private(value))


def imported(module: str, names: list[str]) -> Iterator[str]:
    if module.partition(".")[0] not in LIBRARIES:
        return
    if module not in DOCUMENTED:
        yield f"import {module}"
    yield from (f"import {module}.{n}" for n in names if n in UNDOCUMENTED or is_private(n))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_module_names_no_private_part(path: Path) -> None:
    assert [*private_parts(ast.parse(path.read_text()))] == []


@pytest.mark.parametrize(
    "line",
    [
        "connection._tx.put_nowait(1)",
        "super()._execute(1)",
        "pool._invalidate(1)",
        "pool.invalidate(1, _checkin=False)",
        "compiled.positiontup",
        "model.__pydantic_decorators__",
        "getattr(model, '__class_vars__', ())",
        "getattr(context, '_for_update_arg')",
        "from sqlalchemy.util import await_only",
        "from starlette.routing import compile_path",
        "import aiosqlite.context",
        "from fastapi.dependencies.models import Dependant",
    ],
)
def test_private_part_is_seen(line: str) -> None:
    """The look at modules finds what it is for."""
    assert [*private_parts(ast.parse(line))] != []


@pytest.mark.parametrize(
    "text",
    [
        "self._held.take()",
        "row._replace(a=1)",
        "from pydantic_core import core_schema",
        "class A:\n    def _f(self, a): return a._f(self)",
    ],
)
def test_own_part_is_none_of_others(text: str) -> None:
    assert [*private_parts(ast.parse(text))] == []


def private_names_in(code: CodeType) -> Iterator[str]:
    yield from filter(is_private, code.co_names)
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from private_names_in(inner)


def used_by(cls: type) -> frozenset[str]:
    """The private names that a class of a library has, or that its methods use."""
    found = {name for name in vars(cls) if is_private(name)}
    for value in vars(cls).values():
        function = inspect.unwrap(getattr(value, "fget", None) or getattr(value, "__func__", value))
        if isinstance(code := getattr(function, "__code__", None), CodeType):
            found |= {*private_names_in(code)}
    return frozenset(found)


def written_in(cls: type) -> frozenset[str]:
    """The private names that the source of a class gives to what it has."""
    nodes = [*ast.walk(ast.parse(dedent(inspect.getsource(cls))))]
    named = [node.attr for node in nodes if isinstance(node, ast.Attribute) and is_of_self(node)]
    named += [
        node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    named += [n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    return frozenset(filter(is_private, named))


def is_foreign(cls: type) -> bool:
    """Whether a class is a library's, or made of one in `compat`."""
    module = cls.__module__
    return module.startswith("modelwire.compat.") or module.partition(".")[0] in LIBRARIES


def derived() -> list[type]:
    """The classes outside of `compat` that inherit from a library's."""
    found = []
    for info in pkgutil.walk_packages([str(SOURCE)], "modelwire."):
        if info.name.startswith("modelwire.compat") or info.name == "modelwire.__main__":
            continue
        module = importlib.import_module(info.name)
        for cls in vars(module).values():
            is_here = isinstance(cls, type) and cls.__module__ == info.name
            if is_here and any(map(is_foreign, cls.__mro__)):
                found.append(cls)
    return found


@pytest.mark.parametrize("cls", derived(), ids=lambda cls: cls.__qualname__)
def test_class_shares_no_private_name_with_what_it_inherits_from(cls: type) -> None:
    """Neither on purpose, nor by chance: what a library calls so later would be something else."""
    foreign = frozenset().union(*(used_by(base) for base in cls.__mro__ if is_foreign(base)))
    assert written_in(cls) & foreign == frozenset()
