"""`python -m benchmarks.commits`: commits per second of PostgreSQL, from many clients.

Each client stores one row at a time, and the server waits for its disk, as in production. One that
keeps no log is compared with one whose changes are announced after the commit, as modelwire does
it, and with one whose transactions notify themselves: those commit one after another, each with a
sync of its own, where the others share one.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from dataclasses import dataclass
from statistics import median
from typing import Any

import asyncpg
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from modelwire.execute.feed.notifier import Notifier
from modelwire.execute.log.logged_table import Noted
from modelwire.execute.log.postgresql import write_install, write_log
from modelwire.statement.changes import TELLS
from modelwire.statement.feed import build_notice

from .databases import create_database, open_postgresql_server
from .second_row import ITEMS

_INSERT = (
    "INSERT INTO items (organisation_id, name, count, created_at) "
    "VALUES (1, 'item', 0, now()) RETURNING *"
)
_NOTICE = str(
    build_notice().compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
)


@dataclass(frozen=True)
class Way:
    """Way of announcing changes.

    Args:
        name: Its name.
        log: Whether there is a change log.
        tells: Whether changes are announced after the commit.
    """

    name: str
    log: bool = True
    tells: bool = False


WAYS = (
    Way("no log", log=False),
    Way("told once committed", tells=True),
    Way("told in the transaction"),
)


async def _open(server: str, way: Way, clients: int) -> list[Any]:
    url = await create_database(server, "modelwire_commits")
    opened = [await asyncpg.connect(url) for _ in range(clients)]
    steps = [str(CreateTable(ITEMS).compile(dialect=postgresql.dialect()))]
    if way.log:
        steps += [*write_log(), *write_install(Noted(ITEMS, True, None), "public")]
    for step in steps:
        await opened[0].execute(step)
    return opened


async def _measure(server: str, way: Way, clients: int, seconds: float) -> float:
    """Return the commits per second."""
    notifying, *writing = await _open(server, way, clients + 1)
    notifier = Notifier(lambda: notifying.fetch(_NOTICE))
    statement = f"{_INSERT}, set_config('{TELLS}', '1', true)" if way.tells else _INSERT
    end = time.monotonic() + seconds

    async def write(connection: Any) -> int:
        insert, count = await connection.prepare(statement), 0
        while time.monotonic() < end:
            await insert.fetch()
            count += 1
            if way.tells:
                notifier.ring()
        return count

    counts = await asyncio.gather(*map(write, writing))
    await notifier.close()
    for connection in (notifying, *writing):
        await connection.close()
    return sum(counts) / seconds


async def _compare(server: str, clients: int, seconds: float, rounds: int) -> None:
    admin = await asyncpg.connect(server)
    await admin.execute("ALTER SYSTEM SET fsync = on")
    await admin.execute("SELECT pg_reload_conf()")
    await admin.close()
    found: dict[Way, list[float]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way, rates in found.items():
            rates.append(await _measure(server, way, clients, seconds))
    most = median(found[WAYS[0]])
    for way, rates in found.items():
        rate = median(rates)
        sys.stdout.write(f"{way.name:24}{rate:8,.0f} commits a second{rate / most:6.2f}\n")


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.commits", description=__doc__)
    parser.add_argument("--clients", type=int, default=48, help="connections that write at once")
    parser.add_argument("--seconds", type=float, default=3.0, help="seconds of each measurement")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each way")
    options = parser.parse_args()
    with open_postgresql_server() as server:
        asyncio.run(_compare(server, options.clients, options.seconds, options.rounds))


if __name__ == "__main__":
    main()
