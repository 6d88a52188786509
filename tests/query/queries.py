"""Queries of lists as values, and their spelling by a client."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

PARAMETERS = frozenset({"skip", "limit", "sort", "include", "fields", "q", "or", "count", "cursor"})
"""Parameters of a list; a column that is called so is filtered with a named operator only."""

LISTS = ("in", "not_in", "between")
"""Operators that take several values."""

Parameters = list[tuple[str, str]]


@dataclass(frozen=True)
class Operand:
    """A value and one of the ways to write it."""

    value: Any
    text: str


@dataclass(frozen=True)
class Condition:
    """A comparison of a field, own or of related rows.

    Args:
        path: The relations that lead to the field.
        field: Its name.
        operator: The operator.
        operands: One, or those of a list.
        bare: Whether the operator is left out, since it is the field's default.
    """

    path: tuple[str, ...]
    field: str
    operator: str
    operands: tuple[Operand, ...]
    bare: bool = False

    @property
    def name(self) -> str:
        """The parameter's name."""
        name = ".".join((*self.path, self.field))
        return name if self.bare else f"{name}__{self.operator}"


@dataclass(frozen=True)
class Logic:
    """`and`, `or` or `not` over terms."""

    operator: str
    terms: tuple[Term, ...]


Term = Condition | Logic


@dataclass(frozen=True)
class Sort:
    """One term of an order."""

    path: tuple[str, ...]
    field: str
    descending: bool = False

    @property
    def text(self) -> str:
        return "-" * self.descending + ".".join((*self.path, self.field))


@dataclass(frozen=True)
class Query:
    """Everything that a list can be asked, less the page."""

    table: str
    filters: tuple[Condition, ...] = ()
    logic: tuple[Term, ...] = ()
    words: tuple[str, ...] = ()
    sort: tuple[Sort, ...] = ()
    fields: tuple[str, ...] = ()
    includes: tuple[tuple[str, ...], ...] = ()
    quoted: bool = field(default=False, compare=False)

    def parameters(self, **page: object) -> Parameters:
        """Write the query as the parameters of a URL."""
        return [
            *(pair for condition in self.filters for pair in _write_filter(condition)),
            *self._write_rest(),
            *((name, str(value)) for name, value in page.items()),
        ]

    def url(self, path: str, **page: object) -> str:
        """Write the query as a URL."""
        return f"{path}?{encode(self.parameters(**page))}"

    def body(self, **page: object) -> dict[str, Any]:
        """Write the query as the JSON object of a `POST …/query`."""
        found: dict[str, Any] = {}
        for condition in self.filters:
            texts = [text for _, text in _write_filter(condition)]
            found[condition.name] = texts[0] if len(texts) == 1 else texts
        return {**found, **dict(self._write_rest()), **page}

    def _write_rest(self) -> Parameters:
        rest = {
            "or": write_terms(self.logic, quoted=self.quoted) if self.logic else "",
            "q": " ".join(self.words),
            "sort": ",".join(term.text for term in self.sort),
            "fields": ",".join(self.fields),
            "include": ",".join(".".join(path) for path in self.includes),
        }
        return [(name, text) for name, text in rest.items() if text]


def encode(parameters: Sequence[tuple[str, str]]) -> str:
    """Write parameters as a query string."""
    return urlencode(parameters, quote_via=quote, safe="")


def _write_filter(condition: Condition) -> Parameters:
    texts = [operand.text for operand in condition.operands]
    if condition.operator in LISTS and not any("," in text for text in texts):
        return [(condition.name, ",".join(texts))]
    return [(condition.name, text) for text in texts]


def write_terms(terms: Sequence[Term], *, quoted: bool = False) -> str:
    """Write terms in parentheses, as the value of `or`."""
    return f"({','.join(_write_term(term, quoted) for term in terms)})"


def _write_term(term: Term, quoted: bool) -> str:
    if isinstance(term, Logic):
        return term.operator + write_terms(term.terms, quoted=quoted)
    scalars = [write_scalar(operand.text, quoted=quoted) for operand in term.operands]
    value = f"({','.join(scalars)})" if term.operator in LISTS else scalars[0]
    return f"{term.name}:{value}"


def write_scalar(text: str, *, quoted: bool = False) -> str:
    """Write a scalar of `or`, in quotes where it must be, or where told to."""
    if not quoted and text and text == text.strip(" ") and not set(text) & set(',():"'):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
