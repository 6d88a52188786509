"""Routes of a resource: the one table of methods, paths and operations."""

from __future__ import annotations

from collections.abc import Collection

from ..catalog.access import Access, Past, Recall
from ..catalog.tables import Table
from ..openapi.aggregates import aggregate_parameters, aggregate_query_schema, groups_schema
from ..openapi.answers import affected_schema, outcomes_schema, page_schema
from ..openapi.bodies import (
    bulk_create_schema,
    bulk_delete_schema,
    bulk_update_schema,
    create_schema,
    patch_schema,
    row_schema,
    rows_schema,
    update_schema,
)
from ..openapi.changes import changes_schema, follow_parameters
from ..openapi.context import Subject
from ..openapi.headers import (
    cache_header,
    conditional_headers,
    idempotency_header,
    mass_header,
    prefer_header,
    stream_header,
)
from ..openapi.history import (
    as_of_parameter,
    change_parameter,
    history_parameters,
    history_schema,
)
from ..openapi.operation import Description, Success
from ..openapi.parameters import (
    Parameters,
    atomic_parameter,
    conflict_parameter,
    filter_parameters,
    include_parameters,
    list_parameters,
    query_schema,
    read_parameters,
    recall_parameters,
    stream_parameters,
)
from ..pipeline import aggregates, changes, history, lists, reads, writes
from .descriptions import Route

_WRITE = (400, 409, 412, 422)
_DELETE = (404, 409, 412, 422)
_STREAMED = ("application/x-ndjson", "application/jsonl", "text/csv")
_REPLAYED = "Idempotency-Replayed"
_APPLIED = "Preference-Applied"


_WRAPPED = "Bulk bodies may also be an object, with the array under the path's last segment."
"""Note on bulk bodies that their schemas leave out, since generators can't express the choice."""


def _nothing(_target: Subject) -> Parameters:
    return []


def _reading(target: Subject) -> Parameters:
    shown = [*read_parameters(target), *recall_parameters(target)]
    return [*shown, *as_of_parameter(target), *cache_header(target.components)]


def _streaming(target: Subject) -> Parameters:
    return [*stream_parameters(target), *stream_header(target.components)]


def _creating(target: Subject) -> Parameters:
    headers = [*prefer_header(target.components), *idempotency_header(target.components)]
    return [*include_parameters(target), *headers]


def _creating_many(target: Subject) -> Parameters:
    conflict = conflict_parameter(target)
    return [
        *include_parameters(target),
        *conflict,
        *atomic_parameter(target.components),
        *prefer_header(target.components, resolves=bool(conflict)),
        *idempotency_header(target.components),
    ]


def _updating(target: Subject) -> Parameters:
    headers = [*prefer_header(target.components), *conditional_headers(target)]
    return [*include_parameters(target), *headers]


def _updating_many(target: Subject) -> Parameters:
    return [*_creating(target), *atomic_parameter(target.components)]


def _patching(target: Subject) -> Parameters:
    return [*_updating(target), *idempotency_header(target.components)]


def _reverting(target: Subject) -> Parameters:
    own = [*change_parameter(target), *_updating(target)]
    return [*own, *idempotency_header(target.components)]


def _deleting_many(target: Subject) -> Parameters:
    return atomic_parameter(target.components)


def _mass(target: Subject) -> Parameters:
    return [*filter_parameters(target), *mass_header(target.components)]


def _mass_patching(target: Subject) -> Parameters:
    return [*_mass(target), *idempotency_header(target.components)]


def _linking(target: Subject) -> Parameters:
    return conditional_headers(target.owner)


def _page_headers(table: Table) -> Collection[str]:
    return ("X-Change-Number",) if table.guarded.is_followed else ()


_PAGE = Success(200, "page", page_schema, ("Link",), more_headers=_page_headers)
_QUERIED = Success(200, "queried", page_schema, more_headers=_page_headers)
_CHANGES = Success(
    200, "changes", changes_schema, ("X-Change-Number",), formats=("text/event-stream",)
)
_ROW = Success(200, "row", row_schema, ("ETag",))
_UNCHANGED = Success(304, "NotModified", headers=("ETag",))
_CREATED = Success(201, "created", row_schema, ("ETag", "Location", _REPLAYED, _APPLIED))
_CHANGED = Success(200, "changed", row_schema, ("ETag", _REPLAYED, _APPLIED))
_HISTORY = Success(200, "History", history_schema, ("Link",))
_ALL_CREATED = Success(201, "all_created", rows_schema, (_REPLAYED, _APPLIED))
_ROWS = Success(200, "rows", rows_schema, (_REPLAYED, _APPLIED))
_STREAM = Success(200, "stream", rows_schema, (_APPLIED,), formats=_STREAMED)
_GROUPS = Success(200, "Groups", groups_schema, ("Link",), formats=("text/csv",))
_QUERIED_GROUPS = Success(200, "QueriedGroups", groups_schema, formats=("text/csv",))
_MINIMAL = Success(204, "Minimal", headers=("ETag", _REPLAYED, _APPLIED))
_NO_CONTENT = Success(204, "NoContent")
_AFFECTED = Success(200, "affected", affected_schema, (_REPLAYED, _APPLIED))
_EACH = Success(
    207, "each", lambda target: outcomes_schema(target, has_items=True), (_REPLAYED, _APPLIED)
)
_EACH_REMOVED = Success(207, "each_removed", lambda t: outcomes_schema(t, has_items=False))


