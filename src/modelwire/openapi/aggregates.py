"""The parameters and the answers of sums over groups of rows."""

from __future__ import annotations

from collections.abc import Callable

from ..plan.reading.aggregate import PARAMETERS, default_limit
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
from .values import INTEGER, POSITION, TEXT, JSONSchema

_NAMES: JSONSchema = {"type": "array", "items": TEXT}
_TOLD: JSONSchema = {"type": ["string", "number", "boolean", "null"]}


def aggregate_parameters(subject: Subject) -> Parameters:
    """Describe the parameters of sums, those first that are of use most often."""
    return [
        *_own(subject),
        *search_parameters(subject),
        *recall_parameters(subject),
        *condition_parameters(subject, taken=(*PARAMETERS, *recalling(subject))),
    ]


def _own(subject: Subject) -> Parameters:
    """Describe those that are the same whatever the resource."""
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
        "limit": lambda: describe_parameter("limit", most, "Groups, at most.", 10),
        "skip": lambda: describe_parameter("skip", POSITION, "Groups before these.", 0),
    }
    names = {"limit": f"limit-{limits.max_groups}"}
    return [
        refer("parameters", f"groups-{names.get(name, name)}", make) for name, make in makes.items()
    ]


_GROUP = (
    "What rows are grouped by: fields, own or through to-one relations; dates and times also by "
    "`:year`, `:quarter`, `:month`, `:week`, `:day` or `:hour`, as in `created_at:month`. All rows "
    "are one group by default."
)
_MEASURES = (
    "What is told of each group: `count`, or of a field `:count`, `:count_distinct`, `:sum`, "
    "`:avg`, `:min` or `:max`, as in `amount:sum`; `count` by default."
)
_HAVING = (
    "Comparisons of measures, of which all must hold of a group, in the form of `or`, as in "
    "`(count__gte:2,amount:sum__gt:100)`."
)
_SORT = "Names of groups and measures to sort by, `-` before one for descending."
_ZONE = "The time zone of spans of time, as in `Europe/Berlin`; `UTC` by default."


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
            **recalling(subject),
            **filter_schemas(subject, taken=(*PARAMETERS, *recalling(subject))),
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
