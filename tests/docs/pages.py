"""The documentation's pages, cut into their snippets."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SKILL = ROOT / "src" / "modelwire" / ".agents" / "skills" / "modelwire" / "SKILL.md"
PAGES = (
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    SKILL,
    *sorted((ROOT / "docs").rglob("*.md")),
)

_OPENING = re.compile(r"\s*```(\S*)\s*(.*)")
_TITLE = re.compile(r'title="([\w./-]+)"')


@dataclass(frozen=True, slots=True)
class Snippet:
    """One fenced block.

    Its language, its title where it has one, its text, where it stands, and under which heading.
    """

    language: str
    title: str | None
    text: str
    place: str
    section: str


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a `console` snippet, and the answer that is shown for it."""

    command: str
    shown: str
    place: str


def page_id(page: Path) -> str:
    """The path of a page as the tests name it."""
    return page.relative_to(ROOT).as_posix()


def prose_of(page: Path) -> str:
    """The text of a page without its snippets."""
    return re.sub(r"^\s*```.*?^\s*```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def snippets_of(page: Path) -> Iterator[Snippet]:
    """Cut a page into its snippets, in order."""
    lines = enumerate(page.read_text().splitlines(), start=1)
    section = ""
    for number, line in lines:
        section = line.lstrip("# ") if line.startswith("#") else section
        opening = _OPENING.fullmatch(line)
        if opening is None:
            continue
        title = _TITLE.fullmatch(opening[2])
        body: list[str] = []
        for _, inner in lines:
            if inner.strip() == "```":
                break
            body.append(inner)
        place = f"{page_id(page)}:{number}"
        yield Snippet(opening[1], title[1] if title else None, "\n".join(body), place, section)


def steps_of(snippet: Snippet) -> Iterator[Step]:
    """Cut a `console` snippet into commands and answers: a command starts with `$ `."""
    for part in re.split(r"^\$ ", snippet.text, flags=re.MULTILINE)[1:]:
        *continued, rest = part.split("\\\n")
        last, _, shown = rest.partition("\n")
        yield Step(" ".join([*continued, last]), shown.strip(), snippet.place)
