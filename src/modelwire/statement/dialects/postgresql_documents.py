"""Parts of JSON documents on PostgreSQL.

Names and positions are part of the statement itself: otherwise an index on the same expression
could not be used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.compiler import compiles

from ...catalog.document_types import POSITION, View
from ..documents import Holds, IsAbsent, IsText, Occurs, OfPart, PartOf, TextOf


@compiles(PartOf, "postgresql")
def _part_on_postgresql(element: PartOf, compiler: Any, **options: Any) -> str:
    place = _Place(element, compiler, options)
    return f"CASE {_VIEWS[element.view].format(x=place.value, s=place.text, t=place.kind)} END"


_VIEWS: Mapping[View, str] = {
    View.NUMBER: "WHEN {t} = 'number' THEN CAST({s} AS NUMERIC)",
    View.DIGITS: "WHEN {t} = 'number' OR ({t} = 'string' AND {s} ~ '"
    r"^[+-]?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]{{1,3}})?$"
    "') THEN CAST({s} AS NUMERIC)",
    View.TEXT: "WHEN {t} = 'string' THEN {s}",
    View.BOOLEAN: "WHEN {t} = 'boolean' THEN CAST({s} AS BOOLEAN)",
    View.VALUE: "WHEN {t} <> 'null' THEN CAST({x} AS JSONB)",
    View.RANK: "{t} WHEN 'number' THEN 0 WHEN 'string' THEN 1 WHEN 'boolean' THEN 2 "
    "WHEN 'array' THEN 3 WHEN 'object' THEN 3",
    View.LABEL: "WHEN {t} IN ('string', 'boolean') THEN {s}",
}


@compiles(TextOf, "postgresql")
def _text_on_postgresql(element: TextOf, compiler: Any, **options: Any) -> str:
    return _Place(element, compiler, options).text


@compiles(IsText, "postgresql")
def _is_text_on_postgresql(element: IsText, compiler: Any, **options: Any) -> str:
    return f"{_Place(element, compiler, options).kind} = 'string'"


@compiles(IsAbsent, "postgresql")
def _is_absent_on_postgresql(element: IsAbsent, compiler: Any, **options: Any) -> str:
    return f"(coalesce({_Place(element, compiler, options).kind}, 'null') = 'null')"


@compiles(Holds, "postgresql")
def _holds_on_postgresql(element: Holds, compiler: Any, **options: Any) -> str:
    place = _Place(element, compiler, options)
    return f"(CAST({place.value} AS JSONB) @> {place.given})"


@compiles(Occurs, "postgresql")
def _occurs_on_postgresql(element: Occurs, compiler: Any, **options: Any) -> str:
    place = _Place(element, compiler, options)
    is_scalar = f"{place.kind} IN ('number', 'string', 'boolean')"
    # An array contains a scalar that is among its items (PostgreSQL manual, 8.14.3).
    return f"({is_scalar} AND {place.given} @> CAST({place.value} AS JSONB))"


class _Place:
    """SQL expressions for a part."""

    def __init__(self, element: OfPart, compiler: Any, options: Mapping[str, Any]) -> None:
        column, *rest = element.clauses
        self._column: str = compiler.process(column, **options)
        self._steps = element.steps
        self._is_binary = element.is_binary
        if len(rest) > len(self._steps):
            given = compiler.process(rest[-1], **options)
            self.given = f"CAST(CAST({given} AS TEXT) AS JSONB)"

    @property
    def value(self) -> str:
        """The part."""
        return self._follow("")

    @property
    def text(self) -> str:
        """The part as a text; a string without its quotes."""
        return self._follow(">")

    @property
    def kind(self) -> str:
        """The name of its JSON type."""
        if self._is_binary:
            return f"jsonb_typeof({self.value})"
        # The column may be declared as JSON and be JSONB, or the other way round.
        return f"json_typeof(CAST({self.value} AS JSON))"

    def _follow(self, end: str) -> str:
        if not self._steps:
            return f"({self._column} #>> '{{}}')" if end else self._column
        arrows = [""] * (len(self._steps) - 1) + [end]
        steps = "".join(map(_write_step, self._steps, arrows))
        return f"({self._column}{steps})"


def _write_step(step: str, end: str) -> str:
    """Write a step; one that looks like a position must work in both objects and arrays."""
    if POSITION.fullmatch(step):
        return f" #>{end} '{{{step}}}'"
    return f" ->{end} {_write_literal(step)}"


_PLAIN = re.compile(r"[A-Za-z0-9_ -]|[^\x00-\x7f]")


def _write_literal(text: str) -> str:
    """Write a string literal that is safe under all settings of PostgreSQL and SQLAlchemy: all
    characters except letters, digits and a few others are escaped (PostgreSQL manual, 4.1.2.2)."""
    escaped = "".join(c if _PLAIN.match(c) else f"\\x{ord(c):02x}" for c in text)
    return f"'{text}'" if escaped == text else f"E'{escaped}'"
