"""The error for requests that are not valid, with all their faults."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import islice
from typing import TypeVar

from msgspec import Struct

from .base import MAX_ERRORS, RequestError, Violation


class InvalidRequest(RequestError):
    """The body, the path or the query is not valid.

    Args:
        violations: The faults.
        more: The number of further faults.
        within: A pointer into the body; places below it are given relative to it in the detail.
    """

    code = "invalid"

    def __init__(self, *violations: Violation, more: int = 0, within: str = "") -> None:
        super().__init__(_summarise(violations, more, within), violations, more)

    def alone(self, pointer: str) -> InvalidRequest:
        """Return the error as it is reported for one row of a bulk request.

        Args:
            pointer: The place of the row in the body.
        """
        error = InvalidRequest(*self.violations, more=self.more, within=pointer)
        error.__cause__ = self.__cause__
        return error


class Faults(Struct, eq=False):
    """Collector of the faults of a request.

    A body of a megabyte has room for a hundred thousand faults, of which only the first few are
    read. The others are only counted, so that an invalid body costs no more than a valid one.

    Args:
        first: The first faults, at most `MAX_ERRORS`.
        count: The number of all faults.
        codes: The codes of all faults.
    """

    first: list[Violation] = []
    count: int = 0
    codes: set[str] = set()

    def __bool__(self) -> bool:
        return self.count > 0

    @property
    def room(self) -> int:
        """The number of faults that can still be described one by one."""
        return MAX_ERRORS - len(self.first)

    @property
    def code(self) -> str | None:
        """The code that all faults have; None if they differ."""
        return next(iter(self.codes)) if len(self.codes) == 1 else None

    def add(self, violation: Violation) -> None:
        """Add a fault."""
        self.count += 1
        self.codes.add(violation.code)
        if len(self.first) < MAX_ERRORS:
            self.first.append(violation)

    def add_each(self, things: Collection[T], describe: Callable[[T], Violation]) -> None:
        """Add a fault for each of some things.

        Args:
            things: The things.
            describe: A function that describes the fault of one thing; called only for the faults
                that are described one by one.
        """
        told = list(islice(things, self.room))
        for thing in told:
            self.add(describe(thing))
        self.pass_over(len(things) - len(told))

    def pass_over(self, count: int) -> None:
        """Count further faults without describing them."""
        self.count += count
        if count:
            self.codes.add("")

    @property
    def more(self) -> int:
        """The number of faults beyond the first."""
        return self.count - len(self.first)

    def refuse(self) -> None:
        """Refuse the request if there is any fault.

        Raises:
            InvalidRequest: There is one.
        """
        if self.count:
            raise InvalidRequest(*self.first, more=self.more)


def _summarise(violations: Sequence[Violation], more: int, within: str) -> str:
    first = violations[0]
    place = first.parameter or _name_place((first.pointer or "").removeprefix(within))
    if len(place) > _SHOWN:
        place = f"{place[:_SHOWN]}…"
    detail = f"{place}: {first.message}" if place else first.message
    more += len(violations) - 1
    return f"{detail} (and {more} more)" if more else detail


def _name_place(pointer: str) -> str:
    """Return the last name in a pointer, with the array positions that follow it."""
    steps = pointer.split("/")[1:]
    named = (i for i in range(len(steps) - 1, 0, -1) if not steps[i].isdecimal())
    return "/".join(steps[next(named, 0) :])


_SHOWN = 100
"""Characters of a client's name that are quoted in a message, at most."""


T = TypeVar("T")
