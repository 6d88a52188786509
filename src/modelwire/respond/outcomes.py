"""Response to a bulk write that is not atomic."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ..errors import RequestError
from .answer import CONTENT, MINIMAL, Answer
from .links import Headers
from .problem import answer_problem

Outcome = bytes | RequestError | None
"""Outcome of one row: its JSON, its error, or None where it was deleted, or may not be seen."""


class Statuses(Struct, frozen=True):
    """Statuses of the rows of one response.

    Args:
        success: The status of a written row.
        conflict: The status where a unique value is taken or a parent is missing.
    """

    success: int
    conflict: int


def answer_each(
    outcomes: Sequence[Outcome], statuses: Statuses, *, minimal: bool, applied: Headers = ()
) -> Answer:
    """Answer with the outcome of each row (RFC 4918, section 13: Multi-Status).

    Args:
        outcomes: The outcomes, in the order of the rows.
        statuses: The statuses of the rows.
        minimal: Whether rows are left out for `Prefer: return=minimal`.
        applied: Headers for other preferences that were applied.

    Returns:
        The answer. The problem of a row is the same document as for a request with that row alone.
    """
    items = b",".join(_write(outcome, statuses, minimal=minimal) for outcome in outcomes)
    headers = (CONTENT, *((MINIMAL,) if minimal else ()), *applied)
    return Answer(207, b'{"items":[' + items + b"]}", headers)


def _write(outcome: Outcome, statuses: Statuses, *, minimal: bool) -> bytes:
    if isinstance(outcome, RequestError):
        problem = answer_problem(outcome, conflict_status=statuses.conflict)
        return b'{"status":%d,"problem":%b}' % (problem.status, problem.body)
    if outcome is None or minimal:
        return b'{"status":%d}' % statuses.success
    return b'{"status":%d,"item":%b}' % (statuses.success, outcome)
