"""A service of several tenants, with every kind of policy, and the same without any."""

import datetime as dt
import json
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Header, HTTPException
from sqlalchemy import JSON, MetaData, and_, func, literal, not_, or_, select
from sqlalchemy.orm import aliased, registry
from sqlmodel import Field, Relationship, SQLModel, col

from modelwire import Caller, Policy, Resource, everyone, nobody


class Base(SQLModel, registry=registry()):
    metadata = MetaData()


class Mood(StrEnum):
    """Declared in an order that is not that of their values."""

    LOUD = "loud"
    CALM = "calm"
    ODD = "odd"


def _number(**options: Any) -> Any:
    """A whole number as a key, which clients name themselves."""
    return Field(primary_key=True, sa_column_kwargs={"autoincrement": False}, **options)


class Organisation(Base, table=True):
    """A tenant; a tree."""

    __tablename__ = "organisations"

    id: int = _number()
    name: str | None = None
    parent_id: int | None = Field(default=None, foreign_key="organisations.id")
    parent: "Organisation" = Relationship(
        back_populates="children", sa_relationship_kwargs={"remote_side": "Organisation.id"}
    )
    children: list["Organisation"] = Relationship(back_populates="parent")
    memberships: list["Membership"] = Relationship(back_populates="organisation")
    customers: list["Customer"] = Relationship(back_populates="organisation")
    invoices: list["Invoice"] = Relationship(back_populates="organisation")


class Membership(Base, table=True):
    """Membership of a tenant, with a key of two columns."""

    __tablename__ = "memberships"

    organisation_id: int = _number(foreign_key="organisations.id")
    user_id: int = _number()
    mood: Mood = Mood.CALM
    organisation: Organisation = Relationship(back_populates="memberships")


class Country(Base, table=True):
    """Country that everyone may see; at most one of its tags is shown."""

    __tablename__ = "countries"

    code: str = Field(primary_key=True)
    name: str | None = None
    customers: list["Customer"] = Relationship(back_populates="country")
    tag: "Tag" = Relationship(back_populates="country", sa_relationship_kwargs={"uselist": False})


class Label(Base, table=True):
    """The links of a many-to-many relationship, which are a resource."""

    __tablename__ = "labels"

    customer_id: uuid.UUID = Field(foreign_key="customers.id", primary_key=True)
    tag_code: str = Field(foreign_key="tags.code", primary_key=True)
    batch: uuid.UUID | None = None


class InvoiceTag(Base, table=True):
    """The links of a many-to-many relationship; no resource."""

    __tablename__ = "invoice_tags"

    invoice_id: int = _number(foreign_key="invoices.id")
    tag_code: str = Field(foreign_key="tags.code", primary_key=True)


class Customer(Base, table=True):
    """A row that is hidden from some of its own tenant too."""

    __tablename__ = "customers"

    id: uuid.UUID = Field(primary_key=True)
    name: str | None = None
    is_secret: bool | None = None
    since: dt.datetime | None = None
    details: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    gone_at: dt.datetime | None = None
    organisation_id: int = Field(foreign_key="organisations.id")
    country_code: str | None = Field(default=None, foreign_key="countries.code")
    organisation: Organisation = Relationship(back_populates="customers")
    country: Country = Relationship(back_populates="customers")
    invoices: list["Invoice"] = Relationship(back_populates="customer")
    notes: list["Note"] = Relationship(back_populates="customer", passive_deletes="all")
    tags: list["Tag"] = Relationship(back_populates="customers", link_model=Label)


