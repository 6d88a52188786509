"""Row locks in SQL. SQLite has none: a writer has the whole database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import FromClause, Select

from ..shape.parts import Lock

_OPTIONS: Mapping[Lock, Mapping[str, bool]] = {
    Lock.KEEP: {"read": True, "key_share": True},
    Lock.CHANGE: {"key_share": True},
    Lock.REMOVE: {},
}


def for_update(sql: Select[Any], lock: Lock, rows: FromClause) -> Select[Any]:
    """Lock the rows of one table that a statement reads, until the transaction ends."""
    return sql.with_for_update(of=rows, **_OPTIONS[lock])
