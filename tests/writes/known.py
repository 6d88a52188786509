"""Tables as a client knows them: their columns, constraints and relations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Row = dict[str, Any]
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Column:
    """One column.

    `refused` has the code under which a text is refused that is longer than `length`.
    """

    kind: Literal["text", "integer", "small", "json"]
    nullable: bool = False
    required: bool = False
    default: Any = None
    kept: bool = False
    length: int | None = None
    refused: str = "too_long"


@dataclass(frozen=True)
class Parent:
    """Reference of a column, with the action on delete."""

    table: str
    column: str
    on_delete: Literal["restrict", "cascade", "set null"] = "restrict"


@dataclass(frozen=True)
class Relation:
    """A relation: `own` and `other` are the columns that are equal.

    Of a many-to-many relation `link` has the link table's column for either end.
    """

    table: str
    many: bool
    own: str
    other: str
    nested: bool = False
    link: tuple[str, str] | None = None

    @property
    def holds(self) -> bool:
        """Whether the row refers to the other one."""
        return not self.many


@dataclass(frozen=True)
class Table:
    """One table."""

    title: str
    columns: Mapping[str, Column]
    key: tuple[str, ...] = ("id",)
    unique: Sequence[tuple[str, ...]] = ()
    parents: Mapping[str, Parent] = field(default_factory=dict)
    relations: Mapping[str, Relation] = field(default_factory=dict)
    check: tuple[str, ...] = ()
    version: str | None = None
    requires_tag: bool = False

    @property
    def numbered(self) -> bool:
        """Whether the database makes its keys."""
        return self.key == ("id",)

    @property
    def writable(self) -> dict[str, Column]:
        return {name: column for name, column in self.columns.items() if not column.kept}

    def key_of(self, row: Row) -> Key:
        return tuple(row[name] for name in self.key)


NUMBER = Column("integer", kept=True)
REV = Column("integer", kept=True, default=1)
TEXT = Column("text", required=True)
REFERENCE = Column("integer", required=True)
MAYBE = Column("integer", nullable=True)

TABLES: Mapping[str, Table] = {
    "teams": Table(
        "Team",
        {
            "id": NUMBER,
            "name": Column("text", required=True, length=8),
            "motto": Column("text", nullable=True, length=8, refused="string_too_long"),
            "low": Column("integer", default=0),
            "high": Column("integer", default=9),
            "data": Column("json", nullable=True),
            "rev": REV,
        },
        unique=[("name",)],
        relations={"players": Relation("players", True, "id", "team_id", nested=True)},
        check=("low", "high"),
        version="rev",
    ),
    "players": Table(
        "Player",
        {
            "id": NUMBER,
            "name": TEXT,
            "number": Column("small", nullable=True),
            "team_id": MAYBE,
            "mentor_id": MAYBE,
        },
        unique=[("team_id", "number")],
        parents={"team_id": Parent("teams", "id"), "mentor_id": Parent("players", "id")},
        relations={
            "team": Relation("teams", False, "team_id", "id", nested=True),
            "clubs": Relation("clubs", True, "id", "code", link=("player_id", "club_code")),
        },
    ),
    "clubs": Table(
        "Club",
        {"code": TEXT, "title": Column("text", nullable=True), "rev": REV},
        key=("code",),
        relations={
            "members": Relation(
                "players", True, "code", "id", nested=True, link=("club_code", "player_id")
            )
        },
        version="rev",
    ),
    "memberships": Table(
        "Membership",
        {"club_code": TEXT, "player_id": REFERENCE},
        key=("club_code", "player_id"),
        parents={"club_code": Parent("clubs", "code"), "player_id": Parent("players", "id")},
    ),
    "authors": Table(
        "Author",
        {"id": NUMBER, "name": TEXT},
        unique=[("name",)],
        relations={
            "books": Relation("books", True, "id", "author_id", nested=True),
            "reviews": Relation("reviews", True, "id", "author_id", nested=True),
        },
    ),
    "books": Table(
        "Book",
        {"id": NUMBER, "title": TEXT, "author_id": REFERENCE},
        parents={"author_id": Parent("authors", "id", "cascade")},
        relations={
            "author": Relation("authors", False, "author_id", "id", nested=True),
            "chapters": Relation("chapters", True, "id", "book_id", nested=True),
        },
    ),
    "chapters": Table(
        "Chapter",
        {"id": NUMBER, "heading": TEXT, "book_id": REFERENCE},
        parents={"book_id": Parent("books", "id", "cascade")},
    ),
    "reviews": Table(
        "Review",
        {"id": NUMBER, "text": TEXT, "author_id": REFERENCE},
        parents={"author_id": Parent("authors", "id", "cascade")},
    ),
    "loans": Table(
        "Loan",
        {"id": NUMBER, "days": Column("integer", required=True), "book_id": MAYBE},
        parents={"book_id": Parent("books", "id", "set null")},
        check=("days",),
    ),
    "awards": Table(
        "Award",
        {"id": NUMBER, "name": TEXT, "book_id": REFERENCE},
        parents={"book_id": Parent("books", "id")},
        requires_tag=True,
    ),
}

CHECKS = {
    "teams": lambda row: row["low"] <= row["high"],
    "loans": lambda row: row["days"] > 0,
}


def is_allowed(table: str, row: Row) -> bool:
    """Whether the table's check allows a row."""
    return table not in CHECKS or CHECKS[table](row)
