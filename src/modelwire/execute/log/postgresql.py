"""Triggers that log changes on PostgreSQL, with one function for each table.

They run once for each statement, after all of its rows are written, including those that foreign
keys delete or change with them, and see the rows as then stored (PostgreSQL manual, CREATE TRIGGER,
transition tables). So every write is logged, whatever its source, by one INSERT.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql

from ...statement.changes import BY, CHANGES, NOTIFIED, REQUEST, TELLS, name_function
from ...statement.own_tables import build_creation
from .logged_table import Noted

_DIALECT = postgresql.dialect()
_QUOTE = _DIALECT.identifier_preparer.quote
_EVENTS = (
    ("modelwire_create", "INSERT", "NEW TABLE AS modelwire_new"),
    ("modelwire_update", "UPDATE", "OLD TABLE AS modelwire_old NEW TABLE AS modelwire_new"),
    ("modelwire_delete", "DELETE", "OLD TABLE AS modelwire_old"),
)
_NESTED = "modelwire.nested"
"""Prefix of the settings that record where the entries of nested triggers begin."""

_STATEMENT = "extract(epoch FROM statement_timestamp())::text"
"""Identifier of a statement, distinct from those before it."""

_ORIGIN = ", ".join(f"nullif(current_setting('{name}', true), '')" for name in (BY, REQUEST))
"""Origin of the write, as two columns."""

TRIGGERS = tuple(name for name, *_ in _EVENTS)
"""Names of the triggers, the same on each table."""

BODY_VERSION = 2
"""Version of the functions, incremented by each release that changes what they do."""

_VERSION = re.compile(r"\s*-- version ([0-9]{1,9})\n")

_COLUMNS = 'at, transaction, "table", key, operation, old, new, by, request'

STAMP = ", ".join(
    f"{'' if number > 1 else 'SELECT '}set_config('{name}', ${number}, true)"
    for number, name in enumerate((BY, REQUEST, TELLS), 1)
)
"""Statement that sets the origin of a transaction, and whether its process notifies."""


PRUNE = f"""
DELETE FROM {CHANGES.name} WHERE number IN (
  SELECT number FROM (
    SELECT number, at FROM {CHANGES.name} WHERE "table" = $1 ORDER BY number LIMIT $2
  ) AS first WHERE at < now() - make_interval(days => $3)
    AND number < (SELECT max(number) FROM {CHANGES.name} WHERE "table" = $1)
) RETURNING number
"""
"""Statement that removes the oldest entries; the last one stays, to show what was removed."""


def stamp_text(by: str | None, request: str | None, tells: str = "") -> str:
    """Write `STAMP` as a text without parameters, to be sent with BEGIN.

    Values that clients control are written as hexadecimal digits, in which nothing is special.
    """

    def literal(value: str | None) -> str:
        digits = (value or "").encode(errors="replace").hex()
        return f"convert_from(decode('{digits}', 'hex'), 'UTF8')"

    return (
        f"SELECT set_config('{BY}', {literal(by)}, true), "
        f"set_config('{REQUEST}', {literal(request)}, true), set_config('{TELLS}', '{tells}', true)"
    )


def write_look(tables: Sequence[Table]) -> str:
    """Write the query for the existing tables, and the triggers that call their functions.

    A row has the schema in which tables are created, the number of a table, the text of its
    function, and the number of triggers that call it.
    """
    wanted = ", ".join(
        f"({number}, {_text(_name(table))}, {_text(_place(table))})"
        for number, table in enumerate(tables)
    )
    return f"""
SELECT current_schema(), wanted.number, found.prosrc, (
  SELECT count(*) FROM pg_catalog.pg_trigger
  WHERE tgrelid = to_regclass(wanted.place) AND tgfoid = found.oid AND tgenabled <> 'D'
) AS triggers
FROM (VALUES {wanted}) AS wanted(number, name, place)
LEFT JOIN pg_catalog.pg_proc AS found ON found.oid = to_regproc(wanted.name)
WHERE to_regclass(wanted.place) IS NOT NULL
"""


def is_installed(noted: Noted, schema: str, source: str | None, triggers: int) -> bool:
    """Whether the triggers of a table are installed and up to date.

    They may also notify of changes that this process doesn't need, or come from a newer release:
    processes of both may run, and each would replace the other's triggers.

    Args:
        noted: The table.
        schema: The schema of the table of changes.
        source: The text of the existing function, if any.
        triggers: The number of triggers that call it.
    """
    if triggers < len(_EVENTS):
        return False
    bodies = {_body(noted._replace(live=live), schema) for live in {noted.live, True}}
    return source in bodies or _version_of(source) > BODY_VERSION


def _version_of(source: str | None) -> int:
    """Return the version of an existing function; 0 if it has none, or does not exist."""
    found = _VERSION.match(source or "")
    return 0 if found is None else int(found[1])


def write_log() -> Sequence[str]:
    """Write the statements that create the table of changes and its indexes, if missing."""
    return [str(step) for step in build_creation(CHANGES, _DIALECT)]


def write_install(noted: Noted, schema: str) -> Iterator[str]:
    """Write the statements that install the triggers of a table, in place of earlier ones."""
    name, place, body = _name(noted.table), _place(noted.table), _body(noted, schema)
    yield (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$modelwire${body}$modelwire$"
    )
    for trigger, event, tables in _EVENTS:
        yield f"DROP TRIGGER IF EXISTS {trigger} ON {place}"
        yield (
            f"CREATE TRIGGER {trigger} AFTER {event} ON {place} REFERENCING {tables} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
        )


def _body(noted: Noted, schema: str) -> str:
    """Write the body of the function.

    The user's own row triggers write before this function is called for their statement, although
    their writes come after it. Their entries are moved behind those of the statement, which finds
    where they begin by the depth of their triggers. A statement that no trigger has caused, and
    that causes none, only checks for that: each expression of PL/pgSQL is prepared anew in each
    transaction, so values that columns can compute have no variables.
    """
    log, sequence = f"{_QUOTE(schema)}.{CHANGES.name}", f"{CHANGES.name}_number_seq"
    numbers, tell = f"{_QUOTE(schema)}.{sequence}", _TELL if noted.live else ""
    return f"""
