"""The bases of all errors, and what is told of one fault."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

MAX_ERRORS = 20
"""Faults of a request that are told one by one, at most; of the rest the number is told."""


class ModelwireError(Exception):
    """Base of everything that modelwire raises on purpose."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong with a request, and where.

    Args:
        message: What was wrong and what would be right, without the row's values.
        code: A stable name for the fault, finer than the code of the whole answer.
        pointer: JSON Pointer (RFC 6901) into the body, when the fault is there.
        parameter: Name of the query or path parameter, when the fault is there.
        position: Character offset from 0 inside the parameter's value, where one is known.
    """

    message: str
    code: str
    pointer: str | None = None
    parameter: str | None = None
    position: int | None = None

    def place(self, pointer: str) -> Violation:
        """The violation as it is told of one of several requests.

        Args:
            pointer: Where the request stands in a body.
        """
        if self.parameter is not None:
            pointer = f"{pointer}/path"
        elif self.pointer is not None:
            pointer = f"{pointer}/body{self.pointer}"
        return replace(self, pointer=pointer)


class RequestError(ModelwireError):
    """A failure that is told to the client.

    Args:
        detail: One sentence for a person; empty where the code says it all.
        violations: What was wrong, one entry for each field or parameter.
        more: How many more there are than these.

    Attributes:
        detail: The same.
        violations: The first `MAX_ERRORS` of them.
        more: How many more there are than these.
    """

    code: ClassVar[str]
    is_of_server: ClassVar[bool] = False
    """Whether it says that the request is not at fault."""

    def __init__(
        self, detail: str = "", violations: Sequence[Violation] = (), more: int = 0
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.violations = tuple(violations[:MAX_ERRORS])
        self.more = more + len(violations) - len(self.violations)

    def place(self, pointer: str) -> None:
        """Say which of several requests it is about.

        Args:
            pointer: Where the request stands in a body; its own body stands below.
        """
        if not self.is_of_server:
            found = [violation.place(pointer) for violation in self.violations]
            whole = Violation(self.detail or self.code, self.code, pointer=pointer)
            self.violations = tuple(found or [whole])
