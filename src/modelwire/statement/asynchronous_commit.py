"""Asynchronous commits."""

from __future__ import annotations

from sqlalchemy import Boolean, ColumnElement, func, literal, literal_column


def commit_unhurried() -> ColumnElement[str]:
    """Write a column that makes the transaction of its statement commit asynchronously.

    Its changes may be lost as a whole in a crash of the server (PostgreSQL manual,
    `synchronous_commit`).
    """
    return func.set_config(
        literal("synchronous_commit"), literal("off"), literal_column("true", Boolean)
    )
