"""Driver lanes by database."""

from __future__ import annotations

from .connect.driver_lane import DriverLane
from .postgresql.lane import AsyncpgLane
from .sqlite.lane import AiosqliteLane

DRIVER_LANES: dict[str, type[DriverLane]] = {"postgresql": AsyncpgLane, "sqlite": AiosqliteLane}
"""Lanes by the name of their dialect."""
