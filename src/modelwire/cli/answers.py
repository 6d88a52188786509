"""What becomes of columns that are gone: as options say, or whoever is asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from alembic.operations.ops import UpgradeOps
from sqlalchemy.engine import Dialect

from ..errors import ConfigurationError
from ..migrations.renames import Candidate, find_candidates, find_gone
from .ask import confirm, is_asked


class Answers(NamedTuple):
    """What options say of columns that are gone.

    Args:
        renamed: `old=new` or `table.old=new` for each that has another name.
        dropped: `table.old`, or a table, for each that is lost.
        yes: Whether everything may be lost.
    """

    renamed: Sequence[str]
    dropped: Sequence[str]
    yes: bool


def find_dropped(changes: UpgradeOps, given: Sequence[str]) -> Mapping[str, str]:
    """Find which tables and columns options name that are gone for good.

    Args:
        changes: What is to be done.
        given: `column`, `table.column` or `table` each.

    Returns:
        For each path whether it is a `table` or a `column`.

    Raises:
        ConfigurationError: One of them is not gone.
    """
    gone = find_gone(changes)
    found = {}
    for name in given:
        paths = [path for path in gone if path == name or path.endswith(f".{name}")]
        if len(paths) != 1:
            known = ", ".join(gone) or "nothing"
            raise ConfigurationError(f"--drop {name}: it has to name one of what is gone: {known}")
        found[paths[0]] = gone[paths[0]]
    return found


def settle_renames(
    changes: UpgradeOps, dialect: Dialect, given: Sequence[str], dropped: Collection[str]
) -> Mapping[tuple[str, str], str]:
    """Find out which columns that are gone have another name.

    Raises:
        ConfigurationError: An option names none, or nobody is there to be asked.
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
