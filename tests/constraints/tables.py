"""Tables with every kind of constraint, under easy and under awkward names."""

import enum
from decimal import Decimal

from sqlalchemy import (
    CheckConstraint,
    Column,
    Index,
    Numeric,
    SmallInteger,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlmodel import Field

from modelwire import Resource

from .base import Base, number
from .references import (
    Album,
    Car,
    Cover,
    Match,
    Node,
    Plate,
    Play,
    Region,
    Sleeve,
    Song,
    Step,
    Sticker,
    Team,
    Ticket,
    Town,
)
from .triggers import create_triggers


class Account(Base, table=True):
    """Unique values, declared in every way."""

    __tablename__ = "accounts"
    __table_args__ = (
        Index("ix_email", "email", unique=True),
        UniqueConstraint("first_name", "last_name"),
        UniqueConstraint("city", "street", name="uq_address"),
        Index("ix_nickname", func.lower(text("nickname")), unique=True),
        Index("ix_area_plot", text("lower(area)"), text("coalesce(plot, 'street')"), unique=True),
        Index(
            "ix_slot",
            "slot",
            unique=True,
            sqlite_where=text("is_active"),
            postgresql_where=text("is_active"),
        ),
        UniqueConstraint("badge").ddl_if(dialect="sqlite"),
        UniqueConstraint("badge", deferrable=True, initially="DEFERRED").ddl_if(
            dialect="postgresql"
        ),
    )

    id: int | None = number()
    username: str = Field(unique=True)
    email: str
    handle: str = Field(index=True, unique=True)
    first_name: str
    last_name: str = "x"
    city: str
    street: str = "x"
    nickname: str
    area: str
    plot: str = "x"
    slot: int | None = None
    is_active: bool = True
    badge: int
    full_name: str = Field(alias="fullName", unique=True)
    zip_code: str = Field(sa_column=Column("Zip Code", String, unique=True))


class Measure(Base, table=True):
    """Checks, with and without names; columns that are called like functions, types and texts."""

    __tablename__ = "measures"
    __table_args__ = (
        CheckConstraint("length > 0"),
        CheckConstraint("Status IN ('open', 'kind', 'low')"),
        CheckConstraint("length(kind) < 10 AND kind <> 'text'", name="kind_is_short"),
        CheckConstraint("low <= high"),
        CheckConstraint("first <= last"),
        CheckConstraint('"Quantity" > 0', name="positive"),
        CheckConstraint('"unit price" >= 0'),
        CheckConstraint("CAST(ratio AS INTEGER) < 100", name="ratio_low"),
    )

    id: int | None = number()
    length: int = 1
    status: str = "open"
    kind: str = "x"
    low: int = 1
    high: int = 9
    first: int = 1
    last: int = 9
    quantity: int = Field(default=1, sa_column=Column("Quantity", SmallInteger, nullable=False))
    unit_price: int = Field(
        default=1, alias="unitPrice", sa_column=Column("unit price", SmallInteger, nullable=False)
    )
    ratio: int = 1
    text: str = "x"


class Counter(Base, table=True):
    """A check that is called like one of another table; one that is built of columns."""

    __tablename__ = "counters"
    id: int | None = number()
    ticks: int = 1
    laps: int = 1


_counters = Counter.__table__  # type: ignore[attr-defined]
_counters.append_constraint(CheckConstraint(_counters.c.ticks > 0, name="positive"))
_counters.append_constraint(CheckConstraint(_counters.c.laps < _counters.c.ticks + 5))


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Value(Base, table=True):
    """Values at the limits of columns."""

    __tablename__ = "values"

    id: int | None = number()
    label: str | None = Field(default="x", nullable=False)
    note: str | None = Field(default="x", alias="theNote", nullable=False)
    short: str | None = Field(default=None, sa_column=Column(String(5)))
    brief: str | None = Field(default=None, max_length=5)
    small: int | None = Field(default=None, sa_column=Column(SmallInteger))
    number: int | None = None
    price: Decimal | None = Field(default=None, sa_column=Column(Numeric(5, 2)))
    color: Color | None = None


class Order(Base, table=True):
    """Reserved words."""

    __tablename__ = "order"

    group: str = Field(primary_key=True)
    select: str = Field(unique=True)
    where: int = Field(default=1, sa_column=Column("where", SmallInteger, nullable=False))
    __table_args__ = (CheckConstraint('"where" > 0'),)


class OrderItem(Base, table=True):
    """Capitals and spaces; a name that starts like another."""

    __tablename__ = "Order Items"
    __table_args__ = (
        UniqueConstraint("Line No", "order"),
        CheckConstraint('"Line No" > 0'),
    )

    id: int | None = number()
    line_no: int = Field(alias="lineNo", sa_column=Column("Line No", SmallInteger, nullable=False))
    order: str | None = Field(default=None, foreign_key="order.group")


class OrderTag(Base, table=True):
    """A name that starts like another; a check that would have the name of another table's."""

    __tablename__ = "order_where"
    __table_args__ = (CheckConstraint("length(tag) > 2"),)

    tag: str = Field(primary_key=True)


class Invoice(Base, table=True):
    """Names so long that PostgreSQL cuts what it makes of them."""

    __tablename__ = "customer_subscription_invoices_of_the_year"
    __table_args__ = (
        CheckConstraint("cancellation_grace_period_in_days > 0"),
        CheckConstraint("cancellation_grace_period_in_days < cancellation_grace_period_at_most"),
        UniqueConstraint("cancellation_grace_period_in_days", "country"),
    )

    id: int | None = number()
    cancellation_grace_period_in_days: int
    cancellation_grace_period_at_most: int = 1000
    country: str = "x"


class Booking(Base, table=True):
    """Values that must not overlap, on PostgreSQL."""

    __tablename__ = "bookings"
    __table_args__ = (
        ExcludeConstraint(
            (func.int4range(text("starts"), text("ends"), text("'[]'::text")), "&&")
        ).ddl_if(dialect="postgresql"),
    )

    id: int | None = number()
    starts: int
    ends: int
    text: str = "x"


class Guarded(Base, table=True):
    """Triggers refuse its rows."""

    __tablename__ = "guarded"

    id: int | None = number()
    name: str


class Quarantined(Base, table=True):
    """A trigger writes to another table, whose constraint refuses."""

    __tablename__ = "quarantined"

    id: int | None = number()
    name: str


class Audit(Base, table=True):
    """Audit that a trigger writes to; no resource."""

    __tablename__ = "audits"

    id: int | None = number()
    name: str = Field(unique=True)


RESOURCES = (
    *(
        Resource(model)
        for model in (
            Account, Measure, Counter, Value, Team, Match, Ticket, Region, Town, Node, Step, Plate,
            Car, Sticker, Album, Song, Play, Cover, Sleeve, Booking, Guarded, Quarantined,
        )
    ),
    Resource(Order, path="/orders"),
    Resource(OrderItem, path="/order-items"),
    Resource(OrderTag),
    Resource(Invoice, path="/invoices"),
)  # fmt: skip

create_triggers(Base.metadata)
