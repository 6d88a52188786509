"""Required columns that nothing fills in new rows."""

from __future__ import annotations

from collections.abc import Iterator

from ..field import Field
from ..tables import Table
from .fields import is_filled


def describe_unfilled(table: Table) -> str | None:
    """Describe the required fields that would make every create fail, and the remedies.

    A trigger may fill such a field, so this does not prevent the start. A foreign key may be filled
    if a row is created below another one.

    Args:
        table: The resource.

    Returns:
        A sentence for the log; None if there are none.
    """
    resource = table.resource
    has_hook = resource.hooks is not None and bool(resource.hooks.before_create)
    may_create = table.guarded.serves("create") and table.policy.create.constant is not False
    unfilled = [*_find_unfilled(table)] if may_create and not has_hook else []
    if not unfilled:
        return None
    model = table.model.__name__
    first = unfilled[0].name
    return (
        f"Resource({model}): {', '.join(f'`{field.name}`' for field in unfilled)} must have a "
        "value, but it has no default, and no client may set it: every new row would be refused. "
        "Give it a default or a server_default, Resource("
        f'{model}, assign_on_create={{"{first}": …}}) or hooks=Hooks(before_create=[…]), let '
        'clients set it, or leave "create" out of operations. If a trigger fills it, declare a '
        "server_default."
    )


def _find_unfilled(table: Table) -> Iterator[Field]:
    resource = table.resource
    given = (*resource.assign_on_create, resource.version)
    for field in table.fields:
        if field.computed is not None or field.name in given or field.column.foreign_keys:
            continue
        is_needed = not (field.column.nullable or is_filled(field.column))
        is_open = table.policy.rules_of(field.name).write is not False
        if is_needed and not (is_open and field.key in table.schemas.create.model_fields):
            yield field
