"""SQL of the service's own tables and questions on both databases: `own.txt` has the cases."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, select
from sqlalchemy.dialects.postgresql import HSTORE
from sqlalchemy.dialects.postgresql.asyncpg import dialect as postgresql
from sqlalchemy.dialects.sqlite.aiosqlite import dialect as sqlite

from modelwire.statement import feed, idempotency, partitions, places, positions, secrets
from modelwire.statement.changes import CHANGES, name_function, stamps
from modelwire.statement.dialect import SQLDialect
from modelwire.statement.dialects.known import DIALECTS
from modelwire.statement.own_tables import build_creation
from modelwire.statement.statements import Statement
from tests.plan.cases import cases
from tests.statement.shapes import TABLES
from tests.statement.test_sql import shorten, tell

DRIVERS = {"sqlite": sqlite(), "postgresql": postgresql()}

Build = Callable[[SQLDialect], Any]

PAIRS = Table(
    "Pairs",
    MetaData(),
    Column("id", Integer),
    Column("one", HSTORE),
    Column("two", HSTORE),
    schema="s",
)

OF_BOTH: Mapping[str, Build] = {
    "keys look": idempotency.build_look,
    "keys claim": idempotency.build_claim,
    "keys answer": lambda _: idempotency.build_answer(),
    "keys store": lambda _: idempotency.build_store(),
    "keys purge": lambda _: idempotency.build_purge(100),
    "secrets look": secrets.build_look,
    "secrets read": lambda _: secrets.build_secret(),
    "secrets keep": secrets.build_keep,
    "places look": places.build_look,
    "places list": places.build_places,
    "places begin": places.build_begin,
    "places free": places.build_free,
    "places take": places.build_take,
    "places hold": places.build_hold,
    "places leave": lambda _: places.build_leave(),
    "places go on": places.build_go_on,
    "places move": lambda _: places.build_move(),
    "changes of all tables": lambda _: places.build_work(0),
    "changes of two tables": lambda _: places.build_work(2),
    "changes of one table": lambda _: feed.build_entries(),
    "changes as rows": lambda dialect: places.build_given(TABLES["users"].sql, dialect),
    "changes number": feed.build_look,
    "changes oldest": lambda _: feed.build_oldest(),
}

OF_POSTGRESQL: Mapping[str, Build] = {
    "keys wait": lambda _: idempotency.build_wait(),
    "changes as rows with pairs": lambda dialect: places.build_given(PAIRS, dialect),
    "changes notice": lambda _: feed.build_notice(),
    "position": lambda _: positions.build_position(),
    "durability": lambda _: positions.build_durability(),
    "changes stamps": lambda _: select(*stamps()),
    "partition": lambda _: partitions.build_whole(),
}

OWN = {
    "keys": idempotency.KEYS,
    "secrets": secrets.SECRETS,
    "places": places.PLACES,
    "changes": CHANGES,
}


@pytest.mark.parametrize(("case", "expected"), cases(__name__))
def test_own_statements(case: str, expected: Sequence[str]) -> None:
    """A statement has this text on each database, and parameters of these names."""
    assert list(plan(case)) == expected


def plan(case: str) -> Iterator[str]:
    """Tell the statement of a case, such as `keys claim`, or how a table is created."""
    what, _, table = case.partition(" ")
    for name, driver in DRIVERS.items():
        if what == "create":
            for sql in build_creation(OWN[table], driver):
                yield f"{name}: {shorten(str(sql))}"
        elif case not in OF_POSTGRESQL or name == "postgresql":
            build = OF_POSTGRESQL.get(case) or OF_BOTH[case]
            yield from tell(name, Statement(build(DIALECTS[name]), driver), None)


def test_every_statement_has_a_case() -> None:
    told = {param.values[0] for param in cases(__name__)}
    assert told == {*OF_BOTH, *OF_POSTGRESQL, *map("create {}".format, OWN)}


def test_names_of_trigger_functions() -> None:
    """They are quoted, and as long as PostgreSQL's names may be."""
    driver = DRIVERS["postgresql"]
    assert name_function("teams", driver) == "modelwire_log_teams"
    assert name_function("a.Teams", driver) == '"modelwire_log_a.Teams"'
    assert name_function("t" * 60, driver) == "modelwire_log_" + "t" * (63 - 14)


def test_names_of_partitions() -> None:
    """Names are quoted, and the key is looked for under the table's name if it has none."""
    assert partitions.values_of_whole(None, 'a"b', None) == {"part": '"a""b"', "part_key": '"a""b"'}
    assert partitions.values_of_whole("s", "a", "k") == {"part": '"s"."a"', "part_key": '"s"."k"'}
