"""Tables of several tenants, and their callers."""

import datetime as dt
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from sqlmodel import Field, Relationship, SQLModel

from modelwire import Caller


class Role(StrEnum):
    """Role of a member."""

    OWNER = "owner"
    VIEWER = "viewer"


class Tenant(SQLModel, table=True):
    """A tenant."""

    __tablename__ = "access_organisations"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    owner_id: int

    memberships: list["TenantMembership"] = Relationship(back_populates="organisation")
    invoices: list["TenantInvoice"] = Relationship(back_populates="organisation")


class TenantMembership(SQLModel, table=True):
    """Membership of a tenant."""

    __tablename__ = "access_memberships"

    organisation_id: int = Field(foreign_key="access_organisations.id", primary_key=True)
    user_id: int = Field(primary_key=True)
    role: Role

    organisation: Tenant = Relationship(back_populates="memberships")


class TenantInvoice(SQLModel, table=True):
    """A row that belongs to a tenant."""

    __tablename__ = "access_invoices"

    id: int | None = Field(default=None, primary_key=True)
    organisation_id: int | None = Field(default=None, foreign_key="access_organisations.id")
    copy_of_id: int | None = Field(default=None, foreign_key="access_invoices.id")
    number: str
    total: Decimal = Field(max_digits=12, decimal_places=2)
    is_public: bool = False
    role: Role = Role.VIEWER
    batch: uuid.UUID | None = None
    issued_at: dt.datetime | None = None
    created_by_id: int | None = None
    changed_by_id: int | None = None

    organisation: Tenant | None = Relationship(back_populates="invoices")


Tenant.model_rebuild()


@dataclass
class Member:
    """Caller."""

    id: int
    organisation_ids: list[int] = field(default_factory=list)
    name: str = ""
    is_admin: bool = False
    role: Role = Role.VIEWER
    batch: uuid.UUID | None = None
    limit: Decimal = Decimal(0)
    score: float = 0.0
    since: dt.datetime | None = None
    home_id: int | None = None
    roles: frozenset[Role] = frozenset()
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def is_owner(self) -> bool:
        return self.role is Role.OWNER


def read_member() -> Member:
    """A caller, replaced by each test."""
    return Member(1)


me = Caller(read_member)
