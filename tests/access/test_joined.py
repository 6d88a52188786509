"""Conditions of policies that Python would join, and so drop some of, are refused."""

import ast
from collections.abc import Callable
from typing import Annotated, Any

import pytest
from fastapi import Header
from pydantic import BaseModel
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel, and_, col, select

from modelwire import Caller, ConfigurationError, FieldPolicy, Policy, everyone, nobody
from modelwire.access import joined


class Base(SQLModel, registry=registry()):
    """Tables of their own."""


class Shelf(Base, table=True):
    id: int | None = Field(default=None, primary_key=True)
    owner: str
    books: list["Book"] = Relationship(back_populates="shelf")


class Book(Base, table=True):
    id: int | None = Field(default=None, primary_key=True)
    owner: str
    price: int
    shelf_id: int = Field(foreign_key="shelf.id")
    shelf: Shelf = Relationship(back_populates="books")


class Reader(BaseModel):
    name: str
    is_editor: bool = False


def read_reader(x_name: Annotated[str, Header()]) -> Reader:
    return Reader(name=x_name)


me = Caller(read_reader, key="name")
SHELF: Any = Book.shelf
OWN: Any = col(Book.owner) == me.name
EDITED: Any = OWN or me.is_editor
CHEAP: Any = OWN and col(Book.price) < 10
MINE: Any = select(Shelf.id).where(Shelf.owner == me.name and col(Shelf.id) > 0)
IDS = list[int]() or [1]
EXTRA: dict[str, FieldPolicy] = {}
IS_OPEN = False


def own_and_cheap(limit: int) -> Any:
    if not limit:
        return OWN
    cheap: Any = OWN and col(Book.price) < limit
    return cheap


def again() -> Any:
    return again() if IS_OPEN else OWN


def ids() -> list[int]:
    return IDS or [2]


def joined_locally() -> Policy:
    if IS_OPEN:
        return Policy(read=everyone)
    local: Any = col(Book.id) == 2
    either = local or EDITED
    return Policy(read=OWN, write=either)


REFUSED: dict[str, Callable[[], Policy]] = {
    "and": lambda: Policy(read=OWN and col(Book.price) < 10),
    "or": lambda: Policy(read=OWN or me.is_editor),
    "by position": lambda: Policy(OWN or me.is_editor),
    "chain": lambda: Policy(read=col(Book.owner) == me.name == col(Book.shelf_id)),
    "name": lambda: Policy(read=CHEAP),
    "local name": joined_locally,
    "one of two": lambda: Policy(read=nobody if IS_OPEN else EDITED),
    "inside of &": lambda: Policy(read=OWN & (OWN or me.is_editor)),
    "inside of ~": lambda: Policy(read=~EDITED),
    "inside of and_": lambda: Policy(read=and_(OWN, OWN and me.is_editor)),
    "has": lambda: Policy(read=SHELF.has(col(Shelf.owner) == me.name and col(Shelf.id) > 0)),
    "subquery": lambda: Policy(read=OWN, create=col(Book.shelf_id).in_(MINE)),
    "function": lambda: Policy(read=own_and_cheap(10)),
    "restore": lambda: Policy(
        read=OWN,
        restore=OWN
        and me.is_editor,
    ),
}  # fmt: skip
"""Declarations of which SQLAlchemy sees one condition alone."""


@pytest.mark.parametrize("declare", REFUSED.values(), ids=REFUSED)
def test_joined_conditions_are_refused(declare: Callable[[], Policy]) -> None:
    """The error has the place and the text of what Python joins, and what would join it."""
    with pytest.raises(ConfigurationError) as caught:
        declare()
    text = str(caught.value)
    assert text.startswith(f"Policy(…) at {__file__}:")
    assert "Join conditions by & and |" in text
    found = ast.parse(text.split("`")[1], mode="eval").body
    assert isinstance(found, ast.BoolOp | ast.Compare)


TAKEN: dict[str, Callable[[], Policy]] = {
    "operators": lambda: Policy(read=(OWN & (col(Book.price) < 10)) | ~(me.is_editor)),
    "functions": lambda: Policy(read=and_(OWN, col(Book.price) < 10)),
    "a choice at start": lambda: Policy(read=OWN if IDS or IS_OPEN else nobody),
    "a list or another": lambda: Policy(read=OWN & col(Book.id).in_(IDS or [2])),
    "a list by its name": lambda: Policy(read=col(Book.id).in_(IDS)),
    "a list of a function": lambda: Policy(read=col(Book.id).in_(ids())),
    "a function": lambda: Policy(read=again()),
    "fields or others": lambda: Policy(read=OWN, fields=EXTRA or {}),
    "a value": lambda: Policy(read=OWN & (col(Book.price) < (len(IDS) or 1))),
}
"""Declarations in which `and` and `or` are about values of Python."""


@pytest.mark.parametrize("declare", TAKEN.values(), ids=TAKEN)
def test_python_is_used_for_its_own_values(declare: Callable[[], Policy]) -> None:
    assert isinstance(declare(), Policy)


def test_without_its_source() -> None:
    """A policy that is made where there is no source is taken as it is."""
    made: dict[str, Any] = {"Policy": Policy, "OWN": OWN, "me": me}
    exec("policy = Policy(read=OWN or me.is_editor)", made)
    assert isinstance(made["policy"], Policy)


def test_parser_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python 3.11 fails to parse if it parses something else meanwhile, as garbage is collected."""
    parse, failures = ast.parse, [SystemError("AST constructor recursion depth mismatch")]

    def fail_once(text: str) -> ast.AST:
        if failures:
            raise failures.pop()
        return parse(text)

    joined._read.cache_clear()
    monkeypatch.setattr(ast, "parse", fail_once)
    with pytest.raises(ConfigurationError):
        Policy(read=OWN or me.is_editor)
    assert not failures


@pytest.mark.parametrize("text", ["(", "\0", "read = " + "(" * 5000])
def test_what_can_not_be_parsed(text: str) -> None:
    """A file that has changed is no reason to refuse anything."""
    assert joined._read(text) is None
