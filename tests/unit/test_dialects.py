"""No code asks which database it is but what makes the records, or chooses among databases."""

import ast
from collections.abc import Iterator
from dataclasses import fields
from inspect import getdoc
from pathlib import Path

import modelwire
from modelwire.dialect import Dialect
from modelwire.statement.dialect import SQLDialect
from modelwire.statement.dialects.known import DIALECTS

SOURCE = Path(modelwire.__file__).parent
NAMES = {"sqlite", "postgresql"}

ALLOWED = {
    "statement/dialects/postgresql.py": "it makes a record",
    "statement/dialects/sqlite.py": "it makes a record",
    "execute/engine.py": "it chooses the engine, the lane and what looks at the log of changes",
    "execute/log/log.py": "it chooses what notes changes",
    "execute/url.py": "it reads the URL",
    "execute/tables.py": "SQLite creates tables with steps of its own",
    "execute/write/triggers.py": "each database has a catalog of its own to ask",
    "catalog/reading/upserts.py": "SQLAlchemy keeps options under the name of a dialect",
    "migrations/comparison.py": "an enum is a type of its own on PostgreSQL alone",
    "migrations/enums.py": "the same",
    "migrations/environment.py": "SQLite copies tables to change them, and PostgreSQL takes a lock",
    "migrations/operations.py": "what Alembic has no operation for is written for each database",
    "compat/alembic.py": "Alembic registers what it does under the names of dialects",
    "cli/new.py": "a project begins with one of both",
    "cli/steps.py": "steps name the types of both as Alembic writes them",
    "cli/main.py": "SQLite does not say which directory of its file is missing",
    "copying/counters.py": "each database counts keys up in its own way",
    "copying/side.py": "SQLite makes a file that is not there",
    "cli/inside.py": "SQLite would make the file that it is to read",
}


def names_in(tree: ast.Module) -> Iterator[int]:
    """The lines in which a database is named, but for what registers how an element is compiled."""
    registered = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        for inner in ast.walk(decorator)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value in NAMES and id(node) not in registered:
            yield node.lineno


def test_nobody_else_asks_for_the_name() -> None:
    found = {}
    for path in SOURCE.rglob("*.py"):
        lines = list(names_in(ast.parse(path.read_text())))
        if lines:
            found[path.relative_to(SOURCE).as_posix()] = lines
    assert set(found) == set(ALLOWED), found


def test_a_comparison_is_found() -> None:
    planted = ast.parse("def build(dialect):\n    return dialect.name == 'sqlite'\n")
    assert list(names_in(planted)) == [2]


def test_records_say_what_each_part_is() -> None:
    for record in (Dialect, SQLDialect):
        own = record.__annotations__ if record is SQLDialect else [f.name for f in fields(Dialect)]
        for name in own:
            assert f"    {name}: " in (getdoc(record) or ""), name
    assert set(DIALECTS) == NAMES


DIFFERENCES = {
    "joins_includes": (False, True),
    "gathers_reads": (False, True),
    "estimates": (False, True),
    "max_digits": (15, None),
    "has_short_floats": (False, True),
    "nests_cascades": (True, False),
    "has_standbys": (False, True),
    "has_one_writer": (True, False),
    "defers_checks": (False, True),
    "locks_creation": (False, True),
    "names_foreign_keys": (False, True),
    "has_own_types": (False, True),
    "has_decimals": (False, True),
    "has_arrays": (False, True),
    "puts_null_last": (False, True),
    "refers_by_parent": (True, False),
    "limits_locks": (False, True),
    "first_place": (0, 1),
}


def test_how_databases_differ() -> None:
    for name, differs in DIFFERENCES.items():
        found = tuple(getattr(DIALECTS[database], name) for database in ("sqlite", "postgresql"))
        assert found == differs, name
    told = {f.name for f in fields(SQLDialect) if f.type in ("bool", "int", "int | None")}
    assert told == set(DIFFERENCES)
    assert [DIALECTS[name].sums.has_zones for name in ("sqlite", "postgresql")] == [False, True]
