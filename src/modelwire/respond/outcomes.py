"""The answer to a request whose rows are written each for itself."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ..errors import RequestError
from .answer import CONTENT, MINIMAL, Answer
from .links import Headers
from .problem import answer_problem

Outcome = bytes | RequestError | None
"""What became of one row: how it is shown, what is wrong with it, or that it is gone."""


class Statuses(Struct, frozen=True):
    """The statuses of the rows of one answer.

    Args:
        success: That of a row that was written.
        conflict: That where a unique value is taken or a parent is missing.
    """

    success: int
    conflict: int


def answer_each(
    outcomes: Sequence[Outcome], statuses: Statuses, *, minimal: bool, applied: Headers = ()
) -> Answer:
    """Answer what became of each row (RFC 4918, section 13: Multi-Status).

    Args:
        outcomes: What became of each, in their order.
        statuses: The statuses that they have.
        minimal: Whether rows are left out, as `Prefer: return=minimal` asks.
        applied: Headers that name other preferences that were honoured.

    Returns:
        The answer. The problem of a row is the document that it would be answered with alone.
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
