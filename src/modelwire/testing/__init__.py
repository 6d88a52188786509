"""Tools for tests of applications: a rolled-back session, a client, and a test of isolation.

Needs the extra `modelwire[testing]`.
"""

from .isolation import assert_isolated
from .sessions import open_client, rolled_back_session

__all__ = ["assert_isolated", "open_client", "rolled_back_session"]
