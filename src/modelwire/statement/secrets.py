"""The table of the service's own secrets, and its statements."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import Column, LargeBinary, String, Table, bindparam, select
from sqlalchemy.sql.base import Executable

from .dialect import SQLDialect
from .door import every_row_of, insert_any_into
from .own_tables import OWN

SECRETS = Table(
    "modelwire_secrets",
    OWN,
    Column("name", String(64), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
"""A row for each secret, which is created once and never changes."""


def build_look(dialect: SQLDialect) -> Executable:
    """Select whether the table exists."""
    return select(dialect.is_there(SECRETS))


def build_secret() -> Executable:
    """Select a secret by name."""
    sql = select(SECRETS.c.value).select_from(every_row_of(SECRETS))
    return sql.where(SECRETS.c.name == bindparam("sought"))


def build_keep(dialect: SQLDialect) -> Executable:
    """Insert a new secret; if several processes insert one at once, the first one wins."""
    given: dict[str, Any] = {name: bindparam(f"v_{name}") for name in ("name", "value")}
    sql = insert_any_into(SECRETS, dialect).values(given)
    return cast(Executable, sql.on_conflict_do_nothing(index_elements=["name"]))
