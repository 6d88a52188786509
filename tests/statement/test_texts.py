"""What some statements compare, as their text has it."""

from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy.dialects.postgresql.asyncpg import dialect as postgresql
from sqlalchemy.dialects.sqlite.aiosqlite import dialect as sqlite
from sqlmodel import col

from modelwire import Policy, Resource, everyone, nobody
from modelwire.catalog.read import read_catalog
from modelwire.plan.reading.keyset import rows_from
from modelwire.plan.reading.plans import ListPlan, plan_list
from modelwire.request.query import parse_query
from modelwire.shape.parts import Keyset
from modelwire.statement.dialects.known import DIALECTS
from modelwire.statement.door import delete_from, update_in
from modelwire.statement.statements import Statements
from tests.access.models import TenantInvoice, me

from .shapes import CATALOG, TABLES

every_dialect = pytest.mark.parametrize("dialect", [sqlite(), postgresql()], ids=lambda d: d.name)


@every_dialect
@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize(
    ("sort", "inclusive", "operator"),
    [
        ("username", False, ">"),
        ("username", True, ">="),
        ("-username,-id", False, "<"),
        ("-username,-id", True, "<="),
        ("id", False, ">"),
        ("id", True, ">="),
        ("-id", False, "<"),
        ("-id", True, "<="),
    ],
)
def test_rows_after(
    dialect: Any, sort: str, operator: str, *, inclusive: bool, backward: bool
) -> None:
    """Terms of one direction are compared at once, and the other way round going back."""
    plan = plan_list(CATALOG, TABLES["users"], parse_query(f"sort={sort}".encode(), 100))
    assert isinstance(plan, ListPlan)
    shape = replace(plan.shape, offset=False, limited=True)
    after = Keyset(("value",) * len(shape.order), inclusive)
    text = Statements(dialect)._render(rows_from(shape, after, backward=backward), lenient=False)
    found = operator.translate(str.maketrans("<>", "><")) if backward else operator
    (condition,) = text.compiled.text.split("WHERE ")[1:]
    assert condition.split("ORDER BY")[0].count(f" {found} ") == 1, condition


POLICIES = {
    "of the caller's rows": (
        Policy(col(TenantInvoice.organisation_id).in_(me.organisation_ids)),
        1,
    ),
    "of rows that may be read and written": (
        Policy(
            col(TenantInvoice.organisation_id).in_(me.organisation_ids),
            write=col(TenantInvoice.id) > 7,
        ),
        2,
    ),
    "of everybody's": (Policy(everyone), 0),
    "of nobody's": (Policy(everyone, write=nobody), 0),
}


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("write", [update_in, delete_from])
def test_writes_are_restricted(dialect: str, write: Any, name: str) -> None:
    """However rows were looked at before, a statement writes what the caller may write, and see."""
    policy, conditions = POLICIES[name]
    resource = Resource(TenantInvoice, policy=policy)
    table = read_catalog([resource], caller=me).tables["access_invoices"]
    _, _, condition = str(write(table, DIALECTS[dialect])).partition("WHERE")
    assert ("organisation_id" in condition) is (conditions > 0)
    assert (".id > " in condition) is (conditions > 1)
