"""Books on loan: a schema beside the table's model, properties and methods, a settings table."""

from datetime import UTC, date, datetime, timedelta
from typing import ClassVar

from pydantic import ConfigDict, computed_field, field_serializer
from sqlalchemy import Column, Date, Identity, Integer, String, func
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Resource


class Base(SQLModel, registry=registry()):
    pass


class Setting(Base, table=True):
    __tablename__ = "setting"

    key: str = Field(primary_key=True)
    value: str = Field()


class BookBase(Base):
    title: str = Field(title="Title of the book")
    isbn: str = Field(min_length=10, max_length=13, sa_type=String(13), unique=True)
    pages: int | None = Field(None, gt=0)


class Book(BookBase, table=True):
    __tablename__ = "books"

    days: ClassVar[int] = 28

    id: int | None = Field(default=None, sa_column=Column(Integer, Identity(), primary_key=True))
    loans: list["Loan"] = Relationship(back_populates="book")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def label(self) -> str:
        return f"{self.title} ({self.isbn})"

    def __repr__(self) -> str:
        return f"Book({self.id})"


class BookPublic(BookBase):
    id: int
    label: str


class Loan(Base, table=True):
    __tablename__ = "loans"

    model_config = ConfigDict(json_schema_extra={"example": {"book_id": 1, "reader": "Ann"}})  # type: ignore[assignment]

    id: int | None = Field(default=None, primary_key=True, nullable=False)
    book_id: int = Field(foreign_key="books.id")
    reader: str
    since: date = Field(default=func.current_date(), sa_column=Column(Date, default=date.today))
    due: date = Field(default_factory=lambda: date.today() + timedelta(Book.days))
    returned: datetime | None = Field(default=None)
    book: Book | None = Relationship(back_populates="loans")

    @field_serializer("reader")
    def show_reader(self, reader: str) -> str:
        return reader.upper()

    def give_back(self) -> None:
        self.returned = datetime.now(UTC)


RESOURCES = (
    Resource(Setting),
    Resource(Book, includes=["loans"]),
    Resource(Loan, includes=["book"]),
)
ROWS = {
    "/setting": [
        {"key": "a.b", "value": "1"},
        {"key": "..x", "value": ""},
        {"key": "ä", "value": "1"},
    ],
    "/books": [
        {"title": "Emma", "isbn": "0000000001", "pages": 200},
        {"title": "emma", "isbn": "0000000002"},
        {"title": "It's", "isbn": "0000000000003", "pages": 10},
    ],
    "/loans": [
        {"book_id": 1, "reader": "Ann"},
        {"book_id": 1, "reader": "Bob", "since": "2026-01-01", "due": "2026-01-29"},
        {"book_id": 2, "reader": "Ann", "returned": "2026-03-01T00:00:00Z"},
    ],
}
