"""Invoices of many organisations. Needs PyJWT, argon2-cffi and python-multipart as well."""

import os
import secrets
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

import jwt
from argon2 import PasswordHasher, exceptions
from fastapi import APIRouter, Depends, FastAPI, HTTPException
from fastapi.concurrency import run_in_threadpool
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import declared_attr, registry
from sqlmodel import Field, Relationship, SQLModel, UniqueConstraint, func, select, update

from modelwire import Caller, Change, Database, Hooks, Policy, Resource, SessionDep, everyone, mount
from modelwire.errors import AlreadyExists, Violation

# A service of several processes needs INVOICES_SECRET, or each process has tokens of its own.
SECRET = os.environ.get("INVOICES_SECRET") or secrets.token_urlsafe(32)
HASHER = PasswordHasher()
NO_ONES_HASH = HASHER.hash(secrets.token_urlsafe())
CHALLENGE = {"WWW-Authenticate": "Bearer"}
Role = StrEnum("Role", ["OWNER", "MEMBER", "VIEWER"])
Status = StrEnum("Status", ["DRAFT", "ISSUED"])


class Table(SQLModel, registry=registry()):
    @declared_attr.directive
    def __tablename__(cls) -> str:  # noqa: N805
        return f"{cls.__name__.lower()}s"


class Row(Table):
    id: int | None = Field(default=None, primary_key=True)


class User(Row, table=True):
    email: str = Field(unique=True, max_length=254)
    password_hash: str


class Organisation(Row, table=True):
    name: str = Field(min_length=1, max_length=100)
    last_number: int = 0
    memberships: list["Membership"] = Relationship()


class Membership(Table, table=True):
    organisation_id: int = Field(foreign_key="organisations.id", primary_key=True)
    user_id: int = Field(foreign_key="users.id", primary_key=True, index=True)
    role: Role = Role.VIEWER


class Customer(Row, table=True):
    organisation_id: int = Field(foreign_key="organisations.id", index=True)
    name: str = Field(min_length=1, max_length=100)


class InvoiceTag(Table, table=True):
    invoice_id: int = Field(foreign_key="invoices.id", primary_key=True)
    tag_id: int = Field(foreign_key="tags.id", primary_key=True, ondelete="CASCADE")


class Tag(Row, table=True):
    organisation_id: int = Field(foreign_key="organisations.id")
    name: str = Field(min_length=1, max_length=50)


class Invoice(Row, table=True):
    __table_args__ = (UniqueConstraint("organisation_id", "number"),)

    organisation_id: int = Field(foreign_key="organisations.id")
    number: int
    total: Decimal = Field(default=0, max_digits=14, decimal_places=2)
    customer_id: int = Field(foreign_key="customers.id", index=True)
    status: Status = Status.DRAFT
    due_on: date
    issued_at: datetime | None = None
    created_by_id: int = Field(foreign_key="users.id")
    customer: Customer = Relationship()
    lines: list["Line"] = Relationship(back_populates="invoice", cascade_delete=True)
    payments: list["Payment"] = Relationship(back_populates="invoice")
    tags: list[Tag] = Relationship(link_model=InvoiceTag)


class InvoiceChange(SQLModel):
    customer_id: int | None = None
    due_on: date | None = None


class Line(Row, table=True):
    invoice_id: int = Field(foreign_key="invoices.id", index=True)
    text: str = Field(min_length=1, max_length=200)
    quantity: int = Field(default=1, ge=1, le=1_000_000)
    price: Decimal = Field(max_digits=10, decimal_places=2)
    invoice: Invoice = Relationship(back_populates="lines")


class Payment(Row, table=True):
    invoice_id: int = Field(foreign_key="invoices.id", index=True)
    amount: Decimal = Field(max_digits=10, decimal_places=2, gt=0)
    paid_on: date
    invoice: Invoice = Relationship(back_populates="payments")


class Member(SQLModel):
    """Caller, with the organisations that they may see, work in and own."""

    id: int
    sees: list[int]
    works_in: list[int]
    owns: list[int]


async def read_member(
    token: Annotated[str, Depends(OAuth2PasswordBearer("token"))], session: SessionDep
) -> Member:
    try:
        user_id = int(jwt.decode(token, SECRET, ["HS256"], {"require": ["sub", "exp"]})["sub"])
    except (jwt.InvalidTokenError, ValueError):
        raise HTTPException(401, "This token does not say who you are", CHALLENGE) from None
    found = await session.exec(select(Membership).where(Membership.user_id == user_id))
    roles = {membership.organisation_id: membership.role for membership in found}
    works_in = [key for key, role in roles.items() if role is not Role.VIEWER]
    owns = [key for key, role in roles.items() if role is Role.OWNER]
    return Member(id=user_id, sees=list(roles), works_in=works_in, owns=owns)


me = Caller(read_member)
MemberDep = Annotated[Member, Depends(read_member)]

# Not me.sees, which is from before the request: the founder of an organisation is shown it.
is_member = Organisation.memberships.any(Membership.user_id == me.id)
is_seen = Invoice.organisation_id.in_(me.sees)
is_draft = Invoice.organisation_id.in_(me.works_in) & (Invoice.status == Status.DRAFT)
is_payable = Invoice.organisation_id.in_(me.works_in) & (Invoice.status == Status.ISSUED)
has_own_customer = Invoice.customer.has(Customer.organisation_id == Invoice.organisation_id)