class Invoice(Base, table=True):
    """A row that may be seen by more than may change it."""

    __tablename__ = "invoices"

    id: int = _number()
    number: str = Field(unique=True)
    total: Decimal | None = Field(default=None, max_digits=10, decimal_places=2)
    issued_at: dt.datetime | None = None
    mood: Mood | None = None
    is_public: bool = False
    deleted_at: dt.datetime | None = None
    organisation_id: int = Field(foreign_key="organisations.id")
    customer_id: uuid.UUID | None = Field(default=None, foreign_key="customers.id")
    copy_of_id: int | None = Field(default=None, foreign_key="invoices.id")
    organisation: Organisation = Relationship(back_populates="invoices")
    customer: Customer = Relationship(back_populates="invoices")
    copy_of: "Invoice" = Relationship(
        back_populates="copies", sa_relationship_kwargs={"remote_side": "Invoice.id"}
    )
    copies: list["Invoice"] = Relationship(back_populates="copy_of")
    lines: list["Line"] = Relationship(back_populates="invoice", cascade_delete=True)
    audits: list["Audit"] = Relationship(back_populates="invoice")
    tags: list["Tag"] = Relationship(back_populates="invoices", link_model=InvoiceTag)


class Line(Base, table=True):
    """A row that is seen by what it belongs to."""

    __tablename__ = "lines"

    invoice_id: int = _number(foreign_key="invoices.id")
    position: int = _number()
    text: str | None = None
    deleted_at: dt.datetime | None = None
    invoice: Invoice = Relationship(back_populates="lines")


class Tag(Base, table=True):
    """A row that is seen by what another table says of its tenant."""

    __tablename__ = "tags"

    code: str = Field(primary_key=True)
    rank: int | None = None
    organisation_id: int | None = Field(default=None, foreign_key="organisations.id")
    country_code: str | None = Field(default=None, foreign_key="countries.code")
    country: Country = Relationship(back_populates="tag")
    invoices: list[Invoice] = Relationship(back_populates="tags", link_model=InvoiceTag)
    customers: list[Customer] = Relationship(back_populates="tags", link_model=Label)


class Audit(Base, table=True):
    """Audit that nobody may see."""

    __tablename__ = "audits"

    id: int = _number()
    text: str | None = None
    invoice_id: int | None = Field(default=None, foreign_key="invoices.id")
    invoice: Invoice = Relationship(back_populates="audits")


class Note(Base, table=True):
    """A row that is seen by values of every kind, and that goes with its customer."""

    __tablename__ = "notes"

    id: int = _number()
    worth: Decimal | None = Field(default=None, max_digits=10, decimal_places=2)
    at: dt.datetime | None = None
    mood: Mood | None = None
    by_id: int | None = None
    customer_id: uuid.UUID = Field(foreign_key="customers.id", ondelete="CASCADE")
    customer: Customer = Relationship(back_populates="notes")


MODELS: tuple[type[SQLModel], ...] = (
    *(Organisation, Membership, Country, Tag, Customer, Label),
    *(Invoice, InvoiceTag, Line, Audit, Note),
)
"""The models, each behind those that it refers to."""


@dataclass(frozen=True)
class Member:
    """Caller."""

    id: int
    organisation_ids: list[int]
    is_admin: bool = False
    batch: uuid.UUID | None = None
    since: dt.datetime | None = None
    limit: Decimal | None = None
    moods: frozenset[Mood] = field(default_factory=frozenset)

    @property
    def headers(self) -> dict[str, str]:
        """Headers that identify the caller."""
        told = [self.id, self.organisation_ids, self.is_admin, self.batch, self.since, self.limit]
        return {"x-caller": json.dumps([*told, sorted(self.moods)], default=str)}


def read_member(x_caller: Annotated[str | None, Header()] = None) -> Member:
    """The caller of a request."""
    if x_caller is None:
        raise HTTPException(401, "Who are you?", {"WWW-Authenticate": "Bearer"})
    id_, organisations, is_admin, batch, since, limit, moods = json.loads(x_caller)
    return Member(
        id_,
        organisations,
        is_admin,
        None if batch is None else uuid.UUID(batch),
        None if since is None else dt.datetime.fromisoformat(since),
        None if limit is None else Decimal(limit),
        frozenset(map(Mood, moods)),
    )


me = Caller(read_member)

OWN_INVOICE = Invoice.organisation_id.in_(me.organisation_ids)
OWN_CUSTOMER = Customer.organisation_id.in_(me.organisation_ids)
JOINED = select(Membership.organisation_id).where(Membership.user_id == me.id)

