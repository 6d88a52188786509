"""Tables of a library, which the transcripts read and write."""

import datetime as dt
import enum
import uuid
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    DDL,
    JSON,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    MetaData,
    UniqueConstraint,
    event,
)
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own."""

    metadata = MetaData()


class Form(enum.Enum):
    PAPER = "paper"
    AUDIO = "audio"


class Author(Base, table=True):
    """Takes its books along when it is deleted."""

    __tablename__ = "authors"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True, min_length=1, max_length=20)
    motto: str | None = None
    books: list["Book"] = Relationship(back_populates="author", cascade_delete=True)


class BookTag(Base, table=True):
    """Links of books and tags; no resource."""

    __tablename__ = "book_tags"

    book_id: int = Field(foreign_key="books.id", primary_key=True)
    tag_id: int = Field(foreign_key="tags.id", primary_key=True)


class Tag(Base, table=True):
    __tablename__ = "tags"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    books: list["Book"] = Relationship(back_populates="tags", link_model=BookTag)


class Book(Base, table=True):
    """`version` counts the changes, and `data` is a document."""

    __tablename__ = "books"
    __table_args__ = (
        UniqueConstraint("author_id", "title"),
        CheckConstraint("pages > 0", name="pages_positive"),
    )

    id: int | None = Field(default=None, primary_key=True)
    title: str = Field(max_length=30)
    isbn: str | None = Field(default=None, unique=True)
    pages: int = 1
    price: Decimal = Field(default=Decimal("0.00"), max_digits=6, decimal_places=2)
    form: Form = Form.PAPER
    printed: dt.date | None = None
    data: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    version: int = 1
    author_id: int = Field(foreign_key="authors.id")
    author: Author = Relationship(back_populates="books")
    tags: list[Tag] = Relationship(back_populates="books", link_model=BookTag)
    reviews: list["Review"] = Relationship()


class Review(Base, table=True):
    """Keeps its book from being deleted."""

    __tablename__ = "reviews"

    id: int | None = Field(default=None, primary_key=True)
    stars: int = 3
    book_id: int = Field(foreign_key="books.id")


class Shelf(Base, table=True):
    """Key of two parts, that the client names; `secret_code` is hidden."""

    __tablename__ = "shelves"

    room: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    label: str | None = None
    secret_code: str | None = None


class Place(Base, table=True):
    """Refers to a shelf by two columns; the database empties them with the shelf."""

    __tablename__ = "places"
    __table_args__ = (
        ForeignKeyConstraint(
            ["room", "number"], ["shelves.room", "shelves.number"], ondelete="SET NULL"
        ),
        CheckConstraint("low <= high", name="low_high"),
    )

    id: int | None = Field(default=None, primary_key=True)
    room: str | None = None
    number: int | None = None
    low: int = 0
    high: int = 9
    shelf: Shelf | None = Relationship()


class Node(Base, table=True):
    """A tree."""

    __tablename__ = "nodes"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    parent_id: int | None = Field(default=None, foreign_key="nodes.id")
    parent: "Node" = Relationship(
        back_populates="children", sa_relationship_kwargs={"remote_side": "Node.id"}
    )
    children: list["Node"] = Relationship(back_populates="parent")


class Stage(Base, table=True):
    """Refers to the next one, which need not be there before the end of a transaction."""

    __tablename__ = "stages"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    next_id: int | None = Field(
        default=None,
        sa_column=Column(ForeignKey("stages.id", deferrable=True, initially="DEFERRED")),
    )


class Note(Base, table=True):
    """Stays in its table when it is deleted, and so do its remarks; its changes are kept."""

    __tablename__ = "notes"

    id: int | None = Field(default=None, primary_key=True)
    text: str
    rank: int = 0
    secret_mark: str | None = None
    deleted_at: dt.datetime | None = None
    remarks: list["Remark"] = Relationship(back_populates="note", cascade_delete=True)


Index(
    "uq_note_text",
    Note.__table__.c.text,  # type: ignore[attr-defined]
    unique=True,
    sqlite_where=Note.__table__.c.deleted_at.is_(None),  # type: ignore[attr-defined]
    postgresql_where=Note.__table__.c.deleted_at.is_(None),  # type: ignore[attr-defined]
)


class Remark(Base, table=True):
    __tablename__ = "remarks"

    id: int | None = Field(default=None, primary_key=True)
    text: str
    deleted_at: dt.datetime | None = None
    note_id: int | None = Field(default=None, foreign_key="notes.id")
    note: Note | None = Relationship(back_populates="remarks")


class OrderTag(Base, table=True):
    __tablename__ = "order_tags"

    order_id: int = Field(foreign_key="orders.id", primary_key=True)
    tag_id: int = Field(foreign_key="tags.id", primary_key=True)


class Order(Base, table=True):
    """Has hooks of every kind."""

    __tablename__ = "orders"

    id: int | None = Field(default=None, primary_key=True)
    number: str | None = Field(default=None, unique=True)
    state: str = "open"
    lines: list["OrderLine"] = Relationship(back_populates="order", cascade_delete=True)
    labels: list[Tag] = Relationship(link_model=OrderTag)


class OrderLine(Base, table=True):
    """Has hooks too, and goes with its order."""

    __tablename__ = "order_lines"

    id: int | None = Field(default=None, primary_key=True)
    item: str
    order_id: int | None = Field(default=None, foreign_key="orders.id")
    order: Order | None = Relationship(back_populates="lines")


class Guarded(Base, table=True):
    """A trigger refuses the name `bad`; the label has a default in the model alone."""

    __tablename__ = "guarded"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    label: str | None = Field(default="x", nullable=False)


class Ticket(Base, table=True):
    """A key and an instant that are made anew each time."""

    __tablename__ = "tickets"

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    seat: int | None = Field(default=None, unique=True)
    made_at: dt.datetime = Field(default_factory=lambda: dt.datetime.now(dt.UTC))


class Office(Base, table=True):
    """What members belong to."""

    __tablename__ = "offices"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    papers: list["Paper"] = Relationship(back_populates="office")


class PaperTopic(Base, table=True):
    __tablename__ = "paper_topics"

    paper_id: int = Field(foreign_key="papers.id", primary_key=True)
    topic_id: int = Field(foreign_key="topics.id", primary_key=True)


class Topic(Base, table=True):
    """Seen by everyone, or by its office alone; none called `unseen` is."""

    __tablename__ = "topics"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    office_id: int | None = Field(default=None, foreign_key="offices.id")


class Paper(Base, table=True):
    """Belongs to an office, whose members see it."""

    __tablename__ = "papers"
    __table_args__ = (UniqueConstraint("office_id", "title"),)

    id: int | None = Field(default=None, primary_key=True)
    title: str
    state: str = "draft"
    fee: int | None = None
    office_id: int = Field(foreign_key="offices.id")
    made_by: int | None = None
    changed_by: int | None = None
    office: Office = Relationship(back_populates="papers")
    topics: list[Topic] = Relationship(link_model=PaperTopic)
    comments: list["Comment"] = Relationship(back_populates="paper")


class Comment(Base, table=True):
    __tablename__ = "comments"

    id: int | None = Field(default=None, primary_key=True)
    text: str
    made_by: int | None = None
    deleted_at: dt.datetime | None = None
    paper_id: int = Field(foreign_key="papers.id")
    paper: Paper = Relationship(back_populates="comments")


_TRIGGERS = {
    "postgresql": (
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF NEW.name = 'bad' THEN RAISE EXCEPTION 'secret: guarded.name'; END IF; "
        "RETURN NEW; END $$",
        "CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON guarded "
        "FOR EACH ROW EXECUTE FUNCTION refuse()",
    ),
    "sqlite": tuple(
        f"CREATE TRIGGER refuse_{when} BEFORE {when} ON guarded WHEN NEW.name = 'bad' "
        "BEGIN SELECT RAISE(ABORT, 'secret: guarded.name'); END"
        for when in ("INSERT", "UPDATE")
    ),
}

for _dialect, _statements in _TRIGGERS.items():
    for _sql in _statements:
        event.listen(
            Base.metadata.tables["guarded"], "after_create", DDL(_sql).execute_if(dialect=_dialect)
        )
