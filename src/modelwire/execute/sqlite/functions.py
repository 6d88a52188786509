"""Functions for statements that SQLite itself lacks."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from ...statement.date_trunc import DAY, HOUR, find_day, find_hour
from ...statement.exact_numbers import (
    ADD,
    JOIN,
    MEAN,
    NUMBER,
    TOTAL,
    Total,
    add_scaled,
    compare_numbers,
    join_halves,
    mean,
)
from ...statement.given_rows import CELL, REAL, read_cell, write_real
from ...statement.lowercase import LOWER, lower
from ...statement.operators import UNHEX


def add_functions(connection: sqlite3.Connection) -> None:
    """Add the functions to a new connection."""
    for name, (arguments, function) in FUNCTIONS.items():
        connection.create_function(name, arguments, function, deterministic=True)
    connection.create_aggregate(TOTAL, 1, Total)  # type: ignore[arg-type]
    connection.create_collation(NUMBER, compare_numbers)


def _unhex(text: Any) -> Any:
    return bytes.fromhex(text) if isinstance(text, str) else text


FUNCTIONS: Mapping[str, tuple[int, Callable[..., Any]]] = {
    LOWER: (1, lower),
    UNHEX: (1, _unhex),
    JOIN: (2, join_halves),
    ADD: (3, add_scaled),
    MEAN: (3, mean),
    DAY: (2, find_day),
    HOUR: (2, find_hour),
    CELL: (2, read_cell),
    REAL: (1, write_real),
}
"""Functions by name, each with its number of arguments."""
