"""Tables with relations of every kind, in a circle, apart from other tests'."""

from typing import NamedTuple

from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Database
from tests.http.rows import store_many


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own, whatever those of other tests are called."""


class Docking(Base, table=True):
    """A link table that is never served."""

    __tablename__ = "dockings"

    ship_id: int | None = Field(default=None, foreign_key="ships.id", primary_key=True)
    port_id: int | None = Field(default=None, foreign_key="ports.id", primary_key=True)


class Lading(Base, table=True):
    """A link table that may be served."""

    __tablename__ = "ladings"

    crate_id: int | None = Field(default=None, foreign_key="crates.id", primary_key=True)
    good_id: int | None = Field(default=None, foreign_key="goods.id", primary_key=True)
    mark: str = "new"


class Captain(Base, table=True):
    __tablename__ = "captains"

    id: int | None = Field(default=None, primary_key=True)
    mark: str
    ships: list["Ship"] = Relationship(back_populates="captain")
    cabin: "Cabin" = Relationship(
        back_populates="captain", sa_relationship_kwargs={"uselist": False}
    )


class Cabin(Base, table=True):
    __tablename__ = "cabins"

    id: int | None = Field(default=None, primary_key=True)
    mark: str
    captain_id: int | None = Field(default=None, foreign_key="captains.id")
    captain: Captain = Relationship(back_populates="cabin")


class Ship(Base, table=True):
    __tablename__ = "ships"

    id: int | None = Field(default=None, primary_key=True)
    mark: str
    captain_id: int | None = Field(default=None, foreign_key="captains.id")
    captain: Captain = Relationship(back_populates="ships")
    crates: list["Crate"] = Relationship(back_populates="ship")
    ports: list["Port"] = Relationship(back_populates="ships", link_model=Docking)


class Port(Base, table=True):
    __tablename__ = "ports"

    id: int | None = Field(default=None, primary_key=True)
    mark: str
    ships: list[Ship] = Relationship(back_populates="ports", link_model=Docking)


class Crate(Base, table=True):
    __tablename__ = "crates"

    id: int | None = Field(default=None, primary_key=True)
    mark: str
    ship_id: int | None = Field(default=None, foreign_key="ships.id")
    ship: Ship = Relationship(back_populates="crates")
    goods: list["Good"] = Relationship(back_populates="crates", link_model=Lading)


class Good(Base, table=True):
    """A tree."""

    __tablename__ = "goods"

    id: int | None = Field(default=None, primary_key=True)
    mark: str
    whole_id: int | None = Field(default=None, foreign_key="goods.id")
    whole: "Good" = Relationship(
        back_populates="parts", sa_relationship_kwargs={"remote_side": "Good.id"}
    )
    parts: list["Good"] = Relationship(back_populates="whole")
    crates: list[Crate] = Relationship(back_populates="goods", link_model=Lading)


MODELS: dict[str, type[Base]] = {
    "captains": Captain,
    "cabins": Cabin,
    "ships": Ship,
    "ports": Port,
    "crates": Crate,
    "goods": Good,
    "ladings": Lading,
}
"""Models that may be served, by the names of their tables."""


class Link(NamedTuple):
    """A relation: the table that it leads to, whether to many rows, and its link table."""

    target: str
    many: bool = True
    link: str | None = None


RELATIONS: dict[str, dict[str, Link]] = {
    "captains": {"ships": Link("ships"), "cabin": Link("cabins", many=False)},
    "cabins": {"captain": Link("captains", many=False)},
    "ships": {
        "captain": Link("captains", many=False),
        "crates": Link("crates"),
        "ports": Link("ports", link="dockings"),
    },
    "ports": {"ships": Link("ships", link="dockings")},
    "crates": {"ship": Link("ships", many=False), "goods": Link("goods", link="ladings")},
    "goods": {
        "whole": Link("goods", many=False),
        "parts": Link("goods"),
        "crates": Link("crates", link="ladings"),
    },
    "ladings": {},
}
"""The relations of each table by their names."""


TIES = {"cabins": "captain_id", "ships": "captain_id", "crates": "ship_id", "goods": "whole_id"}
"""The column of a table that refers to another row."""


async def fill(database: Database) -> None:
    """Store two rows of each table: the first ones are tied to each other, the second to none."""
    for name, model in MODELS.items():
        if model is not Lading:
            tie = {TIES[name]: 1} if name in TIES else {}
            first = {"mark": f"mark {name}", **tie}
            await store_many(database, model, [first, {**dict.fromkeys(first), "mark": "other"}])
    await store_many(database, Docking, [{"ship_id": 1, "port_id": 1}])
    await store_many(database, Lading, [{"crate_id": 1, "good_id": 1, "mark": "mark ladings"}])
