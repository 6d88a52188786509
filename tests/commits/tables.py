"""Tables whose constraints are looked at when a transaction commits, and not before."""

from typing import Any

from sqlalchemy import DDL, ForeignKeyConstraint, UniqueConstraint, event
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Resource

BAD, KEPT = "bad", "kept"
"""Notes of rows that a trigger refuses to store, and to remove."""

BAD_TAG, KEPT_TAG = 2, 3
"""The keys of tags to which it refuses links, and whose links it keeps."""


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own, whatever those of other tests are called."""


def _deferred(column: str, target: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint([column], [target], deferrable=True, initially="DEFERRED")


class Owner(Base, table=True):
    __tablename__ = "owners"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    note: str | None = None
    tickets: list["Ticket"] = Relationship(back_populates="owner")


class TicketTag(Base, table=True):
    __tablename__ = "ticket_tags"
    __table_args__ = (_deferred("ticket_id", "tickets.id"), _deferred("tag_id", "tags.id"))

    ticket_id: int | None = Field(default=None, primary_key=True)
    tag_id: int | None = Field(default=None, primary_key=True)


class Ticket(Base, table=True):
    __tablename__ = "tickets"
    __table_args__ = (
        _deferred("owner_id", "owners.id"),
        _deferred("previous_id", "tickets.id"),
        UniqueConstraint("badge").ddl_if(dialect="sqlite"),
        UniqueConstraint("badge", deferrable=True, initially="DEFERRED").ddl_if(
            dialect="postgresql"
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True)
    note: str | None = None
    badge: int | None = None
    owner_id: int | None = None
    previous_id: int | None = None
    owner: Owner = Relationship(back_populates="tickets")
    tags: list["Tag"] = Relationship(back_populates="tickets", link_model=TicketTag)


class Tag(Base, table=True):
    __tablename__ = "tags"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    tickets: list[Ticket] = Relationship(back_populates="tags", link_model=TicketTag)


class Audit(Base, table=True):
    """Audit that SQLite's triggers write to: it refers to nothing, which COMMIT refuses."""

    __tablename__ = "audits"
    __table_args__ = (_deferred("owner_id", "owners.id"),)

    id: int | None = Field(default=None, primary_key=True)
    owner_id: int | None = None


CONDITIONS = (
    ("owners", "INSERT", f"NEW.note = '{BAD}'"),
    ("owners", "UPDATE", f"NEW.note = '{BAD}'"),
    ("owners", "DELETE", f"OLD.note = '{KEPT}'"),
    ("tickets", "INSERT", f"NEW.note = '{BAD}'"),
    ("tickets", "UPDATE", f"NEW.note = '{BAD}'"),
    ("tickets", "DELETE", f"OLD.note = '{KEPT}'"),
    ("ticket_tags", "INSERT", f"NEW.tag_id = {BAD_TAG}"),
    ("ticket_tags", "DELETE", f"OLD.tag_id = {KEPT_TAG}"),
)
"""Writes that triggers refuse: a table, an operation, and a condition on rows."""

_REFUSE = """
CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'refused at commit'; END $$
"""


def _create_triggers(_metadata: Any, connection: Any, **_: Any) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(DDL(_REFUSE))
    for table, action, condition in CONDITIONS:
        name = f"refuse_{table}_{action.lower()}"
        if connection.dialect.name == "postgresql":
            text = (
                f"CREATE CONSTRAINT TRIGGER {name} AFTER {action} ON {table} "
                f"DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ({condition}) "
                "EXECUTE FUNCTION refuse()"
            )
        else:
            text = (
                f"CREATE TRIGGER {name} AFTER {action} ON {table} WHEN {condition} "
                "BEGIN INSERT INTO audits (owner_id) VALUES (999); END"
            )
        connection.execute(DDL(text))


event.listen(Base.metadata, "after_create", _create_triggers)


def make_resources(**options: Any) -> tuple[Resource, ...]:
    """The resources, each with the same options."""
    return (
        Resource(Owner, includes=["tickets"], nested_writes=["tickets"], **options),
        Resource(Ticket, includes=["tags", "owner"], nested_writes=["owner"], **options),
        Resource(Tag, includes=["tickets"], **options),
    )
