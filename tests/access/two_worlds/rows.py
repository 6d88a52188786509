"""Rows of several tenants, and which of them a caller may see, told in plain Python."""

import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import Any

from .tables import Member, Mood

Row = dict[str, Any]
Rows = Mapping[str, list[Row]]
"""The rows of each table, by its name."""

ORGANISATIONS = [1, 2, 3, 4]
USERS = [1, 2, 3]
UUIDS = [uuid.UUID(int=i) for i in range(1, 13)]
MOMENTS = [dt.datetime(2024, month, 1, tzinfo=dt.UTC) for month in (1, 5, 9)]
AMOUNTS = [Decimal(text) for text in ("-0.01", "0.00", "1.10", "99.99")]
WORDS = ["", "a", "Ab", "b c", "ß", "null", "%", "a,b", "=1"]
TEXTS = [*WORDS, "red", "Red", "team"]
NUMBERS = list(range(1, 15))
DOCUMENTS: list[Any] = [
    {"a": 1, "b": {"c": "red"}, "tags": ["x", 1]},
    {"a": "red", "b": {"c": None}, "x.y": 0.5},
    {"a": True, "tags": ["z"], "x.y": "Red"},
]
CODES = ["x", "y", "z", "x/y", "Z", "w"]


def draw_caller(random: Random) -> Member:
    """A caller, of none, one or more of the tenants."""
    pick = random.choice
    return Member(
        pick(USERS),
        random.sample(ORGANISATIONS, pick([0, 1, 1, 1, 2, 2])),
        is_admin=pick([True, False]),
        batch=pick([None, *UUIDS[:2]]),
        since=pick([None, *MOMENTS]),
        limit=pick([None, *AMOUNTS]),
        moods=frozenset(random.sample(list(Mood), pick([0, 1, 2]))),
    )


