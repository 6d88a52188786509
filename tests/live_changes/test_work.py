"""Work after the commit: at least once, in order, in one of several processes."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest

from modelwire import ConfigurationError, Database, LoggedChange
from tests.cli.commands import run_command
from tests.conftest import MakeURL
from tests.lanes import DIALECTS

from .tables import Base, FollowedPair, FollowedTask
from .test_pages import PATH, create

MINUTE_S = 60.0


async def take(changes: AsyncIterator[LoggedChange], count: int) -> list[LoggedChange]:
    """Take some changes, and ask for one more, by which they are done with."""
    found: list[LoggedChange] = []
    async with asyncio.timeout(MINUTE_S):
        while len(found) < count:
            found.append(await anext(changes))
    return found


async def test_what_is_given(followed: Database, writer: httpx2.AsyncClient) -> None:
    row = await create(writer, title="One", cost="1.50", due_at="2026-11-01T00:00:00Z")
    await writer.patch(f"{PATH}{row['id']}", json={"title": "Two"})
    await writer.delete(f"{PATH}{row['id']}")
    async with aclosing(followed.changes("look")) as changes:
        created, updated, deleted = await take(changes, 3)
    assert [c.operation for c in (created, updated, deleted)] == ["create", "update", "delete"]
    assert created.old is None
    assert created.new is not None
    assert created.row["cost"] == Decimal("1.50")
    assert created.row["due_at"].isoformat() == "2026-11-01T00:00:00+00:00"
    assert updated.changed == {"title"}
    assert (updated.table, updated.row["title"], updated.by) == ("followed_tasks", "Two", None)
    assert deleted.new is None
    assert deleted.request is not None
    assert created.at <= updated.at <= deleted.at


async def test_each_is_given_until_it_is_done_with(
    followed: Database, writer: httpx2.AsyncClient
) -> None:
    keys = [(await create(writer, title=str(n)))["id"] for n in range(3)]
    seen = []

    async def work() -> None:
        async with aclosing(followed.changes("poisoned", FollowedTask)) as changes:
            async for change in changes:
                seen.append(change.row["id"])
                if change.row["id"] == keys[1]:  # which is a poison
                    raise ZeroDivisionError

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            await work()
    assert seen == [keys[0], keys[1], keys[1]]
    (place,) = await followed.tracking.places.list()
    assert (place.name, place.left, place.attempts, place.works) == ("poisoned", 2, 2, False)
    assert place.trying is not None
    await followed.tracking.places.move("poisoned", place.trying)
    async with aclosing(followed.changes("poisoned", FollowedTask)) as changes:
        (last,) = await take(changes, 1)
    assert last.row["id"] == keys[2]


async def test_some_tables_from_now_on(followed: Database, writer: httpx2.AsyncClient) -> None:
    await create(writer, title="Before")
    async with aclosing(followed.changes("pairs", FollowedPair, start="now")) as changes:
        waiting = asyncio.create_task(anext(changes))
        async with asyncio.timeout(MINUTE_S):
            while not await followed.tracking.places.list():
                await asyncio.sleep(0.01)
        await create(writer, title="Of another table")
        await writer.post("/followed_pairs/", json={"left": 1, "right": "a"})
        assert (await waiting).table == "followed_pairs"


async def test_an_end_at_any_moment(followed: Database, writer: httpx2.AsyncClient) -> None:
    """A worker that is cancelled while it commits ends as well."""
    draws = random.Random(3)
    for _ in range(20):
        await create(writer, title="One")

        async def work() -> None:
            async for _ in followed.changes("ended"):
                pass

        task = asyncio.create_task(work())
        await asyncio.sleep(draws.uniform(0, 0.05))
        task.cancel()
        assert await asyncio.wait([task], timeout=MINUTE_S) == ({task}, set())
        assert task.cancelled()


async def test_what_can_not_be_asked(followed: Database) -> None:
    for name, start in (("", "oldest"), ("x" * 256, "oldest"), ("x", "then")):
        with pytest.raises(ConfigurationError):
            followed.changes(name, start=start)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="table=True"):
        followed.changes("x", Base)


WORKER = """
import asyncio, sys
from modelwire import Database
from tests.live_changes.tables import Base