-- version {BODY_VERSION}
DECLARE
  modelwire_depth integer;
  modelwire_deeper text;
  modelwire_nested text[];
  modelwire_last bigint;
  modelwire_moved bigint;
BEGIN{_find_nested(schema, sequence)}{_note(noted.table, log)}{tell}{_move_nested(log, numbers)}
  RETURN NULL;
END
"""


def _find_nested(schema: str, sequence: str) -> str:
    """Write what finds the entries that triggers of the statement have caused, and the last one.

    A role that may use the sequence may not always read it, but may read its row in the view,
    which has NULL before the first number where the sequence itself has 1.
    """
    return f"""
  IF pg_trigger_depth() > 1 OR current_setting('{_NESTED}2', true) <> '' THEN
    modelwire_depth := pg_trigger_depth();
    modelwire_deeper := current_setting('{_NESTED}' || (modelwire_depth + 1), true);
    IF modelwire_deeper <> '' AND split_part(modelwire_deeper, ' ', 1) = {_STATEMENT} THEN
      modelwire_nested := string_to_array(modelwire_deeper, ' ');
    END IF;
    modelwire_last := coalesce((SELECT last_value FROM pg_catalog.pg_sequences
      WHERE schemaname = {_text(schema)} AND sequencename = '{sequence}'), 0);
  END IF;"""


def _note(table: Table, log: str) -> str:
    """Write what logs the changes of the statement.

    An update of a key matches the old row with no new one: it is logged as a delete and a create.
    """
    start = (
        f"INSERT INTO {log} ({_COLUMNS})\n"
        f"    SELECT clock_timestamp(), pg_current_xact_id(), {_text(table.fullname)}"
    )
    old, new = _key(table, "modelwire_old"), _key(table, "modelwire_new")
    return f"""
  IF TG_OP = 'INSERT' THEN
    {start}, {new}, 'create', NULL, row_to_json(modelwire_new), {_ORIGIN}
    FROM modelwire_new;
  ELSIF TG_OP = 'DELETE' THEN
    {start}, {old}, 'delete', row_to_json(modelwire_old), NULL, {_ORIGIN}
    FROM modelwire_old;
  ELSE
    {start}, coalesce(n.key, o.key),
      CASE WHEN o.key IS NULL THEN 'create' WHEN n.key IS NULL THEN 'delete' ELSE 'update' END,
      o.image, n.image, {_ORIGIN}
    FROM (SELECT {old} AS key, row_to_json(modelwire_old) AS image FROM modelwire_old) AS o
    FULL JOIN (SELECT {new} AS key, row_to_json(modelwire_new) AS image FROM modelwire_new) AS n
      ON o.key = n.key
    WHERE o.image::text IS DISTINCT FROM n.image::text;
  END IF;"""


def _move_nested(log: str, numbers: str) -> str:
    """Write what moves the entries that triggers have caused behind those of the statement, and
    tells the statement that has caused it where its own entries begin."""
    return f"""
  IF modelwire_depth IS NOT NULL THEN
    IF modelwire_nested IS NOT NULL THEN
      FOR modelwire_moved IN
        SELECT number FROM {log} WHERE transaction = pg_current_xact_id()
        AND number BETWEEN modelwire_nested[2]::bigint AND modelwire_last ORDER BY number
      LOOP
        UPDATE {log} SET number = nextval('{numbers}') WHERE number = modelwire_moved;
      END LOOP;
      PERFORM set_config('{_NESTED}' || (modelwire_depth + 1), '', true);
    END IF;
    IF modelwire_depth > 1 AND
        split_part(coalesce(current_setting('{_NESTED}' || modelwire_depth, true), ''), ' ', 1)
        <> {_STATEMENT} THEN
      PERFORM set_config(
        '{_NESTED}' || modelwire_depth, {_STATEMENT} || ' ' || (modelwire_last + 1), true);
    END IF;
  END IF;"""


_TELL = f"""
  IF FOUND AND current_setting('{TELLS}', true) IS DISTINCT FROM '1' THEN
    PERFORM pg_notify('{NOTIFIED}', '');
  END IF;"""
"""Notification of changes, for a process that does not notify after its commits.

Transactions that notify commit one after another: each holds a lock from before its commit until
the commit is on disk (`PreCommit_Notify` in PostgreSQL's `async.c`).
"""


def _key(table: Table, alias: str) -> str:
    parts = ", ".join(f"{alias}.{_QUOTE(column.name)}" for column in table.primary_key)
    return f"json_build_array({parts})::text"


def _name(table: Table) -> str:
    return name_function(table.fullname, _DIALECT)


def _place(table: Table) -> str:
    return _DIALECT.identifier_preparer.format_table(table)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
