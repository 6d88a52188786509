"""What a database can do, as far as anything but its SQL depends on it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Dialect:
    """What a database can do. There is one record for each, which is equal to itself only.

    Args:
        name: Its name, which is that of SQLAlchemy's dialect.
        joins_includes: Whether one statement reads a row with what it includes, as arrays.
        gathers_reads: Whether one statement for many requests costs less than one for each.
        estimates: Whether it tells how many rows it expects, without looking.
        max_digits: Digits of a decimal that it keeps, where these are floats; all, if None.
        has_short_floats: Whether there are floats of four bytes.
        nests_cascades: Whether it takes rows along one inside of the other, as deep as it can.
        has_standbys: Whether several servers may have the same rows, of which one takes writes.
        has_one_writer: Whether one transaction writes at a time, and locks everything; rows are
            locked otherwise.
        defers_checks: Whether what is deferred can be checked before COMMIT.
        locks_creation: Whether processes that create tables have to wait for each other.
        names_foreign_keys: Whether it says which foreign key has no row to refer to.
    """

    name: str
    joins_includes: bool
    gathers_reads: bool
    estimates: bool
    max_digits: int | None
    has_short_floats: bool
    nests_cascades: bool
    has_standbys: bool
    has_one_writer: bool
    defers_checks: bool
    locks_creation: bool
    names_foreign_keys: bool
