"""Texts that are equal in any case, in columns of both databases."""

from typing import Any

from sqlalchemy import DDL, MetaData, String, Table, event
from sqlalchemy.dialects.postgresql import CITEXT


def without_case() -> Any:
    """Return a type of texts that are one key in any case."""
    return String(collation="NOCASE").with_variant(CITEXT(), "postgresql")


def create_citext(before: MetaData | Table) -> None:
    """Have PostgreSQL's type created before tables are."""
    ddl = DDL("CREATE EXTENSION IF NOT EXISTS citext").execute_if(dialect="postgresql")
    event.listen(before, "before_create", ddl)
