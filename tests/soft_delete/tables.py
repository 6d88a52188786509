"""Invoices that stay in their table when they are deleted, and what belongs to them."""

import datetime as dt
import json
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import Header
from sqlalchemy import Index, MetaData, func, select
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel, col

from modelwire import Caller, Policy, Resource, everyone


class Base(SQLModel, registry=registry()):
    metadata = MetaData()


class Customer(Base, table=True):
    """Soft, and nothing goes along."""

    __tablename__ = "customers"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    gone_at: dt.datetime | None = None
    invoices: list["Invoice"] = Relationship(back_populates="customer")


class Filing(Base, table=True):
    """Links of invoices and tags; no resource."""

    __tablename__ = "filings"

    invoice_id: int | None = Field(default=None, foreign_key="invoices.id", primary_key=True)
    tag_id: int | None = Field(default=None, foreign_key="tags.id", primary_key=True)


class Tag(Base, table=True):
    """Removed for good."""

    __tablename__ = "tags"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    invoices: list["Invoice"] = Relationship(back_populates="tags", link_model=Filing)


class Invoice(Base, table=True):
    """Soft; its lines go along, and its notes stay."""

    __tablename__ = "invoices"

    id: int | None = Field(default=None, primary_key=True)
    number: str
    total: int = 0
    version: int = 1
    changed_by: str | None = None
    deleted_at: dt.datetime | None = None
    customer_id: int | None = Field(default=None, foreign_key="customers.id")
    copy_of_id: int | None = Field(default=None, foreign_key="invoices.id")
    customer: Customer | None = Relationship(back_populates="invoices")
    lines: list["Line"] = Relationship(back_populates="invoice", cascade_delete=True)
    notes: list["Note"] = Relationship(back_populates="invoice")
    tags: list[Tag] = Relationship(back_populates="invoices", link_model=Filing)


Index(
    "uq_invoice_number",
    col(Invoice.number),
    unique=True,
    sqlite_where=col(Invoice.deleted_at).is_(None),
    postgresql_where=col(Invoice.deleted_at).is_(None),
)


class Line(Base, table=True):
    """Soft; goes along, by the database's own cascade where its invoice is removed for good."""

    __tablename__ = "lines"

    id: int | None = Field(default=None, primary_key=True)
    text: str
    removed_at: dt.datetime | None = None
    invoice_id: int | None = Field(default=None, foreign_key="invoices.id", ondelete="CASCADE")
    invoice: Invoice | None = Relationship(back_populates="lines")
    parts: list["Part"] = Relationship(back_populates="line", cascade_delete=True)
    trials: list["Trial"] = Relationship(back_populates="line", cascade_delete=True)


class Part(Base, table=True):
    """Soft, and goes along with a line."""

    __tablename__ = "parts"

    id: int | None = Field(default=None, primary_key=True)
    removed_at: dt.datetime | None = None
    line_id: int | None = Field(default=None, foreign_key="lines.id")
    line: Line | None = Relationship(back_populates="parts")


class Trial(Base, table=True):
    """Not soft, and so stays with a line that is."""

    __tablename__ = "trials"

    id: int | None = Field(default=None, primary_key=True)
    line_id: int | None = Field(default=None, foreign_key="lines.id")
    line: Line | None = Relationship(back_populates="trials")


class Note(Base, table=True):
    """Refers to an invoice, whatever becomes of that."""

    __tablename__ = "notes"

    id: int | None = Field(default=None, primary_key=True)
    text: str
    invoice_id: int | None = Field(default=None, foreign_key="invoices.id")
    invoice: Invoice | None = Relationship(back_populates="notes")


class Folder(Base, table=True):
    """Removed for good, with its sheets."""

    __tablename__ = "folders"

    id: int | None = Field(default=None, primary_key=True)
    sheets: list["Sheet"] = Relationship(back_populates="folder", cascade_delete=True)


class Sheet(Base, table=True):
    """Soft by itself."""

    __tablename__ = "sheets"

    id: int | None = Field(default=None, primary_key=True)
    deleted_at: dt.datetime | None = None
    folder_id: int | None = Field(default=None, foreign_key="folders.id")
    folder: Folder | None = Relationship(back_populates="sheets")


class Code(Base, table=True):
    """Soft, with a unique value that stays taken."""

    __tablename__ = "codes"

    code: str = Field(primary_key=True)
    name: str = Field(unique=True)
    deleted_at: dt.datetime | None = None


MODELS: tuple[type[SQLModel], ...] = (
    *(Customer, Tag, Invoice, Filing, Line, Part, Trial, Note, Folder, Sheet, Code),
)
"""The models, each behind those that it refers to."""


@dataclass(frozen=True)
class Clerk:
    """Caller."""

    id: str
    is_admin: bool = False


async def find_clerk(x_clerk: Annotated[str, Header()] = '{"id": "ann"}') -> Clerk:
    return Clerk(**json.loads(x_clerk))


me = Caller(find_clerk)

COUNTED: dict[str, Any] = {
    "size": select(func.count(col(Line.id))).where(col(Line.invoice_id) == col(Invoice.id))
}

RESOURCES = (
    Resource(Customer, soft_delete="gone_at", includes=["invoices"]),
    Resource(Tag, includes=["invoices"]),
    Resource(
        Invoice,
        soft_delete="deleted_at",
        version="version",
        computed=COUNTED,
        includes=["customer", "lines", "notes", "tags"],
        nested_writes=["lines"],
    ),
    Resource(Line, soft_delete="removed_at", includes=["invoice", "parts", "trials"]),
    Resource(Part, soft_delete="removed_at", includes=["line"]),
    Resource(Trial, includes=["line"]),
    Resource(Note, includes=["invoice"]),
    Resource(Folder),
    Resource(Sheet, soft_delete="deleted_at"),
    Resource(Code, soft_delete="deleted_at"),
)


def guard(resource: Resource) -> Resource:
    """The same where there are callers: admins may see and bring back what is deleted."""
    options: dict[str, Any] = {}
    if resource.model is Invoice:
        options = {"assign_on_update": {"changed_by": me.id}}
    restore = me.is_admin if resource.soft_delete else None
    return replace(resource, policy=Policy(read=everyone, restore=restore), **options)


GUARDED = tuple(map(guard, RESOURCES))
