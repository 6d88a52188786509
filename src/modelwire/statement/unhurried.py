"""Commits that wait for no disk."""

from __future__ import annotations

from sqlalchemy import Boolean, ColumnElement, func, literal, literal_column


def commit_unhurried() -> ColumnElement[str]:
    """Write a column by which the transaction of its statement commits without waiting for a disk.

    What it has done may be lost in a crash of the server, as a whole (PostgreSQL manual,
    `synchronous_commit`).
    """
    return func.set_config(
        literal("synchronous_commit"), literal("off"), literal_column("true", Boolean)
    )
