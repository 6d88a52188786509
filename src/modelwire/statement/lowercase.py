"""Lower-casing in SQL: by Unicode's simple mapping, character by character, on every database.

SQLite's own `lower` knows ASCII only; a function of ours takes its place. PostgreSQL's follows a
collation, of which the database's own may know ASCII only as well. So one is named whose mapping is
the simple one; where a server has none, ICU's is used, and its two exceptions are taken out.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BindParameter
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Text

LOWER = "modelwire_lower"
"""Lower-casing on SQLite; `execute` registers it."""

COLLATION = "modelwire_collation"
"""Attribute of a dialect: the collation, of those below, that its server has, if any."""

COLLATIONS = ("pg_c_utf8", "und-x-icu")
"""Collations of PostgreSQL by which texts are lower-cased, the best one first: the first since
PostgreSQL 17, where the database's encoding is UTF-8; the second where it was built with ICU."""

_SIMPLE = {"\u03a3": "\u03c3", "\u0130": "i"}
"""Where the full mapping differs: a sigma at a word's end, and I with a dot, which becomes two."""

_TABLE = str.maketrans(_SIMPLE)


def lower(text: str) -> str:
    """Lower-case a text by Unicode's simple mapping, character by character."""
    return text.lower() if text.isascii() else text.translate(_TABLE).lower()


class Lowered(FunctionElement[str]):
    """A text in lower case, for LIKE: to SQLite's the case of ASCII letters is all one."""

    type = Text()
    inherit_cache = True


@compiles(Lowered, "sqlite")
def _lower_on_sqlite(element: Lowered, compiler: Any, **options: Any) -> str:
    (text,) = element.clauses
    sql = compiler.process(text, **options)
    if isinstance(text, BindParameter):
        return f"{LOWER}({sql})"
    # A call for each row would ask for the interpreter's lock, so ASCII, which has as many bytes
    # as characters, stays as it is.
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
    """The collation by which a server lower-cases.

    A session that somebody put in the way may be on an engine of its own, which nobody has asked.
    """
    version = getattr(dialect, "server_version_info", None) or (0,)
    newer = COLLATIONS[0] if version >= (17,) else None
    found: str | None = getattr(dialect, COLLATION, newer)
    return found
