"""Invoices with what is computed of them: by `column_property`, by hybrids, and by `computed=`."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Header
from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, MetaData, Numeric, func, literal, select
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import aliased, column_property, registry
from sqlmodel import Field, Relationship, SQLModel, col

from modelwire import Caller, Policy, Resource, everyone


class Base(SQLModel, registry=registry()):
    metadata = MetaData()


class Customer(Base, table=True):
    __tablename__ = "customers"
    model_config = ConfigDict(ignored_types=(hybrid_property,))  # type: ignore[assignment]

    id: int | None = Field(default=None, primary_key=True)
    first: str
    last: str
    invoices: list["Invoice"] = Relationship(back_populates="customer")

    @hybrid_property
    def name(self) -> str:
        return f"{self.first} {self.last}"

    @name.inplace.expression
    @classmethod
    def _name(cls) -> ColumnElement[str]:
        return col(cls.first) + " " + col(cls.last)

    @hybrid_property
    def greeting(self) -> str:
        return f"Dear {self.first}"  # of a column, a text that is none in SQL

    @hybrid_property
    def shout(self) -> str:
        return self.first.upper() + "!"  # a column has no upper()


class Invoice(Base, table=True):
    __tablename__ = "invoices"

    id: int | None = Field(default=None, primary_key=True)
    number: str
    net: Decimal = Field(sa_type=Numeric(10, 2))
    tax: Decimal = Field(sa_type=Numeric(10, 2))
    customer_id: int | None = Field(default=None, foreign_key="customers.id")
    customer: Customer | None = Relationship(back_populates="invoices")
    lines: list["Line"] = Relationship(back_populates="invoice")


class Line(Base, table=True):
    __tablename__ = "lines"

    id: int | None = Field(default=None, primary_key=True)
    units: int
    invoice_id: int | None = Field(default=None, foreign_key="invoices.id")
    invoice: Invoice | None = Relationship(back_populates="lines")


Gross: Any = column_property(col(Invoice.net) + col(Invoice.tax))
setattr(Invoice, "gross", Gross)  # noqa: B010  # as the documentation of SQLAlchemy adds one

Other = aliased(Invoice)

UNITS = select(func.coalesce(func.sum(col(Line.units)), 0)).where(
    col(Line.invoice_id) == col(Invoice.id)
)
SIBLINGS = (
    select(func.count())
    .select_from(Other)
    .where(col(Other.number) == col(Invoice.number), col(Other.id) != col(Invoice.id))
)
CUSTOMER = select(col(Customer.last)).where(col(Customer.id) == col(Invoice.customer_id))

COMPUTED: dict[str, Any] = {
    "units": UNITS,
    "siblings": SIBLINGS,
    "customer_name": CUSTOMER,
    "numbered": select(func.count(col(Invoice.id))),
    "label": literal("#") + col(Invoice.number),
}


class Reader(BaseModel):
    """Sees the lines of at most so many units, and what belongs to some customers."""

    id: str
    most: int
    customers: list[int]
    is_auditor: bool = False


async def find_reader(x_reader: Annotated[str, Header()]) -> Reader:
    return Reader(**json.loads(x_reader))


me = Caller(find_reader)

RESOURCES = (
    Resource(Customer, includes=["invoices"], nested_writes=["invoices"]),
    Resource(
        Invoice,
        includes=["customer", "lines"],
        nested_writes=["lines", "customer"],
        computed=COMPUTED,
    ),
    Resource(Line, includes=["invoice"]),
)

GUARDED = tuple(
    replace(resource, policy=policy)
    for resource, policy in zip(
        RESOURCES,
        (
            Policy(read=col(Customer.id).in_(me.customers), create=everyone),
            Policy(read=col(Invoice.customer_id).in_(me.customers), create=everyone),
            Policy(read=col(Line.units) <= me.most, create=everyone),
        ),
        strict=True,
    )
)
