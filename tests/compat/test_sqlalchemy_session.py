"""Private parts of SQLAlchemy's sessions that modelwire uses."""

from __future__ import annotations

from typing import Any

import sqlalchemy
from sqlalchemy import Column, ForeignKey, Integer, Table, create_engine, event
from sqlalchemy.orm import Session, UOWTransaction, registry, relationship

from modelwire.compat import sqlalchemy_session as compat

mapping = registry()


@mapping.mapped
class Owner:
    __table__ = Table("owners", mapping.metadata, Column("id", Integer, primary_key=True))
    __allow_unmapped__ = True
    things = relationship("Thing", cascade="all")


@mapping.mapped
class Thing:
    __table__ = Table(
        "things",
        mapping.metadata,
        Column("id", Integer, primary_key=True),
        Column("owner_id", ForeignKey("owners.id")),
    )


def test_sessions_write_what_waits_and_tell_what_they_have_written() -> None:
    engine = create_engine("sqlite://")
    mapping.metadata.create_all(engine)
    seen: list[set[tuple[str, bool]]] = []
    with Session(engine) as session:

        @event.listens_for(session, "after_flush")
        def look(_session: Session, context: UOWTransaction) -> None:
            found = compat.flushed(context)
            seen.append({(type(s.obj()).__name__, removed) for s, removed in found})

        owner: Any = Owner()
        owner.things = [Thing()]
        session.add(owner)
        compat.flush_first(session)
        assert sqlalchemy.inspect(owner).persistent, "Session._autoflush"
        session.delete(owner)
        session.flush()
    engine.dispose()
    assert seen == [
        {("Owner", False), ("Thing", False)},
        {("Owner", True), ("Thing", True)},
    ], "UOWTransaction.states"


def test_sessions_that_are_told_not_to_write_do_not() -> None:
    engine = create_engine("sqlite://")
    mapping.metadata.create_all(engine)
    with Session(engine) as session, session.no_autoflush:
        owner = Owner()
        session.add(owner)
        compat.flush_first(session)
        assert sqlalchemy.inspect(owner).pending, "Session._autoflush"
    engine.dispose()
