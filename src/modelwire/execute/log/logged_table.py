"""Table whose changes are logged."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Table


class Noted(NamedTuple):
    """Table whose changes are logged.

    Args:
        table: The table.
        live: Whether its changes are notified.
        keep_days: The minimum number of days for which changes are kept; forever, if None.
    """

    table: Table
    live: bool
    keep_days: int | None
