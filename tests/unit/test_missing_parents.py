"""Parents beside both ends of a link that the caller may not see, told as missing ones."""

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table

from modelwire.catalog.constraints import read_references
from modelwire.errors import Constraint
from modelwire.execute.write.link import Linker


@pytest.mark.parametrize(
    ("name", "is_named", "told"),
    [("room", True, "room"), (None, True, ""), ("room", False, None), (None, False, None)],
)
def test_the_violation_that_the_database_would_report(
    name: str | None, is_named: bool, told: str | None
) -> None:
    """With the name of the foreign key, where the database gives it."""
    metadata = MetaData()
    Table("rooms", metadata, Column("id", Integer, primary_key=True))
    stays = Table("stays", metadata, Column("room_id", ForeignKey("rooms.id", name=name)))
    (reference,) = read_references([stays])
    dialect = SimpleNamespace(names_foreign_keys=is_named)
    context: Any = SimpleNamespace(
        lane=None, catalog=None, statements=SimpleNamespace(dialect=dialect)
    )
    violation = Linker(context)._say_missing(reference)
    assert violation.kind is Constraint.FOREIGN_KEY
    assert violation.constraint == told
