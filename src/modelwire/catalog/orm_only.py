"""Code of models that runs only for ORM objects, which the generated routes don't create."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import Mapper
from sqlmodel import SQLModel

from ..compat.sqlalchemy import instance_listeners_of, is_set_listened_to, listeners_of
from ..resource import OPERATIONS, Operation, Resource
from .tables import Table

_CREATING: Sequence[Operation] = ("create", "bulk_create")
_CHANGING: Sequence[Operation] = ("update", "bulk_update")
_DELETING: Sequence[Operation] = ("delete", "bulk_delete")

_MAPPER_EVENTS: Mapping[str, Sequence[Operation]] = {
    "before_insert": _CREATING,
    "after_insert": _CREATING,
    "before_update": _CHANGING,
    "after_update": _CHANGING,
    "before_delete": _DELETING,
    "after_delete": _DELETING,
}
_HOOKS: Mapping[str, str] = {
    "the event before_insert": "before_create",
    "the event after_insert": "after_create",
    "the event before_update": "before_update",
    "the event after_update": "after_update",
    "the event before_delete": "before_delete",
    "the event after_delete": "after_delete",
}
"""The hooks that replace mapper events."""

_INSTANCE_EVENTS: Mapping[str, Sequence[Operation]] = {"init": _CREATING, "load": OPERATIONS}


def describe_passed_over(table: Table) -> str | None:
    """Describe the code of a model that requests bypass, and its replacements.

    Args:
        table: The resource.

    Returns:
        A sentence for the log; None if nothing is bypassed.
    """
    found = [
        name
        for name, operations in _find_own(inspect(table.model))
        if any(operation in table.resource.operations for operation in operations)
        and not _has_hook_for(table.resource, name)
    ]
    if not found:
        return None
    hooks = ", ".join(f"{_HOOKS[name]}=[…]" for name in dict.fromkeys(found) if name in _HOOKS)
    instead = f"Resource({table.model.__name__}, hooks=Hooks({hooks})), " if hooks else ""
    return (
        f"Requests to {table.path} read and write rows by SQL and not as objects, and bypass "
        f"{', '.join(dict.fromkeys(found))} of {table.model.__name__}. Use a default, an "
        f"onupdate, a Pydantic validator or a trigger instead, {instead}or an endpoint of your own."
    )


def _has_hook_for(resource: Resource, name: str) -> bool:
    """Whether a resource has a hook that replaces a mapper event."""
    return name in _HOOKS and bool(getattr(resource.hooks, _HOOKS[name], ()))


def _find_own(mapper: Mapper[Any]) -> Iterable[tuple[str, Sequence[Operation]]]:
    """Yield the code that a user added to a mapped class, and the operations it would run with."""
    if _has_own_init(mapper):
        yield "__init__", _CREATING
    for name, operations in _MAPPER_EVENTS.items():
        if listeners_of(mapper, name):
            yield f"the event {name}", operations
    for name, operations in _INSTANCE_EVENTS.items():
        if instance_listeners_of(mapper, name):
            yield f"the event {name}", operations
    for key in mapper.validators:
        yield f"@validates('{key}')", (*_CREATING, *_CHANGING)
    for attribute in mapper.column_attrs:
        if is_set_listened_to(mapper, attribute.key) and attribute.key not in mapper.validators:
            yield f"the event set of {attribute.key}", (*_CREATING, *_CHANGING)


def _has_own_init(mapper: Mapper[Any]) -> bool:
    """Whether a class, or one that it inherits from, has its own `__init__`."""
    line = [*mapper.iterate_to_root()]
    known = [SQLModel.__init__, *(vars(m.class_).get("__init__") for m in line)]
    return any(m.class_manager.original_init not in known for m in line)
