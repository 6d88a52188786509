"""Fields that are hidden because their names suggest secrets."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Column

from ..kinds import Kind

_SECRET = re.compile(r"passw|passphrase|secret|token|api_?key|hash(?!tag)", re.IGNORECASE)

_IS_SECRET = re.compile(r"(password|passphrase|secret|token|api_?key|hash)$", re.IGNORECASE)
"""Names of numbers that are secrets: `reset_token` is one, `token_count` is not."""

_NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL})

_OPEN = frozenset(
    {
        Kind.FLOAT,
        Kind.BOOLEAN,
        Kind.ENUM,
        Kind.DATETIME,
        Kind.DATE,
        Kind.TIME,
        Kind.INTERVAL,
    }
)
"""Kinds that secrets never have: `token_expires` is a date, `is_secret` a choice."""


def names_secret(column: Column[Any], kind: Kind, *names: str) -> bool:
    """Whether a field is named like a secret, and can hold one.

    A foreign key is judged by the column that it refers to: `secret_id` is a secret only if that
    column is named like one.

    Args:
        column: Its column.
        kind: The kind of its values.
        names: Its names, on the wire and in Python.
    """
    if kind in _OPEN:
        return False
    referred = _follow(column)
    pattern = _IS_SECRET if kind in _NUMBERS else _SECRET
    return any(map(pattern.search, names if referred is column else (referred.name, referred.key)))


def _follow(column: Column[Any]) -> Column[Any]:
    """Return the column that a foreign key refers to, directly or through further foreign keys."""
    seen = [column]
    while seen[-1].foreign_keys:
        referred = min(seen[-1].foreign_keys, key=lambda key: key.target_fullname).column
        if referred in seen:
            break
        seen.append(referred)
    return seen[-1]
