"""Parameters of bulk requests, and the resolution of conflicts in upserts."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from ...catalog.field import Field
from ...catalog.tables import Catalog, Table
from ...errors import InvalidRequest, Violation
from ...request.query import Parameter
from ...shape.parts import Include
from ...suggestions import did_you_mean
from ..parameters import refuse_parameter
from ..reading.query import Query

_ATOMIC = {"true": True, "false": False}


class Resolution(StrEnum):
    """Resolution of a conflict with an existing row: merge with it, or leave it as it is."""

    MERGE = "merge-duplicates"
    IGNORE = "ignore-duplicates"


class BulkOptions(Struct, frozen=True):
    """Options of a bulk request.

    Args:
        includes: The includes of the rows in the answer.
        atomic: Whether all rows are written or none; otherwise each is written independently.
        key: The fields of the unique key by which existing rows are found; None if there should be
            no such rows.
    """

    includes: tuple[Include, ...] = ()
    atomic: bool = True
    key: tuple[Field, ...] | None = None


def plan_options(
    catalog: Catalog, table: Table, parameters: Sequence[Parameter], *known: str
) -> BulkOptions:
    """Plan the options of a bulk request.

    Args:
        catalog: The catalog.
        table: The resource.
        parameters: The query.
        known: The parameters that it may have, of `include`, `atomic` and `on_conflict`.

    Returns:
        The options.

    Raises:
        InvalidRequest: A parameter is unknown, is given twice, or has an invalid value.
    """
    query = Query(catalog, table, parameters, known)
    includes = query.take_includes() if "include" in known else ()
    atomic = query.take_choice("atomic", _ATOMIC, True)
    named = query.take("on_conflict") if "on_conflict" in known else None
    query.finish()
    return BulkOptions(includes, atomic, None if named is None else _find_key(table, named))


def choose_resolution(preference: str | None) -> Resolution:
    """Choose the resolution of conflicts with existing rows; by default, they are merged.

    Args:
        preference: The preference `resolution`; None if the client has none.

    Returns:
        The resolution.

    Raises:
        InvalidRequest: The preference is unknown: whether to overwrite rows must not be guessed.
    """
    try:
        return Resolution.MERGE if preference is None else Resolution(preference)
    except ValueError:
        message = f"should name one of these resolutions: {', '.join(Resolution)}"
        raise InvalidRequest(Violation(message, "invalid_value", parameter="Prefer")) from None


def _find_key(table: Table, text: str) -> tuple[Field, ...]:
    """Find the unique key that `on_conflict` names."""
    if not table.upserts:
        message = "can't be used here, where callers who may create rows may not change them"
        raise refuse_parameter("on_conflict", message, "not_allowed")
    names = text.split(",")
    for key in table.upsert_keys:
        if sorted(names) == sorted(field.name for field in key):
            return key
    known = [",".join(field.name for field in key) for key in table.upsert_keys]
    message = "can't be used here, as there is no unique key that it could name"
    if known:
        message = f"should name a unique key{did_you_mean(text, known)}: {' or '.join(known)}"
    raise refuse_parameter("on_conflict", message, "unknown_key")
