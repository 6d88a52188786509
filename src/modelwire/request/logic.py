"""The values of `or` and `having`: conditions across fields, or on groups. Syntax only.

    or    = "(" term *("," term) ")"
    term  = ("and" / "or") "(" term *("," term) ")"
          / "not(" term ")"
          / name ":" value
    name  = run / run ":" run                       ; the latter in `having`: `amount:sum__gt`
    value = scalar / "(" scalar *("," scalar) ")"

A scalar is a run of characters other than `,():"`, without a space at either end, or any text in
double quotes, where a backslash escapes the next character. A name may have such quoted texts, too,
after a dot. There are no spaces between tokens.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from msgspec import Struct

from ..errors import InvalidRequest, Violation

GroupKind = Literal["and", "or", "not"]

_RUN = re.compile(r'[^,():"]*')
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_GROUPS: dict[str, GroupKind] = {"and": "and", "or": "or", "not": "not"}


class Comparison(Struct, frozen=True):
    """Comparison such as `age__gte:18` or `id__in:(1,2)`.

    Args:
        name: The text before the colon.
        values: The scalars.
        quoted: Whether each scalar was in double quotes.
        is_list: Whether the scalars were in parentheses.
        position: Offset of the name, from 0.
        value_position: Offset of the value.
    """

    name: str
    values: tuple[str, ...]
    quoted: tuple[bool, ...]
    is_list: bool
    position: int
    value_position: int


@dataclass(slots=True)
class Group:
    """`and(…)`, `or(…)` or `not(…)`; the value as a whole is a group, too."""

    kind: GroupKind
    terms: list[Comparison | Group] = field(default_factory=list)


class Place(NamedTuple):
    """Parameter whose value is parsed.

    Args:
        parameter: Its name.
        joins: The operator that the outermost parentheses stand for.
        measures: Whether names may have a colon, as those of measures do.
    """

    parameter: str
    joins: GroupKind
    measures: bool = False


OR = Place("or", "or")
HAVING = Place("having", "and", measures=True)


def parse_logic(text: str, max_depth: int, max_terms: int, place: Place = OR) -> Group:
    """Parse the value of `or` or `having`.

    Args:
        text: The value, decoded.
        max_depth: The maximum depth of groups below the outermost one.
        max_terms: The maximum number of comparisons.
        place: The parameter.

    Returns:
        The outermost group.

    Raises:
        InvalidRequest: The value is malformed, or is over a limit; the error says at which
            character.
    """
    return _Parser(text, max_depth, max_terms, place).parse()


class _Parser:
    """Parser that reads from left to right, with an explicit stack of open groups."""

    def __init__(self, text: str, max_depth: int, max_terms: int, place: Place) -> None:
        self._text = text
        self._place = place
        self._at = 0
        self._max_depth = max_depth
        self._max_terms = max_terms
        self._terms = 0

    def parse(self) -> Group:
        self._expect("(", "should start with `(`")
        whole = Group(self._place.joins)
        groups = [whole]
        while groups:
            self._read_term(groups)
            self._close(groups)
        if self._at < len(self._text):
            raise self._refuse("should end after the `)` that closes it")
        return whole

    def _read_term(self, groups: list[Group]) -> None:
        """Read the start of a group, or a comparison."""
        start = self._at
        name = self._read_name()
        if name in _GROUPS and self._peek() == "(":
            if len(groups) > self._max_depth:
                message = f"should nest at most {self._max_depth} levels deep"
                raise self._refuse(message, start, "too_deep")
            self._at += 1
            inner = Group(_GROUPS[name])
            groups[-1].terms.append(inner)
            groups.append(inner)
            self._read_term(groups)
            return
        if not name:
            raise self._refuse("should have a term here, as in `name:value`")
        self._expect(":", f"should have a `:` after `{name}`")
        if self._place.measures:
            name += self._read_function()
        groups[-1].terms.append(self._read_value(name, start))

    def _read_function(self) -> str:
        """Read the function of a measure, after a colon; return an empty text if a value
        follows."""
        start = self._at
        function = self._read_run()
        if function and self._peek() == ":":
            self._at += 1
            return f":{function}"
        self._at = start
        return ""

    def _close(self, groups: list[Group]) -> None:
        """Read the tokens after a term: the ends of groups, and the comma before the next term."""
        while groups:
            character = self._peek()
            if character == "," and groups[-1].kind != "not":
                self._at += 1
                return
            wanted = "`)`" if groups[-1].kind == "not" else "`,` or `)`"
            self._expect(")", f"should have {wanted} here")
            groups.pop()

    def _read_value(self, name: str, start: int) -> Comparison:
        self._terms += 1
        if self._terms > self._max_terms:
            message = f"should have at most {self._max_terms} comparisons"
            raise self._refuse(message, start, "too_many_terms")
        position = self._at
        if self._peek() != "(":
            quoted = (self._peek() == '"',)
            return Comparison(name, (self._read_scalar(),), quoted, False, start, position)
        values: list[str] = []
        are_quoted: list[bool] = []
        while not values or self._peek() == ",":
            self._at += 1
            are_quoted.append(self._peek() == '"')
            values.append(self._read_scalar())
        self._expect(")", "should have `,` or `)` here")
        return Comparison(name, tuple(values), tuple(are_quoted), True, start, position)

    def _read_scalar(self) -> str:
        if self._peek() == '"':
            return self._read_quoted()
        start = self._at
        run = self._read_run()
        if not run:
            raise self._refuse('should have a value here; the empty text is written `""`')
        if run[0] == " " or run[-1] == " ":
            at = start if run[0] == " " else self._at - 1
            raise self._refuse(
                "should have double quotes around a value with a space at an end", at
            )
        if self._peek() in ("(", ":", '"'):
            raise self._refuse(f"should have double quotes around a value with `{self._peek()}`")
        return run

    def _read_quoted(self) -> str:
        found = _QUOTED.match(self._text, self._at)
        if found is None:
            raise self._refuse("should have a second double quote at the end of the value")
        self._at = found.end()
        return _ESCAPE.sub(r"\1", found[1])

    def _read_name(self) -> str:
        """Read a path as it is written; some of its steps may be in double quotes after a dot."""
        start = self._at
        run = self._read_run()
        while run.endswith(".") and self._peek() == '"':
            self._read_quoted()
            run = self._read_run()
        return self._text[start : self._at]

    def _read_run(self) -> str:
        found = _RUN.match(self._text, self._at)
        run = found[0] if found else ""
        self._at += len(run)
        return run

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _expect(self, character: str, message: str) -> None:
        if self._peek() != character:
            raise self._refuse(message)
        self._at += 1

    def _refuse(
        self, message: str, position: int | None = None, code: str = "invalid_logic"
    ) -> InvalidRequest:
        at = self._at if position is None else position
        return InvalidRequest(
            Violation(message, code, parameter=self._place.parameter, position=at)
        )
