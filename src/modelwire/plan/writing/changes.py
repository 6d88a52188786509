"""Changes that depend on what is stored: patches of JSON, and rows that their model sees whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from pydantic import ValidationError
from pydantic_core import to_jsonable_python

from ...catalog.field import Field
from ...catalog.tables import Table
from ...catalog.whole import ChangeSchema
from ...dialect import Dialect
from ...errors import Faults
from .bodies import Validated, add_faults, refuse, validate
from .draft import Row, intake_of
from .merge import merge_patch

Stored = Mapping[Field, Any]
"""What a row has, by its fields."""


class Draft(Struct, frozen=True):
    """What a row sets, of which it depends on the stored row what comes of it.

    Args:
        body: The JSON values of its fields, by their names in the body.
        patches: The fields in which an object is a patch of what is stored (RFC 7396), by the same
            names.
    """

    body: Mapping[str, Any]
    patches: Mapping[str, Field]


def fields_to_read(table: Table, drafts: Sequence[Draft | None]) -> tuple[Field, ...]:
    """The fields of stored rows that drafts depend on."""
    given = [draft for draft in drafts if draft is not None]
    if table.schemas.change is not None and given:
        return table.fields
    return tuple(dict.fromkeys(field for draft in given for field in draft.patches.values()))


def settle_drafts(
    table: Table,
    dialect: Dialect,
    rows: Sequence[Row],
    drafts: Sequence[Draft | None],
    stored: Sequence[Stored],
) -> tuple[Row, ...]:
    """Make of drafts what their rows set.

    Args:
        table: The resource.
        dialect: The database's dialect.
        rows: What each row sets that depends on nothing.
        drafts: What it sets beside.
        stored: What each row has.

    Returns:
        What each row sets.

    Raises:
        InvalidRequest: What comes of a draft does not fit its schema.
        TooLong, OutOfRange: A value does not fit its column.
    """
    invalid, faults = Faults(), Faults()
    settled: list[Row] = []
    intake = intake_of(table, table.schemas.change or table.schemas.update, dialect)
    for row, draft, has in zip(rows, drafts, stored, strict=True):
        if draft is None:
            settled.append(row)
            continue
        merged = _merge(draft, has)
        valid = _validate(table, merged, has, row.pointer, invalid)
        if valid is None:
            continue
        given = valid.model_fields_set
        taken = intake.take_given(vars(valid), given, row.pointer, faults, defaults=False)
        settled.append(row.add(taken))
    invalid.refuse()
    refuse(faults)
    return tuple(settled)


def _merge(draft: Draft, stored: Stored) -> Mapping[str, Any]:
    merged = dict(draft.body)
    for name, field in draft.patches.items():
        merged[name] = merge_patch(to_jsonable_python(stored[field]), draft.body[name])
    return merged


def _validate(
    table: Table, body: Mapping[str, Any], stored: Stored, pointer: str, faults: Faults
) -> Validated | None:
    schema = table.schemas.change
    if schema is None:
        return validate(table, table.schemas.update, body, pointer, faults)
    return validate_whole(table, schema, body, stored, pointer, faults)


def validate_whole(
    table: Table,
    schema: ChangeSchema,
    body: Mapping[str, Any],
    stored: Stored,
    pointer: str,
    faults: Faults,
) -> Validated | None:
    """Validate a change together with the row that it is of.

    Args:
        table: The resource.
        schema: Its schema.
        body: The JSON values of the fields that are changed.
        stored: What the row has.
        pointer: Where it stands in the whole body.
        faults: Where what is wrong is added.

    Returns:
        The validated change; None if the row as it becomes does not fit.
    """
    try:
        return schema.validate({field.key: value for field, value in stored.items()}, body)
    except ValidationError as exc:
        add_faults(exc, table, schema, body, pointer, faults)
        return None
