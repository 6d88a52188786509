"""Checks whether COMMIT waits until its data survives the loss of a server."""

from __future__ import annotations

from sqlalchemy.engine import Dialect

from ..errors import ConfigurationError, NotDurable
from ..settings import Settings
from ..statement.dialect import SQLDialect
from ..statement.positions import build_durability
from ..statement.statements import Statement
from .connect.lane import Lane

_WAITS = ("on", "remote_apply")
"""Values of `synchronous_commit` for which COMMIT waits for a standby (PostgreSQL, 20.5.1)."""


def check_setting(settings: Settings, dialect: SQLDialect) -> None:
    """Check that a database supports the required durability.

    Raises:
        ConfigurationError: It has no standbys.
    """
    if settings.durability == "quorum" and not dialect.has_standbys:
        raise ConfigurationError(
            "durability=quorum (MODELWIRE_DURABILITY): only PostgreSQL has standbys; SQLite is "
            "as durable as its disk"
        )


async def check_standbys(lane: Lane, dialect: Dialect) -> None:
    """Check that COMMIT waits for a standby.

    Raises:
        NotDurable: It does not.
    """
    ((standbys, waits),) = await lane.fetch(Statement(build_durability(), dialect), {})
    if not standbys or waits not in _WAITS:
        raise NotDurable(standbys, waits)
