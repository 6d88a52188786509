"""Parts of the documents in JSON columns, in SQL.

On PostgreSQL names and positions stand in the statement itself: only so is an index of use that is
on the same expression. On SQLite they are parameters, and documents are gone through level by level
by `json_each`, which knows names of any characters, however these are escaped, and says what type
each value is of (SQLite manual, JSON Functions And Operators). What is no JSON has no parts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BindParameter,
    Boolean,
    ColumnElement,
    Text,
    bindparam,
    literal,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from ..catalog.document_types import POSITION, View
from ..catalog.documents import Part, views_in_order
from ..catalog.kinds import storage_type


class _OfPart(FunctionElement[Any]):
    """What is told of a part of the documents in a column.

    Args:
        column: The column.
        part: The part.
        given: A parameter that holds an array in JSON.
    """

    inherit_cache = False

    def __init__(
        self, column: ColumnElement[Any], part: Part, given: BindParameter[str] | None = None
    ) -> None:
        self.type = self._type_of(part)
        self.steps = part.steps
        self.view = part.view
        self.is_binary = isinstance(storage_type(part.whole.sql_type), JSONB)
        steps = [literal(step, Text()) for step in part.steps]
        super().__init__(column, *steps, *([] if given is None else [given]))

    def _type_of(self, _part: Part) -> TypeEngine[Any]:
        return Boolean()


class PartOf(_OfPart):
    """What a part is, as its view says; NULL where it is nothing of the kind."""

    inherit_cache = False

    def _type_of(self, part: Part) -> TypeEngine[Any]:
        return part.sql_type


class _TextOf(PartOf):
    """A part as a text: on PostgreSQL also what is none, so that a plain index is of use."""

    inherit_cache = False


class _IsText(_OfPart):
    """Whether a part is a text, where that is not told by its being one."""

    inherit_cache = False


class _IsAbsent(_OfPart):
    """Whether a part is not there, or null."""

    inherit_cache = False


class _Holds(_OfPart):
    """Whether a part is an array with one of the given values."""

    inherit_cache = False


class _Occurs(_OfPart):
    """Whether a part is one of the given values."""

    inherit_cache = False


def ranked(value: ColumnElement[Any], part: Part) -> Sequence[ColumnElement[Any]]:
    """Write what values of any type are ordered by: their types, and then they themselves.

    Args:
        value: The values, as a part of documents that is taken as it is.
        part: The part.
    """
    return [PartOf(value, view) for view in views_in_order(part.root)]


def is_absent(column: ColumnElement[Any], part: Part) -> ColumnElement[bool]:
    """Write that a part of the documents in a column is not there, or null."""
    return _IsAbsent(column, part)


def holds(column: ColumnElement[Any], part: Part, name: str) -> ColumnElement[bool]:
    """Write that a part is an array with the value in a parameter, an array in JSON itself."""
    return _Holds(column, part, bindparam(name, type_=Text()))


def occurs(column: ColumnElement[Any], part: Part, name: str) -> ColumnElement[bool]:
    """Write that a part is one of the values in a parameter, an array in JSON."""
    return _Occurs(column, part, bindparam(name, type_=Text()))


def text_and_guard(
    column: ColumnElement[Any], part: Part
) -> tuple[ColumnElement[Any], ColumnElement[bool]]:
    """Write a part as a text to compare, and what must hold beside the comparison."""
    return _TextOf(column, part), _IsText(column, part)


# ---- PostgreSQL ---------------------------------------------------------------------------------


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


@compiles(_TextOf, "postgresql")
def _text_on_postgresql(element: _TextOf, compiler: Any, **options: Any) -> str:
    return _Place(element, compiler, options).text


@compiles(_IsText, "postgresql")
def _is_text_on_postgresql(element: _IsText, compiler: Any, **options: Any) -> str:
    return f"{_Place(element, compiler, options).kind} = 'string'"


@compiles(_IsAbsent, "postgresql")
def _is_absent_on_postgresql(element: _IsAbsent, compiler: Any, **options: Any) -> str:
    return f"(coalesce({_Place(element, compiler, options).kind}, 'null') = 'null')"


@compiles(_Holds, "postgresql")
def _holds_on_postgresql(element: _Holds, compiler: Any, **options: Any) -> str:
    place = _Place(element, compiler, options)
    return f"(CAST({place.value} AS JSONB) @> {place.given})"


@compiles(_Occurs, "postgresql")
def _occurs_on_postgresql(element: _Occurs, compiler: Any, **options: Any) -> str:
    place = _Place(element, compiler, options)
    is_scalar = f"{place.kind} IN ('number', 'string', 'boolean')"
    # An array contains what it has among its items (PostgreSQL manual, 8.14.3).
    return f"({is_scalar} AND {place.given} @> CAST({place.value} AS JSONB))"


class _Place:
    """Where a part is, in PostgreSQL's words."""

    def __init__(self, element: _OfPart, compiler: Any, options: Mapping[str, Any]) -> None:
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
        """The part as a text, without quotes if it is one."""
        return self._follow(">")

    @property
    def kind(self) -> str:
        """The name of its type."""
        if self._is_binary:
            return f"jsonb_typeof({self.value})"
        # The column may be of the other type all the same.
        return f"json_typeof(CAST({self.value} AS JSON))"

    def _follow(self, end: str) -> str:
        if not self._steps:
            return f"({self._column} #>> '{{}}')" if end else self._column
        arrows = [""] * (len(self._steps) - 1) + [end]
        steps = "".join(map(_write_step, self._steps, arrows))
        return f"({self._column}{steps})"


