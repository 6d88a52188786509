"""Parts of a URL that files of libpq supply: user, address and password."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from modelwire import Database

from .servers import Postgres, own_postgres


@pytest.fixture(scope="module")
async def asking() -> AsyncIterator[Postgres]:
    """A server that asks for a password."""
    with own_postgres() as server:
        connection = await asyncpg.connect(server.url)
        await connection.execute("CREATE ROLE shop LOGIN PASSWORD 'hunter2'")
        await connection.close()
        (server.directory / "data/pg_hba.conf").write_text("host all all all scram-sha-256\n")
        server.reload()
        yield server


async def connects(url: str) -> bool:
    database = Database(url)
    try:
        await database.ping()
    finally:
        await database.close_db()
    return "hunter2" not in repr(database)


async def test_passfile(asking: Postgres, tmp_path: Path) -> None:
    """The password may stand in a file that `passfile` names."""
    place, path = f"127.0.0.1:{asking.port}", tmp_path / "passwords"
    path.write_text(f"{place}:postgres:shop:hunter2\n")
    path.chmod(0o600)
    assert await connects(f"postgresql://shop@{place}/postgres?sslmode=disable&passfile={path}")


async def test_service(asking: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server, the role and its password may stand in a file under the name of a service."""
    path = tmp_path / "services"
    path.write_text(f"[shop]\nhost=127.0.0.1\nport={asking.port}\nuser=shop\npassword=hunter2\n")
    monkeypatch.setenv("PGSERVICEFILE", str(path))
    assert await connects("postgresql:///postgres?service=shop&sslmode=disable")
