"""The log of what has changed in a table, as users declare it."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Changes:
    """Keeps what becomes of the rows of a table: one entry for each row that a write changes.

    Args:
        history: Whether clients may read what has become of a row, see it as it was, and take
            changes back.
        live: Whether clients may follow the changes of the table.
        keep_days: Days that an entry is kept at least; older ones are removed now and then. All are
            kept, if None.

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