POLICIES: dict[type[SQLModel], Policy] = {
    Organisation: Policy(
        read=Organisation.id.in_(me.organisation_ids), write=me.is_admin, delete=nobody
    ),
    Membership: Policy(
        read=or_(Membership.organisation_id.in_(me.organisation_ids), Membership.user_id == me.id),
        write=and_(Membership.organisation_id.in_(me.organisation_ids), me.is_admin),
    ),
    Country: Policy(read=everyone, write=me.is_admin),
    Tag: Policy(read=Tag.organisation_id.in_(JOINED)),
    Customer: Policy(read=and_(OWN_CUSTOMER, or_(not_(Customer.is_secret), me.is_admin))),
    Label: Policy(read=or_(Label.batch.is_(None), Label.batch == me.batch)),
    Invoice: Policy(
        read=or_(OWN_INVOICE, Invoice.is_public),
        create=OWN_INVOICE,
        update=and_(OWN_INVOICE, or_(Invoice.mood != Mood.ODD, Invoice.mood.is_(None))),
        delete=and_(OWN_INVOICE, me.is_admin),
        restore=me.is_admin,
    ),
    Line: Policy(
        read=Line.invoice.has(and_(OWN_INVOICE, Invoice.deleted_at.is_(None))),
        restore=me.is_admin,
    ),
    Audit: Policy(read=nobody),
    Note: Policy(
        read=and_(or_(Note.worth <= me.limit, Note.at >= me.since), Note.mood.not_in(me.moods)),
        create=or_(Note.worth <= me.limit, Note.worth.is_(None)),
    ),
}
"""Policies of the resources."""

RELATIONS: dict[type[SQLModel], list[str]] = {
    Organisation: ["parent", "children", "memberships", "customers", "invoices"],
    Membership: ["organisation"],
    Country: ["customers", "tag"],
    Tag: ["country", "invoices", "customers"],
    Customer: ["organisation", "country", "invoices", "notes", "tags"],
    Invoice: ["organisation", "customer", "copy_of", "copies", "lines", "audits", "tags"],
    Line: ["invoice"],
    Audit: ["invoice"],
    Note: ["customer"],
}

Twin = aliased(Invoice)

COMPUTED: dict[type[SQLModel], dict[str, Any]] = {
    Organisation: {
        "worth": select(func.sum(Invoice.total)).where(Invoice.organisation_id == Organisation.id)
    },
    Customer: {
        "title": func.coalesce(Customer.name, literal("?")) + literal("!"),
        "noted": select(func.count(Note.id)).where(Note.customer_id == Customer.id),
    },
    Invoice: {
        "customer_name": select(Customer.name).where(Customer.id == Invoice.customer_id),
        "twins": select(func.count(Twin.id)).where(
            Twin.organisation_id == Invoice.organisation_id, Twin.id != Invoice.id
        ),
        "details": select(Customer.details).where(Customer.id == Invoice.customer_id),
    },
    Tag: {"twice": col(Tag.rank) * 2},
}
"""Computed fields, of the row itself and of others that not everyone sees."""

OPTIONS: dict[type[SQLModel], dict[str, Any]] = {
    Organisation: {"filters": {"name": "icontains"}},
    Customer: {"include_by_default": ["invoices", "country"], "soft_delete": "gone_at"},
    Invoice: {
        "nested_writes": ["lines", "customer"],
        "include_by_default": ["customer"],
        "soft_delete": "deleted_at",
    },
    Line: {"include_by_default": ["invoice"], "soft_delete": "deleted_at"},
}


def resources(*, guarded: bool) -> tuple[Resource, ...]:
    """The resources, with their policies or without."""
    made = []
    for model, policy in POLICIES.items():
        options: dict[str, Any] = {
            "includes": RELATIONS.get(model, ()),
            "computed": COMPUTED.get(model, {}),
        }
        options |= OPTIONS.get(model, {})
        if guarded:
            assigned = {"by_id": me.id} if model is Note else {}
            options |= {"policy": policy, "assign_on_create": assigned}
        elif model is Customer:
            options["policy"] = Policy(read=everyone, restore=nobody)
        made.append(Resource(model, **options))
    return tuple(made)
