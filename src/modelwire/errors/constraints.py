"""Constraint violations as drivers report them, before the catalog explains them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from .base import ModelwireError


class Constraint(StrEnum):
    """Kinds of constraint that a database reports."""

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
    """Report of the driver about a violated constraint.

    Args:
        kind: The kind of the constraint.
        table: Name of the table that the constraint belongs to, if the driver reports it.
        constraint: Name of the constraint or index, if the driver reports it.
        columns: Names that the driver reports; some may not be columns.
        schema: The schema of the table, if the driver reports it.
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
