"""The required durability: whether a database has it."""

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.dialects import postgresql

from modelwire.errors import ConfigurationError, NotDurable
from modelwire.execute.durability import check_setting, check_standbys


@pytest.mark.parametrize("durability", ["local", "quorum"])
@pytest.mark.parametrize("has_standbys", [True, False])
def test_the_setting(durability: str, has_standbys: bool) -> None:
    """Only a database with standbys can wait for one."""
    settings: Any = SimpleNamespace(durability=durability)
    dialect: Any = SimpleNamespace(has_standbys=has_standbys)
    if durability == "quorum" and not has_standbys:
        with pytest.raises(ConfigurationError, match="durability=quorum"):
            check_setting(settings, dialect)
    else:
        check_setting(settings, dialect)


@pytest.mark.parametrize(
    ("standbys", "waits", "is_durable"),
    [
        ("ANY 1 (a, b)", "on", True),
        ("ANY 1 (a, b)", "remote_apply", True),
        ("ANY 1 (a, b)", "remote_write", False),
        ("ANY 1 (a, b)", "off", False),
        ("", "on", False),
    ],
)
async def test_the_settings_of_a_server(standbys: str, waits: str, is_durable: bool) -> None:
    """COMMIT waits only if standbys are named, and if it is to wait until they have written."""

    async def fetch(_statement: object, _values: object) -> Any:
        return [(standbys, waits)]

    lane: Any = SimpleNamespace(fetch=fetch)
    dialect: Any = postgresql.dialect()
    if is_durable:
        await check_standbys(lane, dialect)
    else:
        with pytest.raises(NotDurable):
            await check_standbys(lane, dialect)
