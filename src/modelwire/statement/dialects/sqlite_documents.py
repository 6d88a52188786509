"""Parts of JSON documents on SQLite.

Names and positions are parameters, and documents are traversed level by level by `json_each`, which
handles names with any characters, however they are escaped, and tells the type of each value
(SQLite manual, JSON Functions And Operators). A value that is not JSON has no parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.compiler import compiles

from ...catalog.document_types import POSITION, View
from ..documents import Holds, IsAbsent, IsText, Occurs, OfPart, PartOf, TextOf


@compiles(PartOf, "sqlite")
def _part_on_sqlite(element: PartOf, compiler: Any, **options: Any) -> str:
    levels = _Levels(element, compiler, options)
    shown, types = _VIEWS[element.view]
    return levels.select(shown.format(j=levels.last), f"{levels.last}.type IN ({types})")


@compiles(TextOf, "sqlite")
def _text_on_sqlite(element: TextOf, compiler: Any, **options: Any) -> str:
    levels = _Levels(element, compiler, options)
    return levels.select(f"{levels.last}.value", f"{levels.last}.type = 'text'")


@compiles(IsText, "sqlite")
def _is_text_on_sqlite(_element: IsText, _compiler: Any, **_options: Any) -> str:
    return "1"


_SCALARS = "'integer', 'real', 'text', 'true', 'false'"

_VIEWS: Mapping[View, tuple[str, str]] = {
    View.NUMBER: ("{j}.value", "'integer', 'real'"),
    View.DIGITS: (
        "CASE WHEN {j}.type <> 'text' THEN {j}.value WHEN {j}.value GLOB '*[0-9]*' "
        "AND NOT {j}.value GLOB '*[^0-9.eE+-]*' THEN CAST({j}.value AS NUMERIC) END",
        "'integer', 'real', 'text'",
    ),
    View.TEXT: ("{j}.value", "'text'"),
    View.BOOLEAN: ("{j}.value", "'true', 'false'"),
    View.VALUE: (
        "CASE {j}.type WHEN 'text' THEN json_quote({j}.value) WHEN 'true' THEN 'true' "
        "WHEN 'false' THEN 'false' WHEN 'real' THEN CASE WHEN {j}.value = "
        "CAST({j}.value AS INTEGER) THEN CAST(CAST({j}.value AS INTEGER) AS TEXT) "
        "ELSE printf('%!.17g', {j}.value) END ELSE CAST({j}.value AS TEXT) END",
        f"{_SCALARS}, 'array', 'object'",
    ),
    View.RANK: (
        "CASE WHEN {j}.type IN ('integer', 'real') THEN 0 WHEN {j}.type = 'text' THEN 1 "
        "WHEN {j}.type IN ('true', 'false') THEN 2 ELSE 3 END",
        f"{_SCALARS}, 'array', 'object'",
    ),
    View.LABEL: (
        "CASE {j}.type WHEN 'text' THEN {j}.value ELSE {j}.type END",
        "'text', 'true', 'false'",
    ),
}
"""For each view, the expression on a row of `json_each`, and the types that it includes."""


@compiles(IsAbsent, "sqlite")
def _is_absent_on_sqlite(element: IsAbsent, compiler: Any, **options: Any) -> str:
    levels = _Levels(element, compiler, options)
    found = levels.select("1", f"{levels.last}.type <> 'null'")
    return f"({found} IS NULL)"


@compiles(Holds, "sqlite")
def _holds_on_sqlite(element: Holds, compiler: Any, **options: Any) -> str:
    levels = _Levels(element, compiler, options, items=True)
    return f"({levels.select('1', levels.is_given())} IS NOT NULL)"


@compiles(Occurs, "sqlite")
def _occurs_on_sqlite(element: Occurs, compiler: Any, **options: Any) -> str:
    levels = _Levels(element, compiler, options)
    return f"({levels.select('1', levels.is_given())} IS NOT NULL)"


class _Levels:
    """Levels of a document down to a part, each a row of `json_each`.

    Args:
        element: The expression about the part.
        compiler: Compiles it.
        options: The compiler's own.
        items: Whether to add a level for the items of the part, if it is an array.
    """

    def __init__(
        self, element: OfPart, compiler: Any, options: Mapping[str, Any], *, items: bool = False
    ) -> None:
        column, *rest = [compiler.process(clause, **options) for clause in element.clauses]
        self._given = rest[-1] if rest else ""
        steps = list(zip(element.steps, rest, strict=False))
        self._conditions = [self._is_step(i, *step) for i, step in enumerate(steps)]
        if not (steps or items):
            self._sources, self.last = [f"json_tree({column}) AS j0"], "j0"
            self._conditions = ["j0.parent IS NULL"]
            return
        depth = len(steps) + items
        kinds = ["'object', 'array'"] * len(steps) + ["'array'"] * items
        self._sources = [self._open(column, i, kinds[i]) for i in range(depth)]
        self.last = f"j{depth - 1}"

    def select(self, shown: str, condition: str) -> str:
        """Write a subquery for an expression on the last level, under a condition."""
        where = " AND ".join((*self._conditions, condition))
        return f"(SELECT {shown} FROM {', '.join(self._sources)} WHERE {where} LIMIT 1)"  # noqa: S608  # parameters and names of ours

    def is_given(self) -> str:
        """Write that the last level is one of the given values."""
        self._sources.append(f"json_each({self._given}) AS o")
        return f"{self.last}.value = o.value AND {_type_of(self.last)} = {_type_of('o')}"

    @staticmethod
    def _is_step(level: int, step: str, parameter: str) -> str:
        key = f"j{level}.key"
        # The keys of arrays are integers.
        return f"{f'CAST({key} AS TEXT)' if POSITION.fullmatch(step) else key} = {parameter}"

    @staticmethod
    def _open(column: str, level: int, kinds: str) -> str:
        above = f"j{level - 1}"
        document = f"{above}.value" if level else column
        kind = f"{above}.type" if level else f"json_type({column})"
        opened = f"CASE WHEN {kind} IN ({kinds}) THEN {document} ELSE '[]' END"
        if not level:
            opened = f"CASE WHEN json_valid({column}) THEN {opened} ELSE '[]' END"
        return f"json_each({opened}) AS j{level}"


def _type_of(row: str) -> str:
    return f"CASE {row}.type WHEN 'integer' THEN 'real' ELSE {row}.type END"
