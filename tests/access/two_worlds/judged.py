"""Permitted outcomes of a request, in plain Python."""

import json
from collections.abc import Iterator
from typing import Any

from .draws import Key
from .requests import Request
from .rows import Row, Rows, find_visible, is_deleted, may
from .served import Told
from .tables import Base, Member

KEYS = {table.name: list(table.primary_key.columns.keys()) for table in Base.metadata.sorted_tables}

TOLD_BY_THE_DATABASE = {"already_exists", "still_referenced"}
"""Codes of unique indexes and foreign keys on rows that nobody may see: they ignore policies."""

GO_ALONG = {
    "notes": {"customer_id": ("customers", "id")},
    "lines": {"invoice_id": ("invoices", "id")},
    "labels": {"customer_id": ("customers", "id"), "tag_code": ("tags", "code")},
    "invoice_tags": {"invoice_id": ("invoices", "id"), "tag_code": ("tags", "code")},
}
"""Columns by which the database or the models remove rows together with others."""


def find_above(request: Request, rows: Rows, who: Member, told: Told) -> str | None:
    """Whether something is found below a row that is not there for the caller."""
    if request.above is None or told.status in (404, 422):
        return None
    key, table = KEYS[request.table], request.table
    above = [row for row in rows[table] if tuple(row[k] for k in key) == request.above]
    is_there = any(may("read", table, row, rows, who) for row in above)
    return None if is_there else "found below a row that is not there"


def find_fault(before: Rows, after: Rows, who: Member, told: Told, expected: Told) -> str | None:
    """Return the fault in a response, or in the rows behind it."""
    if told.status >= 500:
        return "failed"
    if "refused" in codes_of(told):
        return "a trigger is blamed, and there is none"
    if told.status >= 300 and before != after:
        return "refused and done"
    if changed := find_changed(before, after, who):
        return f"changed what is hidden: {changed}"
    if forbidden := list(find_forbidden(before, after, who)):
        return f"did what may not be done: {forbidden}"
    return None if told == expected or is_excused(told, expected) else "answers differ"


def find_misjudged(
    request: Request, named: tuple[Key, ...], rows: Rows, who: Member, told: Told
) -> str | None:
    """Whether an answer is not what may be done to the rows that a request names."""
    if not named or "atomic=false" in request.url or told.status in BEFORE_ROWS:
        return None
    table, action = request.table, "delete" if request.method == "DELETE" else "update"
    by_key = {tuple(row[k] for k in KEYS[table]): row for row in rows[table]}
    found = [by_key[key] for key in named if key in by_key]
    seen = [row for row in found if may("read", table, row, rows, who)]
    if len(seen) < len(named):
        return None if told.status == 404 else "a row that is not there was found"
    allowed = all(may(action, table, row, rows, who) for row in seen)
    if allowed and action == "delete" and told.status == 403:
        return "refused what may be done"
    if not allowed and told.status != 403:
        return "not refused as what may not be done"
    if request.is_mass and told.status == 200 and json.loads(told.body)["affected"] != len(named):
        return "others affected than match"
    return None


BEFORE_ROWS = {400, 422, 428}
"""Statuses of refusals before rows are looked at, or for their number."""


def is_excused(told: Told, expected: Told) -> bool:
    """Whether a database told of a row that is hidden, or misses one in the world without it."""
    codes = codes_of(told) | codes_of(expected)
    return told != expected and not TOLD_BY_THE_DATABASE.isdisjoint(codes)


def codes_of(told: Told) -> set[str]:
    """The codes of the problems in an answer."""
    body: Any = json.loads(told.body) if told.body else {}
    problems = [body, *(item.get("problem", {}) for item in _items_of(body))]
    return {problem["code"] for problem in problems if "code" in problem}


def _items_of(body: Any) -> list[Any]:
    items = body.get("items", ()) if isinstance(body, dict) else ()
    return [item for item in items if isinstance(item, dict)]


def find_changed(before: Rows, after: Rows, who: Member) -> list[Row]:
    """The rows that a caller may not see, and that are no longer as they were."""
    seen = find_visible(before, who)
    hidden = [(t, row) for t, rows in before.items() for row in rows if row not in seen[t]]
    return [
        row for t, row in hidden if row not in after[t] and not _went_along(t, row, before, after)
    ]


def find_forbidden(before: Rows, after: Rows, who: Member) -> Iterator[tuple[str, str, Row]]:
    """Yield changes of rows that their caller may not make."""
    for table, key in KEYS.items():
        was, is_ = ({tuple(r[k] for k in key): r for r in a[table]} for a in (before, after))
        for place in {**was, **is_}:
            old, new = was.get(place), is_.get(place)
            if old == new or (old and not new and _went_along(table, old, before, after)):
                continue
            if old and new and _went_softly(table, old, before, after):
                continue
            action = _action_of(table, old, new)
            if old and not may(action, table, old, before, who):
                yield action, table, old
            if action == "delete":
                continue
            action = "update" if action == "restore" else action
            if new and not may(action, table, new, after, who):
                yield action, table, new
            if old and new and not may("read", table, new, after, who):
                yield action, table, new
            if table == "notes" and new and not old and new["by_id"] != who.id:
                yield "assign", table, new


def _action_of(table: str, old: Row | None, new: Row | None) -> str:
    if not old or not new:
        return "create" if new else "delete"
    was, is_ = is_deleted(table, old), is_deleted(table, new)
    return "update" if was is is_ else "restore" if was else "delete"


def _went_softly(table: str, row: Row, before: Rows, after: Rows) -> bool:
    """Whether an invoice has taken a line along, or brought it back."""
    if table != "lines":
        return False
    found = [[i for i in a["invoices"] if i["id"] == row["invoice_id"]] for a in (before, after)]
    was, is_ = ([is_deleted("invoices", i) for i in invoices] for invoices in found)
    return was != is_


def _went_along(table: str, row: Row, before: Rows, after: Rows) -> bool:
    for column, (parent, key) in GO_ALONG.get(table, {}).items():
        was, is_ = ([r[key] for r in found[parent]] for found in (before, after))
        if row[column] in was and row[column] not in is_:
            return True
    return False
