"""The reference is complete, and no link leads nowhere."""

import inspect
import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from typer.main import get_command

import modelwire
from modelwire import testing
from modelwire.cli.main import main
from modelwire.observe.counts import Counts, PoolState
from modelwire.observe.metrics import describe_metrics, measure
from modelwire.plan.reading.operators import OPERATORS, Takes
from modelwire.respond.statuses import CONFLICTS, STATUSES
from modelwire.settings import Settings

from .pages import PAGES, ROOT, page_id, prose_of

REFERENCE = ROOT / "docs" / "reference"
TAKES = {
    Takes.VALUE: "a (value|pattern)\\b.*",
    Takes.LIST: "a list",
    Takes.PAIR: "two values\\b.*",
    Takes.FLAG: "`true` or `false`",
}


def rows_of(page: str) -> dict[str, list[str]]:
    """The rows of a page's tables, by the name in their first cell."""
    lines = (REFERENCE / page).read_text().splitlines()
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if line[:1] == "|"
    ]
    return {cells[0].strip("`"): cells for cells in rows}


def write_default(value: Any) -> str:
    """A default as one writes it in the environment."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, tuple):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_setting_is_documented(name: str) -> None:
    """Each setting has a row with its environment variable and its default, in words if none."""
    row = rows_of("settings.md")[name]
    default = Settings.model_fields[name].default
    assert row[1] == f"`MODELWIRE_{name.upper()}`"
    written = "" if default is None else write_default(default)
    assert row[2] == f"`{written}`" if written else "`" not in row[2]


def test_no_other_setting_is_documented() -> None:
    """A setting that is gone is gone from the page."""
    text = (REFERENCE / "settings.md").read_text()
    documented = set(re.findall(r"MODELWIRE_([A-Z_]+)", text))
    assert documented == {name.upper() for name in Settings.model_fields}


def section_of(name: str) -> str:
    """The section of a public name."""
    sections = re.split(r"^## ", (REFERENCE / "python.md").read_text(), flags=re.MULTILINE)
    return next(section for section in sections if section.startswith(f"`{name}`\n"))


PUBLIC = {
    **{name: getattr(modelwire, name) for name in modelwire.__all__},
    **{f"modelwire.testing.{name}": getattr(testing, name) for name in testing.__all__},
}


def parameters_of(thing: Any) -> list[str]:
    """The parameters of a function or class; none of those that an exception inherits."""
    inherits = isinstance(thing, type) and "__init__" not in vars(thing)
    if inherits or (not inspect.isroutine(thing) and not isinstance(thing, type)):
        return []
    return list(inspect.signature(thing).parameters)


@pytest.mark.parametrize("name", PUBLIC)
def test_public_name_is_documented(name: str) -> None:
    """Each public name has a section, which names all of its parameters."""
    section = section_of(name)
    parameters = parameters_of(PUBLIC[name])
    assert [p for p in parameters if not re.search(rf"\b{p}\b", section)] == []


@pytest.mark.parametrize("name", ["Database", "Resource", "mount"])
def test_default_is_documented(name: str) -> None:
    """The signature that is shown has the real defaults."""
    shown = section_of(name).partition("```text\n")[2].partition("```")[0]
    for parameter in inspect.signature(PUBLIC[name]).parameters.values():
        default = parameter.default
        if isinstance(default, (int, str, type(None))) and not isinstance(default, Enum):
            written = f'"{default}"' if isinstance(default, str) else str(default)
            assert f"{parameter.name}={written}" in shown


@pytest.mark.parametrize("name", OPERATORS)
def test_operator_is_documented(name: str) -> None:
    """Each operator has a row that says what it takes."""
    assert re.fullmatch(TAKES[OPERATORS[name].takes], rows_of("http.md")[name][1])


@pytest.mark.parametrize("code", STATUSES)
def test_error_is_documented(code: str) -> None:
    """Each error code has a row with its status."""
    status = f"{STATUSES[code]} ¹" if code in CONFLICTS else str(STATUSES[code])
    assert rows_of("http.md")[code][1] == status


def commands_of(group: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every command of the command line, by its words."""
    for word, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands_of(command, f"{word} ")
        else:
            yield f"{name}{word}", command


COMMANDS = dict(commands_of(get_command(main)))


@pytest.mark.parametrize("name", COMMANDS)
def test_command_is_documented(name: str) -> None:
    """Each command has a row, and each of its options one on the page that is about it."""
    page = (REFERENCE / "command-line.md").read_text()
    assert re.search(rf"^\| `{name}\b", page, re.MULTILINE)
    about = "how-to/serve-a-module.md" if name == "serve" else "reference/command-line.md"
    text = (ROOT / "docs" / about).read_text()
    options = [o for p in COMMANDS[name].params for o in p.opts if o.startswith("--")]
    assert [option for option in options if f"`{option}" not in text] == []


def anchors_of(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_lead_somewhere(page: Path) -> None:
    """Each relative link names a file that is there, and a heading that is in it."""
    for link in re.findall(r"\]\(([^)\s]+)\)", prose_of(page)):
        if re.match(r"https?://", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page_id(page)} links to {link}"
        if anchor:
            assert anchor in anchors_of(target), f"{page_id(page)} links to {link}"


def test_every_page_is_in_the_index() -> None:
    """A reader finds each page from the index, or from that of its folder."""
    indexes = sorted((ROOT / "docs").rglob("README.md"))
    linked = {
        (index.parent / link).resolve()
        for index in indexes
        for link in re.findall(r"\]\(([^)#\s]+\.md)\)", index.read_text())
    }
    assert sorted({*(ROOT / "docs").rglob("*.md")} - linked - {ROOT / "docs" / "README.md"}) == []


def test_metrics_are_documented() -> None:
    """The how-to on observing has a row for each metric, with its kind and its labels."""
    lines = (ROOT / "docs" / "how-to" / "observe.md").read_text().splitlines()
    rows = [line.split("|")[1:3] for line in lines if line.startswith("| `modelwire_")]
    documented = {name.strip(" `").removesuffix("_total"): kind.strip() for name, kind in rows}
    metrics = describe_metrics(measure(Counts(), PoolState()))
    assert documented == {metric.name: metric.type for metric in metrics}


def test_compared_figures_are_those_that_were_measured() -> None:
    """The figures of the comparison are those of the page on performance."""
    compared = (ROOT / "docs" / "index.md").read_text()
    measured = (ROOT / "docs" / "performance.md").read_text().partition("### PostgreSQL")[2]
    (shown,) = re.findall(r"^\| CPU of a read by key.*$", compared, re.MULTILINE)
    lines = [
        re.findall(rf"^\| {name} \|.*$", measured, re.MULTILINE)[0]
        for name in ("work", "get by key")
    ]
    names, row = [[cell.strip() for cell in line.split("|")] for line in lines]
    figures = dict(zip(names, row, strict=True))
    asked = ("modelwire", "FastCRUD", "Litestar + Advanced Alchemy", "by hand")
    assert re.findall(r"([\d,]+) µs", shown) == [figures[f"{name} µs"] for name in asked]
