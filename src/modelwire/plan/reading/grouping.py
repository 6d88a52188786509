"""The parameters `group` and `measures`: group keys, and aggregates of each group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, NoReturn, TypeVar

from ...catalog.document_types import View
from ...catalog.documents import Part
from ...catalog.field import Field
from ...catalog.kinds import (
    COMPARABLE,
    NUMBERS,
    ORDERED,
    SORTABLE,
    Kind,
    is_decorated,
    storage_type,
    stored_kind,
)
from ...catalog.tables import Catalog, Table
from ...memory import kept_if_short
from ...shape.aggregates import Bucket, Function, GroupKey, Measure
from ...suggestions import did_you_mean
from .derived import bucket_field, count_field, measure_field
from .order import find_many
from .paths import FieldPath, ParameterSpan, TooDeep, find_field, split_names, suggest_path

COUNT = "count"
"""The measure that counts rows."""

_FOR: Mapping[Function, frozenset[Kind]] = {
    Function.COUNT: frozenset(Kind),
    Function.COUNT_DISTINCT: COMPARABLE,
    Function.SUM: NUMBERS | {Kind.INTERVAL},
    Function.AVG: NUMBERS,
    Function.MIN: ORDERED,
    Function.MAX: ORDERED,
}
"""The kinds of fields that each function accepts."""

_OF_NUMBERS = frozenset({Function.SUM, Function.AVG, Function.MIN, Function.MAX})
"""The functions that use the numbers among values of any type."""

_CUT: Mapping[Kind, Sequence[Bucket]] = {
    Kind.DATE: [bucket for bucket in Bucket if bucket is not Bucket.HOUR],
    Kind.DATETIME: list(Bucket),
}
"""The units of time that dates and datetimes can be truncated to."""

GROUP, MEASURES = ParameterSpan("group"), ParameterSpan("measures")

_UNKNOWN, _REPEATED = "unknown_field", "repeated_name"

Named = TypeVar("Named", GroupKey, Measure)


class Grouping(NamedTuple):
    """Context in which rows are grouped.

    Args:
        table: The resource.
        zoned: Whether times are truncated in a time zone other than UTC.
    """

    table: Table
    zoned: bool


@kept_if_short
def plan_groups(catalog: Catalog, grouping: Grouping, text: str) -> tuple[GroupKey, ...]:
    """Plan the keys that rows are grouped by.

    Args:
        catalog: The catalog.
        grouping: The context.
        text: The value of `group`: paths separated by commas; those of dates and datetimes may have
            a unit of time, as in `issued_on:month`.

    Returns:
        The groups; none if the text is empty.

    Raises:
        InvalidRequest: A path leads to no field, to a field that can't be grouped by, or to many
            rows.
    """
    parts = split_names(text) if text else []
    groups = [_plan_group(catalog, grouping, part) for part in parts]
    return _check_names(groups, GROUP)


@kept_if_short
def plan_measures(catalog: Catalog, table: Table, text: str) -> tuple[Measure, ...]:
    """Plan the measures of each group.

    Args:
        catalog: The catalog.
        table: The resource.
        text: The value of `measures`: names of measures separated by commas.

    Returns:
        The measures.

    Raises:
        InvalidRequest: A name does not refer to a measure.
    """
    measures = [find_measure(catalog, table, part, MEASURES) for part in split_names(text)]
    return _check_names(measures, MEASURES)


def find_measure(catalog: Catalog, table: Table, name: str, place: ParameterSpan) -> Measure:
    """Find a measure.

    Args:
        catalog: The catalog.
        table: The resource.
        name: `count`, or a path with a function, as in `amount:sum`.
        place: Its place in the request.

    Returns:
        The measure.

    Raises:
        InvalidRequest: Its path leads to no field, to a field that the function does not accept, or
            to many rows.
    """
    if name == COUNT:
        return Measure(name, Function.COUNT, count_field(table))
    path, colon, function = name.rpartition(":")
    if not colon:
        _refuse_bare(catalog, table, name, place)
    found = _check_path(catalog, table, path, place)
    known = _find_function(found, function, place)
    field = _measured(found.field, known)
    shown = measure_field(table, field, known)
    return Measure(name, known, shown, field, found.through)


def _measured(field: Field, function: Function) -> Field:
    """Return the field to aggregate: for a part of documents that may have any type, its
    numbers."""
    if isinstance(field, Part) and field.kind is Kind.VALUE and function in _OF_NUMBERS:
        return field.seen_as(View.NUMBER)
    return field


def _plan_group(catalog: Catalog, grouping: Grouping, part: str) -> GroupKey:
    path, colon, unit = part.rpartition(":")
    if not colon or isinstance(find_field(catalog, grouping.table, part), FieldPath):
        found = _check_path(catalog, grouping.table, part, GROUP)
        if found.field.kind not in SORTABLE:
            raise GROUP.refuse(f"can't name `{part}`, which is {found.field.kind.noun}", _UNKNOWN)
        return GroupKey(part, found.field, found.field, found.through)
    found = _check_path(catalog, grouping.table, path, GROUP)
    bucket = _find_bucket(found, path, unit)
    # Dates and datetimes without an offset have no time zone.
    zoned = grouping.zoned and _has_offset(found.field)
    shown = bucket_field(grouping.table, found.field, bucket)
    return GroupKey(part, found.field, shown, found.through, bucket, zoned)


def _has_offset(field: Field) -> bool:
    return field.kind is Kind.DATETIME and bool(
        getattr(storage_type(field.sql_type), "timezone", False)
    )


def _find_bucket(found: FieldPath, path: str, unit: str) -> Bucket:
    field = found.field
    allowed = spans_of(field)
    if not allowed:
        message = f"can't truncate `{path}` to a span of time: it is {field.kind.noun}"
        raise GROUP.refuse(message, "unknown_span")
    if unit not in allowed:
        known = f"{did_you_mean(unit, allowed)}; it has {', '.join(allowed)}"
        raise GROUP.refuse(f"can't truncate `{path}` to `{unit}`{known}", "unknown_span")
    return Bucket(unit)


def spans_of(field: Field) -> Sequence[Bucket]:
    """Return the units of time that the values of a field can be truncated to."""
    return _CUT.get(field.kind, ()) if stored_kind(field.sql_type) in _CUT else ()


def _refuse_bare(catalog: Catalog, table: Table, name: str, place: ParameterSpan) -> NoReturn:
    found = find_field(catalog, table, name)
    if not isinstance(found, FieldPath):
        expected = "should be `count`, or a field and a function, as in `amount:sum`"
        raise place.refuse(f"`{name}`{did_you_mean(name, [COUNT])} {expected}", _UNKNOWN)
    known = ", ".join(f"`{name}:{function}`" for function in functions_of(found.field))
    raise place.refuse(f"should name a function of `{name}`: {known}", "unknown_function")


def _find_function(found: FieldPath, name: str, place: ParameterSpan) -> Function:
    allowed = functions_of(found.field)
    if name not in allowed:
        known = f"{did_you_mean(name, allowed)}; it has {', '.join(allowed)}"
        raise place.refuse(f"`{found.field.name}` has no `{name}`{known}", "unknown_function")
    return Function(name)


def functions_of(field: Field) -> Sequence[Function]:
    """Return the functions for a field. Values of a user's own type are not assumed to be
    numbers."""
    if field.kind is Kind.VALUE:
        return list(_FOR)
    allowed = [function for function, kinds in _FOR.items() if field.kind in kinds]
    if is_decorated(field.sql_type):
        return [f for f in allowed if f not in (Function.SUM, Function.AVG)]
    return allowed


def _check_path(catalog: Catalog, table: Table, path: str, place: ParameterSpan) -> FieldPath:
    """Check that a path leads to a field, and not to many rows."""
    found = find_field(catalog, table, path)
    if isinstance(found, TooDeep):
        raise place.refuse(str(found), "too_deep")
    if not isinstance(found, FieldPath):
        near = suggest_path(catalog, table, path, lambda _, other: find_many(other) is None)
        raise place.refuse(f"can't name `{path}`{near}", _UNKNOWN)
    many = find_many(found)
    if many is not None:
        message = f"can't go through `{many.name}` in `{path}`, which would count a row repeatedly"
        raise place.refuse(message, "to_many")
    return found


def _check_names(named: Sequence[Named], place: ParameterSpan) -> tuple[Named, ...]:
    taken: set[str] = set()
    for item in named:
        if item.name in taken:
            raise place.refuse(f"names `{item.name}` twice", _REPEATED)
        taken.add(item.name)
    return tuple(named)


class Columns:
    """Columns of each group: those that are shown, and those that groups are selected or ordered
    by.

    Args:
        catalog: The catalog.
        table: The resource.
        groups: The group keys.
        measures: The measures that are shown.

    Attributes:
        measures: All measures, those that are shown first.

    Raises:
        InvalidRequest: A group and a measure have the same name.
    """

    def __init__(
        self,
        catalog: Catalog,
        table: Table,
        groups: Sequence[GroupKey],
        measures: Sequence[Measure],
    ) -> None:
        self._catalog, self._table, self._groups = catalog, table, groups
        self.measures = list(measures)
        self._positions = {group.name: i for i, group in enumerate(groups)}
        for i, measure in enumerate(measures, len(groups)):
            if self._positions.setdefault(measure.name, i) != i:
                message = f"names `{measure.name}`, which `group` names too"
                raise MEASURES.refuse(message, _REPEATED)

    def find(self, name: str, place: ParameterSpan, *, grouped: bool) -> int:
        """Find the position of a group or measure among the columns; measures are added if
        necessary.

        Args:
            name: The name of a measure or a group.
            place: Its place in the request.
            grouped: Whether it may be a group.

        Raises:
            InvalidRequest: It is neither.
        """
        position = self._positions.get(name)
        if position is not None and (grouped or position >= len(self._groups)):
            return position
        if grouped and name != COUNT and ":" not in name:
            known = f"{did_you_mean(name, self._positions)}; it can name groups and measures"
            raise place.refuse(f"can't name `{name}`{known}, as {_list(self._positions)}", _UNKNOWN)
        measure = find_measure(self._catalog, self._table, name, place)
        position = len(self._groups) + len(self.measures)
        self.measures.append(measure)
        return self._positions.setdefault(name, position)

    def shown(self, position: int) -> Field:
        """Return the field that describes how a measure is compared."""
        return self.measures[position - len(self._groups)].shown

    def check(self) -> None:
        """Check the number of fields.

        Raises:
            InvalidRequest: There are too many.
        """
        columns: list[GroupKey | Measure] = [*self._groups, *self.measures]
        limit = self._catalog.limits.max_sort_terms
        if len({(column.through, column.field) for column in columns}) > limit:
            message = f"should name at most {limit} fields, those of `group` included"
            raise MEASURES.refuse(message, "too_many_terms")


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
