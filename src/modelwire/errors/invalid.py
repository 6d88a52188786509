"""Requests that are not valid, with all their faults."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import islice
from typing import TypeVar

from .base import MAX_ERRORS, RequestError, Violation


class InvalidRequest(RequestError):
    """The body, the path or the query is not valid.

    Args:
        violations: What is wrong.
        more: How much more there is than these.
        within: Where what the detail is about stands in the body: a place there is told from here.
    """

    code = "invalid"

    def __init__(self, *violations: Violation, more: int = 0, within: str = "") -> None:
        super().__init__(_summarise(violations, more, within), violations, more)

    def alone(self, pointer: str) -> InvalidRequest:
        """The error as it is told of a row that stands by itself among others.

        Args:
            pointer: Where the row stands in the body.
        """
        error = InvalidRequest(*self.violations, more=self.more, within=pointer)
        error.__cause__ = self.__cause__
        return error


class Faults:
    """The faults of a request, gathered one by one.

    A body of a megabyte has room for a hundred thousand faults, of which nobody reads more than the
    first. The others are only counted: a body that is wrong costs no more than one that is right.

    Attributes:
        first: The first of them.
        count: How many there are.
    """

    __slots__ = ("_codes", "count", "first")

    def __init__(self) -> None:
        self.first: list[Violation] = []
        self.count = 0
        self._codes: set[str] = set()

    def __bool__(self) -> bool:
        return self.count > 0

    @property
    def room(self) -> int:
        """The number of faults that can still be told one by one."""
        return MAX_ERRORS - len(self.first)

    @property
    def code(self) -> str | None:
        """The code that all of them have; None where they differ."""
        return next(iter(self._codes)) if len(self._codes) == 1 else None

    def add(self, violation: Violation) -> None:
        """Add one."""
        self.count += 1
        self._codes.add(violation.code)
        if len(self.first) < MAX_ERRORS:
            self.first.append(violation)

    def add_each(self, things: Collection[T], describe: Callable[[T], Violation]) -> None:
        """Add one for each of some things.

        Args:
            things: The things.
            describe: Says what is wrong with one, which only those are asked for that are told.
        """
        told = list(islice(things, self.room))
        for thing in told:
            self.add(describe(thing))
        self.pass_over(len(things) - len(told))

    def pass_over(self, count: int) -> None:
        """Count some more, which are not told one by one."""
        self.count += count
        if count:
            self._codes.add("")

    @property
    def more(self) -> int:
        """The number of faults beside the first."""
        return self.count - len(self.first)

    def refuse(self) -> None:
        """Refuse the request, if anything is wrong with it.

        Raises:
            InvalidRequest: Something is.
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
    """The last name in a pointer, with the places in arrays that follow it."""
    steps = pointer.split("/")[1:]
    named = (i for i in range(len(steps) - 1, 0, -1) if not steps[i].isdecimal())
    return "/".join(steps[next(named, 0) :])


_SHOWN = 100
"""Characters that a sentence has of a name that a client has sent."""


T = TypeVar("T")
