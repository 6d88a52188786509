"""SQL and its errors as logs and traces may show them: without values."""

from __future__ import annotations

import re
from functools import lru_cache

_VALUES = re.compile(
    r"""
      --[^\n]*                        # comments may say anything
    | /\*.*?(?:\*/|\Z)
    | (?P<name>"(?:[^"]|"")*")        # a quoted name stays
    | (?P<quote>\$(?:[A-Za-z_]\w*)?\$).*?(?:(?P=quote)|\Z)
    | \b[eE]'(?:\\.|''|[^'\\])*(?:'|\Z)
    | (?:\b[xXbBnN])?'(?:''|[^'])*(?:'|\Z)
    | (?P<parameter>[$:@?]\d+|\b[A-Za-z_]\w*)
    | \b\d(?:[eE][+-]|[\w.])*
    """,
    re.VERBOSE | re.DOTALL,
)
_BRACKETS = re.compile(r"\([^()]*\)")
_OPERATION = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)
_TARGET = re.compile(r'\b(?:FROM|INTO|UPDATE)\s+(?:ONLY\s+)?("[^"]+"|[\w.]+)', re.IGNORECASE)


@lru_cache(maxsize=2048)
def hide_values(text: str) -> str:
    """Replace literals in SQL text with `?`, and leave out comments.

    modelwire's own statements have parameters for all values; those of the application may not.
    """
    return _VALUES.sub(_hide, text).strip()


def _hide(match: re.Match[str]) -> str:
    kept = match["name"] or match["parameter"]
    if kept is not None:
        return kept
    return "" if match[0].startswith(("--", "/*")) else "?"


@lru_cache(maxsize=2048)
def summarize(text: str) -> tuple[str, str]:
    """Return the operation of a statement and its table: `("SELECT", "users")`.

    Returns:
        The operation, which is the first word where it is none of the usual, and the table; empty
        where there is none, or more to it than a name.
    """
    plain = hide_values(text)
    while plain != (shorter := _BRACKETS.sub(" ", plain)):
        plain = shorter
    operation = _OPERATION.search(plain)
    if operation is None:
        return plain.split(maxsplit=1)[0].upper() if plain else "", ""
    target = _TARGET.search(plain, operation.start())
    return operation[1].upper(), target[1].strip('"') if target is not None else ""


def code_of(error: BaseException) -> str:
    """Return the database's own code of an error: an SQLSTATE, or a name of SQLite's."""
    code = getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorname", None)
    return str(code or "")


def name_error(error: BaseException) -> str:
    """Return the class and code of an error; never its text, which may contain values."""
    code = code_of(error)
    return f"{type(error).__name__} {code}" if code else type(error).__name__
