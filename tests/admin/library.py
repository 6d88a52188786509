"""A library with a column of each kind, served to everybody, and to readers."""

import datetime as dt
import enum
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Response
from fastapi.security import APIKeyCookie, OAuth2PasswordBearer, OAuth2PasswordRequestForm
from sqlalchemy import JSON, BigInteger, Column, MetaData, text
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import (
    Caller,
    Changes,
    Database,
    FieldPolicy,
    Policy,
    Resource,
    everyone,
    mount,
    nobody,
)


class Base(SQLModel, registry=registry()):
    metadata = MetaData()


class Condition(enum.StrEnum):
    NEW = "new"
    WORN = "worn"
    LOST = "lost"


class Shelf(Base, table=True):
    """Shelf of volumes."""

    __tablename__ = "shelves"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True, min_length=2, max_length=40)
    volumes: list["Volume"] = Relationship(back_populates="shelf")


class Subject(Base, table=True):
    """Subject of volumes."""

    __tablename__ = "subjects"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True, max_length=40)


class Treated(Base, table=True):
    __tablename__ = "treated"

    volume_id: int = Field(foreign_key="volumes.id", primary_key=True)
    subject_id: int = Field(foreign_key="subjects.id", primary_key=True)


class Volume(Base, table=True):
    """The volumes of the library, each with all that is known of it."""

    __tablename__ = "volumes"

    id: int | None = Field(default=None, primary_key=True)
    title: str = Field(min_length=1, max_length=60)
    shelf_id: int = Field(foreign_key="shelves.id", index=True)
    pages: int = Field(default=100, ge=1)
    condition: Condition = Condition.NEW
    price: Decimal | None = Field(default=None, max_digits=24, decimal_places=4)
    barcode: int | None = Field(default=None, sa_column=Column(BigInteger, unique=True))
    weight: float | None = None
    lendable: bool = True
    printed_on: dt.date | None = None
    acquired_at: dt.datetime | None = None
    opens_at: dt.time | None = None
    extra: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    note: str | None = Field(default=None, max_length=2000)
    vault_code: str | None = None
    shelf: Shelf = Relationship(back_populates="volumes")
    subjects: list[Subject] = Relationship(link_model=Treated)


class Loan(Base, table=True):
    """Loan to a borrower; a deleted one is kept for a while."""

    __tablename__ = "loans"

    id: int | None = Field(default=None, primary_key=True)
    reader: str = Field(max_length=40)
    subject: str = Field(max_length=40)
    internal: str | None = None
    deleted_at: dt.datetime | None = None


class Visit(Base, table=True):
    """A key of two columns."""

    __tablename__ = "visits"

    reader: str = Field(primary_key=True)
    day: dt.date = Field(primary_key=True)
    minutes: int = 0


class Entry(Base, table=True):
    """Of the catalogue: its names are those of other things too."""

    __tablename__ = "login"

    name: str = Field(primary_key=True)
    q: str | None = None
    text: str = ""
    condition: Condition = Condition.NEW
    lines: int = 1
    heard_at: dt.time | None = None
    seen_at: dt.datetime | None = None


class Odd(Base, table=True):
    """Its names mean something else to the page, to React or to its forms."""

    __tablename__ = "odd"

    code: str = Field(primary_key=True)
    id: int | None = None
    root: str = Field(default="", max_length=9)
    source: str = ""
    resource: str = ""
    length: int = 0
    key: str = ""
    ref: str = ""
    children: str = ""
    record: str = ""
    constructor: str = ""
    deleted: str = ""
    limit: int = 0


class Reader(SQLModel):
    """Caller."""

    name: str


PASSWORD = "a long password"


def sign_in(form: Annotated[OAuth2PasswordRequestForm, Depends()]) -> dict[str, str]:
    """Give a reader a token, which is their name backwards."""
    if form.password != PASSWORD:
        raise HTTPException(400, "Wrong name or password")
    return {"access_token": form.username[::-1], "token_type": "bearer"}


KEYS = "modelwire_idempotency_keys"

EXPIRED: set[str] = set()
"""Tokens that hold no more."""


def expire(token: str) -> None:
    """Let a token hold no more."""
    EXPIRED.add(token)


def renew(token: str) -> None:
    """Let a token hold again."""
    EXPIRED.discard(token)


async def read_reader(token: Annotated[str, Depends(OAuth2PasswordBearer("token"))]) -> Reader:
    """Return the caller of a token."""
    if token in EXPIRED:
        raise HTTPException(401, "The token holds no more", {"WWW-Authenticate": "Bearer"})
    return Reader(name=token[::-1])


