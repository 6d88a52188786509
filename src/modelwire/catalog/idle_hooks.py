"""Hooks of operations that no request can carry out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..hooks import WriteOperation
from ..resource import Operation
from .names import join_words
from .tables import Catalog, Table

_RUN_BY: Mapping[WriteOperation, Sequence[Operation]] = {
    "create": ("create", "bulk_create"),
    "update": ("update", "bulk_update"),
    "delete": ("delete", "bulk_delete"),
}
"""The operations of a resource that carry out a write.

The routes below a row, nested rows, upserts, links, and reverted and restored rows need one of
them, too.
"""


def describe_idle_hooks(table: Table, catalog: Catalog) -> str | None:
    """Describe the hooks of a resource that never run, and the remedies.

    Args:
        table: The resource.
        catalog: The catalog, by which rows may be deleted along with others.

    Returns:
        A sentence for the log; None if there are none.
    """
    hooks = table.resource.hooks
    if hooks is None:
        return None
    lacking = [operation for operation in _RUN_BY if not _is_carried_out(operation, table, catalog)]
    idle = [
        name
        for operation in lacking
        for name in (f"before_{operation}", f"after_{operation}")
        if getattr(hooks, name)
    ]
    if hooks.after_commit and len(lacking) == len(_RUN_BY):
        idle.append("after_commit")
    if not idle:
        return None
    needed = join_words(lacking, "or")
    return (
        f"Resource({table.model.__name__}, hooks=…): {join_words(idle)} never run, because hooks "
        f"run with the requests of resources, and this one has no operation {needed}. Add the "
        "operation, or leave these hooks out."
    )


def _is_carried_out(operation: WriteOperation, table: Table, catalog: Catalog) -> bool:
    if any(map(table.guarded.serves, _RUN_BY[operation])):
        return True
    along = (d.table for dependents in catalog.dependents.values() for d in dependents)
    return operation == "delete" and table.sql in along
