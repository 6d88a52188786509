"""The parameters of bulk requests, and how they would have conflicts resolved."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from ...catalog.field import Field
from ...catalog.names import did_you_mean
from ...catalog.tables import Catalog, Table
from ...errors import InvalidRequest, Violation
from ...request.query import Parameter
from ...shape.parts import Include
from ..parameters import refuse_parameter
from ..reading.query import Query

_ATOMIC = {"true": True, "false": False}


class Resolution(StrEnum):
    """What becomes of a row that is there already: merged with what was sent, or left alone."""

    MERGE = "merge-duplicates"
    IGNORE = "ignore-duplicates"


class BulkOptions(Struct, frozen=True):
    """How the rows of a bulk request are written.

    Args:
        includes: What the rows in the answer include.
        atomic: Whether all of them are written or none; otherwise each for itself.
        key: The fields of the unique key by which a row that is there already is found; None
            where there should be no such row.
    """

    includes: tuple[Include, ...] = ()
    atomic: bool = True
    key: tuple[Field, ...] | None = None


def plan_options(
    catalog: Catalog, table: Table, parameters: Sequence[Parameter], *known: str
) -> BulkOptions:
    """Plan how the rows of a bulk request are written.

    Args:
        catalog: The catalog.
        table: The resource.
        parameters: The query.
        known: What it may have of `include`, `atomic` and `on_conflict`.

    Returns:
        The options.

    Raises:
        InvalidRequest: A parameter is unknown, given twice, or has a value that is not valid.
    """
    query = Query(catalog, table, parameters, known)
    includes = query.take_includes() if "include" in known else ()
    atomic = query.take_choice("atomic", _ATOMIC, True)
    named = query.take_listed("on_conflict") if "on_conflict" in known else None
    query.finish()
    return BulkOptions(includes, atomic, None if named is None else _find_key(table, named))


def choose_resolution(preference: str | None) -> Resolution:
    """Choose what becomes of rows that are there already; they are merged by default.

    Args:
        preference: The preference `resolution`; None where the client has none.

    Returns:
        The resolution.

    Raises:
        InvalidRequest: There is no such one: what is overwritten is not to be guessed.
    """
    try:
        return Resolution.MERGE if preference is None else Resolution(preference)
    except ValueError:
        message = f"should name as its resolution one of {', '.join(Resolution)}"
        raise InvalidRequest(Violation(message, "invalid_value", parameter="Prefer")) from None


def _find_key(table: Table, text: str) -> tuple[Field, ...]:
    """Find the unique key that `on_conflict` names."""
    if not table.upserts:
        message = "can't be used here, where who may create rows may not change them"
        raise refuse_parameter("on_conflict", message, "not_allowed")
    names = text.split(",")
    for key in table.upsert_keys:
        if sorted(names) == sorted(field.name for field in key):
            return key
    known = [",".join(field.name for field in key) for key in table.upsert_keys]
    message = "can't be used here, where clients can set no unique key"
    if known:
        message = f"should name a unique key{did_you_mean(text, known)}: {' or '.join(known)}"
    raise refuse_parameter("on_conflict", message, "unknown_key")
