"""The parameters and the answers of sums over groups of rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ..catalog.kinds import NUMBERS
from ..plan.reading.aggregate import PARAMETERS, default_limit
from .context import Subject
from .parameters import (
    Parameters,
    condition_parameters,
    describe_list,
    describe_parameter,
    filter_schemas,
    search_parameters,
)
from .values import INTEGER, POSITION, TEXT, JSONSchema

_NAMES: JSONSchema = {"type": "array", "items": TEXT}
_TOLD: JSONSchema = {"type": ["string", "number", "boolean", "null"]}


def aggregate_parameters(subject: Subject) -> Parameters:
    """Describe the parameters of sums, those first that are of use most often."""
    return [
        _refer(subject, "group", partial(_group, subject)),
        _refer(subject, "measures", partial(_measures, subject)),
        *_shared(subject),
        *search_parameters(subject),
        *condition_parameters(subject, taken=PARAMETERS),
    ]


def _group(subject: Subject) -> JSONSchema:
    text = (
        "What rows are grouped by: fields, own or through to-one relations; dates and times also "
        "by `:year`, `:quarter`, `:month`, `:week`, `:day` or `:hour`, as in `created_at:month`. "
        "All rows are one group by default."
    )
    return describe_list("group", _NAMES, text, list(subject.table.queryable)[1:2])


def _measures(subject: Subject) -> JSONSchema:
    text = (
        "What is told of each group: `count`, or of a field `:count`, `:count_distinct`, `:sum`, "
        "`:avg`, `:min` or `:max`, as in `amount:sum`; `count` by default."
    )
    fields = subject.table.queryable.values()
    numbers = [f"{f.name}:sum" for f in fields if f.kind in NUMBERS and not f.primary_key]
    return describe_list("measures", _NAMES, text, ["count", *numbers[:1]])


def _shared(subject: Subject) -> Parameters:
    """Describe the parameters that are the same whatever the resource."""
    limits = subject.catalog.limits
    most: JSONSchema = {"type": "integer", "minimum": 1, "maximum": limits.max_groups}
    most["default"] = default_limit(limits)
    having = (
        "Comparisons of measures, of which all must hold of a group, in the form of `or`, as in "
        "`(count__gte:2,amount:sum__gt:100)`."
    )
    order = "Names of groups and measures to sort by, `-` before one for descending."
    zone = "The time zone of spans of time, as in `Europe/Berlin`; `UTC` by default."
    makes: dict[str, Callable[[], JSONSchema]] = {
        "having": lambda: describe_parameter("having", TEXT, having, "(count__gte:2)"),
        "sort": lambda: describe_list("sort", _NAMES, order, ["-count"]),
        "tz": lambda: describe_parameter("tz", TEXT, zone, "Europe/Berlin"),
        "limit": lambda: describe_parameter("limit", most, "Groups, at most.", 10),
        "skip": lambda: describe_parameter("skip", POSITION, "Groups before these.", 0),
    }
    refer = subject.components.refer
    return [refer("parameters", f"groups-{name}", make) for name, make in makes.items()]


def aggregate_query_schema(subject: Subject) -> JSONSchema:
    """The schema of the parameters of sums as a JSON body."""
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
            **filter_schemas(subject, taken=PARAMETERS),
        },
        # Filters by operators and through relations have the names that they have in a URL.
        "additionalProperties": True,
        "examples": [{"measures": ["count"]}],
    }
    return subject.components.refer("schemas", title, lambda: schema)


def groups_schema(subject: Subject) -> JSONSchema:
    """The schema of groups: each item has what `group` and `measures` name, by these names."""
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


def _refer(subject: Subject, name: str, make: Callable[[], JSONSchema]) -> JSONSchema:
    return subject.components.refer("parameters", f"{subject.name}.{name}", make)
