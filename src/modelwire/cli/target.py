"""What to serve: a file or a module, with an application or just tables in it."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from fastapi import FastAPI
from sqlalchemy import Table as SQLTable
from sqlalchemy import inspect
from sqlmodel import SQLModel

from ..catalog.relations import joins_columns
from ..errors import ModelwireError
from ..execute import Database
from ..resource import Resource
from ..web import mount


class BadTarget(ModelwireError):
    """The target can't be served; says why in one line."""


def load_app(target: str) -> FastAPI:
    """Load the application that a target names, or make one of its tables.

    Args:
        target: `league.py`, `package.module`, or either with `:name` behind it.

    Returns:
        Its FastAPI application; where it has none, one with every table as a resource and every
        relationship between them includable.

    Raises:
        BadTarget: There is no such file or module, or nothing in it to serve.
    """
    source, _, name = target.partition(":")
    module = _load_module(source)
    if name:
        app = getattr(module, name, None)
        if not isinstance(app, FastAPI):
            raise BadTarget(f"{source} has no FastAPI application called {name}")
        return app
    apps = {id(v): (k, v) for k, v in vars(module).items() if isinstance(v, FastAPI)}
    if len(apps) > 1:
        names = [name for name, _ in apps.values()]
        if "app" not in names:
            raise BadTarget(f"{source} has several applications; say which: {source}:{names[0]}")
        return next(app for name, app in apps.values() if name == "app")
    return next((app for _, app in apps.values()), None) or _make_app(module, source)


def _load_module(source: str) -> ModuleType:
    path = Path(source)
    if path.suffix == ".py" or path.is_file():
        return _load_file(path)
    sys.path.insert(0, "")
    try:
        return importlib.import_module(source)
    except ModuleNotFoundError as exc:
        if exc.name is None or not f"{source}.".startswith(f"{exc.name}."):
            raise
        raise BadTarget(f"There is no file or module {source}") from None


def _load_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise BadTarget(f"There is no file {path}")
    sys.path.insert(0, str(path.resolve().parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise BadTarget(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _make_app(module: ModuleType, source: str) -> FastAPI:
    models = list(dict.fromkeys(value for value in vars(module).values() if _is_table(value)))
    if not models:
        raise BadTarget(
            f"{source} has no FastAPI application and no table; "
            "a table is class Name(SQLModel, table=True)"
        )
    database = Database()
    title = module.__name__.rpartition(".")[2].replace("_", " ").capitalize()
    app = FastAPI(title=title, lifespan=database.lifespan)
    mount(app, database, *(_to_resource(model, models) for model in models))
    return app


def _is_table(value: object) -> bool:
    return (
        isinstance(value, type)
        and issubclass(value, SQLModel)
        and isinstance(vars(value).get("__table__"), SQLTable)
    )


def _to_resource(model: type[SQLModel], models: list[type[SQLModel]]) -> Resource:
    relationships = inspect(model).relationships
    includes = [
        prop.key for prop in relationships if prop.mapper.class_ in models and joins_columns(prop)
    ]
    return Resource(model, includes=includes)
