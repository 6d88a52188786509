"""Capabilities of databases, as far as code other than SQL generation depends on them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Dialect:
    """Capabilities of one database. Each database has one record, equal only to itself.

    Args:
        name: Its name, which is that of SQLAlchemy's dialect.
        joins_includes: Whether one statement reads a row together with its includes, as arrays.
        gathers_reads: Whether one statement for many requests costs less than one for each.
        estimates: Whether it estimates the number of rows without counting them.
        max_digits: Digits of a decimal that it keeps, where decimals are stored as floats; None for
            all.
        has_short_floats: Whether it has four-byte floats.
        nests_cascades: Whether it runs cascades nested in each other, down to its limit of depth.
        has_standbys: Whether several servers may have the same rows, one of which takes writes.
        has_one_writer: Whether one transaction writes at a time and locks the whole database;
            otherwise rows are locked.
        defers_checks: Whether deferred constraints can be checked before COMMIT.
        locks_creation: Whether processes that create tables have to wait for each other.
        names_foreign_keys: Whether it names the foreign key that is violated.
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
