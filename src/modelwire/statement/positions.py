"""Where a server is in the log of all writes, which every copy of a database goes through."""

from __future__ import annotations

from sqlalchemy import Text, case, cast, func, select
from sqlalchemy.sql.base import Executable


def build_position() -> Executable:
    """Write how far a server is in the log, as text, and whether it is a copy of another one.

    A copy is as far as it shows (PostgreSQL manual, 9.27.4). The server that takes writes is as far
    as it has written: whatever was committed before lies before that.
    """
    is_copy = func.pg_is_in_recovery()
    position = case(
        (is_copy, func.pg_last_wal_replay_lsn()), else_=func.pg_current_wal_insert_lsn()
    )
    return select(cast(position, Text), is_copy)


def build_durability() -> Executable:
    """Write what COMMIT waits for: the standbys that are named, and how far it waits."""
    return select(
        func.current_setting("synchronous_standby_names"),
        func.current_setting("synchronous_commit"),
    )
