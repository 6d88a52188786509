"""Views: created by migrations, and mapped to classes like tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import MetaData
from sqlalchemy import Table as SQLTable

from ..errors import ConfigurationError
from ..resource import OPERATIONS, Operation, Resource

READING: Sequence[Operation] = ("read", "list", "stream", "aggregate")
"""The operations that only read."""


def is_view(table: SQLTable) -> bool:
    """Whether a table is marked as a view, by `info={"is_view": True}`."""
    return bool(table.info.get("is_view"))


def tables_in(metadata: MetaData) -> Sequence[SQLTable]:
    """Return the tables that are not views, each after those that it refers to."""
    return [table for table in metadata.sorted_tables if not is_view(table)]


def serve_view(resource: Resource, table: SQLTable) -> Resource:
    """Return a resource with the operations that it can have: for a view, only those that read.

    Raises:
        ConfigurationError: It names other operations for a view.
    """
    if not is_view(table):
        return resource
    if resource.operations is OPERATIONS:
        return replace(resource, operations=READING)
    writing = [operation for operation in resource.operations if operation not in READING]
    if writing:
        raise ConfigurationError(
            f"Resource({resource.model.__name__}, operations=…): {table.name} is a view, which "
            f"takes no `{writing[0]}`; it can have {', '.join(READING)}."
        )
    return resource
