"""Checks across the mounts of one application."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Table as SQLTable
from sqlalchemy.sql import visitors

from ..errors import ConfigurationError
from .reading.computed import check_rules, stands_for
from .tables import Catalog, Table


def check_apart(catalog: Catalog, others: Sequence[Catalog]) -> None:
    """Check that no resource leads to rows, or shows fields, whose access only another mount
    restricts.

    A mount knows only its own policies, and looks up related resources only among its own.

    Args:
        catalog: The resources of a mount.
        others: The resources of earlier mounts.

    Raises:
        ConfigurationError: A resource does.
    """
    for other in others:
        for here, there in ((catalog, other), (other, catalog)):
            check_rules(here.tables.values(), there.tables.values())
            for table in here.tables.values():
                for found in _led_to(table):
                    if here.find(found) is None and there.hides_rows(found):
                        _refuse(table, there.tables[found.fullname])


def _led_to(table: Table) -> Iterator[SQLTable]:
    """Yield the tables that a resource leads to: by foreign keys, links, expressions."""
    yield from (reference.parent for reference in table.references)
    yield from (r.link for r in table.relations.values() if r.link is not None)
    for field in table.computed:
        parts = () if field.computed is None else visitors.iterate(field.computed.condition.written)
        yield from (read for part in parts if (read := stands_for(part)) is not None)


def _refuse(table: Table, other: Table) -> None:
    raise ConfigurationError(
        f"Resource({table.model.__name__}): its rows lead to those of {other.model.__name__}, some "
        "of which another mount of this application hides, by a policy or by soft_delete. Give "
        "both to one mount(…): it hides the same rows from both."
    )
