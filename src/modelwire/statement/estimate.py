"""PostgreSQL's estimate of the number of rows, by EXPLAIN without running the statement."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import ClauseElement, Select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.base import Executable


class Explained(Executable, ClauseElement):
    """EXPLAIN of a statement, as JSON (PostgreSQL manual, EXPLAIN).

    Args:
        statement: The statement.
    """

    inherit_cache = False

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement


@compiles(Explained, "postgresql")
def _explain(element: Explained, compiler: Any, **options: Any) -> str:
    return f"EXPLAIN (FORMAT JSON) {compiler.process(element.statement, **options)}"


def read_estimate(explained: Any) -> int:
    """Return the number of rows that a plan estimates.

    Args:
        explained: The plan, as JSON text or decoded by the driver.

    Returns:
        The number of rows.
    """
    plan = json.loads(explained) if isinstance(explained, (str, bytes)) else explained
    return int(plan[0]["Plan"]["Plan Rows"])
