"""The parameters of a query, taken one by one by the code that handles them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from ...catalog.field import Field
from ...catalog.relation import Relation
from ...catalog.tables import Catalog, Table
from ...errors import Faults, InvalidRequest, Violation
from ...request.query import Parameter
from ...shape.conditions import Condition, Search
from ...shape.parts import Include, Order
from ..parameters import refuse_parameter
from ..values import BadValue, parse_integer
from .filters import find_filter, has_operator
from .includes import find_includes, find_shown
from .logic import plan_logic
from .operators import OPERATORS, operators_of
from .order import order_of, plan_order
from .paths import FieldPath, ParameterSpan, split_operator, suggest_path

Choice = TypeVar("Choice")
Default = TypeVar("Default")


PARAMETERS = ("skip", "limit", "cursor", "count", "sort", "fields", "include", "q", "or")
"""The parameters of a list that are not filters, whatever the names of the resource's fields."""

DELETED = "deleted"
"""The parameter that asks for deleted rows, if callers may see any."""

LISTED = frozenset({"sort", "fields", "include", "group", "measures", "on_conflict"})
"""The parameters that list names; if one is repeated, its lists are joined."""

_WITHOUT_CURSOR = ("skip", "count")
"""The parameters that can't be combined with a cursor."""


def refuse_parameters(parameters: Sequence[Parameter]) -> None:
    """Refuse every parameter, for requests that have none.

    Raises:
        InvalidRequest: There is one.
    """
    faults = Faults()
    faults.add_each(parameters, lambda parameter: _unknown(parameter.name))
    faults.refuse()


