"""Names of fields and tables in error messages, as far as clients may see them."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from sqlalchemy import Table as SQLTable

from ...catalog.field import Field
from ...catalog.names import join_words, to_words
from ...catalog.tables import Catalog
from ...errors import Violation


def name_fields(fields: Sequence[Field]) -> str:
    """Name some fields at the start of a sentence; empty if one of them is hidden from clients."""
    if not fields or not are_shown(fields):
        return ""
    if len(fields) == 1:
        return fields[0].title
    return join_words([fields[0].title, *(to_words(field.name) for field in fields[1:])])


def are_shown(fields: Sequence[Field]) -> bool:
    """Whether clients may see all of some fields."""
    return all(map(_is_readable, fields))


_is_readable = attrgetter("readable")


def name_referrer(sql: SQLTable | None, catalog: Catalog) -> str:
    """Name a referring table at the end of a sentence; empty if it is not served."""
    return f" by {to_words(sql.name)}" if sql is not None and catalog.find(sql) else ""


def point_at(
    fields: Sequence[Field], pointer: str | None, code: str, message: str
) -> list[Violation]:
    """Return the violations of a row: one for each field of a constraint, or one for the whole row.

    Args:
        fields: The fields. If one of them is hidden, none is pointed at.
        pointer: The pointer to the row in the body; None if it has none.
        code: The code of each violation.
        message: The message of each violation.
    """
    shown = fields if are_shown(fields) else ()
    if pointer is None:
        return [Violation(message, code)] * len(shown)
    if not shown:
        return [Violation(message, code, pointer)]
    return [Violation(message, code, pointer + field.step) for field in shown]
