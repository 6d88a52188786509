"""Invoices of many organisations: who asks decides what there is.

Needs PyJWT, argon2-cffi and python-multipart beside modelwire.
"""

import os
import secrets
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

import jwt
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from fastapi import APIRouter, Depends, FastAPI, HTTPException
from fastapi.concurrency import run_in_threadpool
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm
from pydantic import BaseModel
from sqlalchemy import ColumnElement
from sqlalchemy.orm import declared_attr, registry
from sqlmodel import Field, Relationship, SQLModel, UniqueConstraint, select

from modelwire import Caller, Database, Policy, Resource, SessionDep, UnitOfWorkDep, mount

# A service of several processes needs INVOICES_SECRET, or each has tokens of its own.
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
    memberships: list["Membership"] = Relationship(back_populates="user")


class Named(SQLModel):
    name: str = Field(min_length=1, max_length=100)


class Organisation(Row, Named, table=True):
    pass


class Membership(Table, table=True):
    organisation_id: int = Field(foreign_key="organisations.id", primary_key=True)
    user_id: int = Field(foreign_key="users.id", primary_key=True, index=True)
    role: Role = Role.VIEWER
    user: User = Relationship(back_populates="memberships")


class Customer(Row, Named, table=True):
    organisation_id: int = Field(foreign_key="organisations.id", index=True)
    invoices: list["Invoice"] = Relationship(back_populates="customer")


class InvoiceTag(Table, table=True):
    invoice_id: int = Field(foreign_key="invoices.id", primary_key=True)
    tag_id: int = Field(foreign_key="tags.id", primary_key=True, ondelete="CASCADE")


class Tag(Row, Named, table=True):
    __table_args__ = (UniqueConstraint("organisation_id", "name"),)

    organisation_id: int = Field(foreign_key="organisations.id")


class Invoice(Row, table=True):
    organisation_id: int = Field(foreign_key="organisations.id", index=True)
    customer_id: int = Field(foreign_key="customers.id", index=True)
    status: Status = Status.DRAFT
    due_on: date
    issued_at: datetime | None = None
    created_by_id: int = Field(foreign_key="users.id")
    customer: Customer = Relationship(back_populates="invoices")
    lines: list["Line"] = Relationship(back_populates="invoice", cascade_delete=True)
    payments: list["Payment"] = Relationship(back_populates="invoice")
    tags: list[Tag] = Relationship(link_model=InvoiceTag)


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


class Member(BaseModel):
    """Who asks, and the organisations that are theirs to see, to work in and to own."""

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

is_seen = Invoice.organisation_id.in_(me.sees)
is_worked_on = Invoice.organisation_id.in_(me.works_in)
is_draft = Invoice.status == Status.DRAFT
has_own_customer = Invoice.customer.has(Customer.organisation_id == Invoice.organisation_id)
is_colleague = User.memberships.any(Membership.organisation_id.in_(me.sees))


def of_members(organisation: ColumnElement[int], writers: ColumnElement[int]) -> Policy:
    """Who belongs to a row's organisation sees the row; some of them may change it."""
    return Policy(read=organisation.in_(me.sees), write=organisation.in_(writers))


RESOURCES = (
    Resource(
        User,
        operations=["read", "list"],
        policy=Policy(read=(User.id == me.id) | is_colleague),
    ),
    Resource(
        Organisation,
        operations=["read", "list", "update"],
        policy=of_members(Organisation.id, me.owns),
    ),
    Resource(
        Membership,
        operations=["read", "list", "update", "delete"],
        includes=["user"],
        policy=of_members(Membership.organisation_id, me.owns),
    ),
    Resource(Customer, policy=of_members(Customer.organisation_id, me.works_in)),
    Resource(Tag, policy=of_members(Tag.organisation_id, me.works_in)),
    Resource(
        Invoice,
        includes=["customer", "lines", "payments", "tags"],
        nested_writes=["lines"],
        read_only=["status", "issued_at"],
        assign_on_create={"created_by_id": me.id},
        policy=Policy(read=is_seen, write=is_worked_on & is_draft & has_own_customer),
    ),
    Resource(
        Line,
        policy=Policy(Line.invoice.has(is_seen), write=Line.invoice.has(is_worked_on & is_draft)),
    ),
    Resource(
        Payment,
        operations=["read", "list", "create"],
        policy=Policy(
            Payment.invoice.has(is_seen), create=Payment.invoice.has(is_worked_on & ~is_draft)
        ),
    ),
)
routes = APIRouter()


FormDep = Annotated[OAuth2PasswordRequestForm, Depends()]


@routes.post("/sign-up", status_code=201)
async def sign_up(form: FormDep, session: UnitOfWorkDep) -> None:
    if len(form.password) < 12:
        raise HTTPException(422, "A password has at least 12 characters")
    hashed = await run_in_threadpool(HASHER.hash, form.password)
    session.add(User(email=form.username.lower(), password_hash=hashed))


@routes.post("/token")
async def log_in(form: FormDep, session: SessionDep) -> dict[str, str]:
    user = (await session.exec(select(User).where(User.email == form.username.lower()))).first()
    try:  # takes as long where there is no such user
        hashed = user.password_hash if user else NO_ONES_HASH
        await run_in_threadpool(HASHER.verify, hashed, form.password)
    except VerifyMismatchError:
        raise HTTPException(401, "Wrong email or password", CHALLENGE) from None
    claims = {"sub": str(user.id), "exp": datetime.now(UTC) + timedelta(hours=8)}
    return {"access_token": jwt.encode(claims, SECRET, "HS256"), "token_type": "bearer"}


@routes.post("/organisations/", status_code=201)
async def found(given: Named, member: MemberDep, session: UnitOfWorkDep) -> Organisation:
    """Found an organisation, which is the caller's own."""
    organisation = Organisation(name=given.name)
    session.add(organisation)
    await session.flush()
    session.add(Membership(organisation_id=organisation.id, user_id=member.id, role=Role.OWNER))
    return organisation


@routes.post("/organisations/{organisation_id}/members", status_code=201)
async def take_in(
    organisation_id: int, email: str, role: Role, member: MemberDep, session: UnitOfWorkDep
) -> Membership:
    """Take somebody into an organisation who has signed up."""
    user = (await session.exec(select(User).where(User.email == email.lower()))).first()
    if user is None or organisation_id not in member.owns:
        raise HTTPException(404, "There is no such user, or organisation of yours")
    session.add(
        membership := Membership(organisation_id=organisation_id, user_id=user.id, role=role)
    )
    return membership


@routes.post("/invoices/{invoice_id}/issue")
async def issue(invoice_id: int, member: MemberDep, session: UnitOfWorkDep) -> Invoice:
    """Issue a draft, which nobody can change any more."""
    drafts = select(Invoice).where(Invoice.status == Status.DRAFT, Invoice.id == invoice_id)
    own = drafts.where(Invoice.organisation_id.in_(member.works_in)).with_for_update()
    invoice = (await session.exec(own)).first()
    if invoice is None:
        raise HTTPException(404, "There is no such draft")
    invoice.status, invoice.issued_at = Status.ISSUED, datetime.now(UTC)
    return invoice


def create_app(database: Database) -> FastAPI:
    app = FastAPI(title="Invoices", lifespan=database.lifespan)
    app.include_router(routes)
    mount(app, database, *RESOURCES, caller=me)
    return app


app = create_app(Database(metadata=Table.metadata))
