"""Fields that are hidden because they are named like secrets."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Column

from ..kinds import Kind

_SECRET = re.compile(r"passw|passphrase|secret|token|api_?key|hash(?!tag)", re.IGNORECASE)

_OPEN = frozenset(
    {
        Kind.INTEGER,
        Kind.FLOAT,
        Kind.DECIMAL,
        Kind.BOOLEAN,
        Kind.ENUM,
        Kind.DATETIME,
        Kind.DATE,
        Kind.TIME,
        Kind.INTERVAL,
    }
)
"""Kinds of which no secret is, whatever its name: `total_tokens` counts, `token_expires` dates."""


def names_secret(column: Column[Any], kind: Kind, *names: str) -> bool:
    """Tell whether a field is named like a secret, and can hold one.

    What refers to another row is named after it: `secret_id` is a secret only if what it refers to
    is named like one.

    Args:
        column: Its column.
        kind: The kind of its values.
        names: Its names, on the wire and in Python.
    """
    if kind in _OPEN:
        return False
    referred = _follow(column)
    return any(map(_SECRET.search, names if referred is column else (referred.name, referred.key)))


def _follow(column: Column[Any]) -> Column[Any]:
    """The column that holds what a foreign key refers to, in as many steps as it takes."""
    seen = [column]
    while seen[-1].foreign_keys:
        referred = min(seen[-1].foreign_keys, key=lambda key: key.target_fullname).column
        if referred in seen:
            break
        seen.append(referred)
    return seen[-1]
