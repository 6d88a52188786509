"""Queries of sums as values, and their spelling by a client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .queries import Parameters, Query, Term, encode, write_terms


@dataclass(frozen=True)
class Group:
    """Field to group by, perhaps truncated to a time bucket."""

    path: tuple[str, ...]
    field: str
    span: str | None = None

    @property
    def name(self) -> str:
        path = ".".join((*self.path, self.field))
        return path if self.span is None else f"{path}:{self.span}"


@dataclass(frozen=True)
class Measure:
    """Measure of a group: its number of rows, or a function of a field."""

    function: str = "count"
    path: tuple[str, ...] = ()
    field: str | None = None

    @property
    def name(self) -> str:
        if self.field is None:
            return "count"
        return f"{'.'.join((*self.path, self.field))}:{self.function}"


@dataclass(frozen=True)
class Order:
    """One term of the order of groups."""

    name: str
    descending: bool = False

    @property
    def text(self) -> str:
        return "-" * self.descending + self.name


@dataclass(frozen=True)
class Aggregate:
    """Everything that sums can be asked, less the page.

    Args:
        rows: What chooses the rows.
        groups: What groups them.
        measures: What is told of each group.
        having: What chooses groups.
        sort: Their order.
        zone: The time zone of spans of time; UTC, if None.
    """

    rows: Query
    groups: tuple[Group, ...] = ()
    measures: tuple[Measure, ...] = (Measure(),)
    having: tuple[Term, ...] = ()
    sort: tuple[Order, ...] = ()
    zone: str | None = None

    @property
    def table(self) -> str:
        return self.rows.table

    @property
    def names(self) -> list[str]:
        """Names of the values of each item, in order."""
        return [*(group.name for group in self.groups), *(m.name for m in self.measures)]

    def _own(self) -> dict[str, str]:
        own = {
            "group": ",".join(group.name for group in self.groups),
            "measures": ",".join(measure.name for measure in self.measures),
            "having": write_terms(self.having) if self.having else "",
            "sort": ",".join(term.text for term in self.sort),
            "tz": self.zone or "",
        }
        return {name: text for name, text in own.items() if text}

    def parameters(self, **page: object) -> Parameters:
        """Write it as the parameters of a URL."""
        return [*self.rows.parameters(), *self._own().items(), *_texts(page)]

    def url(self, path: str, **page: object) -> str:
        """Write it as a URL."""
        return f"{path}?{encode(self.parameters(**page))}"

    def body(self, **page: object) -> dict[str, Any]:
        """Write it as the JSON object of a `POST …/aggregate/query`."""
        return {**self.rows.body(), **self._own(), **page}


def _texts(page: dict[str, object]) -> Parameters:
    return [(name, str(value)) for name, value in page.items()]
