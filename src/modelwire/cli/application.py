"""Import of an application's database, as the `env.py` of a migrations folder writes it."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from fastapi import FastAPI

from ..execute.database import Database
from .target import BadTarget, load_app


def name_database(target: str) -> Mapping[str, str]:
    """Return the Python code that imports the database of an application.

    Args:
        target: As for `modelwire serve`; a module importable from the current directory.

    Returns:
        The `imports`, and the expression of the `database`.

    Raises:
        BadTarget: There is no such application, it has no database, or it can't be imported.
    """
    source, _, name = target.partition(":")
    module = _name_module(source)
    app = load_app(f"{module}:{name}" if name else module)
    loaded = sys.modules[module]
    database = getattr(app.state, "modelwire_database", None)
    if not isinstance(database, Database):
        raise BadTarget(f"{source} has an application without a database of modelwire's")
    return _find(loaded, module, app, database, name)


def _name_module(source: str) -> str:
    path = Path(source)
    if path.suffix != ".py":
        return source
    if len(path.parts) > 1:
        raise BadTarget(
            f"{source}: steps import what they are about; name it as that, as in package.main, or "
            "run the command where it is"
        )
    if not path.is_file():
        raise BadTarget(f"There is no file {path}")
    return path.stem


def _find(
    loaded: ModuleType, module: str, app: FastAPI, database: Database, name: str
) -> Mapping[str, str]:
    for known, value in vars(loaded).items():
        if value is database:
            return _write(f"from {module} import {known}", known)
    for known, value in vars(loaded).items():
        if value is app:
            return _write(f"from {module} import {known}", f"{known}.state.modelwire_database")
    if name and inspect.isfunction(getattr(loaded, name, None)):
        return _write(f"from {module} import {name}", f"{name}().state.modelwire_database")
    # The application was made from the module's tables, and so was its database.
    tables = f"import {module}  # noqa: F401 - defines the tables"
    return {"imports": f"from modelwire import Database\n\n{tables}", "database": "Database()"}


def _write(line: str, database: str) -> Mapping[str, str]:
    return {"imports": line, "database": database}
