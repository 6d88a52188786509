"""Clients that send requests without end, and what came of them."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx2

Send = Callable[[httpx2.AsyncClient, int], Awaitable[httpx2.Response]]


@dataclass
class Tally:
    """Results of requests.

    Attributes:
        statuses: The number of each status; 0 for requests without a response.
        seconds: The duration of each.
        ended: The end of each, by `time.monotonic`, with its status.
        problems: The codes of the problem documents.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    ended: list[tuple[float, int]] = field(default_factory=list)
    problems: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)

    def percentile(self, share: float) -> float:
        """The seconds that a share of the requests took at most."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]

    def slowest(self, status: int) -> float:
        """The seconds that the slowest request of a status took."""
        found = [s for s, (_, got) in zip(self.seconds, self.ended, strict=True) if got == status]
        return max(found, default=0.0)

    def add(self, begun: float, answer: httpx2.Response | None, error: str = "") -> None:
        now = time.monotonic()
        status = answer.status_code if answer is not None else 0
        self.statuses[status] += 1
        self.seconds.append(now - begun)
        self.ended.append((now, status))
        if answer is not None and status >= 400:
            self.problems[str(answer.json().get("code"))] += 1
        if error:
            self.errors[error] += 1


async def send_one(client: httpx2.AsyncClient, tally: Tally, send: Send, number: int) -> None:
    """Send a request, and note what came of it."""
    begun = time.monotonic()
    try:
        tally.add(begun, await send(client, number))
    except httpx2.TransportError as exc:
        tally.add(begun, None, repr(exc))


@asynccontextmanager
async def load(
    address: str, send: Send, *, clients: int, pause_s: float = 0.0
) -> AsyncIterator[Tally]:
    """Send requests from several clients until the block ends; yields what comes of them."""
    tally, stop = Tally(), asyncio.Event()
    limits = httpx2.Limits(max_connections=clients, max_keepalive_connections=clients)

    async def go_on(client: httpx2.AsyncClient, first: int) -> None:
        number = first
        while not stop.is_set():
            await send_one(client, tally, send, number)
            number += clients
            await asyncio.sleep(pause_s)

    async with httpx2.AsyncClient(base_url=address, timeout=90, limits=limits) as client:
        tasks = [asyncio.create_task(go_on(client, first)) for first in range(clients)]
        try:
            yield tally
        finally:
            stop.set()
            await asyncio.gather(*tasks)
