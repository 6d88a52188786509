"""SQL of an application's own statements, as a caller runs them: `callers.txt` has the cases."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from sqlalchemy import delete, exists, insert, select, update
from sqlalchemy.dialects.postgresql.asyncpg import dialect as postgresql
from sqlalchemy.dialects.sqlite.aiosqlite import dialect as sqlite
from sqlmodel import col

from modelwire import Policy, Resource, everyone
from modelwire.access.principal import Principal
from modelwire.catalog.read import read_catalog
from modelwire.catalog.tables import Catalog
from modelwire.errors import ConfigurationError
from modelwire.shape.parts import Lock
from modelwire.statement.caller_door import ASKING, Asking, CallerDoor, Served, reads_rows
from modelwire.statement.dialects.known import DIALECTS
from tests.access import own_models as own
from tests.access.own_models import OwnInvoice as Invoice
from tests.access.own_models import OwnLine as Line
from tests.access.own_models import OwnTag as Tag
from tests.access.own_models import OwnTagLink as TagLink
from tests.plan.cases import cases
from tests.plan.depot import DEPOT, Letter
from tests.plan.described import CATALOG as ZOO
from tests.plan.described import OWN, SPACED
from tests.statement.test_sql import shorten

CATALOGS = (OWN, ZOO, DEPOT, SPACED)
DRIVERS = {"sqlite": sqlite(), "postgresql": postgresql()}
DOORS = {name: CallerDoor(CATALOGS, DIALECTS[name]) for name in DRIVERS}
ANN = {"me_orgs": (1, 2), "me_id": 1, "me_is_admin": False}
crate_labels = DEPOT.tables["labels"].sql.metadata.tables["crate_labels"]
TAGGED = exists().where(col(TagLink.tag_id) == Tag.id)


def served(name: str) -> Served:
    return next(Served(c, c.tables[name]) for c in CATALOGS if name in c.tables)


def asking(*, changes: bool = False) -> Asking:
    return Asking({OWN: Principal(None, ANN, (1,))}, changes)


Build = Callable[[CallerDoor], Any]

STATEMENTS: Mapping[str, Build] = {
    "invoices": lambda _: select(col(Invoice.id)),
    "lines of invoices": lambda _: select(col(Line.id)).join(Invoice),
    "tags with links": lambda _: select(col(Tag.id)).where(TAGGED),
    "countries": lambda _: select(own.OwnCountry),
    "links of the zoo": lambda _: select(ZOO.tables["memberships"].sql.c.group_id),
    "links of the depot": lambda _: select(crate_labels.c.label),
    "update": lambda _: update(Invoice).values(status="x").where(TAGGED),
    "delete": lambda _: delete(Invoice),
    "invoices to update": lambda door: door.select_to_change(
        served("own_invoices"),
        OWN.tables["own_invoices"].key_columns,
        col(Invoice.number) == "a",
        Lock.CHANGE,
        "update",
    ),
    "invoices to delete": lambda door: door.select_to_change(
        served("own_invoices"),
        OWN.tables["own_invoices"].key_columns,
        None,
        Lock.REMOVE,
        "delete",
    ),
    "cities to delete": lambda door: door.select_to_change(
        served("cities"), ZOO.tables["cities"].key_columns, None, Lock.REMOVE, "delete"
    ),
    "among invoices": lambda door: delete(Invoice).where(
        door.write_among(served("own_invoices"), [(1,), (2,)])
    ),
    "among cities": lambda door: delete(ZOO.tables["cities"].sql).where(
        door.write_among(served("cities"), [("NL", "a"), ("DE", "b")])
    ),
}


@pytest.mark.parametrize(("case", "expected"), cases(__name__))
def test_statements_of_callers(case: str, expected: Sequence[str]) -> None:
    """A statement has this text on each database, and these values in the order of its
    parameters."""
    assert list(plan(case)) == expected


def plan(case: str) -> Iterator[str]:
    """Tell a statement as a caller runs it."""
    token = ASKING.set(asking(changes=True))
    try:
        for name, door in DOORS.items():
            compiled = STATEMENTS[case](door).compile(dialect=door.dialect_of(DRIVERS[name]))
            yield f"{name}: {shorten(str(compiled))}"
            if values := compiled.params:
                yield f"  with {', '.join(f'{name}={value!r}' for name, value in values.items())}"
    finally:
        ASKING.reset(token)


def test_every_statement_has_a_case() -> None:
    assert {param.values[0] for param in cases(__name__)} == set(STATEMENTS)


def test_dialects_are_made_once() -> None:
    door = DOORS["sqlite"]
    made = door.dialect_of(DRIVERS["sqlite"])
    assert made is not DRIVERS["sqlite"]
    assert door.dialect_of(DRIVERS["sqlite"]) is door.dialect_of(made) is made


def test_rows_are_found_once() -> None:
    door = CallerDoor([OWN], DIALECTS["sqlite"])
    for name in ("own_invoices", "own_countries"):
        table = OWN.tables[name].sql
        assert door.rows_of(table) is door.rows_of(table)
    assert door.rows_of(OWN.tables["own_countries"].sql) is None


def test_tables_without_a_policy() -> None:
    door = DOORS["sqlite"]
    audit = own.OwnAudit.__table__  # type: ignore[attr-defined]
    assert door.serves(audit) is None
    for find in (door.find, door.rows_of):
        with pytest.raises(ConfigurationError, match="own_audit: the session of a caller reads"):
            find(audit)


def catalog(**options: Any) -> Catalog:
    return read_catalog([Resource(own.OwnCountry, **options)], caller=own.me)


def test_several_mounts_of_a_table() -> None:
    """Their rules are the same objects; equal ones may be meant otherwise."""
    policy, other = Policy(everyone), Policy(everyone)
    sql = own.OwnCountry.__table__  # type: ignore[attr-defined]
    assigned = {"name": lambda: "x"}
    alike = [catalog(policy=policy, assign_on_update=assigned) for _ in range(3)]
    found = CallerDoor(alike, DIALECTS["sqlite"]).serves(sql)
    assert found is not None
    assert found.catalog is alike[0]
    for options in (
        {"policy": other, "assign_on_update": assigned},
        {"policy": policy},
        {"policy": policy, "assign_on_update": {"name": lambda: "x"}},
        {"policy": policy, "assign_on_create": assigned},
        {"policy": policy, "assign_on_create": assigned, "assign_on_update": assigned},
    ):
        for catalogs in ([*alike, catalog(**options)], [catalog(**options), *alike]):
            with pytest.raises(ConfigurationError, match="own_countries: it is mounted more"):
                CallerDoor(catalogs, DIALECTS["sqlite"]).serves(sql)


def test_mounts_that_delete_otherwise() -> None:
    policy = Policy(everyone)
    catalogs = [
        read_catalog([Resource(Letter, policy=policy, soft_delete=mark)], caller=own.me)
        for mark in ("gone_at", None)
    ]
    with pytest.raises(ConfigurationError, match="letters: it is mounted more than once"):
        CallerDoor(catalogs, DIALECTS["sqlite"]).serves(catalogs[0].tables["letters"].sql)


def test_changes_are_checked_first() -> None:
    """Only a statement of its own, of which the session has checked the rows, changes any."""
    door = DOORS["sqlite"]
    dialect = door.dialect_of(DRIVERS["sqlite"])
    token = ASKING.set(asking())
    with pytest.raises(ConfigurationError, match="as statements of their own"):
        delete(Invoice).compile(dialect=dialect)
    ASKING.reset(token)
    token = ASKING.set(asking(changes=True))
    delete(Invoice).compile(dialect=dialect)
    part = delete(Invoice).returning(col(Invoice.id)).cte()
    with pytest.raises(ConfigurationError, match="not as parts of other statements"):
        select(part).compile(dialect=dialect)
    with pytest.raises(ConfigurationError, match="writes new rows as objects"):
        insert(Invoice).compile(dialect=dialect)
    ASKING.reset(token)


def test_what_values_are_never_asked_for() -> None:
    """A statement without a caller fails, instead of comparing with nothing."""
    door = DOORS["sqlite"]
    compiled = select(col(Invoice.id)).compile(dialect=door.dialect_of(DRIVERS["sqlite"]))
    with pytest.raises(LookupError):
        assert compiled.params


@pytest.mark.parametrize(
    ("value", "reads"),
    [
        (1, False),
        (col(Invoice.cost) + 1, False),
        (col(Line.text), True),
        (col(Invoice.cost) + col(Line.id), True),
        (select(col(Line.id)).scalar_subquery(), True),
        (select(col(Invoice.id)).scalar_subquery() + 1, True),
    ],
)
def test_values_that_read_rows(value: Any, *, reads: bool) -> None:
    assert reads_rows(value, OWN.tables["own_invoices"].sql) is reads
