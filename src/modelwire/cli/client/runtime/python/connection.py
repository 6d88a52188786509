"""Connection to a service, with retries where they are safe."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Self, TypedDict

import anyio
import httpx
from pydantic import JsonValue, TypeAdapter

from .answers import Problem
from .parameters import Info, Parameters, write_search

_FIRST_PAUSE_S = 0.2
_OBJECT = TypeAdapter(dict[str, JsonValue])


class Options(TypedDict, total=False):
    """Options of a client.

    `token` is the bearer token of the caller, or a function that returns it before each request.
    `retries` is the number of times that a request is repeated if that is safe: 3 by default;
    `max_retry_after_s` is the longest wait before that: 30 seconds by default. `http` is an httpx
    client to send requests with, whose headers, timeouts and cookies apply.
    """

    token: str | Callable[[], Awaitable[str | None]] | None
    retries: int
    max_retry_after_s: float
    http: httpx.AsyncClient


@dataclass(frozen=True, slots=True)
class Sent:
    """Request to send.

    Args:
        method: Its method.
        path: Its path.
        parameters: Its query.
        body: Its body; empty if there is none.
        headers: Its headers.
        repeats: Whether it may be repeated although it may have been carried out.
    """

    method: str
    path: str
    parameters: Parameters = field(default_factory=dict)
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    repeats: bool = True


class Connection:
    """Connection to a service.

    Args:
        base_url: Its address, such as `https://api.example.com`.
        resources: Information on its resources.
        problems: The classes of its problems, by their codes.
        options: The options of the client.
    """

    def __init__(
        self,
        base_url: str,
        resources: Mapping[str, Info],
        problems: Mapping[str, type[Problem]],
        options: Options,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self.resources = resources
        self._problems = problems
        self._token = options.get("token")
        self._retries = options.get("retries", 3)
        self._max_retry_after_s = options.get("max_retry_after_s", 30.0)
        given = options.get("http")
        self._http = given or httpx.AsyncClient()
        self._is_own = given is None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections, unless they belong to an httpx client that was given."""
        if self._is_own:
            await self._http.aclose()

    async def send(self, sent: Sent) -> httpx.Response:
        """Send a request, with retries where they are safe, and return the whole response.

        Raises:
            Problem: It was refused.
            httpx.TransportError: There was no response.
        """
        answer = await self.open(sent, reads=True)
        await answer.aclose()
        return answer

    async def open(self, sent: Sent, *, reads: bool = False) -> httpx.Response:
        """Send a request whose response is streamed, and closed by the caller."""
        count = 0
        while True:
            try:
                answer = await self._attempt(sent, reads=reads)
                if answer.is_success:
                    return answer
                problem = await self._read_problem(answer)
            except httpx.TransportError:
                if not sent.repeats or count >= self._retries:
                    raise
                problem = None
            pause = problem.retry_after_s if problem is not None else None
            if pause is None:
                pause = _FIRST_PAUSE_S * 2**count * random.uniform(0.5, 1.5)
            if problem is not None and not self._is_repeated(problem, sent, count, pause):
                raise problem
            await anyio.sleep(pause)
            count += 1

    def _is_repeated(self, problem: Problem, sent: Sent, count: int, pause_s: float) -> bool:
        # After `unavailable` nothing was done for certain; after other responses that is unknown.
        is_undone = problem.code in ("unavailable", "key_in_flight")
        is_safe = is_undone or (sent.repeats and problem.status == 503)
        return is_safe and count < self._retries and pause_s <= self._max_retry_after_s

    async def _attempt(self, sent: Sent, *, reads: bool) -> httpx.Response:
        headers = dict(sent.headers)
        token = self._token if isinstance(self._token, str | None) else await self._token()
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        if sent.body:
            headers["content-type"] = "application/json"
        url = f"{self._base_url}{sent.path}{write_search(sent.parameters)}"
        request = self._http.build_request(
            sent.method, url, headers=headers, content=sent.body or None
        )
        answer = await self._http.send(request, stream=True)
        if reads or not answer.is_success:
            try:
                await answer.aread()
            finally:
                await answer.aclose()
        return answer

    async def _read_problem(self, answer: httpx.Response) -> Problem:
        is_problem = answer.headers.get("content-type", "").startswith("application/problem+json")
        told = _OBJECT.validate_json(answer.content) if is_problem else {}
        known = self._problems.get(str(told.get("code")), Problem)
        return known(answer, told)
