"""Validation of the arguments of `mount`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import FastAPI

from ..access.caller import Caller
from ..errors import ConfigurationError
from ..execute.database import Database
from ..resource import Resource, are_depends, is_count, is_fixed_path
from .agents.options import Mcp
from .cors import Cors


def check_arguments(
    app: object, database: object, resources: Sequence[object], **options: Any
) -> None:
    """Check the arguments of `mount`.

    Args:
        app: The application.
        database: The database.
        resources: The resources.
        options: The other arguments, by name.

    Raises:
        ConfigurationError: An argument can't be used; says what would be right.
    """
    if not isinstance(app, FastAPI):
        _refuse("app", app, "a FastAPI application; a path before all others is prefix=")
    if not isinstance(database, Database):
        _refuse("database", database, "a Database, as in Database('sqlite:///file.db')")
    for resource in resources:
        if isinstance(resource, type):
            _refuse("resources", resource, f"a Resource, as in Resource({resource.__name__})")
        if not isinstance(resource, Resource):
            _refuse(
                "resources", resource, "separate arguments, as in Resource(User), Resource(Team)"
            )
    for name, is_right, expected in _OPTIONS:
        if name in options and not is_right(options[name]):
            _refuse(name, options[name], expected)


def _is_path(value: Any) -> bool:
    return is_fixed_path(value) and bool(value.startswith("/"))


_OPTIONS: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    (
        "prefix",
        lambda value: isinstance(value, str) and (not value or _is_path(value)),
        "a path that starts with a slash, without parameters",
    ),
    (
        "caller",
        lambda value: value is None or isinstance(value, Caller),
        "a Caller, as in Caller(read_member), or None",
    ),
    (
        "health",
        lambda value: value is None or _is_path(value),
        "a path that starts with a slash, or None",
    ),
    (
        "batch",
        lambda value: value is None or _is_path(value),
        "a path that starts with a slash, or None",
    ),
    (
        "mcp",
        lambda value: isinstance(value, (bool, Mcp)),
        "True, False, or how, as in Mcp(path='/mcp')",
    ),
    ("admin", lambda value: isinstance(value, bool), "True or False"),
    ("dependencies", are_depends, "a list of Depends(…)"),
    ("cors", lambda value: value is None or isinstance(value, Cors), "Cors(origins=[…]), or None"),
    (
        "max_body_bytes",
        lambda value: value is None or is_count(value),
        "a number of bytes from 1 on, or None",
    ),
    ("conflict_status", lambda value: value in (None, 400, 409), "400, 409 or None"),
)
"""Other arguments, each with its check and the expected value."""


def _refuse(name: str, value: object, expected: str) -> None:
    shown = repr(value) if isinstance(value, (str, int)) else type(value).__name__
    if isinstance(value, type):
        shown = f"the class {value.__name__}"
    raise ConfigurationError(f"mount({name}=…): {shown} should be {expected}.")
