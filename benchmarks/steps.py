"""`python -m benchmarks.steps`: the functions and files of modelwire that a request passes through.

Each request is sent to the league of `examples` in this process, on SQLite in memory, until it is
warm; then its calls are counted, in threads as well. Resuming a coroutine or generator is no new
call. Given the name of a request, the command lists its calls, in order.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import threading
from collections.abc import Mapping
from inspect import CO_COROUTINE, CO_GENERATOR
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

import httpx2
from fastapi import FastAPI

import modelwire
from examples import league
from modelwire import Database, Resource, mount

WARM = 5
ROOT = Path(modelwire.__file__).parent


class Asked(NamedTuple):
    """Request; `{n}` in its body is a different number each time."""

    method: str
    path: str
    body: str | None = None


REQUESTS: Mapping[str, Asked] = {
    "get": Asked("GET", "/users/1"),
    "list": Asked("GET", "/users/?is_active=true&sort=-created_at&limit=2"),
    "create": Asked("POST", "/users/", '{"username": "u{n}", "email": "u{n}@example.org"}'),
    "change": Asked("PATCH", "/users/1", '{"full_name": "n{n}"}'),
    "refused": Asked("PATCH", "/users/1", '{"email": "u2@example.org"}'),
}


class Steps:
    """Recorder of the calls of modelwire while it is switched on."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self._begun: set[FrameType] = set()

    def switch(self, *, on: bool) -> None:
        """Switch it on or off."""
        profile = self._note if on else None
        threading.setprofile(profile)
        sys.setprofile(profile)

    def _note(self, frame: FrameType, event: str, _arg: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(str(ROOT)):
            if frame not in self._begun:
                file = Path(frame.f_code.co_filename).relative_to(ROOT)
                self.calls.append((str(file), _name_of(frame.f_code)))
            if frame.f_code.co_flags & (CO_COROUTINE | CO_GENERATOR):
                self._begun.add(frame)


def _name_of(code: CodeType) -> str:
    return getattr(code, "co_qualname", code.co_name)


async def trace(asked: Asked) -> list[tuple[str, str]]:
    """Send a request until it is warm, and once more; return its calls, each with its file."""
    database, app, steps = Database("sqlite://"), FastAPI(), Steps()
    mount(app, database, Resource(league.User))
    transport: Any = httpx2.ASGITransport(app)
    async with (
        database.lifespan(app),
        httpx2.AsyncClient(transport=transport, base_url="http://league") as client,
    ):
        await database.init_db()
        for number in range(WARM):
            user = {"username": f"u{number}", "email": f"u{number}@example.org"}
            (await client.post("/users/", json=user)).raise_for_status()
        for number in range(WARM, 2 * WARM + 1):
            body = None if asked.body is None else asked.body.replace("{n}", str(number))
            headers = {} if body is None else {"content-type": "application/json"}
            steps.switch(on=number == 2 * WARM)
            await client.request(asked.method, asked.path, content=body, headers=headers)
        steps.switch(on=False)
    return steps.calls


def main() -> None:
    """Print a line for each request, or one for each call of one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("request", nargs="?", choices=REQUESTS)
    named = parser.parse_args().request
    for name, asked in REQUESTS.items():
        if named in (None, name):
            calls = asyncio.run(trace(asked))
            listed = [f"{file} {function}\n" for file, function in calls if named]
            files = len({file for file, _ in calls})
            sys.stdout.writelines([*listed, f"{name}: {len(calls)} calls in {files} files\n"])


if __name__ == "__main__":
    main()
