"""Values of statement parameters by number, and errors about request parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..errors import InvalidRequest, Violation

Values = dict[str, Any]


class Pair(NamedTuple):
    """The operands of `between`."""

    low: Any
    high: Any


def predicate_values(operands: Sequence[Any]) -> Values:
    """Name the operands of predicates as the statement does: `p0`, `p1`, …; a pair has two
    names."""
    values: Values = {}
    for i, operand in enumerate(operands):
        if isinstance(operand, Pair):
            values[f"p{i}_low"], values[f"p{i}_high"] = operand
        else:
            values[f"p{i}"] = operand
    return values


def refuse_parameter(
    parameter: str, message: str, code: str = "invalid_value", position: int | None = None
) -> InvalidRequest:
    """Return the error for one parameter of the query or the path."""
    return InvalidRequest(Violation(message, code, parameter=parameter, position=position))
