"""Positions of servers in the write-ahead log, which standbys replay."""

from __future__ import annotations

from sqlalchemy import Text, case, cast, func, select
from sqlalchemy.sql.base import Executable


def build_position() -> Executable:
    """Select the position of a server in the write-ahead log, as text, and whether it is a standby.

    For a standby, it is the position that has been replayed (PostgreSQL manual, 9.27.4). For the
    primary, it is the position that has been written: all earlier commits lie before it.
    """
    is_copy = func.pg_is_in_recovery()
    position = case(
        (is_copy, func.pg_last_wal_replay_lsn()), else_=func.pg_current_wal_insert_lsn()
    )
    return select(cast(position, Text), is_copy)


def build_durability() -> Executable:
    """Select what COMMIT waits for: the names of the standbys, and how far they must be."""
    return select(
        func.current_setting("synchronous_standby_names"),
        func.current_setting("synchronous_commit"),
    )
