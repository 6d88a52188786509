"""The models and schemas of SQLModel's tutorial, chapter by chapter, as it has them.

Each chapter has a base, whose classes may have the names that those of other chapters have.
"""

import uuid
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Resource


class Chapter(NamedTuple):
    """One chapter: its tables and how they are served."""

    metadata: MetaData
    resources: tuple[Resource, ...]


def one_table() -> Chapter:
    """Create a table; rows; select; where; update; delete."""

    class Base(SQLModel, registry=registry()):
        pass

    class Hero(Base, table=True):
        id: int | None = Field(default=None, primary_key=True)
        name: str = Field(index=True)
        secret_name: str
        age: int | None = Field(default=None, index=True)

    return Chapter(Base.metadata, (Resource(Hero, shown=["secret_name"]),))


def connected_tables() -> Chapter:
    """Connect tables by a foreign key, without relationships."""

    class Base(SQLModel, registry=registry()):
        pass

    class Team(Base, table=True):
        id: int | None = Field(default=None, primary_key=True)
        name: str = Field(index=True)
        headquarters: str

    class Hero(Base, table=True):
        id: int | None = Field(default=None, primary_key=True)
        name: str = Field(index=True)
        secret_name: str
        age: int | None = Field(default=None, index=True)
        team_id: int | None = Field(default=None, foreign_key="team.id")

    return Chapter(Base.metadata, (Resource(Team), Resource(Hero, shown=["secret_name"])))


def relationships() -> Chapter:
    """Relationship attributes, with back_populates."""

    class Base(SQLModel, registry=registry()):
        pass

    class Team(Base, table=True):
        id: int | None = Field(default=None, primary_key=True)
        name: str = Field(index=True)
        headquarters: str
        heroes: list["Hero"] = Relationship(back_populates="team")

    class Hero(Base, table=True):
        id: int | None = Field(default=None, primary_key=True)
        name: str = Field(index=True)
        secret_name: str
        age: int | None = Field(default=None, index=True)
        team_id: int | None = Field(default=None, foreign_key="team.id")
        team: Team | None = Relationship(back_populates="heroes")

    return Chapter(
        Base.metadata,
        (
            Resource(Team, includes=["heroes"]),
            Resource(Hero, includes=["team"], shown=["secret_name"]),
        ),
    )


def cascades(on_delete: Any, *, cascade: bool, passive: bool = False) -> Chapter:
    """Cascade delete: by the relationship, by the database, or by both."""

    class Base(SQLModel, registry=registry()):
        pass

    class Team(Base, table=True):
        id: int | None = Field(default=None, primary_key=True)
        name: str = Field(index=True)
        headquarters: str
        heroes: list["Hero"] = Relationship(
            back_populates="team",
            cascade_delete=cascade,
            passive_deletes="all" if passive else None,
        )

    class Hero(Base, table=True):
        id: int | None = Field(default=None, primary_key=True)
        name: str = Field(index=True)
        secret_name: str
        age: int | None = Field(default=None, index=True)
        team_id: int | None = Field(default=None, foreign_key="team.id", ondelete=on_delete)
        team: Team | None = Relationship(back_populates="heroes")

    return Chapter(Base.metadata, (Resource(Team), Resource(Hero, shown=["secret_name"])))


def many_to_many() -> Chapter:
    """A link table with a field of its own, beside relationships to it."""

    class Base(SQLModel, registry=registry()):
        pass

    class HeroTeamLink(Base, table=True):
        team_id: int | None = Field(default=None, foreign_key="team.id", primary_key=True)
        hero_id: int | None = Field(default=None, foreign_key="hero.id", primary_key=True)
        is_training: bool = False
        team: "Team" = Relationship(back_populates="hero_links")
        hero: "Hero" = Relationship(back_populates="team_links")

    class Team(Base, table=True):
        id: int | None = Field(default=None, primary_key=True)
        name: str = Field(index=True)
        headquarters: str
        hero_links: list[HeroTeamLink] = Relationship(back_populates="team")

    class Hero(Base, table=True):
        id: int | None = Field(default=None, primary_key=True)
        name: str = Field(index=True)
        secret_name: str
        age: int | None = Field(default=None, index=True)
        team_links: list[HeroTeamLink] = Relationship(back_populates="hero")

    return Chapter(
        Base.metadata,
        (
            Resource(HeroTeamLink, includes=["team", "hero"]),
            Resource(Team, includes=["hero_links"]),
            Resource(Hero, includes=["team_links"], shown=["secret_name"]),
        ),
    )


def links() -> Chapter:
    """A link table that only links."""

    class Base(SQLModel, registry=registry()):
        pass

    class HeroTeamLink(Base, table=True):
        team_id: int | None = Field(default=None, foreign_key="team.id", primary_key=True)
        hero_id: int | None = Field(default=None, foreign_key="hero.id", primary_key=True)

    class Team(Base, table=True):
        id: int | None = Field(default=None, primary_key=True)
        name: str = Field(index=True)
        headquarters: str
        heroes: list["Hero"] = Relationship(back_populates="teams", link_model=HeroTeamLink)

    class Hero(Base, table=True):
        id: int | None = Field(default=None, primary_key=True)
        name: str = Field(index=True)
        secret_name: str
        age: int | None = Field(default=None, index=True)
        teams: list[Team] = Relationship(back_populates="heroes", link_model=HeroTeamLink)

    return Chapter(
        Base.metadata,
        (
            Resource(Team, includes=["heroes"]),
            Resource(Hero, includes=["teams"], shown=["secret_name"]),
        ),
    )


