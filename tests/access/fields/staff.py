"""Rows of which not everyone may see and set every field, and services that say so in two ways."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, NamedTuple

from fastapi import Header
from sqlalchemy import JSON, Column
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel, col

from modelwire import Caller, FieldPolicy, Policy, Resource, everyone, nobody


class Base(SQLModel, registry=registry()):
    """Tables of their own."""


class ClubLink(Base, table=True):
    """The links of people and groups; no resource."""

    __tablename__ = "memberships"

    person_code: str | None = Field(default=None, foreign_key="people.code", primary_key=True)
    group_code: str | None = Field(default=None, foreign_key="groups.code", primary_key=True)


class Bureau(Base, table=True):
    """Bureau that staff belong to."""

    __tablename__ = "offices"

    code: str = Field(primary_key=True)
    name: str | None = None
    budget: int | None = None

    people: list["Worker"] = Relationship(back_populates="office")


class Worker(Base, table=True):
    """Worker with fields for all, for some to see, for some to set, and for no one."""

    __tablename__ = "people"

    code: str = Field(primary_key=True)
    name: str | None = None
    title: str | None = None
    salary: int | None = None
    email: str | None = Field(default=None, unique=True)
    pin: str | None = None
    grade: int = 1
    notes: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    office_code: str | None = Field(default=None, foreign_key="offices.code")

    office: Bureau | None = Relationship(back_populates="people")
    groups: list["Club"] = Relationship(back_populates="people", link_model=ClubLink)


class Club(Base, table=True):
    """Club that staff are linked to."""

    __tablename__ = "groups"

    code: str = Field(primary_key=True)
    rank: int | None = None

    people: list["Worker"] = Relationship(back_populates="groups", link_model=ClubLink)


for model in (Bureau, Worker, Club):
    model.model_rebuild()

TABLES = [Base.metadata.tables[str(m.__tablename__)] for m in (Bureau, Worker, Club, ClubLink)]


class Member(NamedTuple):
    """Caller."""

    id: str
    is_manager: bool
    is_auditor: bool


def read_member(x_who: Annotated[str, Header()] = "") -> Member:
    """Read the caller and its roles from a header."""
    return Member(x_who, "manager" in x_who, "auditor" in x_who)


me = Caller(read_member)

CALLERS = ("nobody", "manager", "auditor", "manager,auditor")

Rules = Mapping[str, FieldPolicy]

RULES: Mapping[type[SQLModel], Rules] = {
    Bureau: {"budget": FieldPolicy(read=me.is_auditor, write=me.is_manager)},
    Worker: {
        "title": FieldPolicy(write=me.is_manager),
        "salary": FieldPolicy(read=me.is_manager, write=me.is_auditor),
        "email": FieldPolicy(read=me.is_auditor),
        "pin": FieldPolicy(read=nobody, write=me.is_manager),
        "grade": FieldPolicy(write=nobody),
        "notes": FieldPolicy(read=me.is_manager, write=me.is_manager),
    },
    Club: {"rank": FieldPolicy(read=me.is_manager)},
}

READ: Mapping[type[SQLModel], Any] = {
    Bureau: everyone,
    Worker: me.is_manager | (col(Worker.code) != "p3"),
    Club: everyone,
}
"""The rows that callers see, whatever they see of them."""

OPTIONS: Mapping[type[SQLModel], dict[str, Any]] = {
    Bureau: {"includes": ["people"], "nested_writes": ["people"]},
    Worker: {
        "includes": ["office", "groups"],
        "include_by_default": ["office"],
        "nested_writes": ["office"],
    },
    Club: {"includes": ["people"]},
}


def ruled() -> tuple[Resource, ...]:
    """The resources, with policies of their fields."""
    return tuple(
        Resource(model, policy=Policy(read=READ[model], fields=rules), **OPTIONS[model])
        for model, rules in RULES.items()
    )


def settled(who: str) -> tuple[Resource, ...]:
    """The resources as they are for one caller, who is told of no policies."""
    return tuple(
        Resource(
            model,
            policy=Policy(read=READ[model]),
            hidden=[n for n, rule in rules.items() if not holds(rule.read, who)],
            read_only=[n for n, rule in rules.items() if not holds(rule.write, who)],
            **OPTIONS[model],
        )
        for model, rules in RULES.items()
    )


def holds(rule: Any, who: str) -> bool:
    """Whether a rule holds for a caller, by what it is in plain words."""
    if rule is everyone or rule is nobody:
        return rule is everyone
    return str(rule.attribute.name).removeprefix("is_") in who


def rows() -> Mapping[str, list[dict[str, Any]]]:
    """The rows of each table, as they are before each request."""
    return {
        "offices": [
            {"code": "north", "name": "North", "budget": 100},
            {"code": "south", "name": "South", "budget": 300},
            {"code": "west", "name": None, "budget": None},
        ],
        "people": [
            _person(i, name, salary, office)
            for i, (name, salary, office) in enumerate(
                [
                    ("ann", 70, "north"),
                    ("bob", 50, "south"),
                    ("cid", None, "north"),
                    ("dan", 90, None),
                    ("eve", 50, "south"),
                ]
            )
        ],
        "groups": [{"code": "chess", "rank": 2}, {"code": "judo", "rank": 1}],
        "memberships": [
            {"person_code": "p0", "group_code": "chess"},
            {"person_code": "p1", "group_code": "chess"},
            {"person_code": "p1", "group_code": "judo"},
        ],
    }


def _person(i: int, name: str, salary: int | None, office: str | None) -> dict[str, Any]:
    return {
        "code": f"p{i}",
        "name": name,
        "title": ["clerk", None, "head"][i % 3],
        "salary": salary,
        "email": f"{name}@hidden.example",
        "pin": f"{i}{i}{i}{i}",
        "grade": i % 2,
        "notes": {"says": f"note {name}"} if i % 2 else None,
        "office_code": office,
    }


def stored(given: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows as values that compare and print alike on both databases."""
    return sorted((dict(row) for row in given), key=repr)
