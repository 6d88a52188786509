"""Database URLs: what is secret in them, and which file SQLite creates."""

import re
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from modelwire import ConfigurationError, Database
from modelwire.execute.servers import read_servers
from modelwire.execute.url import parse_url, show_url

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
    """A secret of any form is hidden."""
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
    """An existing file keeps its mode, even if it is open to others."""
    path = tmp_path / "old.db"
    path.touch(0o644)
    database = Database(f"sqlite:///{path}")
    await database.ping()
    await database.close_db()
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


HOSTS = {
    "postgresql://a,b:5433,c/db": ["a", "b:5433", "c"],
    "postgresql://u:p@a:1,b:2/db?sslmode=require": ["a:1", "b:2"],
    "postgresql://a,b": ["a", "b"],
    "postgresql://[::1]:5,b/db": ["[::1]:5", "b"],
    "postgresql:///db?host=a,b&port=1,2": ["a:1", "b:2"],
    "postgresql:///db?host=a,b&port=7": ["a:7", "b:7"],
    "postgresql:///db?host=a:1&host=b:2": ["a:1", "b:2"],
    "postgresql:///db?host=/tmp,/var/run": ["/tmp", "/var/run"],
    "postgresql://one/db": ["one"],
    "postgresql://one:9/db": ["one:9"],
    "postgresql://one/db?port=65535": ["one:65535"],
    "postgresql:///db?host=a:1,b:65535": ["a:1", "b:65535"],
    "postgresql:///db?service=shop": [],
}


@pytest.mark.parametrize(("url", "hosts"), HOSTS.items())
def test_hosts(url: str, hosts: list[str]) -> None:
    """Servers are named as libpq has them; who names several wants the one that takes writes."""
    servers = read_servers(parse_url(url))
    assert list(map(str, servers.hosts)) == hosts
    assert servers.target == ("primary" if len(hosts) > 1 else None)
    assert "host" not in servers.rest.query
    assert not servers.rest.host


def test_hosts_are_shown_where_they_stood() -> None:
    """A displayed URL has the hosts before the path, and no password."""
    shown = show_url(parse_url("postgresql://u:secret@a,b:5433/db"))
    assert shown == "postgresql://u:***@a,b:5433/db"


def test_parameters_of_libpq() -> None:
    """Parameters of libpq's URLs are read; others go to the driver."""
    url = (
        "postgresql://h/db?target_session_attrs=read-write&load_balance_hosts=random"
        "&connect_timeout=3&options=-c%20search_path%3Dshop%20--work-mem%3D3MB&sslmode=require"
    )
    servers = read_servers(parse_url(url))
    assert (servers.target, servers.shuffles, servers.timeout_s) == ("read-write", True, 3)
    assert servers.settings == {"search_path": "shop", "work_mem": "3MB"}
    assert dict(servers.rest.query) == {"sslmode": "require"}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("keepalives=1", "keepalives, which is not supported"),
        ("hostaddr=127.0.0.1", "hostaddr, which is not supported"),
        ("target_session_attrs=primry", "primary, standby, read-write"),
        ("load_balance_hosts=yes", "disable, random"),
        ("connect_timeout=soon", "a number of seconds"),
        ("options=search_path", "options=-c%20search_path=shop"),
        ("host=a,b&port=1,2,3", "as many ports as hosts"),
        ("host=a,b:65536", "1 to 65535"),
        ("host=a:0,b", "1 to 65535"),
        ("host=a&port=x", "1 to 65535"),
    ],
)
def test_parameters_that_are_refused(query: str, said: str) -> None:
    """An unusable parameter is refused by its name, with what would be right."""
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        Database(f"postgresql:///db?{query}")