def draw_rows(random: Random) -> Rows:
    """Rows that refer to rows of their own tenant, of others, and of none."""
    pick = random.choice

    def maybe(values: list[Any]) -> Any:
        return pick([None, *values, *values])

    def gone() -> Any:
        return pick([None, None, None, None, None, *MOMENTS])

    def some(values: list[Any]) -> list[Any]:
        return random.sample(values, random.randint(len(values) // 3, len(values)))

    orgs = ORGANISATIONS
    customers, tags, invoices = some(UUIDS), some(CODES), some(NUMBERS)
    return {
        "organisations": [{"id": i, "name": maybe(TEXTS), "parent_id": maybe(orgs)} for i in orgs],
        "memberships": [
            {"organisation_id": i, "user_id": u, "mood": pick(list(Mood))}
            for i, u in some([(i, u) for i in orgs for u in USERS])
        ],
        "countries": [{"code": c, "name": maybe(TEXTS)} for c in CODES[:3]],
        "tags": [
            {
                "code": c,
                "rank": maybe([1, 2, 3]),
                "organisation_id": maybe(orgs),
                "country_code": maybe(CODES[:3]),
            }
            for c in tags
        ],
        "customers": [
            {
                "id": i,
                "name": maybe(TEXTS),
                "is_secret": maybe([True, False, False]),
                "since": maybe(MOMENTS),
                "details": maybe(DOCUMENTS),
                "gone_at": gone(),
                "organisation_id": pick(orgs),
                "country_code": maybe(CODES[:3]),
            }
            for i in customers
        ],
        "labels": [
            {"customer_id": i, "tag_code": c, "batch": maybe(UUIDS[:2])}
            for i, c in some([(i, c) for i in customers for c in tags])
        ],
        "invoices": [
            {
                "id": i,
                "number": f"N{i}",
                "total": maybe(AMOUNTS),
                "issued_at": maybe(MOMENTS),
                "mood": maybe(list(Mood)),
                "is_public": pick([True, False, False]),
                "deleted_at": gone(),
                "organisation_id": pick(orgs),
                "customer_id": maybe(customers),
                "copy_of_id": maybe(invoices),
            }
            for i in invoices
        ],
        "invoice_tags": [
            {"invoice_id": i, "tag_code": c}
            for i, c in some([(i, c) for i in invoices for c in tags])
        ],
        "lines": [
            {"invoice_id": i, "position": p, "text": maybe(TEXTS), "deleted_at": gone()}
            for i, p in some([(i, p) for i in invoices for p in (1, 2, 3)])
        ],
        "audits": [
            {"id": i, "text": maybe(TEXTS), "invoice_id": maybe(invoices)}
            for i in some(NUMBERS[:5])
        ],
        "notes": [
            {
                "id": i,
                "worth": maybe(AMOUNTS),
                "at": maybe(MOMENTS),
                "mood": maybe(list(Mood)),
                "by_id": maybe(USERS),
                "customer_id": pick(customers),
            }
            for i in some(NUMBERS)
        ],
    }


def find_visible(rows: Rows, who: Member) -> Rows:
    """The rows that a caller may see, now or when they ask for deleted ones."""
    return {
        t: [r for r in rows[t] if any(may(a, t, r, rows, who) for a in ("read", "recall"))]
        for t in rows
    }


def find_there(rows: Rows, who: Member) -> Rows:
    """The same, with the lines and the links that may come back with an invoice."""
    seen = find_visible(rows, who)
    back = [line for line in rows["lines"] if who.is_admin and _is_of_own(line, rows, who)]
    ends = {
        "invoice_id": _values("id", seen["invoices"]),
        "tag_code": _values("code", seen["tags"]),
    }
    links = [r for r in rows["invoice_tags"] if all(r[name] in ends[name] for name in ends)]
    return {**seen, "lines": back or seen["lines"], "invoice_tags": links}


def _values(name: str, rows: Sequence[Row]) -> set[Any]:
    return {row[name] for row in rows}


def _is_of_own(line: Row, rows: Rows, who: Member) -> bool:
    owners = {invoice["id"]: invoice["organisation_id"] for invoice in rows["invoices"]}
    return owners.get(line["invoice_id"]) in who.organisation_ids


MARKS = {"customers": "gone_at", "invoices": "deleted_at", "lines": "deleted_at"}
"""The columns that say since when a row is deleted."""


def is_deleted(table: str, row: Row) -> bool:
    return table in MARKS and row.get(MARKS[table]) is not None


def may(action: str, table: str, row: Row, rows: Rows, who: Member) -> bool:
    """Whether a caller may do something to a row, as the policies of the tables have it in words.

    Args:
        action: What is done: `read`, `create`, `update` or `delete`; of a row that is deleted, only
            `recall`, to see it, or `restore`.
        table: Its table.
        row: The row, as it is before or after that.
        rows: All rows, as they are then.
        who: The caller.
    """
    if action in ("recall", "restore"):
        recalls = who.is_admin and table in ("invoices", "lines") and is_deleted(table, row)
        asked = ("read",) if action == "recall" else ("read", "update")
        return recalls and all(_MAY[table](name, row, rows, who) for name in asked)
    if action != "create" and is_deleted(table, row):
        return False
    return _MAY[table](action, row, rows, who)


def _is_own(row: Row, who: Member) -> bool:
    return row["organisation_id"] in who.organisation_ids


def _may_organisation(action: str, row: Row, _: Rows, who: Member) -> bool:
    if action == "delete":
        return False
    return row["id"] in who.organisation_ids if action == "read" else who.is_admin


def _may_membership(action: str, row: Row, _: Rows, who: Member) -> bool:
    if action == "read":
        return _is_own(row, who) or row["user_id"] == who.id
    return _is_own(row, who) and who.is_admin


def _may_tag(_: str, row: Row, rows: Rows, who: Member) -> bool:
    return row["organisation_id"] in {
        member["organisation_id"] for member in rows["memberships"] if member["user_id"] == who.id
    }


def _may_customer(_: str, row: Row, __: Rows, who: Member) -> bool:
    return _is_own(row, who) and (row["is_secret"] is False or who.is_admin)


def _may_invoice(action: str, row: Row, _: Rows, who: Member) -> bool:
    if action == "read" and row["is_public"]:
        return True
    also = {"update": row["mood"] != Mood.ODD, "delete": who.is_admin}
    return _is_own(row, who) and also.get(action, True)


def _may_line(_: str, row: Row, rows: Rows, who: Member) -> bool:
    there = [i["id"] for i in rows["invoices"] if not is_deleted("invoices", i)]
    return row["invoice_id"] in there and _is_of_own(row, rows, who)


def _may_note(action: str, row: Row, _: Rows, who: Member) -> bool:
    if action != "create":
        return _sees_note(row, who)
    return row["worth"] is None or (who.limit is not None and row["worth"] <= who.limit)


_MAY: Mapping[str, Callable[[str, Row, Rows, Member], bool]] = {
    "organisations": _may_organisation,
    "memberships": _may_membership,
    "countries": lambda action, _, __, who: action == "read" or who.is_admin,
    "tags": _may_tag,
    "customers": _may_customer,
    "labels": lambda _, row, __, who: row["batch"] is None or row["batch"] == who.batch,
    "invoices": _may_invoice,
    "lines": _may_line,
    "audits": lambda *_: False,
    "notes": _may_note,
    "invoice_tags": lambda action, row, rows, who: _sees_link(row, rows, who, action),
}


def _sees_link(link: Row, rows: Rows, who: Member, action: str) -> bool:
    """Both ends are seen, and one of them may be changed where the link is."""
    invoices = [r for r in rows["invoices"] if r["id"] == link["invoice_id"]]
    tags = [r for r in rows["tags"] if r["code"] == link["tag_code"]]
    ends = [("invoices", r) for r in invoices] + [("tags", r) for r in tags]

    def count(wanted: str) -> int:
        return sum(may(wanted, table, row, rows, who) for table, row in ends)

    return count("read") == len(("invoice", "tag")) and (action == "read" or count("update") > 0)


def _sees_note(note: Row, who: Member) -> bool:
    worth, at, mood = note["worth"], note["at"], note["mood"]
    is_cheap = worth is not None and who.limit is not None and worth <= who.limit
    is_new = at is not None and who.since is not None and at >= who.since
    # Where nothing is listed, NULL is not in it either.
    is_other = not who.moods or (mood is not None and mood not in who.moods)
    return (is_cheap or is_new) and is_other
