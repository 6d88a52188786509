"""Both databases with the tables of these tests."""

from tests.worlds import make_world_fixture

from .tables import Base

world = make_world_fixture("guards", Base.metadata, lambda _: {})
