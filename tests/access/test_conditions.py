"""Conditions of policies: written of any alias they mean what they mean of the table itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import (
    Boolean,
    Connection,
    bindparam,
    create_engine,
    exists,
    func,
    literal_column,
    not_,
    or_,
    select,
    text,
    true,
    tuple_,
)
from sqlalchemy import insert as sql_insert
from sqlalchemy import update as sql_update
from sqlalchemy.orm import aliased
from sqlmodel import SQLModel

from modelwire import Caller, ConfigurationError, everyone, nobody
from modelwire.access.principal import PrincipalReader
from modelwire.catalog.conditions import Condition
from modelwire.catalog.reading.condition_reader import ConditionReader
from modelwire.catalog.reading.parameters import Parameters
from modelwire.statement.dialects.known import DIALECTS

from .models import Member, Role, me, read_member
from .models import Tenant as Organisation
from .models import TenantInvoice as Invoice
from .models import TenantMembership as Membership

INVOICES = Invoice.__table__
TABLES = [INVOICES, Membership.__table__, Organisation.__table__]
Other = aliased(Invoice)
Mine = aliased(Membership)

MEMBER = Member(
    2, organisation_ids=[1, 3], name="B", is_admin=True, role=Role.OWNER, limit=Decimal(20)
)

CONDITIONS: dict[str, Any] = {
    "column": Invoice.organisation_id == me.id,
    "reversed": me.id == Invoice.organisation_id,
    "list": Invoice.organisation_id.in_(me.organisation_ids),
    "not in list": Invoice.organisation_id.not_in(me.organisation_ids),
    "negated list": ~Invoice.organisation_id.in_(me.organisation_ids),
    "flag": Invoice.is_public,
    "caller's flag": me.is_admin,
    "caller's negated flag": ~me.is_admin,
    "property": me.is_owner & Invoice.is_public,
    "enum": Invoice.role == me.role,
    "enum of the caller": me.role == Role.OWNER,
    "enum in literals": me.role.in_([Role.OWNER, Role.VIEWER]) & Invoice.is_public,
    "enums": Invoice.role.in_(me.roles),
    "decimal": Invoice.total <= me.limit,
    "null": Invoice.organisation_id == me.home_id,
    "null is": me.home_id.is_(None) & Invoice.is_public,
    "literals": Invoice.number.in_(["A", "C"]),
    "no literals": or_(Invoice.number.in_([]), Invoice.is_public),
    "not in no literals": Invoice.number.not_in([]),
    "function": func.lower(Invoice.number) == func.lower(me.name),
    "has": Invoice.organisation.has(Organisation.owner_id == me.id),
    "has, of the row": Invoice.organisation.has(Organisation.owner_id == Invoice.copy_of_id),
    "any": Invoice.organisation.has(
        Organisation.memberships.any((Membership.user_id == me.id) & (Membership.role == me.role))
    ),
    "any, back": Invoice.organisation.has(Organisation.invoices.any(Invoice.is_public)),
    "in subquery": Invoice.organisation_id.in_(
        select(Membership.organisation_id).where(Membership.user_id == me.id)
    ),
    "in its own table": Invoice.id.in_(select(Invoice.copy_of_id).where(Invoice.is_public)),
    "in an alias": Invoice.id.in_(select(Other.copy_of_id).where(Other.is_public)),
    "exists": exists().where(
        Membership.organisation_id == Invoice.organisation_id, Membership.user_id == me.id
    ),
    "alias exists": exists().where(
        Mine.organisation_id == Invoice.organisation_id, Mine.user_id == me.id
    ),
    "exists within": exists().where(
        Organisation.id == Invoice.organisation_id,
        exists()
        .where(Mine.organisation_id == Organisation.id, Mine.user_id == Invoice.copy_of_id)
        .correlate(INVOICES, Organisation.__table__),
    ),
    "join": Invoice.organisation_id.in_(
        select(Membership.organisation_id)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(Membership.user_id == me.id, Organisation.name == me.name)
    ),
    "own join": Invoice.id.in_(
        select(Invoice.copy_of_id)
        .join(Organisation, Organisation.id == Invoice.organisation_id)
        .where(Organisation.owner_id == me.id)
    ),
    "subquery": Invoice.organisation_id.in_(
        select(select(Organisation).where(Organisation.owner_id == me.id).subquery().c.id)
    ),
    "union": Invoice.organisation_id.in_(
        select(Organisation.id)
        .where(Organisation.owner_id == me.id)
        .union(select(Membership.organisation_id).where(Membership.user_id == me.id))
    ),
    "scalar": select(func.count())
    .select_from(Membership)
    .where(Membership.organisation_id == Invoice.organisation_id)
    .scalar_subquery()
    > 1,
    "not": not_(Invoice.organisation_id.in_(me.organisation_ids) | Invoice.is_public),
}


def reader(caller: Caller | None = me, dialect: str = "sqlite") -> ConditionReader:
    record = DIALECTS[dialect]
    return ConditionReader(INVOICES, caller, Parameters(record), record)


@pytest.fixture(scope="module")
def connection() -> Any:
    engine = create_engine("sqlite://", enable_from_linting=False)
    SQLModel.metadata.create_all(engine, tables=TABLES)
    with engine.connect() as connection:
        rows = [{"id": i, "name": "ABCD"[i - 1], "owner_id": i % 3} for i in range(1, 5)]
        connection.execute(sql_insert(Organisation), rows)
        members = [(1, 1, "OWNER"), (1, 2, "VIEWER"), (3, 2, "OWNER"), (4, 3, "OWNER")]
        for organisation, user, role in members:
            values = {"organisation_id": organisation, "user_id": user, "role": Role[role]}
            connection.execute(sql_insert(Membership).values(values))
        for i in range(1, 25):
            connection.execute(
                sql_insert(Invoice).values(
                    id=i,
                    organisation_id=i % 5 or None,
                    copy_of_id=(i * 7) % 11 or None,
                    number="ABCDb"[i % 5],
                    total=Decimal(i),
                    is_public=i % 3 == 0,
                    role=Role.OWNER if i % 4 else Role.VIEWER,
                )
            )
        yield connection


def values_of(condition: Condition) -> dict[str, Any]:
    principal = PrincipalReader((), condition.parameters).read(MEMBER)
    return {n: list(v) if isinstance(v, tuple) else v for n, v in principal.values.items()}


def rows_by(connection: Connection, source: Any, condition: Any, values: Any) -> Sequence[Any]:
    query = select(source.c.id).where(condition).order_by(source.c.id)
    return connection.execute(query, values).scalars().all()


@pytest.mark.parametrize("name", CONDITIONS)
def test_condition(connection: Connection, name: str) -> None:
    """It holds of the same rows as of the table itself, by every way to write it."""
    given = CONDITIONS[name]
    condition = reader().read(given, "Invoice")
    values = values_of(condition)
    plain = {n.partition("__")[0]: value for n, value in values.items()}
    expected = rows_by(connection, INVOICES, given, plain)
    alias = INVOICES.alias("a")
    assert rows_by(connection, INVOICES, condition.on(INVOICES), values) == expected
    assert rows_by(connection, alias, condition.on(alias), values) == expected
    # Within a query that reads every table the condition reads, and the invoices once more.
    around = select(Organisation.id, Membership.user_id, INVOICES.c.id)
    beside = (
        select(alias.c.id)
        .select_from(alias, around.correlate(None).subquery())
        .where(Organisation.id == 1, Membership.user_id == 1, INVOICES.c.id == 1)
        .where(condition.on(alias))
        .distinct()
        .order_by(alias.c.id)
    )
    assert connection.execute(beside, values).scalars().all() == expected
    # Of the rows that a statement changes.
    changed = sql_update(Invoice.__table__).values(number=INVOICES.c.number)
    result = connection.execute(changed.where(condition.on(INVOICES)), values)
    assert result.rowcount == len(expected)
    assert condition.constant is None
    assert condition.of_row is (
        name not in ("caller's flag", "caller's negated flag", "enum of the caller")
    )
    assert condition.text
    reader(dialect="postgresql").read(given, "Invoice")


def test_some_conditions_tell_rows_apart(connection: Connection) -> None:
    """The data is such that most conditions hold of some rows, and not of others."""
    found = set()
    for given in CONDITIONS.values():
        condition = reader().read(given, "Invoice")
        found.add(len(rows_by(connection, INVOICES, condition.on(INVOICES), values_of(condition))))
    assert len(found) > 10


def test_constants() -> None:
    """Conditions for everyone and for no one are recognised as such."""
    for given, constant in ((everyone, True), (nobody, False)):
        condition = reader().read(given, "Invoice")
        assert (condition.constant, condition.of_row, condition.parameters) == (constant, False, ())


def test_parameters() -> None:
    """One attribute is one parameter, unless columns of several types are compared with it."""
    parameters = Parameters(DIALECTS["sqlite"])
    read = ConditionReader(INVOICES, me, parameters, DIALECTS["sqlite"]).read
    read((Invoice.id == me.id) | (Invoice.created_by_id == me.id), "Invoice")
    read(Invoice.role == me.role, "Invoice")
    read(me.role == Role.OWNER, "Invoice")
    read(Invoice.organisation_id.in_(me.organisation_ids), "Invoice")
    names = [(p.name, p.attribute.is_many) for p in parameters]
    assert names == [
        ("me_id", False),
        ("me_role", False),
        ("me_role__2", False),
        ("me_organisation_ids", True),
    ]


def test_writers() -> None:
    """A statement may write parameters and lists in its own way."""
    condition = reader().read(
        Invoice.organisation_id.not_in(me.organisation_ids) & (Invoice.id == me.id), "Invoice"
    )
    alias = INVOICES.alias("a")
    written = condition.on(
        alias,
        lambda parameter: literal_column(f"<{parameter.name}>"),
        lambda column, parameter: column == func.any(literal_column(f"<{parameter.name}>")),
    )
    assert " ".join(str(written).split()) == (
        "NOT (a.organisation_id = any(<me_organisation_ids>)) AND a.id = <me_id>"
    )


def test_text() -> None:
    """A condition is shown as the SQL that it is, with the caller's attributes by their names."""
    condition = reader().read(
        Invoice.organisation_id.in_(me.organisation_ids) & (Invoice.number == "A'"), "Invoice"
    )
    assert condition.text == (
        "access_invoices.organisation_id IN me.organisation_ids AND access_invoices.number = 'A'''"
    )
    assert reader().read(nobody, "Invoice").text == "nobody"