async def main():
    database = Database(sys.argv[1], metadata=Base.metadata)
    async for change in database.changes("shared"):
        print(sys.argv[2], change.number, change.row["title"], flush=True)

asyncio.run(main())
"""


class Process:
    """A process that works, and says at what."""

    def __init__(self, url: str, name: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", WORKER, url, name],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            env={**os.environ, "MODELWIRE_POOL_TIMEOUT_S": "60"},
        )

    async def read(self) -> tuple[str, int, str]:
        assert self._process.stdout is not None
        line = await asyncio.to_thread(self._process.stdout.readline)
        name, number, title = line.decode().split()
        return name, int(number), title

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self.end()

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


@contextmanager
def working(url: str, *names: str) -> Iterator[list[Process]]:
    processes = [Process(url, name) for name in names]
    try:
        yield processes
    finally:
        for process in processes:
            process.end()


async def test_another_process_takes_over(
    followed_url: str, followed: Database, writer: httpx2.AsyncClient
) -> None:
    """It does whatever the one that was killed has not done with, and nothing is left out."""
    await create(writer, title="a")
    with working(followed_url, "one") as (one,):
        async with asyncio.timeout(MINUTE_S):
            assert (await one.read())[2] == "a"
            with working(followed_url, "two") as (two,):
                await create(writer, title="b")
                assert (await one.read())[2] == "b"
                one.kill()
                await create(writer, title="c")
                given: list[str] = []
                while not given or given[-1] != "c":
                    name, _, title = await two.read()
                    assert name == "two"
                    given.append(title)
                assert given in (["c"], ["b", "c"])


async def test_the_command_line(
    followed_url: str, followed: Database, writer: httpx2.AsyncClient, tmp_path: Path
) -> None:
    environment = {"MODELWIRE_DATABASE_URL": followed_url}

    async def run(*arguments: str) -> Any:
        command = ["changes", *arguments, "--json"]
        done = await asyncio.to_thread(run_command, command, tmp_path, environment)
        return json.loads(done.stdout) if done.returncode == 0 else done.stderr

    assert await run("list") == []
    told = await asyncio.to_thread(run_command, ["changes", "list"], tmp_path, environment)
    assert (told.returncode, told.stdout) == (0, "")
    assert "has no log of changes" in told.stderr
    keys = [(await create(writer, title=str(n)))["id"] for n in range(3)]
    told = await asyncio.to_thread(run_command, ["changes", "list"], tmp_path, environment)
    assert told.stderr.startswith("No worker has processed changes")
    async with aclosing(followed.changes("send-mail")) as changes:
        await take(changes, 2)
        (place,) = await run("list")
        first = place["number"]
        assert place == {
            "name": "send-mail",
            "number": first,
            "trying": first + 1,
            "attempts": 1,
            "left": 2,
            "works": True,
        }
        assert "can't be sent back" in await run("skip", "send-mail", "--to", "0")
    assert (await run("skip", "send-mail"))["number"] == first + 1
    assert "at no change" in await run("skip", "send-mail")
    assert "No worker called x" in await run("skip", "x")
    async with aclosing(followed.changes("send-mail")) as changes:
        assert [c.row["id"] for c in await take(changes, 1)] == keys[2:]
    assert (await run("skip", "send-mail", "--to", "0"))["left"] == 3
    text = await asyncio.to_thread(run_command, ["changes", "list"], tmp_path, environment)
    assert text.stdout == "send-mail  done up to 0, 3 left, not at work\n"


@pytest.mark.parametrize("arguments", [["list"], ["skip", "send-mail"], ["list", "--json"]])
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_database_without_a_log(
    make_url: MakeURL, tmp_path: Path, dialect: str, arguments: list[str]
) -> None:
    """A database without a log is told from one whose changes no worker processes."""
    url = await make_url(dialect, "without_a_log")
    environment = {"MODELWIRE_DATABASE_URL": url}
    done = await asyncio.to_thread(run_command, ["changes", *arguments], tmp_path, environment)
    listed = "[]\n" if "--json" in arguments else ""
    assert (done.returncode, done.stdout) == ((0, listed) if arguments[0] == "list" else (2, ""))
    assert "has no log of changes: the table modelwire_changes is missing" in done.stderr
    assert "--database-url" in done.stderr
