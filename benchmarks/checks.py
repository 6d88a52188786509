"""Check that a contender does the work, before it is timed."""

from __future__ import annotations

import datetime as dt
import json
from http.client import HTTPConnection
from typing import Any

from .clients import Call, Contender
from .data import DOOMED, make_body, make_new_user
from .databases import Database
from .load import TIMEOUT_S, send
from .works import Work


class WrongAnswer(Exception):
    """Answer of a contender that differs from the tables; the message describes how."""


def check_work(port: int, contender: Contender, call: Call, work: Work, database: Database) -> None:
    """Check one answer against the seeded rows, or the effect of a write on them.

    Args:
        port: The server's port.
        contender: The contender.
        call: The request.
        work: The work.
        database: The database with the rows.

    Raises:
        WrongAnswer: The answer is wrong.
    """
    number = work.first
    body = call.body.replace("{n}", str(number)) if call.body else None
    if work.name in _CREATES:
        body = make_body("check", 0, work.rows)
    answer = _ask(port, Call(call.method, call.path.replace("{n}", str(number)), body))
    if work.expected is None:
        _check_change(contender, work, database, answer)
    elif work.name != "health":
        _check_rows(contender, work, database.users, answer)


_CREATES = ("create", "bulk_100", "bulk_1000")


def _ask(port: int, call: Call) -> Any:
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    status, body = send(connection, call.method, call.path, call.body)
    connection.close()
    if status >= 400:
        raise WrongAnswer(f"{call.method} {call.path}: {status} {body[:200]!r}")
    try:
        return json.loads(body) if body else None
    except ValueError as exc:
        raise WrongAnswer(f"{call.method} {call.path}: {exc}") from None


def _check_rows(contender: Contender, work: Work, users: int, answer: Any) -> None:
    assert work.expected is not None  # noqa: S101
    rows, total = work.expected(users)
    given, given_total = contender.rows_of(answer)
    if total is not None and given_total != total:
        raise WrongAnswer(f"total is {given_total}, not {total}")
    if len(given) != len(rows):
        raise WrongAnswer(f"there are {len(given)} rows, not {len(rows)}")
    for expected, row in zip(rows, given, strict=True):
        if not _agree(expected, row):
            raise WrongAnswer(f"a row is {row!r}, not {expected!r}"[:300])


def _agree(expected: Any, given: Any) -> bool:
    if isinstance(expected, dict):
        return isinstance(given, dict) and all(
            name in given and _agree(value, given[name]) for name, value in expected.items()
        )
    if isinstance(expected, list):
        pairs = zip(expected, given, strict=False)
        return len(expected) == len(given) and all(_agree(a, b) for a, b in pairs)
    if isinstance(expected, dt.datetime):
        moment = dt.datetime.fromisoformat(given)
        return expected == (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC))
    return bool(expected == given)


def _check_change(contender: Contender, work: Work, database: Database, answer: Any) -> None:
    wanted: list[tuple[Any, ...]]
    if work.name == "update":
        sql, wanted = "SELECT full_name FROM users WHERE id = 1", [("Changed 1",)]
    elif work.name == "delete":
        sql, wanted = f"SELECT id FROM users WHERE id = {DOOMED}", []  # noqa: S608
    else:
        sql = "SELECT count(*) FROM users WHERE username LIKE 'new-check-%'"
        wanted = [(work.rows,)]
        _check_created(contender.rows_of(answer)[0], work)
    stored = database.fetch(sql)
    if stored != wanted:
        raise WrongAnswer(f"the database has {stored!r}, not {wanted!r}")


def _check_created(rows: list[Any], work: Work) -> None:
    numbers: list[int | str] = [0] if work.rows == 1 else [f"0-{i}" for i in range(work.rows)]
    for row, number in zip(rows, numbers, strict=True):
        if not _agree(make_new_user("check", number), row) or not row.get("id"):
            raise WrongAnswer(f"created {row!r}"[:300])
