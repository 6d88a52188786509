"""Migrations: the `run` of a folder's `env.py`, and the operations that its steps are written with.

`operations` adds missing operations to Alembic's `op`; importing this package registers them.
"""

from ..compat import alembic as _alembic  # noqa: F401 - these two register their parts
from . import operations as _operations  # noqa: F401
from .environment import run
from .names import NAMES

__all__ = ["NAMES", "run"]
