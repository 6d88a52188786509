"""Database URLs: what is secret in them, and which file SQLite creates."""

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from modelwire import Database
from modelwire.execute.url import show_url

SECRET = "hunter2"
TEMPLATES = (
    "postgresql://user:{}@host/name",
    "postgresql://user@host/name?password={}",
    "postgres://host/name?user=u&password={}&sslmode=require",
    "postgresql+asyncpg://user@host/name?sslpassword={}",
    "postgresql://user:other@host/name?password={}&sslpassword={}",
)


@pytest.mark.parametrize("template", TEMPLATES)
def test_secrets_are_not_shown(template: str) -> None:
    """A password is hidden wherever it stands in a URL."""
    database = Database(template.format(*[SECRET] * template.count("{}")))
    for shown in (repr(database), show_url(database.url), repr(database.settings)):
        assert SECRET not in shown
    assert "@host/name" in repr(database) or "//host/name" in repr(database)


@given(st.sampled_from(TEMPLATES), st.text("abcXYZ019-_.~", min_size=8))
def test_no_secret_is_shown(template: str, secret: str) -> None:
    """That holds for whatever it is."""
    database = Database(template.format(*[secret] * template.count("{}")))
    assert secret not in repr(database)


def test_password_among_the_parameters_is_used() -> None:
    """It is the password; one that stands before the host wins, as for the driver."""
    assert Database(f"postgresql://u@h/db?password={SECRET}").url.password == SECRET
    assert Database(f"postgresql://u:{SECRET}@h/db?password=x").url.password == SECRET


@pytest.mark.parametrize(
    "name", ["new.db", "file:new.db?uri=true", "file:new.db?mode=rwc&uri=true"]
)
async def test_new_file_is_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A file that SQLite creates, and those beside it, are its owner's alone."""
    monkeypatch.chdir(tmp_path)
    database = Database(f"sqlite:///{name}")
    async with database.engine.begin() as connection:
        await connection.execute(text("CREATE TABLE t (a)"))
        modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir()}
    await database.close_db()
    assert set(modes) >= {"new.db", "new.db-wal"}
    assert set(modes.values()) == {0o600}


async def test_file_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    """Who has opened a database to others meant it."""
    path = tmp_path / "old.db"
    path.touch(0o644)
    database = Database(f"sqlite:///{path}")
    await database.ping()
    await database.close_db()
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
