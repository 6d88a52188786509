"""Tables with hooks of every kind, and what the hooks of a test do."""

import enum
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import JSON, CheckConstraint, Column, DateTime, UniqueConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Change, Hooks, Resource


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own."""


class Status(enum.Enum):
    DRAFT = "draft"
    ISSUED = "issued"


class Customer(Base, table=True):
    __tablename__ = "customers"

    id: int | None = Field(default=None, primary_key=True)
    name: str = ""


class InvoiceLabel(Base, table=True):
    __tablename__ = "invoice_labels"

    invoice_id: int = Field(foreign_key="invoices.id", primary_key=True)
    label_id: int = Field(foreign_key="labels.id", primary_key=True)


class Label(Base, table=True):
    __tablename__ = "labels"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)


class Invoice(Base, table=True):
    """`margin` is hidden, and clients can't set `total`."""

    __tablename__ = "invoices"
    __table_args__ = (CheckConstraint("note <> 'refused'", name="notes"),)

    id: int | None = Field(default=None, primary_key=True)
    code: str | None = Field(default=None, unique=True, max_length=20)
    status: Status = Status.DRAFT
    total: Decimal = Field(default=Decimal("0.00"), max_digits=10, decimal_places=2)
    margin: int = 7
    note: str | None = None
    tags: list[str] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False, default=list)
    )
    made_at: datetime = Field(
        default=datetime(2026, 1, 1, tzinfo=UTC),
        sa_type=DateTime(timezone=True),
    )
    customer_id: int | None = Field(default=None, foreign_key="customers.id")
    customer: Customer | None = Relationship()
    lines: list["Line"] = Relationship(back_populates="invoice", cascade_delete=True)
    labels: list[Label] = Relationship(link_model=InvoiceLabel)


class Line(Base, table=True):
    """Line that goes with its invoice, by the database where the session doesn't load it."""

    __tablename__ = "lines"
    __table_args__ = (UniqueConstraint("invoice_id", "place"),)

    id: int | None = Field(default=None, primary_key=True)
    place: int = 1
    price: Decimal = Field(default=Decimal("1.00"), max_digits=10, decimal_places=2)
    invoice_id: int | None = Field(default=None, foreign_key="invoices.id", ondelete="CASCADE")
    invoice: Invoice | None = Relationship(back_populates="lines")
    parts: list["Part"] = Relationship(cascade_delete=True)


class Part(Base, table=True):
    """Goes with a line."""

    __tablename__ = "parts"

    id: int | None = Field(default=None, primary_key=True)
    line_id: int | None = Field(default=None, foreign_key="lines.id")


class Audit(Base, table=True):
    """Audit that hooks write, in a table that is not served."""

    __tablename__ = "audits"

    id: int | None = Field(default=None, primary_key=True)
    text: str = Field(unique=True)


class Call(NamedTuple):
    """One call of a hook, with the rows as plain values."""

    hook: str
    model: str
    operation: str
    rows: list[tuple[dict[str, Any] | None, dict[str, Any] | None, str | None]]
    links: list[tuple[str, list[Any], str]]


Act = Callable[[Change], Awaitable[None] | None]


@dataclass
class Script:
    """Script of the hooks of a test, with the record of their calls."""

    calls: list[Call] = field(default_factory=list)
    acts: dict[str, Act] = field(default_factory=dict)

    def on(self, hook: str, act: Act) -> None:
        """Have a hook do something, as in `Invoice.before_create`."""
        self.acts[hook] = act

    @property
    def names(self) -> list[str]:
        """The calls by their names."""
        return [f"{call.model}.{call.hook}" for call in self.calls]


SCRIPT = Script()


def make_hook(name: str) -> Act:
    async def hook(change: Change) -> None:
        rows = [
            (
                None if row.old is None else dict(row.old),
                None if row.new is None else dict(row.new),
                row.pointer,
            )
            for row in change.rows
        ]
        links: list[tuple[str, list[Any], str]] = [
            (link.relationship, list(link.keys), link.action) for link in change.links
        ]
        model = change.model.__name__
        SCRIPT.calls.append(Call(name, model, change.operation, rows, links))
        act = SCRIPT.acts.get(f"{model}.{name}")
        result = act(change) if act else None
        if result is not None:
            await result

    return hook


NAMES = (
    "before_create",
    "after_create",
    "before_update",
    "after_update",
    "before_delete",
    "after_delete",
    "after_commit",
)


def watch() -> Hooks:
    """Hooks of every kind that follow the script."""
    return Hooks(**{name: [make_hook(name)] for name in NAMES})


RESOURCES = (
    Resource(
        Invoice,
        hooks=watch(),
        hidden=["margin"],
        read_only=["total"],
        nested_writes=["lines", "customer", "labels"],
        includes=["lines", "labels"],
    ),
    Resource(Line, hooks=watch(), nested_writes=["parts"]),
    Resource(Part, hooks=watch()),
    Resource(Customer, hooks=watch()),
    Resource(Label),
)