ROUTES: tuple[Route, ...] = (
    Route(
        "list", "GET", lists.read_page, "/",
        Description(
            "list_{rows}", "List {rows}",
            "One page of the rows that match, in a total order, with their total number.",
            (422,), (_PAGE,), list_parameters,
        ),
    ),
    Route(
        "list", "POST", lists.read_queried_page, "/query/",
        Description(
            "query_{rows}", "Query {rows}",
            "One page of the rows that match a query that is too long for a URL.",
            (422,), (_QUERIED,), _nothing, query_schema,
        ),
    ),
    Route(
        "create", "POST", writes.create, "/",
        Description(
            "create_{row}", "Create {row}",
            "Stores a row, and commits it before responding.",
            (400, 409, 422), (_CREATED,), _creating, create_schema,
        ),
    ),
    Route(
        "bulk_update", "PATCH", writes.mass_update, "/",
        Description(
            "update_matching_{rows}", "Patch all {rows} that match",
            "Merges one patch into every row that matches the filters, unless these are more than "
            "`Prefer: max-affected` allows.",
            (*_WRITE, 428), (_AFFECTED, _MINIMAL), _mass_patching,
            lambda target: patch_schema(target, with_links=False),
        ),
    ),
    Route(
        "bulk_delete", "DELETE", writes.mass_delete, "/",
        Description(
            "delete_matching_{rows}", "Delete all {rows} that match",
            "Deletes every row that matches the filters, unless these are more than "
            "`Prefer: max-affected` allows.",
            (*_WRITE, 428), (_AFFECTED, _MINIMAL), _mass,
        ),
    ),
    Route(
        "bulk_create", "POST", writes.bulk_create, "/bulk/",
        Description(
            "bulk_create_{rows}", "Create many {rows}",
            "Stores all of the rows or none, and returns them in the order sent. With "
            "`on_conflict`, existing rows with the same key are merged with those sent, or left "
            "unchanged, and the status is 200. " + _WRAPPED,
            _WRITE,
            (_ALL_CREATED, _ROWS, _MINIMAL, _EACH),
            _creating_many, bulk_create_schema,
        ),
    ),
    Route(
        "bulk_update", "PATCH", writes.bulk_update, "/bulk/",
        Description(
            "bulk_update_{rows}", "Patch many {rows}",
            "Merges a patch into each of the rows or into none. Each patch holds the key of its "
            "row.",
            (*_WRITE, 404), (_ROWS, _MINIMAL, _EACH),
            _updating_many, bulk_update_schema,
        ),
    ),
    Route(
        "bulk_delete", "DELETE", writes.bulk_delete, "/bulk/",
        Description(
            "bulk_delete_{rows}", "Delete many {rows}",
            "Deletes all of the rows with some keys, or none.",
            _DELETE, (_NO_CONTENT, _EACH_REMOVED), _deleting_many,
            bulk_delete_schema,
        ),
    ),
    Route(
        "stream", "GET", reads.stream, "/stream/",
        Description(
            "stream_{rows}", "Stream {rows}",
            "Every row that matches, as a JSON array or, by `format` or `Accept`, as JSON lines or "
            "CSV.",
            (406, 422), (_STREAM,), _streaming,
        ),
    ),
    Route(
        "aggregate", "GET", aggregates.read_aggregate, "/aggregate/",
        Description(
            "aggregate_{rows}", "Add up {rows}",
            "Measures of each group of the rows that match, such as their number and the sum of a "
            "field; as JSON or, by `Accept`, as CSV.",
            (406, 422), (_GROUPS,), aggregate_parameters,
        ),
    ),
    Route(
        "aggregate", "POST", aggregates.read_queried_aggregate, "/aggregate/query/",
        Description(
            "query_aggregate_{rows}", "Add up {rows} by a query",
            "The same for a query that is too long for a URL.",
            (406, 422), (_QUERIED_GROUPS,), _nothing, aggregate_query_schema,
        ),
    ),
    Route(
        "changes", "GET", changes.read_changes, "/changes/",
        Description(
            "follow_{rows}", "Follow {rows}",
            "Changes of the rows that match, in the order of their commits: as a page, which may "
            "be waited for, or by `Accept` as Server-Sent Events.",
            (406, 410, 422), (_CHANGES,), follow_parameters,
        ),
    ),
    Route(
        "read", "GET", reads.read, "/{key}",
        Description(
            "read_{row}", "Read {row}",
            "One row by its key. `If-None-Match` with its `ETag` is answered 304 while the row is "
            "unchanged.",
            (404, 422), (_ROW, _UNCHANGED),
            _reading,
        ),
    ),
    Route(
        "update", "PUT", writes.put, "/{key}",
        Description(
            "update_{row}", "Update {row}",
            "Writes the fields that are given. One that is absent or null stays unchanged.",
            (*_WRITE, 404), (_CHANGED, _MINIMAL), _updating, update_schema,
        ),
    ),
    Route(
        "update", "PATCH", writes.patch, "/{key}",
        Description(
            "patch_{row}", "Patch {row}",
            "Merges a JSON Merge Patch (RFC 7396): null clears a field that may be null.",
            (*_WRITE, 404), (_CHANGED, _MINIMAL), _patching, patch_schema,
        ),
    ),
    Route(
        "delete", "DELETE", writes.delete, "/{key}",
        Description(
            "delete_{row}", "Delete {row}",
            "Deletes a row, and the rows that the model deletes with it; 409 if others still refer "
            "to it.",
            _DELETE, (_NO_CONTENT,), conditional_headers,
        ),
    ),
    Route(
        Past.SHOW, "GET", history.read_history, "/{key}/history/",
        Description(
            "read_{row}_history", "History of {row}",
            "One page of the changes of a row, the latest first; also of a deleted row.",
            (404, 422), (_HISTORY,), history_parameters,
        ),
    ),
    Route(
        Past.REVERT, "POST", history.revert, "/{key}/history/{change_number}/revert",
        Description(
            "revert_{row}", "Revert a change of {row}",
            "Writes back the values from before a change, if the row still has those that the "
            "change wrote. If the change deleted the row, creates it anew or restores it.",
            (400, *_WRITE[1:], 403, 404), (_CHANGED, _CREATED, _MINIMAL), _reverting,
        ),
    ),
    Route(
        Recall.RESTORE, "POST", writes.restore, "/{key}/restore",
        Description(
            "restore_{row}", "Restore {row}",
            "Restores a deleted row, and the rows deleted along with it. 409 if it is not deleted.",
            (*_WRITE, 404), (_CHANGED, _MINIMAL), _patching,
        ),
    ),
    Route(
        Access.LIST, "GET", lists.read_children, "/{key}/{relation}/",
        Description(
            "list_{row}_{children}", "List {rows} of {row}",
            "One page of the rows that belong to a row and match, in a total order.",
            (404, 422), (_PAGE,), list_parameters,
        ),
    ),
    Route(
        Access.AGGREGATE, "GET", aggregates.read_children_aggregate,
        "/{key}/{relation}/aggregate/",
        Description(
            "aggregate_{row}_{children}", "Add up {rows} of {row}",
            "Measures of each group of the rows that belong to a row and match.",
            (404, 406, 422), (_GROUPS,), aggregate_parameters,
        ),
    ),
    Route(
        Access.CREATE, "POST", writes.create_child, "/{key}/{relation}/",
        Description(
            "create_{row}_{child}", "Create {child} of {row}",
            "Stores a row that belongs to another one.",
            (400, 404, 409, 422), (_CREATED,), _creating,
            lambda target: create_schema(target, target.relation),
        ),
    ),
    Route(
        Access.LINK, "PUT", writes.link, "/{key}/{relation}/{other}",
        Description(
            "link_{row}_{child}", "Link {child} to {row}",
            "Links two rows; if they are linked already, nothing changes.",
            (*_WRITE, 404), (_NO_CONTENT,), _linking,
        ),
    ),
    Route(
        Access.LINK, "DELETE", writes.unlink, "/{key}/{relation}/{other}",
        Description(
            "unlink_{row}_{child}", "Unlink {child} from {row}",
            "Removes the link between two rows; if there is none, nothing changes.",
            _DELETE, (_NO_CONTENT,), _linking,
        ),
    ),
)  # fmt: skip
