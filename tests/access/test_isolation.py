"""The test of isolation finds what is planted."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import pytest
from argon2 import PasswordHasher
from fastapi import Depends, FastAPI, Response
from sqlalchemy.orm import aliased
from sqlmodel import col, func, select, update

from examples import invoices as example
from modelwire import (
    CallerSessionDep,
    ConfigurationError,
    Database,
    Policy,
    SessionDep,
    UnitOfWorkDep,
    everyone,
    mount,
    nobody,
    row_of,
)
from modelwire.testing import assert_isolated

from .test_invoices import enter

Plant = Callable[[FastAPI], None]
MODELS = {resource.model: resource for resource in example.RESOURCES}


@pytest.fixture(autouse=True)
def _hash_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(example, "HASHER", quick)


def check(
    tmp_path: Path,
    policies: dict[Any, Policy],
    plant: Plant | None = None,
    computed: Mapping[Any, dict[str, Any]] = MappingProxyType({}),
    **options: Any,
) -> None:
    """Run the test on the example with other policies, with endpoints that are planted in it, and
    with fields that are computed."""
    database = Database(f"sqlite:///{tmp_path}/a.db", metadata=example.Table.metadata)
    app = FastAPI(lifespan=database.lifespan)
    app.include_router(example.routes)
    if plant is not None:
        plant(app)
    resources = [
        replace(
            resource,
            policy=policies.get(model, resource.policy),
            computed=computed.get(model, {}),
        )
        for model, resource in MODELS.items()
    ]
    mount(app, database, *resources, caller=example.me)
    alice, bob = (enter(app, name) for name in ("alice", "bob"))
    assert_isolated(app, alice=alice, bob=bob, **{"unfilled": ["payments"], **options})


def opened(model: Any, **changes: Any) -> dict[Any, Policy]:
    """The policy of a model with some conditions replaced."""
    policy = MODELS[model].policy
    assert policy is not None
    return {model: replace(policy, **changes)}


WRONG: dict[str, tuple[dict[Any, Policy], str]] = {
    "customers": (
        opened(
            example.Customer,
            read=everyone,
            write=nobody,
            create=col(example.Customer.organisation_id).in_(example.me.works_in),
        ),
        "GET /customers",
    ),
    "lines": (opened(example.Line, read=everyone), "GET /lines"),
    "memberships": (opened(example.Membership, read=everyone), "GET /memberships"),
    "tags": (opened(example.Tag, read=everyone), "GET /tags"),
    "organisations": (opened(example.Organisation, read=everyone), "GET /organisations"),
}


@pytest.mark.parametrize("name", WRONG)
def test_finds_wrong_policies(tmp_path: Path, name: str) -> None:
    """A policy that lets others in is found, with the request."""
    policies, request = WRONG[name]
    with pytest.raises(AssertionError, match=f"Bob .*{request}"):
        check(tmp_path, policies)


def leak_list(app: FastAPI) -> None:
    @app.get("/every-customer")
    async def every(session: SessionDep) -> list[str]:
        return list(await session.exec(select(example.Customer.name)))


def leak_count(app: FastAPI) -> None:
    @app.get("/count")
    async def count(session: SessionDep) -> int:
        return (await session.exec(select(func.count()).select_from(example.Tag))).one()


def leak_by_key(app: FastAPI) -> None:
    @app.get("/names/{customer_id}")
    async def name(customer_id: int, session: SessionDep) -> str:
        customer = await session.get(example.Customer, customer_id)
        return customer.name if customer else ""


def leak_by_header(app: FastAPI) -> None:
    @app.get("/tags/{tag_id}/name")
    async def name(tag_id: int, session: SessionDep, response: Response) -> None:
        tag = await session.get(example.Tag, tag_id)
        response.headers["X-Name"] = tag.name if tag else ""


def unguarded_update(app: FastAPI) -> None:
    @app.post("/customers/{customer_id}/rename")
    async def rename(customer_id: int, session: UnitOfWorkDep) -> None:
        customer = await session.get(example.Customer, customer_id)
        if customer is not None:
            customer.name = "renamed"


def unguarded_delete(app: FastAPI) -> None:
    @app.delete("/forget/{tag_id}")
    async def forget(tag_id: int, session: UnitOfWorkDep) -> None:
        tag = await session.get(example.Tag, tag_id)
        if tag is not None:
            await session.delete(tag)


def unguarded_link(app: FastAPI) -> None:
    @app.put("/invoices/{invoice_id}/every-tag")
    async def link(invoice_id: int, session: UnitOfWorkDep) -> None:
        if await session.get(example.Invoice, invoice_id) is not None:
            for tag_id in await session.exec(select(col(example.Tag.id))):
                await session.merge(example.InvoiceTag(invoice_id=invoice_id, tag_id=tag_id or 0))


PLANTED: dict[Plant, str] = {
    leak_list: "GET /every-customer",
    leak_count: "GET /count",
    leak_by_key: "GET /names/1",
    leak_by_header: "GET /tags/1/name",
    unguarded_update: "POST /customers/1/rename",
    unguarded_delete: "DELETE /forget/1",
    unguarded_link: "PUT /invoices/1/every-tag",
}


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_finds_endpoints_that_leak(tmp_path: Path, plant: Plant) -> None:
    """An own endpoint that ignores the caller is found, with the request."""
    with pytest.raises(AssertionError, match=f"Bob .*{PLANTED[plant]}"):
        check(tmp_path, {}, plant)


def ask_for_callers(app: FastAPI) -> None:
    """The same endpoints, in the session of the caller."""

    @app.get("/every-customer")
    async def every(session: CallerSessionDep) -> list[str]:
        return list(await session.exec(select(example.Customer.name)))

    @app.get("/count")
    async def count(session: CallerSessionDep) -> int:
        return (await session.exec(select(func.count()).select_from(example.Tag))).one()

    @app.get("/names/{id}")
    async def name(
        customer: Annotated[example.Customer, Depends(row_of(example.Customer))],
    ) -> str:
        return customer.name

    @app.post("/customers/{customer_id}/rename")
    async def rename(customer_id: int, session: CallerSessionDep) -> None:
        change = update(example.Customer).values(name="renamed")
        await session.exec(change.where(col(example.Customer.id) == customer_id))

    @app.delete("/forget/{id}")
    async def forget(
        tag: Annotated[example.Tag, Depends(row_of(example.Tag, "delete"))],
        session: CallerSessionDep,
    ) -> None:
        await session.delete(tag)


Named = aliased(example.Customer)

COMPUTED: dict[Any, dict[str, Any]] = {
    example.Tag: {
        "customers": select(func.max(Named.name)),
        "mine": example.Tag.id == example.me.id,
    },
    example.Customer: {"loud": example.Customer.name + "!"},
}


def test_computed_fields_and_sessions_of_callers_leak_nothing(tmp_path: Path) -> None:
    """A field computed for Bob is made of what he sees, also in rows that both see; and endpoints
    that leak are found, but not where they use the session of the caller."""
    check(tmp_path, {}, ask_for_callers, computed=COMPUTED)


def test_shared_is_left_out(tmp_path: Path) -> None:
    """Shared resources and paths are named, and left out."""
    check(tmp_path, opened(example.Tag, read=everyone), leak_count, shared=["tags", "/count"])


def test_rows_are_asked_for(tmp_path: Path) -> None:
    """A resource without a row of Alice is no success."""
    with pytest.raises(AssertionError, match="no row of /payments"):
        check(tmp_path, {}, unfilled=())


def test_application_without_resources() -> None:
    """There is nothing to be tested where nothing is mounted."""
    with pytest.raises(ConfigurationError, match="nothing is mounted"):
        assert_isolated(FastAPI(), alice={}, bob={})
