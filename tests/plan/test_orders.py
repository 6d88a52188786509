"""The order in which a relation's rows are read, and texts in the forms of their columns."""

from typing import Any

import pytest
from sqlalchemy import JSON, Column, Uuid
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import FieldPolicy, Policy, Resource, everyone, nobody
from modelwire.catalog.read import read_catalog
from modelwire.errors import InvalidRequest
from modelwire.plan.parent import plan_parent
from modelwire.plan.reading.order import order_of
from modelwire.plan.reading.plans import ListPlan, plan_list
from tests.access.models import me

from .described import bound, ordered, query


class Base(SQLModel, registry=registry()):
    """Tables of their own."""


class Song(Base, table=True):
    __tablename__ = "songs"

    id: int = Field(primary_key=True)
    place: int
    rating: int = 0
    tags: Any = Field(default=None, sa_column=Column(JSON))
    address: str | None = Field(default=None, sa_column=Column(INET))
    code: str | None = Field(default=None, sa_column=Column(Uuid(as_uuid=False)))
    album_id: int | None = Field(default=None, foreign_key="albums.id")


class Album(Base, table=True):
    __tablename__ = "albums"

    id: int = Field(primary_key=True)
    songs: list[Song] = Relationship(
        sa_relationship_kwargs={"order_by": "desc(Song.place), Song.rating, Song.tags, Song.id"}
    )


def test_the_order_of_a_relation() -> None:
    """Children stand in the order of the model, unless the request asks for another."""
    catalog = read_catalog([Resource(Song), Resource(Album)])
    songs, albums = catalog.tables["songs"], catalog.tables["albums"]
    relation = albums.relations["songs"]
    assert ordered(order_of(songs, relation)) == "-place,rating,id"
    for text, expected in [
        ("", "-place,rating,id"),
        ("sort=", "-place,rating,id"),
        ("sort=rating", "rating,+id"),
    ]:
        plan = plan_list(catalog, songs, query(text), plan_parent(albums, relation, "7"))
        assert isinstance(plan, ListPlan)
        assert ordered(plan.shape.order) == expected


def test_the_order_of_a_relation_tells_nothing() -> None:
    """A field that the caller may not read does not show in the order of the rows."""
    policy = Policy(everyone, fields={"rating": FieldPolicy(read=nobody)})
    catalog = read_catalog(
        [Resource(Song, policy=policy), Resource(Album, policy=Policy(everyone))], caller=me
    )
    relation = catalog.tables["albums"].relations["songs"]
    assert ordered(order_of(catalog.tables["songs"], relation)) == "-place,id"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("address=192.0.2.1", "p0='192.0.2.1'"),
        ("address__contains=192.", "p0='192.'"),
        ("code=00000000-0000-0000-0000-000000000007", "p0='00000000-0000-0000-0000-000000000007'"),
        ("code=00000000000000000000000000000007", "p0='00000000-0000-0000-0000-000000000007'"),
    ],
)
def test_texts_in_a_form(text: str, values: str) -> None:
    """A whole value has the form of its column, and a part of one need not."""
    catalog = read_catalog([Resource(Song)])
    plan = plan_list(catalog, catalog.tables["songs"], query(text))
    assert isinstance(plan, ListPlan)
    assert bound(plan.operands) == values


@pytest.mark.parametrize(
    "text", ["address=192.", "address__in=192.0.2.1,x", "address__gt=192.", "code=7", "code__ne=x"]
)
def test_texts_in_no_form(text: str) -> None:
    catalog = read_catalog([Resource(Song)])
    with pytest.raises(InvalidRequest, match=r"as in 192\.0\.2\.1|a UUID"):
        plan_list(catalog, catalog.tables["songs"], query(text))
