"""A real server on a loopback port, in the test's own process."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest_asyncio
import uvicorn
from fastapi import FastAPI

Serve = Callable[[FastAPI], "contextlib.AbstractAsyncContextManager[int]"]


@asynccontextmanager
async def serve_app(
    app: FastAPI,
    *,
    port: int = 0,
    send_buffer_bytes: int = 0,
    http: Any = "auto",
    waits: bool = False,
) -> AsyncIterator[int]:
    """Serve an application; yields its port.

    Args:
        app: The application.
        port: The port; any that is free if 0.
        send_buffer_bytes: What the kernel keeps of an answer that nobody reads; as it likes if 0.
        http: How HTTP is spoken.
        waits: Whether what is being answered at the end is waited for.
    """
    config = uvicorn.Config(
        app, log_level="critical", lifespan="off", loop="none", ws="none", http=http
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    # asyncio sends small parts at once only where the protocol is named.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if send_buffer_bytes:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer_bytes)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    task = asyncio.create_task(server.serve([listener]))
    async with asyncio.timeout(60):
        while not server.started:
            await asyncio.sleep(0.01)
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        server.force_exit = not waits
        async with asyncio.timeout(60):
            await task


async def eventually(condition: Callable[[], bool], within_s: float = 120) -> None:
    """Wait until something holds; fail when it does not in time."""
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.01)


async def settles(value: Callable[[], int], within_s: float = 120) -> None:
    """Wait until a number has stopped changing for a tenth of a second."""
    unchanged, before = 0, value()
    async with asyncio.timeout(within_s):
        while unchanged < 10:
            await asyncio.sleep(0.01)
            unchanged = unchanged + 1 if value() == before else 0
            before = value()


@pytest_asyncio.fixture
async def serve() -> AsyncIterator[Callable[[FastAPI], object]]:
    async with AsyncExitStack() as stack:

        async def start(app: FastAPI) -> int:
            return await stack.enter_async_context(serve_app(app))

        yield start
