"""From a constraint of a partition to that of the table that it is a part of."""

from __future__ import annotations

from ...catalog.constraints import find_sql_table
from ...catalog.tables import Catalog
from ...errors import ConstraintViolation
from ..finder import Finder


async def name_whole(
    violation: ConstraintViolation, catalog: Catalog, finder: Finder
) -> ConstraintViolation:
    """Name the whole table, and its constraint, where a database has named a partition of it.

    PostgreSQL checks each row in its partition, which models say nothing of.

    Args:
        violation: What the driver said.
        catalog: The catalog.
        finder: Asks the database, if a table is named that no model has.

    Returns:
        What the whole table would have said; the same where it is no partition.
    """
    part = violation.table
    if part is None or not may_be_part(violation, catalog):
        return violation
    whole = await finder.find_whole(part, violation.schema, violation.constraint)
    if whole is None:
        return violation
    # An index has another name there; a check and a foreign key have the same.
    constraint = whole.key or violation.constraint
    return ConstraintViolation(
        violation.kind, whole.table, constraint, violation.columns, whole.schema
    )


def may_be_part(violation: ConstraintViolation, catalog: Catalog) -> bool:
    """Whether a database has named a table that no model has, be it a resource or not."""
    name, schema = violation.table, violation.schema
    models = {table.sql.metadata for table in catalog.tables.values()}
    return name is not None and all(
        find_sql_table(metadata, name, schema) is None for metadata in models
    )
