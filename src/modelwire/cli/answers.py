"""Decisions on columns that are gone: from options, or from a prompt."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from alembic.operations.ops import UpgradeOps
from sqlalchemy.engine import Dialect

from ..errors import ConfigurationError
from ..migrations.renames import Candidate, find_candidates, find_gone
from .ask import confirm, is_asked


class Answers(NamedTuple):
    """Options on columns that are gone.

    Args:
        renamed: `old=new` or `table.old=new` for each that is renamed.
        dropped: `table.old`, or a table, for each whose data may be lost.
        yes: Whether all data may be lost.
    """

    renamed: Sequence[str]
    dropped: Sequence[str]
    yes: bool


def find_dropped(changes: UpgradeOps, given: Sequence[str]) -> Mapping[str, str]:
    """Find the tables and columns that options declare as gone for good.

    Args:
        changes: The operations.
        given: `column`, `table.column` or `table` each.

    Returns:
        By path, whether it is a `table` or a `column`.

    Raises:
        ConfigurationError: One of them still exists.
    """
    gone = find_gone(changes)
    found = {}
    for name in given:
        paths = [path for path in gone if path == name or path.endswith(f".{name}")]
        if len(paths) != 1:
            known = ", ".join(gone) or "nothing"
            raise ConfigurationError(
                f"--drop {name}: it must name a column or table that is gone: {known}"
            )
        found[paths[0]] = gone[paths[0]]
    return found


def settle_renames(
    changes: UpgradeOps, dialect: Dialect, given: Sequence[str], dropped: Collection[str]
) -> Mapping[tuple[str, str], str]:
    """Decide which columns that are gone have been renamed.

    Raises:
        ConfigurationError: No option decides it, and there is no terminal to ask.
    """
    candidates = find_candidates(changes, dialect)
    renamed = dict(_read_rename(words, candidates) for words in given)
    for candidate in candidates:
        key = (candidate.table, candidate.old)
        taken = {new for (table, _), new in renamed.items() if table == candidate.table}
        left = [name for name in candidate.new if name not in taken]
        if key in renamed or not left or candidate.path in dropped:
            continue
        if not is_asked():
            raise ConfigurationError(
                f"{candidate.path} is gone and {left[0]} is new: say "
                f"--rename {candidate.path}={left[0]}, or --drop {candidate.path} to lose it"
            )
        for name in left:
            if confirm(f"{candidate.path} is gone and {name} is new. Is that its new name?"):
                renamed[key] = name
                break
    return renamed


def _read_rename(given: str, candidates: Sequence[Candidate]) -> tuple[tuple[str, str], str]:
    old, _, new = given.partition("=")
    new = new.rpartition(".")[2]
    fitting = [c for c in candidates if old in (c.old, c.path) and new in c.new]
    if len(fitting) == 1:
        return (fitting[0].table, fitting[0].old), new
    if fitting:
        paths = " or ".join(f"--rename {c.path}={new}" for c in fitting)
        raise ConfigurationError(f"--rename {given} may mean several tables; say {paths}")
    known = ", ".join(f"{c.path}={name}" for c in candidates for name in c.new)
    raise ConfigurationError(
        f"--rename {given}: no column of this name is gone while one of the other name and the "
        f"same type is new; it can be: {known or 'none'}"
    )
