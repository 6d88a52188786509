"""Sets of models in the styles of public projects, each with a registry of its own."""

from types import ModuleType

from . import (
    accounts,
    blog,
    booking,
    bookkeeping,
    chat,
    fitness,
    games,
    library,
    media,
    sensors,
    shop,
    tasks,
)

PROJECTS: tuple[ModuleType, ...] = (
    accounts,
    blog,
    booking,
    bookkeeping,
    chat,
    fitness,
    games,
    library,
    media,
    sensors,
    shop,
    tasks,
)
"""Each has RESOURCES, and ROWS: bodies by the path of their resource, parents first."""
