"""Changes that depend on stored values: patches of JSON, and rows that their model validates
whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from pydantic import ValidationError
from pydantic_core import to_jsonable_python

from ...catalog.field import Field
from ...catalog.model_validation import ChangeSchema
from ...catalog.tables import Table
from ...dialect import Dialect
from ...errors import Faults
from .bodies import Validated, add_faults, refuse, validate
from .new_rows import NewRow, intake_of

Stored = Mapping[Field, Any]
"""Values of a stored row, by its fields."""


class Draft(Struct, frozen=True):
    """Change of a row whose result depends on the stored row.

    Args:
        body: The JSON values of its fields, by their names in the body.
        patches: The fields in which an object is a patch of the stored value (RFC 7396), by the
            same names.
    """

    body: Mapping[str, Any]
    patches: Mapping[str, Field]


def fields_to_read(table: Table, drafts: Sequence[Draft | None]) -> tuple[Field, ...]:
    """Return the fields of stored rows that drafts depend on."""
    given = [draft for draft in drafts if draft is not None]
    if table.schemas.change is not None and given:
        return table.fields
    return tuple(dict.fromkeys(field for draft in given for field in draft.patches.values()))


def settle_drafts(
    table: Table,
    dialect: Dialect,
    rows: Sequence[NewRow],
    drafts: Sequence[Draft | None],
    stored: Sequence[Stored],
) -> tuple[NewRow, ...]:
    """Apply drafts to the stored rows.

    Args:
        table: The resource.
        dialect: The database's dialect.
        rows: For each row, the values that do not depend on the stored row.
        drafts: For each row, the draft, if any.
        stored: For each row, the stored values.

    Returns:
        For each row, all values that it sets.

    Raises:
        InvalidRequest: The result of a draft does not fit its schema.
        TooLong, OutOfRange: A value does not fit its column.
    """
    invalid, faults = Faults(), Faults()
    settled: list[NewRow] = []
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
    """Validate a change together with the stored row.

    Args:
        table: The resource.
        schema: Its schema.
        body: The JSON values of the fields to change.
        stored: The values of the stored row.
        pointer: The place of the row in the whole body.
        faults: The collector of faults.

    Returns:
        The validated change; None if the changed row is invalid.
    """
    try:
        return schema.validate({field.key: value for field, value in stored.items()}, body)
    except ValidationError as exc:
        add_faults(exc, table, schema, body, pointer, faults)
        return None


def merge_patch(target: Any, patch: Any) -> Any:
    """Apply a merge patch (RFC 7396, section 2).

    Args:
        target: The JSON value to change.
        patch: The patch: an object's members replace those of the target, null removes one, and
            anything but an object replaces the whole target.

    Returns:
        The resulting JSON value; neither argument is changed.
    """
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged
