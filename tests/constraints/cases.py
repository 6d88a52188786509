"""The conformance table: what each constraint refuses, and how the answer says so."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
Stored = Sequence[tuple[str, Row]]

ONLY_POSTGRESQL = ("postgresql",)
BOTH = ("sqlite", "postgresql")

# Of each resource: a row that nothing is wrong with, different from that of any other number.
VALID: Mapping[str, Callable[[int], Row]] = {
    "accounts": lambda n: {
        "username": f"u{n}", "email": f"e{n}", "handle": f"h{n}", "first_name": f"f{n}",
        "city": f"c{n}", "nickname": f"n{n}", "area": f"a{n}", "badge": n, "fullName": f"l{n}",
        "zip_code": f"z{n}",
    },
    "measures": lambda _: {},
    "counters": lambda _: {},
    "values": lambda _: {},
    "teams": lambda _: {},
    "matches": lambda _: {},
    "tickets": lambda _: {"team_id": 1},
    "regions": lambda n: {"country": "de", "name": f"r{n}"},
    "towns": lambda _: {"country": "de", "region": "r1"},
    "nodes": lambda n: {"code": f"n{n}"},
    "steps": lambda n: {"code": f"s{n}"},
    "plates": lambda n: {"number": f"p{n}"},
    "cars": lambda _: {},
    "a_stickers": lambda _: {},
    "albums": lambda n: {"code": f"a{n}"},
    "a_songs": lambda n: {"code": f"s{n}"},
    "plays": lambda _: {"song": "s1"},
    "a_covers": lambda _: {},
    "sleeves": lambda _: {"album": "a1"},
    "orders": lambda n: {"group": f"g{n}", "select": f"s{n}"},
    "order-items": lambda n: {"lineNo": n},
    "order_where": lambda n: {"tag": f"tag{n}"},
    "invoices": lambda n: {"cancellation_grace_period_in_days": n},
    "bookings": lambda n: {"starts": 10 * n, "ends": 10 * n + 5},
    "guarded": lambda n: {"name": f"n{n}"},
    "quarantined": lambda n: {"name": f"n{n}"},
}  # fmt: skip


@dataclass(frozen=True)
class Refused:
    """A row that a constraint refuses, however it is written.

    Args:
        path: The resource.
        wrong: What of the row is wrong; the rest of it is valid.
        status: The status of the answer.
        code: Its code, and that of each fault.
        detail: Its detail.
        fields: The fields that its faults point at; at the whole row, if none.
        stored: Rows that are there before.
        fault: The code of each fault, where that is finer.
        dialects: The databases that have the constraint.
    """

    path: str
    wrong: Row
    status: int
    code: str
    detail: str
    fields: Sequence[str] = ()
    stored: Stored = ()
    fault: str = ""
    dialects: Sequence[str] = BOTH

    def faults_at(self, place: str) -> list[tuple[str, str]]:
        """The pointer and the code of each fault of a row that stands at a place in the body."""
        pointers = [f"{place}/{name}" for name in self.fields] or [place]
        return [(pointer, self.fault or self.code) for pointer in pointers]


def taken(path: str, wrong: Row, detail: str, *fields: str, **options: Any) -> Refused:
    """A row that clashes with one that is stored, which has the same of what is wrong."""
    row = {**VALID[path](1), **wrong, **options.pop("other", {})}
    stored = (*options.pop("before", ()), (path, row))
    return Refused(path, wrong, 400, "already_exists", detail, fields, stored, **options)


def check(path: str, wrong: Row, detail: str, *fields: str, **options: Any) -> Refused:
    """A row that a check refuses."""
    return Refused(path, wrong, 422, "check", detail, fields, **options)


def missing(path: str, wrong: Row, detail: str, *fields: str, **options: Any) -> Refused:
    """A row whose parent is missing."""
    return Refused(path, wrong, 400, "parent_not_found", detail, fields, **options)


ONE = "has a value that a check refuses"
MANY = "have values that a check refuses together"
REGION: Stored = (("regions", {"country": "de", "name": "r1"}),)
TEAM: Stored = (("teams", {}),)
SONG: Stored = (("a_songs", {"code": "s1"}),)

ROWS: Mapping[str, Refused] = {
    # Unique values.
    "unique column": taken("accounts", {"username": "x"}, "Username already exists", "username"),
    "unique index": taken("accounts", {"email": "x"}, "Email already exists", "email"),
    "unique index by field": taken("accounts", {"handle": "x"}, "Handle already exists", "handle"),
    "unnamed, two columns": taken(
        "accounts", {"first_name": "x", "last_name": "y"},
        "First name and last name already exist together", "first_name", "last_name",
    ),
    "named, two columns": taken(
        "accounts", {"city": "x", "street": "y"},
        "City and street already exist together", "city", "street",
    ),
    "expression": taken(
        "accounts", {"nickname": "ANN"}, "Nickname already exists", "nickname",
        other={"nickname": "ann"},
    ),
    "two expressions": taken(
        "accounts", {"area": "X", "plot": "y"},
        "Area and plot already exist together", "area", "plot", other={"area": "x"},
    ),
    "partial": taken("accounts", {"slot": 5}, "Slot already exists", "slot"),
    "deferred unique": taken("accounts", {"badge": 99}, "Badge already exists", "badge"),
    "alias": taken("accounts", {"fullName": "x"}, "Full name already exists", "fullName"),
    "column of another name": taken(
        "accounts", {"zip_code": "x"}, "Zip code already exists", "zip_code"
    ),
    "reserved word": taken("orders", {"select": "x"}, "Select already exists", "select"),
    "capitals and spaces": taken(
        "order-items", {"lineNo": 77, "order": "g1"},
        "Line no and order already exist together", "lineNo", "order",
        before=(("orders", {"group": "g1", "select": "x"}),),
    ),
    "long names": taken(
        "invoices", {"cancellation_grace_period_in_days": 5, "country": "y"},
        "Cancellation grace period in days and country already exist together",
        "cancellation_grace_period_in_days", "country",
    ),
    "key": taken("nodes", {"code": "n1"}, "Code already exists", "code"),
    "composite key": taken(
        "regions", {"country": "de", "name": "r1"},
        "Country and name already exist together", "country", "name",
    ),
    "key of a reserved word": taken("orders", {"group": "g1"}, "Group already exists", "group"),
    # Checks.
    "unnamed check": check("measures", {"length": 0}, f"Length {ONE}", "length"),
    "check of words": check("measures", {"status": "none"}, f"Status {ONE}", "status"),
    "named check": check("measures", {"kind": "0123456789"}, f"Kind {ONE}", "kind"),
    "check of two columns": check("measures", {"low": 10}, f"Low and high {MANY}", "low", "high"),
    "another of two columns": check(
        "measures", {"first": 10}, f"First and last {MANY}", "first", "last"
    ),
    "check of a capital": check("measures", {"quantity": 0}, f"Quantity {ONE}", "quantity"),
    "check of a space": check("measures", {"unitPrice": -1}, f"Unit price {ONE}", "unitPrice"),
    "check with a cast": check("measures", {"ratio": 100}, f"Ratio {ONE}", "ratio"),
    "check of the same name": check("counters", {"ticks": 0}, f"Ticks {ONE}", "ticks"),
    "check built of columns": check(
        "counters", {"laps": 9}, f"Laps and ticks {MANY}", "laps", "ticks"
    ),
    "check of a reserved word": check("orders", {"where": 0}, f"Where {ONE}", "where"),
    "check of a table with spaces": check(
        "order-items", {"lineNo": -5}, f"Line no {ONE}", "lineNo"
    ),
    "check of a longer name": check("order_where", {"tag": "a"}, f"Tag {ONE}", "tag"),
    "check of a long name": check(
        "invoices", {"cancellation_grace_period_in_days": 0},
        f"Cancellation grace period in days {ONE}", "cancellation_grace_period_in_days",
    ),
    "check of long names": check(
        "invoices", {"cancellation_grace_period_in_days": 1000},
        "Cancellation grace period in days and cancellation grace period at most " + MANY,
        "cancellation_grace_period_in_days", "cancellation_grace_period_at_most",
    ),
    # What a column can't hold.
    "not null": Refused(
        "values", {"label": None}, 422, "not_null", "Label can't be null", ["label"]
    ),
    "not null by its alias": Refused(
        "values", {"theNote": None}, 422, "not_null", "The note can't be null", ["theNote"]
    ),
    "length": Refused(
        "values", {"short": "123456"}, 422, "too_long", "Short should have at most 5 characters",
        ["short"],
    ),
    "length by the schema": Refused(
        "values", {"brief": "123456"}, 422, "invalid",
        "brief: String should have at most 5 characters", ["brief"], fault="string_too_long",
    ),
    "16 bits": Refused(
        "values", {"small": 2**15}, 422, "out_of_range", "Small should be from -32768 to 32767",
        ["small"],
    ),
    "32 bits": Refused(
        "values", {"number": -(2**31) - 1}, 422, "out_of_range",
        "Number should be from -2147483648 to 2147483647", ["number"],
    ),
    "digits": Refused(
        "values", {"price": "1000"}, 422, "out_of_range",
        "Price should have at most 3 digits before the point", ["price"],
    ),
    "digits after the point": Refused(
        "values", {"price": "0.125"}, 422, "out_of_range",
        "Price should have at most 2 digits after the point", ["price"],
    ),
    "enum": Refused(
        "values", {"color": "RED"}, 422, "invalid", "color: should be 'red' or 'blue'", ["color"],
        fault="enum",
    ),
    # Parents.
    "parent": missing("matches", {"home_id": 9}, "Team not found", "home_id"),
    "parent by an alias": missing("matches", {"awayId": 9}, "Team not found", "awayId"),
    "one of two parents": missing(
        "matches", {"home_id": 1, "awayId": 9}, "Team not found", "awayId", stored=TEAM
    ),
    "deferred": missing("tickets", {"team_id": 9}, "Team not found", "team_id", stored=TEAM),
    "composite": missing(
        "towns", {"country": "at", "region": "r9"}, "Region not found", "country", "region",
        stored=REGION,
    ),
    "composite in part": missing(
        "towns", {"region": "r9"}, "Region not found", "country", "region", stored=REGION
    ),
    "the other part": missing(
        "towns", {"country": "at"}, "Region not found", "country", "region", stored=REGION
    ),
    "self": missing("nodes", {"parent_code": "none"}, "Node not found", "parent_code"),
    "deferred self": missing("steps", {"next_code": "none"}, "Step not found", "next_code"),
    "no key": missing("cars", {"plate": "none"}, "Plate not found", "plate"),
    "cascading": missing("a_songs", {"album": "none"}, "Album not found", "album"),
    "parent of a reserved word": missing("order-items", {"order": "x"}, "Order not found", "order"),
    # Exclusion, triggers.
    "exclusion": Refused(
        "bookings", {"starts": 503, "ends": 504}, 400, "already_exists",
        "Starts and ends conflict with another row", ["starts", "ends"],
        [("bookings", {"starts": 500, "ends": 505})], dialects=ONLY_POSTGRESQL,
    ),
    "trigger": Refused(
        "guarded", {"name": "bad"}, 422, "refused", "The database refused the row"
    ),
    "trigger with a code": Refused(
        "guarded", {"name": "worse"}, 422, "refused", "The database refused the row"
    ),
    "trigger with the database's code": Refused(
        "guarded", {"name": "worst"}, 422, "refused", "The database refused the row"
    ),
    "trigger that passes over": Refused(
        "guarded", {"name": "ignored"}, 422, "refused", "The database refused the row"
    ),
    "what a trigger writes": Refused(
        "quarantined", {"name": "x"}, 400, "already_exists", "The row already exists",
        stored=[("quarantined", {"name": "x"})],
    ),
}  # fmt: skip
"""Rows that are refused, by what refuses them."""
