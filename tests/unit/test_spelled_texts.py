"""Enums and UUIDs that are stored as texts: every spelling is the same value."""

import enum
import uuid
from typing import Any

import pytest
from sqlalchemy import Enum as SQLEnum
from sqlalchemy import Integer, String, Uuid
from sqlalchemy.dialects.postgresql.asyncpg import dialect as postgresql
from sqlalchemy.dialects.sqlite.aiosqlite import dialect as sqlite
from sqlalchemy.types import TypeEngine

from modelwire.catalog.invalid_values import SpelledUUID
from modelwire.statement.compiled import binder_of
from modelwire.statement.dialects.known import DIALECTS
from modelwire.statement.stored_texts import SpelledEnum, SpelledUuid, speller_of

SQLITE, POSTGRESQL = DIALECTS["sqlite"], DIALECTS["postgresql"]
SEVEN = uuid.UUID("abcdef00-0000-0000-0000-000000000007")


class Color(enum.Enum):
    RED = "red"
    GREEN = "green"
    BLUE = "RED"
    """Its value is the name of another one, and so tells neither."""


class Level(enum.Enum):
    LOW = 1
    HIGH = 2


BY_VALUE = SQLEnum(Level, values_callable=lambda cls: [str(member.value) for member in cls])


@pytest.mark.parametrize(
    ("sql_type", "text", "spellings"),
    [
        (SQLEnum(Color), "RED", ("RED", "red")),
        (SQLEnum(Color), "GREEN", ("GREEN", "green")),
        (SQLEnum(Color), "BLUE", ("BLUE",)),
        (SQLEnum(Color), "other", ("other",)),
        (SQLEnum(Level), "LOW", ("LOW", "1")),
        (BY_VALUE, "2", ("2", "HIGH")),
        (
            Uuid(),
            SEVEN.hex,
            (SEVEN.hex, str(SEVEN), SEVEN.hex.upper(), str(SEVEN).upper()),
        ),
    ],
)
def test_spellings(sql_type: TypeEngine[Any], text: str, spellings: tuple[str, ...]) -> None:
    """By the name or the value, unless these are those of another one as well."""
    spell = speller_of(sql_type, SQLITE)
    assert spell is not None
    assert tuple(spell(text))[:1] == spellings[:1]
    assert set(spell(text)) == set(spellings)


@pytest.mark.parametrize(
    ("sql_type", "dialect"),
    [
        (String(), SQLITE),
        (Integer(), SQLITE),
        (SQLEnum("a", "b"), SQLITE),
        (Uuid(), POSTGRESQL),
        (SQLEnum(Color), POSTGRESQL),
    ],
)
def test_types_with_one_spelling(sql_type: TypeEngine[Any], dialect: Any) -> None:
    assert speller_of(sql_type, dialect) is None


@pytest.mark.parametrize("sql_type", [SQLEnum(Color, native_enum=False), Uuid(native_uuid=False)])
def test_texts_on_postgresql(sql_type: TypeEngine[Any]) -> None:
    assert speller_of(sql_type, POSTGRESQL) is not None


@pytest.mark.parametrize(
    ("own", "text", "member"),
    [
        (SQLEnum(Color), "RED", Color.RED),
        (SQLEnum(Color), "BLUE", Color.BLUE),
        (SQLEnum(Color), "green", Color.GREEN),
        (SQLEnum(Level), "2", Level.HIGH),
        (BY_VALUE, "HIGH", Level.HIGH),
        (SQLEnum("a", "b"), "a", "a"),
        (SQLEnum(Color), None, None),
    ],
)
def test_members(own: SQLEnum, text: str | None, member: Any) -> None:
    assert SpelledEnum(own).result_processor(sqlite(), None)(text) is member


def test_texts_of_no_member() -> None:
    with pytest.raises(KeyError):
        SpelledEnum(SQLEnum(Color)).result_processor(sqlite(), None)("Green")


@pytest.mark.parametrize("text", [str(SEVEN), SEVEN.hex.upper(), str(SEVEN).upper()])
def test_uuids(text: str) -> None:
    """A UUID remembers a spelling that is not that of its column."""
    read = SpelledUuid().result_processor(sqlite(), None)
    found = read(text)
    assert (type(found), found, found.stored) == (SpelledUUID, SEVEN, text)
    assert type(read(SEVEN.hex)) is uuid.UUID
    assert read(SEVEN.hex) == SEVEN
    assert read(None) is None


@pytest.mark.parametrize("text", [f"{{{SEVEN}}}", f"urn:uuid:{SEVEN}", str(SEVEN).title(), "x"])
def test_texts_of_no_uuid(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        SpelledUuid().result_processor(sqlite(), None)(text)


def test_uuids_as_texts_are_sent_as_digits() -> None:
    """A driver of PostgreSQL's own type would send the UUID itself."""
    for driver in (sqlite(), postgresql()):
        convert = binder_of(SpelledUuid(), driver)
        assert convert is not None
        assert convert(SEVEN) == SEVEN.hex
