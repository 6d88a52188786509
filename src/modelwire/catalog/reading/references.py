"""Checks for foreign keys whose values are not known before the row is stored."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Column

from ...errors import ConfigurationError
from ..constraints import Reference
from ..defaults import is_set_anew, row_maker
from ..names import join_words
from ..tables import Table


def check_references(tables: Sequence[Table]) -> None:
    """Check that foreign keys to tables with hidden rows are known before a row is stored, so that
    the referenced row can be looked up first.

    Args:
        tables: All resources of an application.

    Raises:
        ConfigurationError: The database makes a part of such a foreign key.
    """
    hiding = {table.sql: table for table in tables if not table.policy.read.constant}
    for table in tables:
        if table.policy.create.constant is False and table.policy.update.constant is False:
            continue
        for reference in table.references:
            late = _find_late(table, reference)
            if reference.parent in hiding and late:
                _refuse(table, reference, late, hiding[reference.parent])


def _find_late(table: Table, reference: Reference) -> Sequence[Column[object]]:
    """Return the columns of a foreign key that are only set when a row is stored."""
    made = [c for c in reference.columns if _is_of_row(c)]
    late = [c for c in reference.columns if c in made or _is_late(table, c)]
    # A foreign key that no value of the row determines is the server's own choice.
    return late if made or len(late) < len(reference.columns) else ()


def _is_of_row(column: Column[object]) -> bool:
    """Whether the values of a column are computed from the rest of the row."""
    makers = (column.default, column.onupdate)
    return column.computed is not None or any(row_maker(maker) is not None for maker in makers)


def _is_late(table: Table, column: Column[object]) -> bool:
    """Whether a column gets values that neither a request nor a policy gives."""
    field = table.by_column.get(column.name)
    if is_set_anew(column):
        return True
    if field is None:
        return column.default is not None or column.server_default is not None
    is_made = field.filled and field.default is None and not field.primary_key
    return is_made and field.key not in table.policy.on_create


def _refuse(
    table: Table, reference: Reference, late: Sequence[Column[object]], parent: Table
) -> None:
    names = join_words([f"`{column.key}`" for column in reference.columns])
    made = join_words([f"`{column.key}`" for column in late])
    raise ConfigurationError(
        f"Resource({table.model.__name__}): {names} refer to a row of {parent.model.__name__}, "
        f"which not every caller may see, but the database makes {made}, so the row can't be "
        "looked up before. Make a value that is known by then, by Field(default=…) or "
        "assign_on_create=, or let nobody write: policy=Policy(…, write=nobody)."
    )
