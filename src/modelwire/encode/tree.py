"""Rows with the rows that they include, as they were read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..plan.shapes import Include

Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Branch:
    """The rows of one include, for all parents together.

    Args:
        include: What was included.
        owners: For each row the values that its parent has in the relation's local columns.
        rows: The rows.
        branches: What they include in turn.
    """

    include: Include
    owners: Sequence[tuple[Any, ...]]
    rows: Sequence[Row]
    branches: Sequence[Branch] = ()
