"""Base classes of all errors, and the description of one fault."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

MAX_ERRORS = 20
"""Faults of a request that are described one by one at most; the rest are only counted."""


class ModelwireError(Exception):
    """Base of all errors that modelwire raises deliberately."""


@dataclass(frozen=True, slots=True)
class Violation:
    """Fault of a request: a message, a code and a place.

    Args:
        message: A sentence that says what was wrong and what would be right, without row values.
        code: A stable name for the fault, finer than the code of the whole answer.
        pointer: JSON Pointer (RFC 6901) into the body, if the fault is there.
        parameter: Name of the query or path parameter, if the fault is there.
        position: Character offset from 0 inside the parameter's value, if it is known.
    """

    message: str
    code: str
    pointer: str | None = None
    parameter: str | None = None
    position: int | None = None

    def place(self, pointer: str) -> Violation:
        """Return the violation as one of a request within a batch.

        Args:
            pointer: The place of the request in the body of the batch.
        """
        if self.parameter is not None:
            pointer = f"{pointer}/path"
        elif self.pointer is not None:
            pointer = f"{pointer}/body{self.pointer}"
        return replace(self, pointer=pointer)


class RequestError(ModelwireError):
    """Failure that is reported to the client.

    Args:
        detail: One sentence for a person; empty if the code says it all.
        violations: The faults, one for each field or parameter.
        more: The number of further faults.

    Attributes:
        detail: The same.
        violations: The first `MAX_ERRORS` of them.
        more: The number of further faults.
    """

    code: ClassVar[str]
    is_of_server: ClassVar[bool] = False
    """Whether the server is at fault and not the request."""

    def __init__(
        self, detail: str = "", violations: Sequence[Violation] = (), more: int = 0
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.violations = tuple(violations[:MAX_ERRORS])
        self.more = more + len(violations) - len(self.violations)

    def place(self, pointer: str) -> None:
        """Move the violations below the place of the request in a batch.

        Args:
            pointer: The place of the request in the body of the batch.
        """
        if not self.is_of_server:
            found = [violation.place(pointer) for violation in self.violations]
            whole = Violation(self.detail or self.code, self.code, pointer=pointer)
            self.violations = tuple(found or [whole])
