"""What the `env.py` of a migrations folder runs, and what its steps are written with.

`operations` adds to Alembic's `op` what it lacks: importing this package makes it known.
"""

from ..compat import alembic as _alembic  # noqa: F401 - these two register what they have
from . import operations as _operations  # noqa: F401
from .environment import run
from .names import NAMES

__all__ = ["NAMES", "run"]