async def read_member(name: Annotated[str, Depends(APIKeyCookie(name="member"))]) -> Reader:
    """Return the caller of a cookie."""
    return Reader(name=name)


def enter(response: Response, name: str) -> None:
    """Set the cookie."""
    response.set_cookie("member", name)


def leave(response: Response) -> None:
    """Take it away."""
    response.delete_cookie("member")


MEMBER = Caller(read_member, key="name")

UNSEEN = {"internal": FieldPolicy(read=nobody, write=nobody)}
READER = Caller(read_reader, key="name")

OPEN = (
    Resource(Shelf, includes=["volumes"]),
    Resource(Subject, max_limit=3, default_limit=3),
    Resource(Volume, includes=["shelf", "subjects"], hidden=["vault_code"], changes=Changes()),
    Resource(Loan, soft_delete="deleted_at"),
    Resource(Visit),
    Resource(Entry, max_limit=4, default_limit=4),
    Resource(Odd),
)


def serve_everybody(database: Database) -> FastAPI:
    """The library without callers."""
    app = FastAPI(title="Library")

    async def run(*statements: str) -> None:
        async with database.session() as session:
            for statement in statements:
                await session.exec(text(statement))  # type: ignore[call-overload]
            await session.commit()

    @app.post("/keys/close")
    async def close_keys() -> None:
        """Leave the service nothing to keep idempotency keys in."""
        await run(f"ALTER TABLE {KEYS} RENAME TO kept", f"CREATE VIEW {KEYS} AS SELECT 1 AS one")

    @app.post("/keys/open")
    async def open_keys() -> None:
        """Give them back."""
        await run(f"DROP VIEW {KEYS}", f"ALTER TABLE kept RENAME TO {KEYS}")

    mount(app, database, *OPEN, admin=True)
    return app


def serve_readers(database: Database) -> FastAPI:
    """The library of readers, who see their own loans."""
    app = FastAPI(title="Readers' library")
    app.post("/token")(sign_in)
    app.post("/expire")(expire)
    app.post("/renew")(renew)
    own = Loan.reader == READER.name
    mount(
        app,
        database,
        Resource(Subject, policy=Policy(read=everyone)),
        Resource(Shelf, policy=Policy(read=nobody)),
        Resource(Loan, policy=Policy(read=own, create=nobody, update=own, fields=UNSEEN)),
        caller=READER,
        admin=True,
    )
    return app


def serve_members(database: Database) -> FastAPI:
    """The library of readers that a cookie tells apart."""
    app = FastAPI(title="Members' library")
    app.post("/enter")(enter)
    app.post("/leave")(leave)
    own = Loan.reader == MEMBER.name
    mount(app, database, Resource(Loan, policy=Policy(read=own)), caller=MEMBER, admin=True)
    return app


def make_rows() -> list[SQLModel]:
    """The rows to begin with."""
    shelves = [Shelf(name=f"Shelf {n:02}") for n in range(40)]
    subjects = [Subject(name=name) for name in ("Birds", "Maps", "Songs", "Stars")]
    zone = dt.UTC
    volumes = [
        Volume(
            title=f"Volume {n:02}",
            shelf_id=n % 40 + 1,
            pages=100 + n,
            condition=list(Condition)[n % 3],
            price=Decimal("1234567890.1200") if n == 1 else Decimal(n),
            barcode=9_007_199_254_740_993 + n,
            weight=n / 4,
            lendable=n % 2 == 0,
            printed_on=dt.date(2000, 1, 1) + dt.timedelta(days=n),
            acquired_at=dt.datetime(2026, 3, 1, 12, n, 5, 678901, tzinfo=zone),
            opens_at=dt.time(9, 30),
            extra={"big": 9_007_199_254_740_993, "ratio": 1.0},
            vault_code="swordfish",
        )
        for n in range(60)
    ]
    loans = [
        Loan(reader=reader, subject=f"{reader}'s {n}", internal="an internal note")
        for reader in ("ann", "bob")
        for n in range(3)
    ]
    visits = [Visit(reader="a,b/c%", day=dt.date(2026, 1, day), minutes=day) for day in (1, 2)]
    names = ("50%", "a%2Fb", "a/b", "bulk", "x, y", "zoe\u0308")
    entries = [
        Entry(name=name, text=f"of {name}\nin two lines", heard_at=dt.time(9, 30, 1, 234567))
        for name in names
    ]
    odd = [Odd(code="", source="of <>")]
    return [*shelves, *subjects, *volumes, *loans, *visits, *entries, *odd]
