"""The declaration of a table's change log, and the entries of that log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .errors import ConfigurationError
from .suggestions import naming_arguments


@naming_arguments
@dataclass(frozen=True, slots=True)
class Changes:
    """Change log of a table: one entry for each row that a write changes.

    Args:
        history: Whether clients may read the changes of a row, see it as it was, and revert
            changes.
        live: Whether clients may follow the changes of the table.
        keep_days: Days that an entry is kept at least; older entries are removed from time to time.
            None to keep all.

    Raises:
        ConfigurationError: An argument is of the wrong kind.
    """

    history: bool = True
    live: bool = True
    keep_days: int | None = None

    def __post_init__(self) -> None:
        for name in ("history", "live"):
            if not isinstance(getattr(self, name), bool):
                raise ConfigurationError(f"Changes({name}=…): should be True or False.")
        days = self.keep_days
        if days is not None and (not isinstance(days, int) or isinstance(days, bool) or days < 1):
            raise ConfigurationError(
                f"Changes(keep_days={days!r}): should be a number of days from 1 on, or None."
            )


@dataclass(frozen=True, slots=True)
class LoggedChange:
    """Change of one row, as the log records it.

    Args:
        number: Its number; later changes have higher ones.
        at: The moment of the change, by the database's clock.
        table: The table, with its schema where the model gives one.
        operation: The kind of the change.
        old: The row before the change, by column names; None if it was created.
        new: The row after the change, by column names; None if it was deleted.
        by: The key of the caller, a list if it has several parts; None if the caller is unknown.
        request: The id of the request; None if there was none.
    """

    number: int
    at: dt.datetime
    table: str
    operation: Literal["create", "update", "delete"]
    old: Mapping[str, Any] | None
    new: Mapping[str, Any] | None
    by: Any
    request: str | None

    @property
    def row(self) -> Mapping[str, Any]:
        """The row as it is after the change; for a delete, as it was before."""
        return self.new or self.old or {}

    @property
    def changed(self) -> frozenset[str]:
        """The names of the columns whose values differ before and after the change."""
        old, new = self.old or {}, self.new or {}
        return frozenset(name for name in {*old, *new} if old.get(name) != new.get(name))