async def make_owner(change: Change) -> None:
    """Make the founder of an organisation its owner."""
    owner = {"user_id": change.caller.id, "role": Role.OWNER}
    change.session.add_all(Membership(organisation_id=row.new.id, **owner) for row in change.rows)


async def give_numbers(change: Change) -> None:
    """Number invoices without gaps: each organisation counts its own, one request at a time."""
    for row in change.rows:
        organisation = update(Organisation).where(Organisation.id == row.new.organisation_id)
        counted = organisation.values(last_number=Organisation.last_number + 1)
        number = counted.returning(Organisation.last_number)
        row.new.number = (await change.session.exec(number)).scalar_one()


async def add_up(change: Change) -> None:
    """Keep the totals of the invoices whose lines change."""
    changed = {values.invoice_id for row in change.rows for values in (row.old, row.new) if values}
    amount = func.coalesce(func.sum(Line.quantity * Line.price), 0)
    total = select(amount).where(Line.invoice_id == Invoice.id).scalar_subquery()
    await change.session.exec(update(Invoice).where(Invoice.id.in_(changed)).values(total=total))


def of_members(organisation: Any, writers: Any) -> Policy:
    """Let the members of a row's organisation see the row, and some of them change it."""
    return Policy(read=organisation.in_(me.sees), write=organisation.in_(writers))


KEPT = ("create", "read", "list", "update", "bulk_create", "bulk_update", "stream")
RESOURCES = (
    Resource(
        Organisation,
        operations=KEPT,
        read_only=["last_number"],
        policy=Policy(is_member, create=everyone, write=Organisation.id.in_(me.owns)),
        hooks=Hooks(after_create=[make_owner]),
    ),
    Resource(Membership, policy=of_members(Membership.organisation_id, me.owns)),
    Resource(Customer, policy=of_members(Customer.organisation_id, me.works_in)),
    Resource(Tag, policy=of_members(Tag.organisation_id, me.works_in)),
    Resource(
        Invoice,
        operations=KEPT,  # a number, once given, is never removed
        update_schema=InvoiceChange,
        includes=["customer", "lines", "payments", "tags"],
        nested_writes=["lines"],
        read_only=["number", "status", "issued_at", "total"],
        assign_on_create={"created_by_id": me.id},
        policy=Policy(is_seen, write=is_draft & has_own_customer),
        hooks=Hooks(before_create=[give_numbers]),
    ),
    Resource(
        Line,
        policy=Policy(Line.invoice.has(is_seen), write=Line.invoice.has(is_draft)),
        hooks=Hooks(after_create=[add_up], after_update=[add_up], after_delete=[add_up]),
    ),
    Resource(
        Payment,
        operations=["read", "list", "create"],
        policy=Policy(Payment.invoice.has(is_seen), create=Payment.invoice.has(is_payable)),
    ),
)
routes = APIRouter()
FormDep = Annotated[OAuth2PasswordRequestForm, Depends()]


@routes.post("/sign-up", status_code=201, response_model_include={"id", "email"})
async def sign_up(form: FormDep, session: SessionDep) -> User:
    if len(form.password) < 12:
        raise HTTPException(422, "A password has at least 12 characters")
    hashed = await run_in_threadpool(HASHER.hash, form.password)
    session.add(user := User(email=form.username.lower(), password_hash=hashed))
    try:
        await session.commit()
    except IntegrityError:
        taken = Violation("Username already exists", "already_exists", "/username")
        raise AlreadyExists(taken.message, [taken]) from None
    return user


@routes.post("/token")
async def log_in(form: FormDep, session: SessionDep) -> dict[str, str]:
    user = (await session.exec(select(User).where(User.email == form.username.lower()))).first()
    try:  # takes as long for an unknown user
        hashed = user.password_hash if user else NO_ONES_HASH
        await run_in_threadpool(HASHER.verify, hashed, form.password)
    except exceptions.VerifyMismatchError:
        raise HTTPException(401, "Wrong email or password", CHALLENGE) from None
    claims = {"sub": str(user.id), "exp": datetime.now(UTC) + timedelta(hours=8)}
    return {"access_token": jwt.encode(claims, SECRET, "HS256"), "token_type": "bearer"}


@routes.post("/invoices/{invoice_id}/issue")
async def issue(invoice_id: int, member: MemberDep, session: SessionDep) -> Invoice:
    """Issue a draft, which can't be changed any more."""
    drafts = select(Invoice).where(Invoice.status == Status.DRAFT, Invoice.id == invoice_id)
    own = drafts.where(Invoice.organisation_id.in_(member.works_in)).with_for_update()
    invoice = (await session.exec(own)).first()
    if invoice is None:
        raise HTTPException(404, "There is no such draft")
    invoice.status, invoice.issued_at = Status.ISSUED, datetime.now(UTC)
    await session.commit()
    return invoice


def create_app(database: Database) -> FastAPI:
    app = FastAPI(title="Invoices", lifespan=database.lifespan)
    app.include_router(routes)
    mount(app, database, *RESOURCES, caller=me)
    return app


app = create_app(Database(metadata=Table.metadata))
