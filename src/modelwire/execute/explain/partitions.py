"""Mapping of a partition's constraints to those of its partitioned table."""

from __future__ import annotations

from ...catalog.constraints import find_sql_table
from ...catalog.tables import Catalog
from ...errors import ConstraintViolation
from ..finder import Finder


async def name_whole(
    violation: ConstraintViolation, catalog: Catalog, finder: Finder
) -> ConstraintViolation:
    """Name the partitioned table and its constraint where an error names a partition.

    PostgreSQL checks each row in its partition, which models do not declare.

    Args:
        violation: The driver's error.
        catalog: The catalog.
        finder: Queries the database, if the error names a table that no model has.

    Returns:
        The violation of the partitioned table; the same violation if the table is not a partition.
    """
    part = violation.table
    if part is None or not may_be_part(violation, catalog):
        return violation
    whole = await finder.find_whole(part, violation.schema, violation.constraint)
    if whole is None:
        return violation
    # The index of the partitioned table has another name; checks and foreign keys have the same.
    constraint = whole.key or violation.constraint
    return ConstraintViolation(
        violation.kind, whole.table, constraint, violation.columns, whole.schema
    )


def may_be_part(violation: ConstraintViolation, catalog: Catalog) -> bool:
    """Whether an error names a table that no model has, served or not."""
    name, schema = violation.table, violation.schema
    models = {table.sql.metadata for table in catalog.tables.values()}
    return name is not None and all(
        find_sql_table(metadata, name, schema) is None for metadata in models
    )
