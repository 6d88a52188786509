"""Navigation of the site, which follows the index of the docs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

Nav: TypeAlias = "list[str | dict[str, Nav | str]]"

_INDEX = "README.md"
_LINE = re.compile(
    r"^(?P<level>##+) (?P<title>.+)|^- \[(?P<name>[^]]+)\]\((?P<page>[^)#\s]+\.md)\)", re.MULTILINE
)


def render_nav(docs: Path, generated: Mapping[str, str]) -> str:
    """Write the navigation as TOML.

    Args:
        docs: The folder of the docs. In its index, headings of the second level are tabs, those of
            the third are groups in them, and lists of links are pages.
        generated: Pages that the index does not have, each by the page that precedes it.
    """
    nav: Nav = [{"Home": "index.md"}]
    here: Nav = []
    tab: Nav = []
    for found in _LINE.finditer((docs / _INDEX).read_text()):
        if found["level"] is None:
            here += _entries(docs, found["name"], found["page"], generated)
        elif found["level"] == "##":
            here = tab = []
            nav.append({found["title"]: tab})
        else:
            here = []
            tab.append({found["title"]: here})
    filled = [entry for entry in nav if isinstance(entry, str) or any(entry.values())]
    return json.dumps(filled, separators=(", ", " = "), ensure_ascii=False)


def _entries(
    docs: Path, name: str, page: str, generated: Mapping[str, str]
) -> Iterator[str | dict[str, Nav | str]]:
    """Yield the entry of a page and of the one generated after it; for an index, its pages too."""
    if page.endswith(_INDEX):
        folder = page.removesuffix(_INDEX)
        found = [line["page"] for line in _LINE.finditer((docs / page).read_text()) if line["page"]]
        yield {name: [f"{folder}index.md", *(folder + inner for inner in found)]}
    else:
        yield page
    if page in generated:
        yield generated[page]
