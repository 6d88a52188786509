"""What a driver says of a constraint that has fired, before the catalog explains it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from .base import ModelwireError


class Constraint(StrEnum):
    """The kinds of constraint that a database reports."""

    UNIQUE = "unique"
    FOREIGN_KEY = "foreign_key"
    NOT_NULL = "not_null"
    CHECK = "check"
    EXCLUSION = "exclusion"
    LENGTH = "length"
    RANGE = "range"
    FORM = "form"
    TRIGGER = "trigger"


class ConstraintViolation(ModelwireError):
    """What the driver said about the constraint that fired.

    Args:
        kind: The kind of the constraint.
        table: Name of the table that the constraint belongs to, where the driver says it.
        constraint: Name of the constraint or index, where the driver says it.
        columns: Names of its columns, where the driver says them; some may be no columns.
        schema: The schema that the table is in, where the driver says it.
    """

    def __init__(
        self,
        kind: Constraint,
        table: str | None = None,
        constraint: str | None = None,
        columns: Sequence[str] = (),
        schema: str | None = None,
    ) -> None:
        super().__init__(f"{kind} constraint {constraint or ''} on {table or 'unknown table'}")
        self.kind = kind
        self.table = table
        self.constraint = constraint
        self.columns = tuple(columns)
        self.schema = schema