class Query:
    """Parameters of one request; each is taken by the code that handles it, until none is left.

    They are grouped once: each known parameter is a text from then on, and all others may be
    filters.

    Args:
        catalog: The catalog.
        table: The resource.
        parameters: The parameters of the request.
        known: The parameters other than filters that the request may have.
        reads: Whether it reads rows, and so may ask for deleted ones; `table` is the resource with
            these rows, then.
    """

    def __init__(
        self,
        catalog: Catalog,
        table: Table,
        parameters: Sequence[Parameter],
        known: Sequence[str],
        *,
        reads: bool = False,
    ) -> None:
        recalled = table.recalled if reads else {}
        self.catalog = catalog
        self.table = table
        self.known = (*known, DELETED) if recalled else tuple(known)
        self._reserved = frozenset((*PARAMETERS, *self.known))
        self._left: dict[str, list[Parameter]] = {}
        for parameter in parameters:
            self._left.setdefault(parameter.name, []).append(parameter)
        self._sent = dict.fromkeys(self._left)
        self._filters = False
        self._texts: dict[str, str] = {}
        for name in self.known:
            found = self._left.pop(name, None)
            if found is not None:
                if len(found) > 1 and name not in LISTED:
                    raise _refuse_repeated(name)
                self._texts[name] = ",".join([parameter.value for parameter in found])
        if recalled:
            self.table = self.take_choice(DELETED, recalled, table)

    def take(self, name: str) -> str | None:
        """Take the text of a parameter; return None if it is absent."""
        return self._texts.pop(name, None)

    def take_integer(self, name: str, default: int, low: int, high: int) -> int:
        """Take an integer within bounds."""
        text = self._texts.pop(name, None)
        if text is None:
            return default
        try:
            value = parse_integer(text)
        except BadValue:
            value = low - 1
        if not low <= value <= high:
            raise refuse_parameter(name, f"should be an integer from {low} to {high}")
        return value

    def take_choice(
        self, name: str, choices: Mapping[str, Choice], default: Default
    ) -> Choice | Default:
        """Take one of several words."""
        text = self._texts.pop(name, None)
        if text is None:
            return default
        if text not in choices:
            raise refuse_parameter(name, f"should be one of {', '.join(choices)}")
        return choices[text]

    def take_order(self, relation: Relation | None = None) -> tuple[Order, ...]:
        """Take `sort`: a total order; by default that of the relation whose rows are listed."""
        text = self._texts.pop("sort", None)
        if not text and relation is not None:
            return order_of(self.table, relation)
        return plan_order(self.catalog, self.table, text or "")

    def take_includes(self, default: Sequence[str] = ()) -> tuple[Include, ...]:
        """Take `include`."""
        text = self._texts.pop("include", None)
        text = ",".join(default) if text is None else text
        return find_includes(self.catalog, self.table, text) if text else ()

    def take_shown(self) -> tuple[Field, ...] | None:
        """Take `fields`: the fields to show; return None for all."""
        text = self._texts.pop("fields", None)
        return None if text is None else find_shown(self.catalog, self.table, text)

    def take_conditions(self, operands: list[Any]) -> tuple[Condition, ...]:
        """Take filters, `or` and `q`; their operands are appended to the list."""
        self._filters = True
        logic, search = self._texts.pop("or", None), self._texts.pop("q", None)
        catalog, limit = self.catalog, self.catalog.limits.max_filters
        if len(self._left) > limit + len(PARAMETERS):
            # Most of them may not be filters, but it would take time to find out.
            message = (
                f"is one of {len(self._left)} parameters; at most {limit} filters may be given"
            )
            raise refuse_parameter(next(reversed(self._left)), message, "too_many_filters")
        conditions: list[Condition] = []
        # In a fixed order, whatever the order in the query, so that equal queries have equal
        # shapes.
        for name in sorted(self._left):
            found = None if name in self._reserved else find_filter(catalog, self.table, name)
            if found is not None:
                if len(conditions) == limit:
                    message = f"is one of more than {len(conditions)} filters"
                    raise refuse_parameter(name, message, "too_many_filters")
                given = self._left.pop(name)
                texts = [parameter.value for parameter in given]
                if len(given) > 1 and not found.takes_list:
                    raise _refuse_repeated(name)
                if found.takes_list and len(given) == 1 and not given[0].whole:
                    texts = texts[0].split(",")
                compared, operand = found.read(texts, ParameterSpan(name), catalog.limits)
                operands.append(operand)
                conditions.append(compared)
        if logic is not None:
            conditions.append(plan_logic(catalog, self.table, logic, operands))
        if search is not None:
            conditions += self._plan_search(search, operands)
        return tuple(conditions)

    def finish(self) -> None:
        """Refuse the parameters that were not taken."""
        if self._left or self._texts:
            faults = Faults()
            left = [name for name in self._sent if name in self._left or name in self._texts]
            faults.add_each(left, self._refuse)
            faults.refuse()

    def _plan_search(self, text: str, operands: list[Any]) -> list[Condition]:
        words, limits = text.split(), self.catalog.limits
        fields = self.table.searched
        if len(text) > limits.max_text_length:
            message = f"should have at most {limits.max_text_length} characters"
            raise refuse_parameter("q", message, "too_long")
        if len(words) > limits.max_search_words:
            message = f"should have at most {limits.max_search_words} words"
            raise refuse_parameter("q", message, "too_many_words")
        if words and not fields:
            raise refuse_parameter("q", "can't search here: there are no text fields", "no_text")
        operands += words
        return [Search(fields)] * len(words)

    def _refuse(self, name: str) -> Violation:
        if name in self.known:
            # A parameter that was not taken is ruled out by another one.
            other = "as_of" if "as_of" in self.known else "cursor"
            message = f"can't be combined with `{other}`, {_RULES_OUT[other]}"
            return Violation(message, "unknown_parameter", parameter=name)
        if name not in self._reserved:
            return _unknown(name, self._suggest(name))
        own = self.table.queryable.get(name)
        is_filter = self._filters and own is not None and "eq" in operators_of(own)
        return _unknown(name, f" (did you mean the filter `{name}__eq`?)" if is_filter else "")

    def _suggest(self, name: str) -> str:
        """Suggest the parameter that was probably meant, if it can be combined with the others."""
        is_open = self._list_open()
        usual = _USUAL.get("".join(filter(str.isalpha, name.lower())))
        if usual in is_open:
            return f" (did you mean `{usual}`?)"
        path, operator = split_operator(name)
        if operator not in OPERATORS:
            path, operator = name, None
        end = f"__{operator}" if operator else ""

        def accepts(near: str, found: FieldPath) -> bool:
            whole = near + end
            is_free = whole not in self._reserved and whole not in self._sent
            return self._filters and is_free and has_operator(found, operator)

        others = () if end else is_open
        return suggest_path(self.catalog, self.table, path, accepts, others=others, end=end)

    def _list_open(self) -> Sequence[str]:
        """Return the known parameters that can be combined with the given ones."""
        apart: tuple[str, ...] = _WITHOUT_CURSOR if "cursor" in self._sent else ()
        if not self._sent.keys().isdisjoint(_WITHOUT_CURSOR):
            apart = (*apart, "cursor")
        return [name for name in self.known if name not in self._sent and name not in apart]


_USUAL = {
    **dict.fromkeys(("offset", "start", "page", "pagenumber"), "skip"),
    **dict.fromkeys(("pagesize", "perpage", "size", "take", "top", "first", "maxresults"), "limit"),
    **dict.fromkeys(("after", "pagetoken", "nexttoken", "nextcursor"), "cursor"),
    **dict.fromkeys(("order", "orderby", "ordering", "sortby"), "sort"),
    **dict.fromkeys(("search", "query", "searchterm", "term", "text"), "q"),
    **dict.fromkeys(("select", "only", "columns", "attributes"), "fields"),
    **dict.fromkeys(("expand", "embed", "with", "populate", "relations"), "include"),
    **dict.fromkeys(("groupby",), "group"),
    **dict.fromkeys(("aggregates", "metrics"), "measures"),
}
"""Parameters by their usual names in other services, written in small letters only."""


def _refuse_repeated(name: str) -> InvalidRequest:
    return refuse_parameter(name, "is given more than once", "repeated_parameter")


_RULES_OUT = {
    "as_of": "since the earlier state of included rows is not known",
    "cursor": "which says where the page starts",
}
"""Reasons for which parameters can't be combined with others."""


def _unknown(name: str, note: str = "") -> Violation:
    if not name:
        return Violation("a parameter has no name", "unknown_parameter", parameter=name)
    return Violation(f"is not a parameter here{note}", "unknown_parameter", parameter=name)
