"""The benchmark's chart: drawn from a run, so that its ratios stand side by side."""

import re
from typing import Any
from xml.etree import ElementTree

from benchmarks.chart import draw_chart
from benchmarks.clients import CONTENDERS

SVG = "{http://www.w3.org/2000/svg}"


def cell(contender: str, to_limit: float | None, **place: Any) -> dict[str, Any]:
    """One cell as a run's JSON has it, as far as the chart reads it."""
    base = {"database": "postgresql", "users": 10_000, "work": "get", "contender": contender}
    return {**base, "to_limit": to_limit, **place}


def draw(*cells: dict[str, Any]) -> ElementTree.Element:
    """Draw a run with some cells; what is drawn is XML."""
    run = {"date": "2026-11-24", "python": "3.13.0", "system": "Linux <x>", "cells": list(cells)}
    return ElementTree.fromstring(draw_chart(run))


def texts_of(chart: ElementTree.Element) -> list[str]:
    return [text.text or "" for text in chart.iter(f"{SVG}text")]


def places_of(chart: ElementTree.Element, contender: str) -> list[float]:
    """Return the positions of a contender's marks from left to right, without the legend's."""
    marks = [g for g in chart.iter(f"{SVG}g") if g.get("class") == contender]
    found = [re.match(r"translate\(([\d.]+) ", mark.get("transform", "")) for mark in marks]
    return [float(place[1]) for place in found if place][1:]


def test_ratios_stand_side_by_side() -> None:
    """A work has one row, with a mark and a number for each contender, on one scale."""
    chart = draw(cell("limit", 1.0), cell("modelwire", 1.84), cell("by_hand", 18.4))
    texts = texts_of(chart)
    assert texts.count("get by key") == 1
    assert texts.index("18.4") == texts.index("1.84") + 1
    one, own, by_hand = (places_of(chart, name)[0] for name in ("limit", "modelwire", "by_hand"))
    assert one < own < by_hand


def test_scale_is_logarithmic() -> None:
    """Ten times as much is as far from once as a hundred times is from that."""
    works = {"get": 1.0, "create": 10.0, "update": 100.0}
    chart = draw(*(cell("modelwire", ratio, work=work) for work, ratio in works.items()))
    first, second, third = places_of(chart, "modelwire")
    assert abs((third - second) - (second - first)) < 0.2


def test_panels() -> None:
    """PostgreSQL and SQLite stand side by side, sizes below each other."""
    chart = draw(
        cell("modelwire", 1.8),
        cell("modelwire", 2.4, database="sqlite"),
        cell("modelwire", 1.9, users=1_000_000),
    )
    panels = [g for g in chart.findall(f"{SVG}g") if g.get("class") is None]
    places = [re.findall(r"[\d.]+", panel.get("transform", "")) for panel in panels]
    (x1, y1), (x2, y2), (x3, y3) = [(float(x), float(y)) for x, y in places]
    assert x1 == x3 < x2
    assert y1 == y2 < y3
    titles = [panel.findtext(f"{SVG}text") for panel in panels]
    small, large = "10,000 users", "1,000,000 users"
    assert titles == [f"PostgreSQL, {small}", f"SQLite, {small}", f"PostgreSQL, {large}"]


def test_what_has_no_limit_is_left_out() -> None:
    """A cell that nothing can be compared with has no mark."""
    chart = draw(cell("modelwire", 1.8), cell("by_hand", None))
    assert places_of(chart, "by_hand") == []
    assert len(places_of(chart, "modelwire")) == 1


def test_each_contender_has_a_mark() -> None:
    """Each is drawn, and has a colour."""
    cells = [cell(c.name, 2.0) for c in CONTENDERS]
    run = {"date": "", "python": "", "system": "", "cells": cells}
    assert all(len(places_of(draw(*cells), c.name)) == 1 for c in CONTENDERS)
    assert all(re.search(rf"\.{c.name}[,{{]", draw_chart(run)) for c in CONTENDERS)


def test_light_and_dark() -> None:
    """Each colour has a light and a dark value, and no other is used."""
    run = {"date": "", "python": "", "system": "", "cells": [cell("modelwire", 1.8)]}
    light, dark = re.findall(r"svg\{(.*?)\}", draw_chart(run), re.DOTALL)
    names = re.findall(r"--(\w+):", light)
    assert names == re.findall(r"--(\w+):", dark)
    assert set(re.findall(r"var\(--(\w+)\)", draw_chart(run))) == set(names)
