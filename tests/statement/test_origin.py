"""Where the values of a statement's rows come from, as the log tells it of unreadable ones."""

import logging
from collections.abc import Sequence

import pytest

from modelwire.catalog.invalid_values import Unreadable
from modelwire.shape.aggregates import AggregateShape
from modelwire.statement.origin import Origin, log_each_once, origin_of
from tests.statement.shapes import TABLES
from tests.statement.test_sql import KINDS, STATEMENTS


@pytest.mark.parametrize(
    ("case", "table", "start", "columns"),
    [
        ("list users?fields=email,full_name", "users", 0, "email full_name id"),
        ("children teams.players", "players", 0, "id name position team_id"),
        ("children groups.members", "people", 1, "id first_name last_name"),
        ("children countries.cities", "cities", 0, "country_code name population founded"),
        ("children depot/slots.shelf", "shelves", 0, "depot_id row note"),
        ("children depot/depots.keeper", "keepers", 0, "number letter name depot_id"),
        ("children spaced/racks.bins", "bins", 1, "id rack_code"),
        (
            "row existing cities country_code name",
            "cities",
            1,
            "country_code name population founded",
        ),
        ("row find cities name", "cities", 0, "country_code name"),
        ("row find-placed things color", "things", 1, "id"),
        ("row descend categories parent_id", "categories", 0, "id"),
        ("row insert cities name", "cities", 0, "country_code name population founded"),
        ("row update cities name", "cities", 0, "country_code name population founded"),
    ],
)
def test_origin(case: str, table: str, start: int, columns: str) -> None:
    kind, _, rest = case.partition(" ")
    shape, _ = KINDS[kind](rest, "sqlite")
    reported: list[Sequence[str]] = []
    found = origin_of(shape, lambda *told: reported.append(told))  # type: ignore[arg-type]
    assert found is not None
    assert (found.table.fullname, found.start) == (table, start)
    assert [column.name for column in found.columns] == columns.split()
    found.log("a", "b", "c")
    assert reported == [("a", "b", "c")]


def test_groups_have_no_rows_to_name() -> None:
    shape, _ = KINDS["aggregate"]("users?", "sqlite")
    assert isinstance(shape, AggregateShape)
    assert origin_of(shape, log_each_once()) is None


def test_unreadable_values_are_reported_with_their_keys() -> None:
    """Values that are not converted are what the database has, whatever they are."""
    reported: list[Sequence[str]] = []
    columns = tuple(TABLES["cities"].sql.columns)
    origin = Origin(TABLES["cities"].sql, columns, lambda *told: reported.append(told), 1)
    bad = Unreadable("x")
    rows = [(0, "NL", "a", None), (1, "NL", "b", bad), (2, bad, "c", bad), (bad, "DE", "d", None)]
    origin.report(rows, {0, 1, 3})
    assert reported == [
        ("cities", "country_code", "x, c"),
        ("cities", "population", "NL, b"),
        ("cities", "population", "x, c"),
    ]
    reported.clear()
    origin.report(rows, {0, 2})
    assert reported == []


def test_keys_as_far_as_they_are_read() -> None:
    reported: list[Sequence[str]] = []
    table = TABLES["cities"].sql
    origin = Origin(table, (table.c.population, table.c.name), lambda *told: reported.append(told))
    origin.report([(Unreadable("x"), "a")], {0})
    assert reported == [("cities", "population", "a")]


def test_each_value_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    log = log_each_once()
    with caplog.at_level(logging.WARNING, "modelwire"):
        for key in ("1", "2", "1"):
            log("cities", "name", key)
        log_each_once()("cities", "name", "1")
    assert [record.args for record in caplog.records] == [
        ("name", "cities", key) for key in ("1", "2", "1")
    ]


@pytest.mark.parametrize("name", STATEMENTS)
def test_statements_that_report(name: str) -> None:
    """Reads do once they read leniently; writes, which can't be run again, at once."""
    statements = STATEMENTS[name]
    for case, reports in (("list users?", False), ("row insert users email", True)):
        kind, _, rest = case.partition(" ")
        shape, _ = KINDS[kind](rest, name)
        statement = statements._render(shape)
        assert (statement.origin is not None) is reports
        again = statement.after(ValueError())
        assert (again is None) is reports
        if again is not None:
            assert again.origin is not None
            assert again.after(ValueError()) is None
