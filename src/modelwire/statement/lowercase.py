"""Lower-casing in SQL: by Unicode's simple mapping, character by character, on every database.

SQLite's own `lower` only handles ASCII; a custom function replaces it. PostgreSQL's depends on a
collation, and the database's default may only handle ASCII, too. So a collation with the simple
mapping is named; if a server has none, ICU's is used, and its two exceptions are corrected.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BindParameter
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Text

LOWER = "modelwire_lower"
"""The lower-casing function on SQLite, registered by `execute`."""

COLLATION = "modelwire_collation"
"""The attribute of a dialect with the collation that its server has, of those below, if any."""

COLLATIONS = ("pg_c_utf8", "und-x-icu")
"""PostgreSQL collations for lower-casing, in order of preference: the first exists since PostgreSQL
17 if the database's encoding is UTF-8, the second if the server was built with ICU."""

_SIMPLE = {"\u03a3": "\u03c3", "\u0130": "i"}
"""Exceptions of the full mapping: a final sigma, and a dotted capital I, which becomes two
characters."""

_TABLE = str.maketrans(_SIMPLE)


def lower(value: Any) -> Any:
    """Lower-case a text by Unicode's simple mapping, character by character; leave other values."""
    if not isinstance(value, str):
        return value
    return value.lower() if value.isascii() else value.translate(_TABLE).lower()


class Lowered(FunctionElement[str]):
    """Text in lower case, for LIKE, which ignores the case of ASCII letters on SQLite."""

    type = Text()
    inherit_cache = True


@compiles(Lowered, "sqlite")
def _lower_on_sqlite(element: Lowered, compiler: Any, **options: Any) -> str:
    (text,) = element.clauses
    sql = compiler.process(text, **options)
    if isinstance(text, BindParameter):
        return f"{LOWER}({sql})"
    # A call for each row would take the interpreter's lock, so ASCII texts, which have as many
    # bytes as characters, are left as they are.
    beyond = f"length(CAST({sql} AS BLOB)) > length({sql})"
    return f"CASE WHEN {beyond} THEN {LOWER}({sql}) ELSE {sql} END"


@compiles(Lowered, "postgresql")
def _lower_on_postgresql(element: Lowered, compiler: Any, **options: Any) -> str:
    text = compiler.process(element.clause_expr, **options)
    collation = _collation_of(compiler.dialect)
    if collation == "und-x-icu":
        text = f"translate({text}, '{''.join(_SIMPLE)}', '{''.join(_SIMPLE.values())}')"
    return f'lower({text} COLLATE "{collation}")' if collation else f"lower({text})"


def _collation_of(dialect: Any) -> str | None:
    """Return the collation by which a server lower-cases.

    An overridden session may have its own engine, whose server has not been asked.
    """
    version = getattr(dialect, "server_version_info", None) or (0,)
    newer = COLLATIONS[0] if version >= (17,) else None
    found: str | None = getattr(dialect, COLLATION, newer)
    return found