somebody = Caller(read_member)


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (Organisation.owner_id == me.id, "a column of another table"),
        (Other.id == me.id, "a column of another table"),
        (Invoice.number, "is not a condition"),
        (func.length(Invoice.number), "is not a condition"),
        (Invoice.id + me.id, "is not a condition"),
        ("number = 1", "str is not a condition"),
        (None, "NoneType is not a condition"),
        (True, "write everyone"),
        (False, "write nobody"),
        (text("true"), "is not a condition"),
        (literal_column("1 = 1", Boolean), "is text"),
        (select(Invoice), "is not a condition"),
        (Invoice.id == bindparam("x"), "nothing gives its parameter x a value"),
        (Invoice.id == somebody.id, "not the caller that mount"),
        (Invoice.id == me.organisation_ids, "is a collection"),
        (func.coalesce(me.organisation_ids, 1) == Invoice.id, "is a collection"),
        (Invoice.id.in_(me.id), "is not a collection"),
        (Invoice.number == me.id, "compared with a text"),
        (Invoice.batch == me.name, "compared with a UUID"),
        (Invoice.id == me.name, "compared with an integer"),
        (Invoice.role == me.name, "compared with an enum"),
        (Invoice.is_public == me.id, "compared with a boolean"),
        (tuple_(Invoice.id, Invoice.number).in_([(1, "a")]), "several columns"),
        (
            exists().where(Mine.organisation_id == 1, exists().where(Other.id == Invoice.id)),
            "correlate",
        ),
        (
            Invoice.organisation_id.in_(select(Organisation.id).join(Organisation.invoices)),
            "can't be written as SQL",
        ),
    ],
)
def test_what_is_no_condition(given: object, fault: str) -> None:
    """An unenforceable condition is refused, with its place and what would be right."""
    with pytest.raises(ConfigurationError, match=f"Resource.Invoice.: .*{re.escape(fault)}"):
        reader().read(given, "Invoice")


def test_no_caller() -> None:
    """A condition on the caller needs an application that has one."""
    with pytest.raises(ConfigurationError, match=r"Give mount\(caller=me\)"):
        reader(caller=None).read(Invoice.id == me.id, "Invoice")
    assert reader(caller=None).read(Invoice.is_public, "Invoice").parameters == ()
    assert reader().read(true(), "Invoice").constant
