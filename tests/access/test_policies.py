"""Declarations of resources about callers, and those that can't be enforced."""

import json
import re
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import func
from sqlmodel import col

from modelwire import ConfigurationError, FieldPolicy, Policy, Resource, everyone, nobody
from modelwire.access.principal import PrincipalReader
from modelwire.catalog.policies import FieldRules
from modelwire.catalog.read import read_catalog
from modelwire.cli import policies as listing
from modelwire.web.problems import Mounted

from .models import Member, Tenant, TenantInvoice, me

OPEN = Policy(read=everyone)
OWN = col(TenantInvoice.organisation_id).in_(me.organisation_ids)


def table_of(**options: Any) -> Any:
    catalog = read_catalog([Resource(TenantInvoice, **{"policy": OPEN, **options})], caller=me)
    return catalog.tables["access_invoices"]


def test_defaults() -> None:
    """`write` defaults to `read`, and other operations to `write`."""
    policy = table_of(policy=Policy(OWN, write=me.is_admin, delete=nobody)).policy
    assert [policy.condition(a).text for a in ("create", "update", "delete")] == [
        *["me.is_admin"] * 2,
        "nobody",
    ]
    policy = table_of(policy=Policy(OWN)).policy
    assert {policy.condition(a).text for a in ("read", "create", "update", "delete")} == {
        "access_invoices.organisation_id IN me.organisation_ids"
    }
    assert table_of().policy.is_open
    assert not policy.is_open


def test_fields() -> None:
    """The rules of fields are constants, or bools of the caller."""
    fields = {"total": FieldPolicy(read=me.is_admin, write=nobody), "number": FieldPolicy()}
    policy = table_of(policy=Policy(everyone, fields=fields)).policy
    assert policy.fields == {"total": FieldRules("me_is_admin", False), "number": FieldRules()}
    assert policy.rules_of("role") == FieldRules()
    assert not policy.is_open


def test_assigned() -> None:
    """An assigned field is no longer the clients' to send, and has its value for each caller."""
    catalog = read_catalog(
        [
            Resource(
                TenantInvoice,
                policy=OPEN,
                assign_on_create={"created_by_id": me.id, "number": lambda: "N1"},
                assign_on_update={"changed_by_id": me.id},
            )
        ],
        caller=me,
    )
    table = catalog.tables["access_invoices"]
    for schema in (table.schemas.create, table.schemas.update):
        named = {"created_by_id", "changed_by_id", "number"}
        assert not named & schema.model_fields.keys()
        assert schema.model_config["extra"] == "forbid"
    principal = PrincipalReader((), catalog.parameters).read(Member(9))
    policy = table.policy
    assert {k: v.value(principal) for k, v in policy.on_create.items()} == {
        "created_by_id": 9,
        "number": "N1",
    }
    assert policy.on_update["changed_by_id"].value(principal) == 9
    assert [p.name for p in catalog.parameters] == ["me_id"]


class WithCreator(BaseModel):
    created_by_id: int


async def make() -> int:
    return 1


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"policy": None}, "policy=Policy(read=everyone, write=nobody)"),
    ({"policy": everyone}, "policy=True_): should be a Policy"),
    ({"policy": Policy(everyone, fields={"totl": FieldPolicy()})}, "did you mean `total`"),
    ({"policy": Policy(everyone, fields={"id": FieldPolicy(read=nobody)})}, "of the key"),
    (
        {"policy": Policy(everyone, fields={"total": FieldPolicy(read=me.id)})},
        "me.id is not a bool",
    ),
    ({"policy": Policy(everyone, fields={"total": FieldPolicy(read=OWN)})}, "a bool of the caller"),
    ({"policy": Policy(everyone, fields={"total": FieldPolicy(~me.is_admin)})}, "a bool of the"),
    (
        {
            "read_only": ["total"],
            "policy": Policy(everyone, fields={"total": FieldPolicy(write=me.is_admin)}),
        },
        "nobody can set it",
    ),
    ({"assign_on_create": {"creator": me.id}}, "no such field"),
    ({"assign_on_create": {"created_by_id": me.name}}, "and the field is an integer"),
    ({"assign_on_create": {"created_by_id": me.organisation_ids}}, "is a collection of int"),
    ({"assign_on_create": {"number": me.id}}, "the field is a text"),
    ({"assign_on_create": {"number": "N1"}}, "a function without arguments"),
    ({"assign_on_create": {"number": lambda row: row}}, "a function without arguments"),
    ({"assign_on_create": {"created_by_id": make}}, "a function without arguments"),
    ({"assign_on_create": {"issued_at": func.now()}}, "a function without arguments"),
    ({"assign_on_update": {"id": me.id}}, "of the key"),
    ({"assign_on_create": {"number": str}, "writable": ["number"]}, "writable="),
    (
        {"assign_on_create": {"created_by_id": me.id}, "create_schema": WithCreator},
        "WithCreator has it",
    ),
    ({"assign_on_create": ["number"]}, "values by field"),
]


@pytest.mark.parametrize(("options", "fault"), FAULTS)
def test_faults(options: dict[str, Any], fault: str) -> None:
    """A policy that can't be enforced is refused, with what would be right."""
    with pytest.raises(ConfigurationError, match=re.escape(fault)):
        table_of(**options)


def test_without_callers() -> None:
    """Policies that use a caller need one; those that use none do not."""
    for options in (
        {"policy": Policy(OWN)},
        {"policy": Policy(everyone, fields={"total": FieldPolicy(read=me.is_admin)})},
        {"assign_on_create": {"created_by_id": me.id}},
    ):
        with pytest.raises(ConfigurationError, match=r"Give mount\(caller=me\)"):
            read_catalog([Resource(TenantInvoice, **options)])
    table = read_catalog([Resource(TenantInvoice)]).tables["access_invoices"]
    assert table.policy.is_open


def test_listing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every operation, field and assigned value is listed with what is said of it."""
    fields = {"total": FieldPolicy(read=me.is_admin)}
    resource = Resource(
        TenantInvoice,
        policy=Policy(OWN, delete=nobody, fields=fields),
        assign_on_create={"created_by_id": me.id, "number": str},
    )
    catalog = read_catalog([resource], caller=me)

    known = SimpleNamespace(problems=SimpleNamespace(mounted=[Mounted(catalog, catalog, 400)]))

    monkeypatch.setattr(listing, "find_service", lambda _: known)
    lines = listing.list_policies(None)  # type: ignore[arg-type]
    own = "access_invoices.organisation_id IN me.organisation_ids"
    assert [line[1:] for line in lines] == [
        ("read", "", own),
        ("create", "", own),
        ("update", "", own),
        ("delete", "", "nobody"),
        ("read", "total", "me.is_admin"),
        ("write", "total", "everyone"),
        ("assign on create", "created_by_id", "me.id"),
        ("assign on create", "number", "str()"),
    ]
    assert json.dumps([line._asdict() for line in lines])


def test_listing_of_a_condition_on_other_tables() -> None:
    """A subquery is shown as it stands in a statement: it reads no rows of the table itself."""
    behind = col(TenantInvoice.organisation).has(col(Tenant.id) == me.id)
    table = read_catalog([Resource(TenantInvoice, policy=Policy(behind))], caller=me).tables
    assert table["access_invoices"].policy.condition("read").text == (
        "EXISTS (SELECT 1 FROM access_organisations AS policy_access_organisations WHERE "
        "policy_access_organisations.id = access_invoices.organisation_id AND "
        "policy_access_organisations.id = me.id)"
    )
