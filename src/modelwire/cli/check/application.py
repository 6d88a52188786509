"""View of an application for rules: its files, endpoints, models and functions."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import ModuleType

from fastapi import FastAPI
from sqlalchemy import Table

from ...web.service import Service, find_service
from ..target import load_app
from .objects import Index, mapper_of, table_of
from .routes import Endpoint, Reached, find_endpoints, reach
from .source import Source, read_source
from .tracing.tracer import Tracer
from .values import Facts, Function

_FOREIGN = frozenset({"site-packages", "dist-packages", "node_modules"})
_TESTS = ("tests", "test")


@dataclass(frozen=True)
class Application:
    """Application, read as a whole.

    Args:
        app: The application.
        sources: Its own files, which the import has loaded.
        tests: The files of its tests, which are not loaded.
    """

    app: FastAPI
    sources: Sequence[Source]
    tests: Sequence[Source]
    tracer: Tracer = field(repr=False)
    index: Index = field(repr=False)

    @cached_property
    def endpoints(self) -> Sequence[Endpoint]:
        """Endpoints of the application itself, in the order of its routes."""
        return list(find_endpoints(self.app, self.index))

    @cached_property
    def service(self) -> Service | None:
        """Part of the application that modelwire serves; None where it serves nothing."""
        return find_service(self.app)

    @cached_property
    def models(self) -> Mapping[type, tuple[Source, ast.ClassDef]]:
        """Mapped classes, with their definitions."""
        found: dict[type, tuple[Source, ast.ClassDef]] = {}
        for source in self.sources:
            name = source.module.__name__ if source.module else ""
            for node in ast.walk(source.tree):
                if isinstance(node, ast.ClassDef):
                    cls = getattr(source.module, node.name, None)
                    if isinstance(cls, type) and mapper_of(cls) and cls.__module__ == name:
                        found[cls] = (source, node)
        return found

    @cached_property
    def tables(self) -> Mapping[type, Table]:
        """Tables of the mapped classes."""
        return {m: t for m in self.models if (t := table_of(m)) is not None}

    @cached_property
    def reached(self) -> Mapping[Endpoint, Sequence[Reached]]:
        """Functions that run for each of the endpoints."""
        return {endpoint: reach(endpoint, self.tracer) for endpoint in self.endpoints}

    @cached_property
    def running(self) -> Sequence[Reached]:
        """Functions that run for any endpoint, once for each way to them."""
        found: dict[tuple[object, ...], Reached] = {}
        for all_reached in self.reached.values():
            for r in all_reached:
                found.setdefault((r.function.node, r.function.owner, r.waits, r.aside), r)
        return list(found.values())

    @cached_property
    def functions(self) -> Sequence[tuple[Function, Facts]]:
        """Functions of the files, outside of classes, and of classes that endpoints use."""
        alone = [
            Function(source, node)
            for source in self.sources
            for node in source.functions()
            if not isinstance(source.parents.get(node), ast.ClassDef)
        ]
        reached = [r.function for r in self.running]
        return [(f, self.tracer.facts(f)) for f in dict.fromkeys([*alone, *reached])]

    def calls(self) -> Iterator[tuple[Source, ast.Call]]:
        """Yield each call in the files."""
        for source in self.sources:
            for node in ast.walk(source.tree):
                if isinstance(node, ast.Call):
                    yield source, node


def read_application(target: str) -> Application:
    """Load an application, and read its files.

    Args:
        target: As for `modelwire serve`.

    Raises:
        BadTarget: There is no such application, or an error in it.
    """
    app = load_app(target)
    source, _, _ = target.partition(":")
    folder = _folder_of(source)
    modules = _own_modules(folder)
    sources = {path: read_source(path, module) for path, module in modules.items()}
    index = Index(sources)
    tests = [read_source(p) for p in _find_tests(folder) if p not in sources]
    return Application(app, list(sources.values()), tests, Tracer(index), index)


def _folder_of(source: str) -> Path:
    """Return the folder that contains an application's packages."""
    path = Path(source)
    if path.is_file():
        return path.resolve().parent
    module = sys.modules[source.partition(".")[0]]
    path = Path(module.__file__ or next(iter(module.__path__)))
    return path.resolve().parent if path.stem != "__init__" else path.resolve().parents[1]


def _own_modules(folder: Path) -> Mapping[Path, ModuleType]:
    found: dict[Path, ModuleType] = {}
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        path = Path(file).resolve() if file else None
        if path is None or path.suffix != ".py" or not path.is_relative_to(folder):
            continue
        parts = path.relative_to(folder).parts
        if not any(part in _FOREIGN or part.startswith((".", "test")) for part in parts):
            found.setdefault(path, module)
    return found


def _find_tests(folder: Path) -> Iterator[Path]:
    """Yield the tests beside an application, or beside the `src` that contains it."""
    roots = [folder, folder.parent] if folder.name in {"src", "app"} else [folder]
    for root in roots:
        for name in _TESTS:
            yield from sorted((root / name).rglob("*.py"))
        yield from sorted(root.glob("test_*.py"))