def several_models() -> Chapter:
    """Multiple models with FastAPI: a table, and what is created, updated and shown."""

    class Base(SQLModel, registry=registry()):
        pass

    class HeroBase(Base):
        name: str = Field(index=True)
        secret_name: str
        age: int | None = Field(default=None, index=True)

    class Hero(HeroBase, table=True):
        id: int | None = Field(default=None, primary_key=True)

    class HeroCreate(HeroBase):
        pass

    class HeroPublic(HeroBase):
        id: int

    class HeroUpdate(SQLModel):
        name: str | None = None
        secret_name: str | None = None
        age: int | None = None

    hero = Resource(
        Hero, create_schema=HeroCreate, update_schema=HeroUpdate, read_schema=HeroPublic
    )
    return Chapter(Base.metadata, (hero,))


def models_without_inheritance() -> Chapter:
    """Multiple models, each with all of its fields, and SQLModel's own base."""

    class Base(SQLModel, registry=registry()):
        pass

    class Hero(Base, table=True):
        id: int | None = Field(default=None, primary_key=True)
        name: str = Field(index=True)
        secret_name: str
        age: int | None = Field(default=None, index=True)

    class HeroCreate(SQLModel):
        name: str
        secret_name: str
        age: int | None = None

    class HeroPublic(SQLModel):
        id: int
        name: str
        secret_name: str
        age: int | None = None

    return Chapter(
        Base.metadata, (Resource(Hero, create_schema=HeroCreate, read_schema=HeroPublic),)
    )


def teams(*, nested: bool) -> Chapter:
    """Teams with FastAPI; if nested, rows with the rows that they are related to."""

    class Base(SQLModel, registry=registry()):
        pass

    class TeamBase(Base):
        name: str = Field(index=True)
        headquarters: str

    class Team(TeamBase, table=True):
        id: int | None = Field(default=None, primary_key=True)
        heroes: list["Hero"] = Relationship(back_populates="team")

    class TeamCreate(TeamBase):
        pass

    class TeamPublic(TeamBase):
        id: int

    class TeamUpdate(SQLModel):
        name: str | None = None
        headquarters: str | None = None

    class HeroBase(Base):
        name: str = Field(index=True)
        secret_name: str
        age: int | None = Field(default=None, index=True)
        team_id: int | None = Field(default=None, foreign_key="team.id")

    class Hero(HeroBase, table=True):
        id: int | None = Field(default=None, primary_key=True)
        team: Team | None = Relationship(back_populates="heroes")

    class HeroPublic(HeroBase):
        id: int

    class HeroCreate(HeroBase):
        pass

    class HeroUpdate(SQLModel):
        name: str | None = None
        secret_name: str | None = None
        age: int | None = None
        team_id: int | None = None

    class HeroPublicWithTeam(HeroPublic):
        team: TeamPublic | None = None

    class TeamPublicWithHeroes(TeamPublic):
        heroes: list[HeroPublic] = []  # noqa: RUF012 - as the tutorial has it

    team = Resource(
        Team,
        create_schema=TeamCreate,
        update_schema=TeamUpdate,
        read_schema=TeamPublicWithHeroes if nested else TeamPublic,
    )
    hero = Resource(
        Hero,
        create_schema=HeroCreate,
        update_schema=HeroUpdate,
        read_schema=HeroPublicWithTeam if nested else HeroPublic,
    )
    return Chapter(Base.metadata, (team, hero))


def extra_data() -> Chapter:
    """Update with extra data: a password that is sent, and a hash that is stored."""

    class Base(SQLModel, registry=registry()):
        pass

    class HeroBase(Base):
        name: str = Field(index=True)
        secret_name: str
        age: int | None = Field(default=None, index=True)

    class Hero(HeroBase, table=True):
        id: int | None = Field(default=None, primary_key=True)
        hashed_password: str = Field()

    class HeroPublic(HeroBase):
        id: int

    class HeroUpdate(SQLModel):
        name: str | None = None
        secret_name: str | None = None
        age: int | None = None
        password: str | None = None

    return Chapter(
        Base.metadata, (Resource(Hero, update_schema=HeroUpdate, read_schema=HeroPublic),)
    )


def decimals() -> Chapter:
    """Decimal numbers."""

    class Base(SQLModel, registry=registry()):
        pass

    class Hero(Base, table=True):
        id: int | None = Field(default=None, primary_key=True)
        name: str = Field(index=True)
        secret_name: str
        age: int | None = Field(default=None, index=True)
        money: Decimal = Field(default=0, max_digits=5, decimal_places=3)

    return Chapter(Base.metadata, (Resource(Hero, shown=["secret_name"]),))


def uuids() -> Chapter:
    """UUIDs as keys."""

    class Base(SQLModel, registry=registry()):
        pass

    class Hero(Base, table=True):
        id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
        name: str = Field(index=True)
        secret_name: str
        age: int | None = Field(default=None, index=True)

    return Chapter(Base.metadata, (Resource(Hero, shown=["secret_name"]),))


CHAPTERS: Mapping[str, Callable[[], Chapter]] = {
    "one table": one_table,
    "connected tables": connected_tables,
    "relationships": relationships,
    "cascade delete": lambda: cascades("CASCADE", cascade=True),
    "set null": lambda: cascades("SET NULL", cascade=False, passive=True),
    "restrict": lambda: cascades("RESTRICT", cascade=False, passive=True),
    "no cascade": lambda: cascades(None, cascade=False),
    "links": links,
    "many to many": many_to_many,
    "several models": several_models,
    "models without inheritance": models_without_inheritance,
    "teams": lambda: teams(nested=False),
    "nested teams": lambda: teams(nested=True),
    "extra data": extra_data,
    "decimals": decimals,
    "uuids": uuids,
}
