"""Arguments of the tools: their schemas for clients, and their validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from ...suggestions import did_you_mean
from .refusals import BadArguments

Scalar = str | int
"""A key, or one component of a composite key."""

Key = Scalar | list[Scalar]

Row = dict[str, Any]

Name = Annotated[str, Meta(description="Name of a resource, from list_resources")]
RowKey = Annotated[Key, Meta(description="Key of a row; an array of its parts if composite")]
Filters = Annotated[
    dict[str, Any],
    Meta(
        description='field or field__operator to value, all must hold: {"age__gte": 18, '
        '"id__in": [1, 2], "team.name__icontains": "red", "city__isnull": true}'
    ),
]
Logic = Annotated[
    str, Meta(description='Filters across fields: "(age__gte:18,and(a:1,not(b__in:(2,3))))"')
]
Search = Annotated[str, Meta(description="Words that text fields must contain")]
Cursor = Annotated[str, Meta(description="`next` of the page before")]
Limit = Annotated[int, Meta(description="Rows at most")]
Fields = Annotated[list[str], Meta(description="Fields to show; all by default")]
Include = Annotated[list[str], Meta(description="Relations to show along: players, team.players")]
Confirm = Annotated[
    int,
    Meta(description="The number from the dry run; without it nothing is stored"),
]


class Arguments(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Arguments of a tool."""


class ListResources(Arguments):
    """Arguments of `list_resources`."""

    cursor: Cursor | UnsetType = UNSET


class DescribeResource(Arguments):
    """Arguments of `describe_resource`."""

    resource: Name


class Filtered(Arguments):
    """Arguments that select rows."""

    resource: Name
    filters: Filters | UnsetType = UNSET
    or_: Annotated[Logic, Meta()] | UnsetType = msgspec.field(default=UNSET, name="or")
    search: Search | UnsetType = UNSET


class Query(Filtered):
    """Arguments that select rows, and what is shown of them."""

    sort: Annotated[str, Meta(description='As in "-created_at,team.name"')] | UnsetType = UNSET
    fields: Fields | UnsetType = UNSET
    include: Include | UnsetType = UNSET
    limit: Limit | UnsetType = UNSET
    cursor: Cursor | UnsetType = UNSET


class Read(Arguments):
    """Arguments that select one row, and what is shown of it."""

    resource: Name
    key: RowKey
    fields: Fields | UnsetType = UNSET
    include: Include | UnsetType = UNSET


class Aggregate(Filtered):
    """Arguments that select rows, and the measures and groups of them."""

    measures: (
        Annotated[
            list[str],
            Meta(description="count, or field:sum|avg|min|max|count|count_distinct"),
        ]
        | UnsetType
    ) = UNSET
    group: (
        Annotated[
            list[str], Meta(description="Fields; of times field:year|quarter|month|week|day|hour")
        ]
        | UnsetType
    ) = UNSET
    having: Annotated[str, Meta(description='As in "(count__gte:2)"')] | UnsetType = UNSET
    sort: Annotated[str, Meta(description='As in "-count"')] | UnsetType = UNSET
    tz: Annotated[str, Meta(description="Time zone of groups: Europe/Berlin")] | UnsetType = UNSET
    limit: Limit | UnsetType = UNSET
    cursor: Cursor | UnsetType = UNSET


class Part(Arguments):
    """One request of a batch."""

    operation: Literal["create", "read", "update", "delete"]
    resource: Name
    key: RowKey | UnsetType = UNSET
    values: Row | UnsetType = UNSET
    if_match: str | UnsetType = UNSET


class Batch(Arguments):
    """Requests that are carried out in one transaction."""

    requests: list[Part]
    idempotency_key: str | UnsetType = UNSET
    confirm: Confirm | UnsetType = UNSET


class History(Arguments):
    """Arguments that select the row whose history is read."""

    resource: Name
    key: RowKey
    limit: Limit | UnsetType = UNSET
    cursor: Cursor | UnsetType = UNSET


class Write(Filtered, kw_only=True):
    """Arguments of a write, with its conditions."""

    operation: Literal["create", "update", "delete"]
    key: RowKey | UnsetType = UNSET
    keys: Annotated[list[Key], Meta(description="Keys of rows to delete")] | UnsetType = UNSET
    values: (
        Annotated[
            Row | list[Row],
            Meta(
                description="Fields to write; null clears. An array creates many rows, or updates "
                "those whose keys it has"
            ),
        ]
        | UnsetType
    ) = UNSET
    on_conflict: (
        Annotated[str, Meta(description="Unique key: update rows of `values` that exist")]
        | UnsetType
    ) = UNSET
    if_match: (
        Annotated[str, Meta(description="etag from read: refused if the row has changed")]
        | UnsetType
    ) = UNSET
    idempotency_key: (
        Annotated[
            str, Meta(description="Your name for a create or update: sent again, it is done once")
        ]
        | UnsetType
    ) = UNSET
    dry_run: Annotated[bool, Meta(description="Tell what would be done, store nothing")] = False
    confirm: Confirm | UnsetType = UNSET


T = TypeVar("T", bound=Arguments)


def read_arguments(kind: type[T], given: Mapping[str, Any]) -> T:
    """Read the arguments of a tool.

    Args:
        kind: The class of its arguments.
        given: The arguments that a client has sent.

    Raises:
        BadArguments: An argument is wrong; says which one, and what would be right.
    """
    known = [field.encode_name for field in msgspec.structs.fields(kind)]
    for name in given:
        if name not in known:
            hint = did_you_mean(name, known)
            raise BadArguments(f"There is no argument `{name}`{hint}; there are {', '.join(known)}")
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as exc:
        raise BadArguments(str(exc)) from None


@cache
def schema_of(kind: type[Arguments]) -> dict[str, Any]:
    """Return the JSON Schema of the arguments of a tool."""
    (_,), parts = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    schema = _shorten(parts.pop(kind.__name__))
    return {**schema, "$defs": _shorten(parts)} if parts else schema


_SAYS_NOTHING = ("title", "default")


def _shorten(schema: Any) -> Any:
    """Return a schema without keywords that agents have no use for."""
    if isinstance(schema, Sequence) and not isinstance(schema, str):
        return [_shorten(part) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    is_object = schema.get("type") == "object" and "properties" in schema
    dropped = (*_SAYS_NOTHING, "description") if is_object else _SAYS_NOTHING
    return {name: _shorten(part) for name, part in schema.items() if name not in dropped}
