"""Record of everything that a database is sent, with values in their places in the SQL.

SQL that says the same on both databases is told alike, so that it is read once: lists of columns
are cut short, as are the forms in which each database takes lists of values.
"""

import datetime as dt
import json
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext

from modelwire import Database
from tests.statement.test_sql import shorten

Tell = Callable[[str], None]

PASSED_OVER = re.compile(
    r"pg_trigger|sqlite_master|pg_notify|pg_catalog|'jit'|^--|^PRAGMA|TEMP TRIGGER|^DROP TRIGGER"
    r"|^(UN)?LISTEN|^CLOSE"
)
"""Statements that come as time passes, or once for a connection, whatever is asked."""


def record(database: Database, tell: Tell) -> None:
    """Tell of every statement of a database, on connections that are opened from now on."""

    engine = database.engine.sync_engine

    @event.listens_for(engine, "connect")
    def connect(adapted: Any, _record: object) -> None:
        driver = adapted.driver_connection
        if database.dialect == "postgresql":
            driver.add_query_logger(lambda sent: tell_all(_fill(sent.query or "", sent.args)))
        else:
            driver.driver.set_trace_callback(tell_all)

    def tell_prepared(text: str | None, parameters: Any) -> None:
        # asyncpg does not tell of prepared statements, which sessions send.
        if database.dialect == "postgresql" and text is not None:
            tell_all(_fill(text, parameters))

    @event.listens_for(engine, "after_cursor_execute")
    def execute(_conn: Any, _cursor: Any, text: str, values: Any, *_: Any) -> None:
        tell_prepared(text, values)

    @event.listens_for(engine, "handle_error")
    def fail(failure: ExceptionContext) -> None:
        tell_prepared(failure.statement, failure.parameters)

    def tell_all(text: str) -> None:
        if text and not PASSED_OVER.search(text):
            for line in re.split(r"\n|;(?=[A-Z])", _shorten(shorten(text)).rstrip(";")):
                tell(line)


def _fill(text: str, values: Any) -> str:
    """Write values in the place of PostgreSQL's parameters, as SQLite's trace does."""
    values, cast = values or (), r"(?:::\w+(?:\([\d, ]+\))?(?: WITH(?:OUT)? TIME ZONE)?(?:\[\])?)?"

    def given(found: re.Match[str]) -> str:
        lists = [values[int(number) - 1] for number in re.findall(r"\$(\d+)", found[0])]
        rows = zip(*map(_list_of, lists), strict=True)
        return f"given{_literal([list(row) for row in rows])}"

    text = re.sub(r"unnest\(.*?\) WITH ORDINALITY AS \w+\(.*?\)", given, text)
    return re.sub(rf"\$(\d+){cast}", lambda found: _literal(values[int(found[1]) - 1]), text)


def _list_of(value: Any) -> Sequence[Any]:
    """Return the values of an array, which may be PostgreSQL's text of one."""
    if not isinstance(value, str):
        return value  # type: ignore[no-any-return]
    parts = re.findall(r'"((?:[^"\\]|\\.)*)"|([^,{}]+)', value)
    return [_plain(bare) if bare else re.sub(r"\\(.)", r"\1", quoted) for quoted, bare in parts]


def _plain(text: str) -> Any:
    if text in ("null", "NULL"):
        return None
    return int(text) if re.fullmatch(r"-?\d+", text) else text


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, Decimal):
        return str(float(value))
    if isinstance(value, list | tuple | set):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, bytes):
        return f"X'{value.hex().upper()}'"
    if isinstance(value, dt.datetime):
        value = value.isoformat(" ", "microseconds")
    if isinstance(value, dict):
        value = json.dumps(value)
    return "'{}'".format(str(value).replace("'", "''"))


def _shorten(text: str) -> str:
    """Write what is said in several ways in one."""
    for pattern, short in _SHORT:
        text = re.sub(pattern, short, text)
    return text


def _names(found: re.Match[str]) -> str:
    names = re.findall(r"(\w+)(?=, |$)", found[2])
    return found[1] + (f"{names[0]} … {names[-1]}" if len(names) > 3 else ", ".join(names))


def _json(found: re.Match[str]) -> str:
    return _literal(json.loads(found[1].replace("''", "'")))


def _stamp(found: re.Match[str]) -> str:
    """Tell who makes a change, and whether for a request."""
    by, request = (bytes.fromhex(part).decode() for part in found.groups())
    return f"\n  by {by!r}{' for a request' if request else ''}"


_COLUMN = (
    r"(?:\+?\w+(?:\.\w+)?|stored\(\w+\)|convert_to\(CAST\([\w.]+ AS TEXT\), 'SQL_ASCII'\))"
    r"(?: AS \w+)?"
)
_SET = r"set_config\('modelwire\.{}', '(.*?)', true\) AS \w+"

_SHORT: Sequence[tuple[str, Any]] = (
    (r"(LIMIT \d+) OFFSET 0", r"\1"),
    # Lists of values, and of rows.
    (r"\(SELECT anon_\d+\.value FROM json_each\('(.*?)'\) AS anon_\d+\)", _json),
    (r"= ANY \((\[.*?\])\)", r"IN \1"),
    (r"NOT \((\S+) IN (\[.*?\])\)", r"\1 NOT IN \2"),
    (r"json_extract\(modelwire_given\.value, '\$\[(\d+)\]'\)(?: AS \w+)?", r"c\1"),
    (r"json_each\('(\[.*?\])'\) AS modelwire_given", lambda found: f"given{_json(found)}"),
    (r"modelwire_given\.(?:\"key\"|position(?: - 1 AS \w+)?)", "place"),
    (r"modelwire_given\.(c\d+)", r"\1"),
    (r"c0(?:, c\d+){2,}, (c\d+)", r"c0 … \1"),
    (r" WHERE (?:1 = 1|true)(?= ORDER)", ""),
    # Columns that are read as they are.
    (rf"(RETURNING )((?:{_COLUMN}, )*{_COLUMN})(?=$|, (?:set_config|\w+\())", _names),
    (rf"(SELECT )((?:{_COLUMN}, )*{_COLUMN})(?= FROM)", _names),
    # What one database needs beside.
    (r"BEGIN IMMEDIATE", r"BEGIN\n  IMMEDIATE"),
    (r" (FOR (?:NO KEY UPDATE|UPDATE|KEY SHARE|SHARE) .*)$", r"\n  \1"),
    # Text in lower case.
    (r"lower\(\(?(\(?[^()]*\)?) COLLATE \"pg_c_utf8\"\)", r"lower(\1)"),
    (r"lower\(\(([^()]*)\)\)", r"lower(\1)"),
    (r"modelwire_lower", "lower"),
    # Who makes a change.
    (
        r";SELECT set_config\('modelwire\.by', convert_from\(decode\('(.*?)'.*?"
        r"decode\('(.*?)'.*",
        _stamp,
    ),
    (
        f", {_SET.format('by')}, {_SET.format('request')}, {_SET.format('tells')}",
        lambda found: f"\n  by {found[1]!r}{' for a request' if found[2] else ''}",
    ),
)
"""Patterns, and what is told for each."""
