"""Classification of objects that the import has created: functions, models, sessions."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from fastapi.params import Depends
from sqlalchemy import Table
from sqlalchemy.exc import NoInspectionAvailable
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Mapper, QueryableAttribute, Session, sessionmaker

from .source import Def, Source
from .values import UNKNOWN, Function, Instance, Known, Row, SessionOf, Value


class Index:
    """Index of the definitions of functions in the files of an application."""

    def __init__(self, sources: Mapping[Path, Source]) -> None:
        self._places: dict[tuple[Path, int], tuple[Source, Def]] = {}
        for path, source in sources.items():
            for node in source.functions():
                line = min([d.lineno for d in node.decorator_list] + [node.lineno])
                self._places[path, line] = (source, node)

    def find(self, function: object, owner: type | None = None) -> Function | None:
        """Find the definition of a function, or of one that a decorator has wrapped.

        Args:
            function: The function, a method, or a partial of one.
            owner: The class on which it is called as a method.

        Returns:
            None where it is none of the application's.
        """
        while isinstance(function, partial):
            function = function.func
        if not isinstance(
            function, types.FunctionType | types.MethodType | staticmethod | classmethod
        ) and "__wrapped__" not in getattr(function, "__dict__", {}):
            return None
        if isinstance(function, staticmethod | classmethod):
            function = function.__func__
        if inspect.ismethod(function):
            owner, function = owner or type(function.__self__), function.__func__
        try:
            function = inspect.unwrap(function)  # type: ignore[arg-type]
        except (ValueError, AttributeError):
            return None
        code = getattr(function, "__code__", None)
        if code is None:
            return None
        found = self._places.get((Path(code.co_filename).resolve(), code.co_firstlineno))
        return Function(*found, owner) if found else None


def mapper_of(cls: object) -> Mapper[Any] | None:
    """Return the mapper of a mapped class; None for anything else."""
    if not isinstance(cls, type):
        return None
    try:
        found = inspect_mapped(cls)
    except NoInspectionAvailable:
        return None
    return found if isinstance(found, Mapper) else None


def inspect_mapped(cls: type) -> object:
    """Return SQLAlchemy's inspection of a class."""
    from sqlalchemy import inspect as look  # noqa: PLC0415 - the name is taken

    return look(cls)


def table_of(cls: object) -> Table | None:
    """Return the table of a mapped class; None for anything else."""
    mapper = mapper_of(cls)
    table = mapper.local_table if mapper else None
    return table if isinstance(table, Table) else None


def column_of(value: Value) -> Any:
    """Return the column of a mapped class's attribute; None for anything else."""
    if not isinstance(value, Known) or not isinstance(value.object, QueryableAttribute):
        return None
    columns = getattr(getattr(value.object, "property", None), "columns", ())
    return columns[0] if columns and getattr(columns[0], "table", None) is not None else None


def is_unique(column: Any) -> bool:
    """Whether a column has each value once."""
    if column is None:
        return False
    alone = [
        [c.name for c in index.columns] == [column.name]
        for index in column.table.indexes
        if index.unique
    ]
    key = [c.name for c in column.table.primary_key.columns] == [column.name]
    return bool(column.unique) or key or any(alone)


def relations_of(cls: object) -> Mapping[str, Any]:
    """Return the relationships of a mapped class, by name."""
    mapper = mapper_of(cls)
    return {} if mapper is None else dict(mapper.relationships.items())


def keys_of(cls: type) -> frozenset[str]:
    """Return the names of the attributes that form the key of a mapped class."""
    mapper = mapper_of(cls)
    if mapper is None:
        return frozenset()
    return frozenset(mapper.get_property_by_column(c).key for c in mapper.primary_key)


def session_class(cls: object) -> SessionOf | None:
    """Return the kind of sessions that a class stands for; None where it is none of sessions."""
    if isinstance(cls, type) and issubclass(cls, Session | AsyncSession):
        return SessionOf(issubclass(cls, AsyncSession))
    return None


def session_maker(maker: object) -> SessionOf | None:
    """Return the kind of sessions that a maker makes; None where it is none."""
    if not isinstance(maker, sessionmaker | async_sessionmaker):
        return None
    is_async = issubclass(maker.class_, AsyncSession)
    return SessionOf(is_async, bool(maker.kw.get("expire_on_commit", True)), made=True)


def name_object(value: object) -> str:
    """Return the qualified name of a function or class; empty for other objects."""
    name = getattr(value, "__qualname__", None)
    module = getattr(value, "__module__", None)
    if isinstance(value, types.ModuleType):
        return value.__name__
    return f"{module}.{name}" if isinstance(name, str) else ""


def split_annotation(annotation: Any) -> tuple[Any, Any]:
    """Return the class of an annotation, and the dependency that gives its value, if any."""
    depends = None
    while True:
        annotation = getattr(annotation, "__value__", annotation)
        origin = typing.get_origin(annotation)
        if origin is typing.Annotated:
            first, *others = typing.get_args(annotation)
            found = next((o for o in others if isinstance(o, Depends)), None)
            depends, annotation = found or depends, first
        elif origin in (typing.Union, types.UnionType):
            left = [a for a in typing.get_args(annotation) if a is not type(None)]
            if len(left) != 1:
                return None, depends
            annotation = left[0]
        elif (origin is not None and "enerator" in str(origin)) or "terat" in str(origin):
            annotation = typing.get_args(annotation)[0] if typing.get_args(annotation) else None
        else:
            return annotation, depends


def value_of_class(cls: Any, place: Any) -> Value:
    """Return the known value for a class in an annotation."""
    if not isinstance(cls, type):
        return UNKNOWN
    if (session := session_class(cls)) is not None:
        return session
    return Row(cls, place) if mapper_of(cls) is not None else Instance(cls)


def known_as(found: object, name: str = "") -> Value:
    """Return an object of the import as a known value, by a given name or by its own."""
    return UNKNOWN if found is None else Known(found, name or name_object(found))
