"""Parameters and responses of aggregates over groups of rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from ..catalog.field import Field
from ..catalog.kinds import SORTABLE
from ..catalog.tables import Table
from ..plan.reading.aggregate import PARAMETERS, default_limit
from ..plan.reading.derived import bucket_field, measure_field
from ..plan.reading.grouping import COUNT, functions_of, spans_of
from ..shape.aggregates import Function
from .context import Subject
from .parameters import (
    Parameters,
    condition_parameters,
    describe_list,
    describe_parameter,
    filter_schemas,
    recall_parameters,
    recalling,
    search_parameters,
)
from .values import INTEGER, POSITION, TEXT, JSONSchema, value_schema

_NAMES: JSONSchema = {"type": "array", "items": TEXT}
_TOLD: JSONSchema = {"type": ["string", "number", "boolean", "null"]}


def aggregate_parameters(subject: Subject) -> Parameters:
    """Describe the parameters of aggregates, the most useful ones first."""
    return [
        *_own(subject),
        *search_parameters(subject),
        *recall_parameters(subject),
        *condition_parameters(subject, taken=(*PARAMETERS, *recalling(subject))),
    ]


def _own(subject: Subject) -> Parameters:
    """Describe the parameters that are the same for every resource."""
    refer = subject.components.refer
    limits = subject.catalog.limits
    most: JSONSchema = {"type": "integer", "minimum": 1, "maximum": limits.max_groups}
    most["default"] = default_limit(limits)
    makes: dict[str, Callable[[], JSONSchema]] = {
        "group": lambda: describe_list("group", _NAMES, _GROUP, []),
        "measures": lambda: describe_list("measures", _NAMES, _MEASURES, ["count"]),
        "having": lambda: describe_parameter("having", TEXT, _HAVING, "(count__gte:2)"),
        "sort": lambda: describe_list("sort", _NAMES, _SORT, ["-count"]),
        "tz": lambda: describe_parameter("tz", TEXT, _ZONE, "Europe/Berlin"),
        "limit": lambda: describe_parameter("limit", most, "Maximum groups.", 10),
        "skip": lambda: describe_parameter("skip", POSITION, "Groups to skip.", 0),
    }
    names = {"limit": f"limit-{limits.max_groups}"}
    return [
        refer("parameters", f"groups-{names.get(name, name)}", make) for name, make in makes.items()
    ]


_GROUP = (
    "Keys to group rows by: fields, own or through to-one relations; dates and times also by "
    "`:year`, `:quarter`, `:month`, `:week`, `:day` or `:hour`, as in `created_at:month`. By "
    "default all rows are one group."
)
_MEASURES = (
    "Measures of each group: `count`, or of a field `:count`, `:count_distinct`, `:sum`, "
    "`:avg`, `:min` or `:max`, as in `amount:sum`; `count` by default."
)
_HAVING = (
    "Comparisons of measures that must all hold for a group, in the form of `or`, as in "
    "`(count__gte:2,amount:sum__gt:100)`."
)
_SORT = "Names of groups and measures to sort by, `-` before one for descending."
_ZONE = "The time zone of spans of time, as in `Europe/Berlin`; `UTC` by default."


def aggregate_query_schema(subject: Subject) -> JSONSchema:
    """Return the schema of the parameters of aggregates as a JSON body."""
    title = f"{subject.name}AggregateQuery"
    most = subject.catalog.limits.max_groups
    schema = {
        "title": title,
        "type": "object",
        "properties": {
            "group": _NAMES,
            "measures": _NAMES,
            "having": TEXT,
            "sort": _NAMES,
            "tz": TEXT,
            "limit": {"type": "integer", "minimum": 1, "maximum": most},
            "skip": POSITION,
            "q": TEXT,
            "or": TEXT,
            **recalling(subject),
            **filter_schemas(subject, taken=(*PARAMETERS, *recalling(subject))),
        },
        # Filters by operators and through relations have the names that they have in a URL.
        "additionalProperties": True,
        "examples": [{"measures": ["count"]}],
    }
    return subject.components.refer("schemas", title, lambda: schema)


def groups_schema(subject: Subject) -> JSONSchema:
    """Return the schema of a page of groups.

    Each item has the members that `group` and `measures` name.
    """
    schema = {
        "title": "Groups",
        "type": "object",
        "required": ["items", "skip", "limit", "more"],
        "properties": {
            "items": {
                "type": "array",
                "items": {"type": "object", "additionalProperties": _TOLD},
            },
            "skip": INTEGER,
            "limit": INTEGER,
            "more": {"type": "boolean", "description": "Whether there are further groups."},
        },
    }
    return subject.components.refer("schemas", "Groups", lambda: schema)


def measure_schemas(subject: Subject) -> dict[str, JSONSchema]:
    """Return the schemas of all measures by name, including those of to-one relations."""
    found: dict[str, JSONSchema] = {COUNT: INTEGER}
    for path, table, field in _told_fields(subject):
        for function in functions_of(field):
            found[f"{path}:{function}"] = _told_schema(table, field, function)
    return found


def group_schemas(subject: Subject) -> dict[str, JSONSchema]:
    """Return the schemas of all group keys by name, including those of to-one relations."""
    found: dict[str, JSONSchema] = {}
    for path, table, field in _told_fields(subject):
        if field.kind in SORTABLE:
            found[path] = _or_null(value_schema(field))
        for span in spans_of(field):
            found[f"{path}:{span}"] = _or_null(value_schema(bucket_field(table, field, span)))
    return found


def _told_fields(subject: Subject) -> Iterator[tuple[str, Table, Field]]:
    """Yield the fields that aggregates may use, each with its path and its resource."""
    table = subject.table
    yield from ((name, table, field) for name, field in table.queryable.items())
    for name, relation in table.paths.items():
        if not relation.many and relation.link is None:
            target = subject.related(name).table
            yield from ((f"{name}.{n}", target, field) for n, field in target.queryable.items())


_COUNTS = (Function.COUNT, Function.COUNT_DISTINCT)
_SUMS: Mapping[Any, JSONSchema] = {
    int: {"type": "integer", "format": "int64"},
    float: {"type": "number"},
    Decimal: {"type": "string", "format": "decimal"},
    dt.timedelta: {"type": "string", "format": "duration"},
}


def _told_schema(table: Table, field: Field, function: Function) -> JSONSchema:
    """Return the schema of a measure; a sum of integers may need more bits than its field."""
    if function in _COUNTS:
        return INTEGER
    if function in (Function.SUM, Function.AVG):
        return _or_null(_SUMS[measure_field(table, field, function).annotation])
    return _or_null(value_schema(field))


def _or_null(schema: JSONSchema) -> JSONSchema:
    return {"anyOf": [schema, {"type": "null"}]}
