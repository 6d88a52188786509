"""What `mount` can be given: a wrong argument is refused with what would be right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI

from ..errors import ConfigurationError
from ..execute import Database
from ..resource import Resource, are_depends, is_count, is_fixed_path


def check_arguments(
    app: object, database: object, resources: Sequence[object], **options: Any
) -> None:
    """Check the arguments of `mount`.

    Args:
        app: The application.
        database: The database.
        resources: The resources.
        options: The others, by their name.

    Raises:
        ConfigurationError: One can't be used; says what would be right.
    """
    if not isinstance(app, FastAPI):
        _refuse("app", app, "a FastAPI application; a path before all others is prefix=")
    if not isinstance(database, Database):
        _refuse("database", database, "a Database, as in Database('sqlite:///file.db')")
    for resource in resources:
        if not isinstance(resource, Resource):
            _refuse("resources", resource, "one Resource after another, as in Resource(User), …")
    prefix, health = options["prefix"], options["health"]
    if not (isinstance(prefix, str) and (not prefix or _is_path(prefix))):
        _refuse("prefix", prefix, "a path that starts with a slash, without parameters")
    if not (health is None or _is_path(health)):
        _refuse("health", health, "a path that starts with a slash, or None")
    if not are_depends(options["dependencies"]):
        _refuse("dependencies", options["dependencies"], "a list of Depends(…)")
    size, status = options["max_body_bytes"], options["conflict_status"]
    if not (size is None or is_count(size)):
        _refuse("max_body_bytes", size, "a number of bytes from 1 on, or None")
    if status not in (None, 400, 409):
        _refuse("conflict_status", status, "400, 409 or None")


def _is_path(value: Any) -> bool:
    return is_fixed_path(value) and bool(value.startswith("/"))


def _refuse(name: str, value: object, expected: str) -> None:
    shown = repr(value) if isinstance(value, (str, int)) else type(value).__name__
    if isinstance(value, type):
        shown = f"the class {value.__name__}"
    raise ConfigurationError(f"mount({name}=…): {shown} should be {expected}.")
