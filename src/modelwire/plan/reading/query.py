"""The parameters of a query, taken one by one by the code that handles them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from ...catalog.field import Field
from ...catalog.relation import Relation
from ...catalog.tables import Catalog, Table
from ...errors import Faults, Violation
from ...request.query import Parameter
from ...shape.conditions import Condition, Predicate, Search
from ...shape.parts import Include, Order
from ..parameters import refuse_parameter
from ..values import BadValue, parse_integer
from .filters import NoFilter, find_filter, has_operator, parse_comparison, takes_list
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

    Args:
        catalog: The catalog.
        table: The resource.
        parameters: The parameters of the request.
        known: The parameters other than filters that the request may have.
    """

    def __init__(
        self,
        catalog: Catalog,
        table: Table,
        parameters: Sequence[Parameter],
        known: Sequence[str],
    ) -> None:
        self.catalog = catalog
        self.table = table
        self.known = tuple(known)
        self._reserved = frozenset((*PARAMETERS, *known))
        self._left: dict[str, list[Parameter]] = {}
        for parameter in parameters:
            self._left.setdefault(parameter.name, []).append(parameter)
        self._sent = frozenset(self._left)
        self._filters = False

    @classmethod
    def reading(
        cls,
        catalog: Catalog,
        table: Table,
        parameters: Sequence[Parameter],
        known: Sequence[str],
    ) -> Query:
        """Create the query of a request that reads rows, including deleted ones if it asks for
        them.

        Its `table` is the resource with these rows, then.
        """
        if not table.recalled:
            return cls(catalog, table, parameters, known)
        query = cls(catalog, table, parameters, (*known, DELETED))
        query.table = query.take_choice(DELETED, table.recalled, table)
        return query

    def take(self, name: str) -> str | None:
        """Take the value of a parameter that may be given once; return None if it is absent."""
        found = self._left.pop(name, None)
        return None if found is None else _single(found).value

    def take_listed(self, name: str) -> str | None:
        """Take a parameter that lists names; if it is repeated, its lists are joined."""
        found = self._left.pop(name, None)
        return None if found is None else ",".join([parameter.value for parameter in found])

    def take_integer(self, name: str, default: int, low: int, high: int) -> int:
        """Take an integer within bounds."""
        text = self.take(name)
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
        text = self.take(name)
        if text is None:
            return default
        if text not in choices:
            raise refuse_parameter(name, f"should be one of {', '.join(choices)}")
        return choices[text]

    def take_order(self, relation: Relation | None = None) -> tuple[Order, ...]:
        """Take `sort`: a total order; by default that of the relation whose rows are listed."""
        text = self.take_listed("sort")
        if not text and relation is not None:
            return order_of(self.table, relation)
        return plan_order(self.catalog, self.table, text or "")

    def take_includes(self, default: Sequence[str] = ()) -> tuple[Include, ...]:
        """Take `include`."""
        text = self.take_listed("include")
        text = ",".join(default) if text is None else text
        return find_includes(self.catalog, self.table, text) if text else ()

    def take_shown(self) -> tuple[Field, ...] | None:
        """Take `fields`: the fields to show; return None for all."""
        text = self.take_listed("fields")
        return None if text is None else find_shown(self.catalog, self.table, text)

    def take_conditions(self, operands: list[Any]) -> tuple[Condition, ...]:
        """Take filters, `or` and `q`; their operands are appended to the list."""
        self._filters = True
        if not self._left:
            return ()
        limit = self.catalog.limits.max_filters
        if len(self._left) > limit + len(PARAMETERS):
            # Most of them may not be filters, but it would take time to find out.
            message = (
                f"is one of {len(self._left)} parameters; at most {limit} filters may be given"
            )
            raise refuse_parameter(next(reversed(self._left)), message, "too_many_filters")
        logic, search = self.take("or"), self.take("q")
        conditions: list[Condition] = []
        # In a fixed order, whatever the order in the query, so that equal queries have equal
        # shapes.
        for name in sorted(self._left):
            predicate = self._find_filter(name)
            if predicate is not None:
                if len(conditions) == limit:
                    message = f"is one of more than {len(conditions)} filters"
                    raise refuse_parameter(name, message, "too_many_filters")
                compared, operand = self._take_comparison(name, predicate)
                operands.append(operand)
                conditions.append(compared)
        if logic is not None:
            conditions.append(plan_logic(self.catalog, self.table, logic, operands))
        if search is not None:
            conditions += self._plan_search(search, operands)
        return tuple(conditions)

    def finish(self) -> None:
        """Refuse the parameters that were not taken."""
        if self._left:
            faults = Faults()
            faults.add_each(self._left, self._refuse)
            faults.refuse()

    def _find_filter(self, name: str) -> Predicate | None:
        try:
            return None if name in self._reserved else find_filter(self.catalog, self.table, name)
        except NoFilter:
            return None

    def _take_comparison(self, name: str, predicate: Predicate) -> tuple[Predicate, Any]:
        found = self._left.pop(name)
        if takes_list(predicate.operator):
            is_written_out = len(found) == 1 and not found[0].whole
            texts = found[0].value.split(",") if is_written_out else [p.value for p in found]
        else:
            texts = [_single(found).value]
        return parse_comparison(predicate, texts, ParameterSpan(name), self.catalog.limits)

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
            other = "as_of" if "as_of" in self._sent.intersection(self.known) else "cursor"
            message = f"can't be combined with `{other}`, {_RULES_OUT[other]}"
            return Violation(message, "unknown_parameter", parameter=name)
        if name not in self._reserved:
            return _unknown(name, self._suggest(name))
        own = self.table.queryable.get(name)
        is_filter = self._filters and own is not None and "eq" in operators_of(own)
        return _unknown(name, f" (did you mean the filter `{name}__eq`?)" if is_filter else "")

    def _suggest(self, name: str) -> str:
        """Suggest the parameter that was probably meant, if it can be combined with the others."""
        path, operator = split_operator(name)
        if operator not in OPERATORS:
            path, operator = name, None
        end = f"__{operator}" if operator else ""

        def accepts(near: str, found: FieldPath) -> bool:
            whole = near + end
            is_free = whole not in self._reserved and whole not in self._sent
            return self._filters and is_free and has_operator(found, operator)

        others = () if end else self._list_open()
        return suggest_path(self.catalog, self.table, path, accepts, others=others, end=end)

    def _list_open(self) -> Sequence[str]:
        """Return the known parameters that can be combined with the given ones."""
        apart: tuple[str, ...] = _WITHOUT_CURSOR if "cursor" in self._sent else ()
        if not self._sent.isdisjoint(_WITHOUT_CURSOR):
            apart = (*apart, "cursor")
        return [name for name in self.known if name not in self._sent and name not in apart]


def _single(found: Sequence[Parameter]) -> Parameter:
    if len(found) > 1:
        raise refuse_parameter(found[0].name, "is given more than once", "repeated_parameter")
    return found[0]


_RULES_OUT = {
    "as_of": "since the earlier state of included rows is not known",
    "cursor": "which says where the page starts",
}
"""Reasons for which parameters can't be combined with others."""


def _unknown(name: str, note: str = "") -> Violation:
    if not name:
        return Violation("a parameter has no name", "unknown_parameter", parameter=name)
    return Violation(f"is not a parameter here{note}", "unknown_parameter", parameter=name)
