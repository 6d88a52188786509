"""Sums that no value of their type can hold are refused, and what can't be read spoils no other."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from .conftest import World
from .model import Row
from .tables import MODELS

YEARS = timedelta(days=2_900_000)
"""A long duration that both databases keep: 345 of them are more than Python has."""

BEYOND: dict[str, tuple[str, list[Any]]] = {
    "floats": ("ratio", [1e308, 1e308]),
    "negative floats": ("ratio", [-1e308, -1e308]),
    "durations": ("span", [YEARS] * 345),
    "numbers of documents": ("data", [{"n": 1e308}, {"n": 1e308}]),
}
"""Values whose sum is beyond their type, with the field that has them."""

BEFORE_CHRIST = {"sqlite": "-0044-03-15", "postgresql": "0044-03-15 BC"}
"""A date that Python has none for, as each database spells it."""

SUMS = {
    "small:sum": 3,
    "small:avg": 3.0,
    "ratio:sum": 0.5,
    "ratio:avg": 0.5,
    "price:sum": "1.25",
    "price:avg": "1.25000000",
    "rate:sum": "0.125",
    "rate:avg": "0.125",
    "span:sum": "PT1S",
}
"""Measures of one row."""


async def fill(world: World, artists: list[Row]) -> None:
    """Replace all rows by some artists."""
    rows = [{"id": i, "name": "", **artist} for i, artist in enumerate(artists, 1)]
    await world.fill({**{str(model.__tablename__): [] for model in MODELS}, "artists": rows})


@pytest.mark.parametrize("values", BEYOND)
@pytest.mark.parametrize("asked", ["measures={}", "measures={}&group=name", "measures={}&sort={}"])
async def test_a_sum_that_its_type_can_not_hold_is_refused(
    world: World, values: str, asked: str
) -> None:
    """It is neither null, which would be a sum of nothing, nor a failure of the server's."""
    field, stored = BEYOND[values]
    await fill(world, [{field: value} for value in stored])
    measure = "data.n:sum" if field == "data" else f"{field}:sum"
    for client in world.clients_for(__file__).values():
        answer = await client.get(f"/artists/aggregate?{asked.format(measure, measure)}")
        assert answer.status_code == 422
        assert answer.json()["errors"] == [
            {
                "parameter": "measures",
                "code": "out_of_range",
                "message": "a sum is beyond the numbers of the database",
            }
        ]


@pytest.mark.parametrize("asked", ["having=(ratio:sum__gt:0)", "sort=ratio:sum"])
async def test_a_sum_of_floats_that_is_not_shown_is_refused_too(world: World, asked: str) -> None:
    """Groups are not chosen or ordered by what is no number."""
    await fill(world, [{"ratio": 1e308}, {"ratio": 1e308}])
    for client in world.clients_for(__file__).values():
        answer = await client.get(f"/artists/aggregate?group=name&{asked}")
        assert answer.status_code == 422


async def test_floats_that_are_far_apart_have_a_mean(world: World) -> None:
    """It is their sum by their number, and nothing larger is computed for it."""
    await fill(world, [{"ratio": 1e300}, {"ratio": -1e300}, {"ratio": None}])
    for client in world.clients_for(__file__).values():
        answer = await client.get("/artists/aggregate?measures=ratio:avg,ratio:sum")
        assert answer.json()["items"] == [{"ratio:avg": 0.0, "ratio:sum": 0.0}]


@pytest.mark.parametrize("measure", SUMS)
async def test_sums_are_told_beside_groups_that_can_not_be_read(world: World, measure: str) -> None:
    """A date that Python has none for is shown as its text, and the sums are what they are."""
    stored = {"small": 3, "ratio": 0.5, "price": 1.25, "rate": 0.125, "span": timedelta(seconds=1)}
    await fill(world, [{"day": date(2024, 1, 2), **stored}, {"day": date(2024, 1, 1), **stored}])
    before = BEFORE_CHRIST[world.dialect]
    async with world.database.engine.begin() as connection:
        await connection.execute(text(f"UPDATE artists SET day = '{before}' WHERE id = 1"))
    for client in world.clients_for(__file__).values():
        answer = await client.get(f"/artists/aggregate?group=day&measures={measure}&sort={measure}")
        assert answer.status_code == 200
        assert answer.json()["items"] == [
            {"day": day, measure: SUMS[measure]} for day in (before, "2024-01-01")
        ]