def _write_step(step: str, end: str) -> str:
    """A step; by a position or a name that looks like one, both objects and arrays are entered."""
    if POSITION.fullmatch(step):
        return f" #>{end} '{{{step}}}'"
    return f" ->{end} {_write_literal(step)}"


_PLAIN = re.compile(r"[A-Za-z0-9_ -]|[^\x00-\x7f]")


def _write_literal(text: str) -> str:
    """A text as PostgreSQL and SQLAlchemy take it, whatever the settings: in it nothing but letters
    and digits stands for itself (PostgreSQL manual, 4.1.2.2)."""
    escaped = "".join(c if _PLAIN.match(c) else f"\\x{ord(c):02x}" for c in text)
    return f"'{text}'" if escaped == text else f"E'{escaped}'"


# ---- SQLite -------------------------------------------------------------------------------------


@compiles(PartOf, "sqlite")
def _part_on_sqlite(element: PartOf, compiler: Any, **options: Any) -> str:
    levels = _Levels(element, compiler, options)
    shown, types = _SQLITE_VIEWS[element.view]
    return levels.select(shown.format(j=levels.last), f"{levels.last}.type IN ({types})")


@compiles(_TextOf, "sqlite")
def _text_on_sqlite(element: _TextOf, compiler: Any, **options: Any) -> str:
    levels = _Levels(element, compiler, options)
    return levels.select(f"{levels.last}.value", f"{levels.last}.type = 'text'")


@compiles(_IsText, "sqlite")
def _is_text_on_sqlite(_element: _IsText, _compiler: Any, **_options: Any) -> str:
    return "1"


_SCALARS = "'integer', 'real', 'text', 'true', 'false'"

_SQLITE_VIEWS: Mapping[View, tuple[str, str]] = {
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
"""Of each view what is shown of a row of `json_each`, and the types that it is of."""


@compiles(_IsAbsent, "sqlite")
def _is_absent_on_sqlite(element: _IsAbsent, compiler: Any, **options: Any) -> str:
    levels = _Levels(element, compiler, options)
    found = levels.select("1", f"{levels.last}.type <> 'null'")
    return f"({found} IS NULL)"


@compiles(_Holds, "sqlite")
def _holds_on_sqlite(element: _Holds, compiler: Any, **options: Any) -> str:
    levels = _Levels(element, compiler, options, items=True)
    return f"({levels.select('1', levels.is_given())} IS NOT NULL)"


@compiles(_Occurs, "sqlite")
def _occurs_on_sqlite(element: _Occurs, compiler: Any, **options: Any) -> str:
    levels = _Levels(element, compiler, options)
    return f"({levels.select('1', levels.is_given())} IS NOT NULL)"


class _Levels:
    """The levels of a document down to a part, each a row of `json_each`.

    Args:
        element: What is told of the part.
        compiler: Compiles it.
        options: The compiler's own.
        items: Whether the items of the part are meant, if it is an array.
    """

    def __init__(
        self, element: _OfPart, compiler: Any, options: Mapping[str, Any], *, items: bool = False
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
        """Write what is shown of the last level, where a condition holds for it."""
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
