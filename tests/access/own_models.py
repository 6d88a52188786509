"""Tables of organisations and their invoices, for endpoints of an application's own."""

import json
from typing import Annotated

from fastapi import Header, HTTPException
from pydantic import BaseModel
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Caller, FieldPolicy, Policy, Resource, everyone, nobody


class OwnOrg(SQLModel, table=True):
    __tablename__ = "own_orgs"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)

    invoices: list["OwnInvoice"] = Relationship(back_populates="org")


class OwnTagLink(SQLModel, table=True):
    __tablename__ = "own_tag_links"

    invoice_id: int = Field(foreign_key="own_invoices.id", primary_key=True)
    tag_id: int = Field(foreign_key="own_tags.id", primary_key=True)


class OwnInvoice(SQLModel, table=True):
    __tablename__ = "own_invoices"

    id: int | None = Field(default=None, primary_key=True)
    number: str = Field(unique=True)
    org_id: int = Field(foreign_key="own_orgs.id")
    guest_id: int | None = None
    status: str = "draft"
    secret: str = "s3cret"
    cost: int = 70
    created_by: int | None = None
    changed_by: int | None = None

    org: OwnOrg | None = Relationship(back_populates="invoices")
    guest: OwnOrg | None = Relationship(
        sa_relationship_kwargs={
            "primaryjoin": "foreign(OwnInvoice.guest_id) == OwnOrg.id",
            "viewonly": True,
        }
    )
    lines: list["OwnLine"] = Relationship(back_populates="invoice", cascade_delete=True)
    notes: list["OwnNote"] = Relationship()
    tags: list["OwnTag"] = Relationship(link_model=OwnTagLink)


class OwnLine(SQLModel, table=True):
    __tablename__ = "own_lines"

    id: int | None = Field(default=None, primary_key=True)
    invoice_id: int = Field(foreign_key="own_invoices.id")
    text: str

    invoice: OwnInvoice | None = Relationship(back_populates="lines")


class OwnNote(SQLModel, table=True):
    """Note that may belong to an invoice, and declares the relation alone."""

    __tablename__ = "own_notes"

    id: int | None = Field(default=None, primary_key=True)
    invoice_id: int | None = Field(default=None, foreign_key="own_invoices.id")
    owner_id: int
    text: str = ""


class OwnTag(SQLModel, table=True):
    __tablename__ = "own_tags"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    org_id: int


class OwnCountry(SQLModel, table=True):
    __tablename__ = "own_countries"

    code: str = Field(primary_key=True)
    name: str


class OwnAudit(SQLModel, table=True):
    """No resource."""

    __tablename__ = "own_audit"

    id: int | None = Field(default=None, primary_key=True)
    text: str


for _model in (OwnOrg, OwnInvoice, OwnLine):
    _model.model_rebuild()


class OwnMember(BaseModel):
    id: int
    orgs: list[int]
    is_admin: bool = False


async def read_own_member(x_member: Annotated[str | None, Header()] = None) -> OwnMember:
    """A caller, as the request says; a real one would look at a token."""
    if x_member is None:
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
    return OwnMember.model_validate(json.loads(x_member))


me = Caller(read_own_member)
mine = OwnInvoice.org_id.in_(me.orgs)  # type: ignore[attr-defined]

RESOURCES = (
    Resource(
        OwnOrg,
        policy=Policy(read=OwnOrg.id.in_(me.orgs), create=everyone, write=me.is_admin),  # type: ignore[union-attr]
        includes=["invoices"],
    ),
    Resource(
        OwnInvoice,
        policy=Policy(
            read=mine,
            update=mine & (OwnInvoice.status != "issued"),
            delete=mine & me.is_admin,
            fields={"cost": FieldPolicy(read=me.is_admin, write=me.is_admin)},
        ),
        assign_on_create={"created_by": me.id},
        assign_on_update={"changed_by": me.id},
        hidden=["secret"],
        includes=["org", "lines", "tags"],
    ),
    Resource(
        OwnLine,
        policy=Policy(read=OwnLine.invoice.has(OwnInvoice.org_id.in_(me.orgs))),  # type: ignore[union-attr, attr-defined]
    ),
    Resource(OwnNote, policy=Policy(read=OwnNote.owner_id == me.id)),
    Resource(
        OwnTag,
        policy=Policy(read=OwnTag.org_id.in_(me.orgs), write=nobody),  # type: ignore[attr-defined]
    ),
    Resource(OwnCountry, policy=Policy(read=everyone, write=me.is_admin)),
)

ANN = OwnMember(id=1, orgs=[1])
BOB = OwnMember(id=2, orgs=[2])
ADMIN = OwnMember(id=3, orgs=[1, 2], is_admin=True)


def rows() -> list[SQLModel]:
    """Rows of two organisations, also such as refer across them."""
    return [
        OwnOrg(id=1, name="one"),
        OwnOrg(id=2, name="two"),
        OwnCountry(code="NL", name="Netherlands"),
        OwnInvoice(id=1, number="a1", org_id=1, guest_id=2, created_by=1),
        OwnInvoice(id=2, number="b1", org_id=2, guest_id=1, created_by=2),
        OwnInvoice(id=3, number="a2", org_id=1, status="issued"),
        OwnInvoice(id=4, number="b2", org_id=2, status="issued"),
        OwnLine(id=1, invoice_id=1, text="l1"),
        OwnLine(id=2, invoice_id=2, text="l2"),
        OwnLine(id=3, invoice_id=1, text="l3"),
        OwnNote(id=1, invoice_id=1, owner_id=1),
        OwnNote(id=2, invoice_id=1, owner_id=2),
        OwnNote(id=3, invoice_id=None, owner_id=1),
        OwnNote(id=4, invoice_id=None, owner_id=2),
        OwnTag(id=1, name="ta", org_id=1),
        OwnTag(id=2, name="tb", org_id=2),
        OwnTagLink(invoice_id=1, tag_id=1),
        OwnTagLink(invoice_id=1, tag_id=2),
        OwnTagLink(invoice_id=2, tag_id=2),
        OwnTagLink(invoice_id=2, tag_id=1),
    ]
