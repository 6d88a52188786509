"""The middle page of users, which a client reaches by following one page after another."""

from __future__ import annotations

import json
from dataclasses import replace
from http.client import HTTPConnection

from .clients import Call
from .databases import Database
from .load import TIMEOUT_S, send
from .works import middle_of

_found: dict[tuple[str, str], str] = {}
"""Cursors by database and path: while nothing changes, a cursor leads to the same page."""


def fill_call(port: int, call: Call, database: Database) -> Call:
    """Fill in `{middle}` and `{cursor}`.

    Args:
        port: The server's port.
        call: The call.
        database: The database with the users.

    Returns:
        The call as it is sent.
    """
    path = call.path.replace("{middle}", str(middle_of(database.users)))
    if "{cursor}" in path:
        place = (database.url, path)
        if place not in _found:
            _found[place] = _walk(port, path, middle_of(database.users))
        path = path.replace("{cursor}", _found[place])
    return replace(call, path=path)


def _walk(port: int, path: str, rows: int) -> str:
    """Follow `next` from the first page on until a number of rows have been seen."""
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    cursor, seen = "", 0
    while seen < rows:
        _, body = send(connection, "GET", path.replace("{cursor}", cursor))
        page = json.loads(body)
        seen += len(page["items"])
        cursor = page["next"]
    connection.close()
    return cursor
