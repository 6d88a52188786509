"""The limit: raw ASGI, the driver, SQL by hand, the fastest encoder. No framework is below this."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

from .limit_postgresql import PostgreSQLStore
from .limit_sqlite import SQLiteStore
from .limit_store import CHANGES, NEW_USER, NEW_USERS, Asked, Store

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

_HEADERS = [(b"content-type", b"application/json")]
_WORDS = ("", "bulk", "stream")


def create_app(store: Store) -> App:
    """Serve a store.

    Args:
        store: What answers with JSON.

    Returns:
        An ASGI application.
    """

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(store, receive, send)
            return
        parts = scope["path"].split("/")
        if parts[1] == "players":
            await _stream(store, send)
            return
        status, body = await _answer(store, scope, parts, receive)
        await _send(send, status, body)

    return app


async def _answer(
    store: Store, scope: Message, parts: list[str], receive: Receive
) -> tuple[int, bytes]:
    method, noun = scope["method"], parts[1]
    if noun == "health":
        return 200, b'{"status":"ok"}'
    if parts[2] not in _WORDS:
        return await _answer_key(store, method, noun, int(parts[2]), receive)
    if method == "GET":
        query = dict(parse_qsl(scope["query_string"].decode()))
        skip, limit = int(query.get("skip", 0)), int(query.get("limit", 10))
        if noun == "teams":
            return 200, await store.read_teams(skip, limit)
        if "after" in query:
            return 200, await store.read_users_after(int(query["after"]), limit)
        asked = Asked(skip, limit, "is_active" in query, query.get("count", "exact"))
        return 200, await store.read_users(asked)
    body = await _read(receive)
    if parts[2] == "bulk":
        return 201, await store.create_users(NEW_USERS.decode(body), body)
    return 201, await store.create_user(NEW_USER.decode(body))


async def _answer_key(
    store: Store, method: str, noun: str, key: int, receive: Receive
) -> tuple[int, bytes]:
    if method == "PUT":
        body = await store.update_user(key, CHANGES.decode(await _read(receive)))
    elif method == "DELETE":
        return (204, b"") if await store.delete_user(key) else (404, b"{}")
    else:
        body = await (store.read_team(key) if noun == "teams" else store.read_user(key))
    return (404, b"{}") if body is None else (200, body)


async def _stream(store: Store, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    separator = b"["
    async for rows in store.stream_players():
        part = separator + rows[1:-1]
        await send({"type": "http.response.body", "body": part, "more_body": True})
        separator = b","
    await send({"type": "http.response.body", "body": b"]"})


async def _send(send: Send, status: int, body: bytes) -> None:
    headers = [*_HEADERS, (b"content-length", b"%d" % len(body))] if status != 204 else []
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _read(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message["body"]
    while message.get("more_body"):
        message = await receive()
        body += message["body"]
    return body


async def _live(store: Store, receive: Receive, send: Send) -> None:
    await receive()
    await store.open()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await store.close()
    await send({"type": "lifespan.shutdown.complete"})


_URL = os.environ["DATABASE_URL"]
app = create_app(PostgreSQLStore(_URL) if _URL.startswith("postgresql") else SQLiteStore(_URL))
