"""JSON columns whose documents are stored without what their annotation masks."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import PydanticUserError

from ..field import Field
from ..kinds import Kind
from ..tables import Table
from .masks import masks_within


def describe_lossy_documents(table: Table) -> str | None:
    """Describe the fields whose documents lose what their annotation masks, and the remedies.

    A document is stored as its annotation serialises it. A serializer may only change the format,
    so this does not prevent the start.

    Args:
        table: The resource.

    Returns:
        A sentence for the log; None if there are none.
    """
    served, resource = table.guarded.serves, table.resource
    derived = resource.create_schema is None and resource.update_schema is None
    writes = derived and (served("create") or served("update"))
    lossy = [*_find_lossy(table)] if writes else []
    if not lossy:
        return None
    model, names = table.model.__name__, ", ".join(f"`{field.name}`" for field in lossy)
    return (
        f"Resource({model}): documents of {names} are stored as they are shown, so that of a "
        "SecretStr or a part with a serializer only the masked form is stored. Give such values a "
        "column of their own. If the serializers only change a format, use "
        f"Resource({model}, queryable=[…])."
    )


def _find_lossy(table: Table) -> Iterator[Field]:
    for field in table.fields:
        if (
            field.kind is Kind.JSON
            and field.writable
            and field.name not in table.resource.queryable
        ):
            try:
                if masks_within(field.annotation):
                    yield field
            except (PydanticUserError, NameError):
                continue  # it can't be used without its model
