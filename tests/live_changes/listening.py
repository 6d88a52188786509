"""A client that follows changes, and keeps a copy of what it follows."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, NamedTuple

import httpx2
import msgspec
from fastapi import FastAPI

from modelwire.cli.protocol import LimitedProtocol
from tests.live.conftest import serve_app

MINUTE_S = 60.0
HTTP = partial(LimitedProtocol, 65_536, 60.0, 60.0, lambda: False)
EVENTS = {"Accept": "text/event-stream"}


class Event(NamedTuple):
    """One event of a stream; what has no data only tells a place or when to come back."""

    id: int | None = None
    event: str | None = None
    data: dict[str, Any] | None = None
    retry: int | None = None

    @property
    def number(self) -> int:
        assert self.id is not None
        return self.id


_READ: Mapping[str, Any] = {
    "id": int,
    "retry": int,
    "data": msgspec.json.decode,
    "event": str,
}


async def read_events(lines: AsyncIterator[str]) -> AsyncIterator[Event]:
    """Read Server-Sent Events; one that is broken off is none."""
    found: dict[str, Any] = {}
    async for line in lines:
        name, _, value = line.partition(":")
        if name:
            found[name] = _READ[name](value.removeprefix(" "))
        elif not line and found:
            yield Event(**found)
            found = {}


@asynccontextmanager
async def listen(
    client: httpx2.AsyncClient, path: str, **params: Any
) -> AsyncIterator[AsyncIterator[Event]]:
    """Follow changes; yields what has data."""
    async with client.stream("GET", path, params=params, headers=EVENTS) as answer:
        assert answer.status_code == 200, await answer.aread()
        yield read_events(answer.aiter_lines())


async def take(events: AsyncIterator[Event], count: int) -> list[Event]:
    """Take events that have data."""
    found: list[Event] = []
    async with asyncio.timeout(MINUTE_S):
        while len(found) < count:
            event = await anext(events)
            if event.data is not None:
                found.append(event)
    return found


@asynccontextmanager
async def served(app: FastAPI, **options: Any) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of an application that is served as `modelwire serve` does it."""
    async with serve_app(app, http=HTTP, **options) as port:
        limits = httpx2.Limits(max_connections=None)
        base_url = f"http://127.0.0.1:{port}"
        async with httpx2.AsyncClient(base_url=base_url, timeout=None, limits=limits) as client:
            yield client


class Copy:
    """A copy of a list, kept by following its changes through whatever cuts that off.

    Args:
        path: The list.
        params: Its filters.
        headers: Who asks.
    """

    def __init__(self, path: str, params: dict[str, str], headers: dict[str, str]) -> None:
        self.rows: dict[Any, Any] = {}
        self.number: int | None = None
        self.numbers: list[int] = []
        self._path = path
        self.params = params
        self.headers = headers

    async def fill(self, client: httpx2.AsyncClient) -> None:
        """Read the list."""
        params: dict[str, Any] = {**self.params, "limit": "100", "cursor": ""}
        number: int | None = None
        rows: dict[Any, Any] = {}
        while params["cursor"] is not None:
            answer = await client.get(self._path, params=params, headers=self.headers)
            assert answer.status_code == 200, answer.text
            # What has happened since the first page is told once more.
            number = number or int(answer.headers["x-change-number"])
            rows |= {row["id"]: row for row in answer.json()["items"]}
            params["cursor"] = answer.json()["next"]
        self.rows, self.number = rows, number

    async def follow(self, client: httpx2.AsyncClient) -> None:
        """Follow what changes until that is cut off."""
        if self.number is None:
            await self.fill(client)
        headers = {**self.headers, **EVENTS, "Last-Event-ID": str(self.number)}
        with suppress(httpx2.TransportError):
            async with client.stream(
                "GET", f"{self._path}changes/", params=self.params, headers=headers
            ) as answer:
                if answer.status_code in {502, 503}:
                    return  # said by a proxy that reaches no server
                assert answer.status_code == 200, await answer.aread()
                async for event in read_events(answer.aiter_lines()):
                    self._take(event)

    def _take(self, event: Event) -> None:
        if event.id is not None:
            self.number = event.id
        if event.data is None:
            return
        self.numbers.append(event.number)
        if event.event == "delete":
            self.rows.pop(event.data["key"], None)
        else:
            self.rows[event.data["key"]] = event.data["item"]
