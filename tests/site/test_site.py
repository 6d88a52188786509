"""The site of the docs: it is whole, and loads nothing from elsewhere."""

import asyncio
import json
import re
from pathlib import Path

import pytest
from tools.site import pages

from modelwire import __all__ as names
from tests.clients.tools import find_chromium, link_modules, require_node, run
from tests.docs.pages import ROOT
from tests.docs.test_reference import COMMANDS
from tests.folders import serve_folder

from .conftest import Build, strictly
from .loads import loads_of

SCRIPT = Path(__file__).with_name("visit.mjs")
VISITED = (
    *("", "tutorial/", "how-to/lists/", "reference/api/", "reference/commands/"),
    *("reference/service/", "decisions/", "changelog/"),
)


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    """Scripts, styles, fonts and images are the site's own, and they are there."""
    files = [*site.rglob("*.html"), *site.rglob("*.css")]
    assert len(files) > 80
    foreign = {
        (file.relative_to(site).as_posix(), url)
        for file in files
        for url in loads_of(file)
        if re.match(r"(?!data:)(\w+:|//)", url)
    }
    assert foreign == set()


@pytest.mark.parametrize(
    "markup",
    [
        '<script src="https://cdn.example.com/a.js"></script>',
        '<link href="//fonts.example.com/a.css" rel="stylesheet">',
        '<style>@font-face { src: url("https://fonts.example.com/a.woff2") }</style>',
        '<p style="background: url(https://cdn.example.com/a.png)">',
    ],
)
def test_what_is_loaded_is_found(markup: str, tmp_path: Path) -> None:
    """Each way to load something is seen."""
    (tmp_path / "page.html").write_text(markup)
    assert "example.com" in "".join(loads_of(tmp_path / "page.html"))


def test_references_are_whole(site: Path) -> None:
    """Every public name and every command has its place on a page of its kind."""
    api = (site / "reference" / "api" / "index.html").read_text()
    assert [name for name in names if f'id="modelwire.{name}"' not in api] == []
    assert "Parameters:" in api
    assert "Raises:" in api
    commands = (site / "reference" / "commands" / "index.html").read_text()
    anchors = {f"modelwire-{name.replace(' ', '-')}" for name in COMMANDS}
    assert anchors - set(re.findall(r'id="([\w-]+)"', commands)) == set()


def test_every_page_is_in_the_navigation(site: Path) -> None:
    """The navigation leads to each page of the docs."""
    home = (site / "index.html").read_text()
    docs = ROOT / "docs"
    pages = {page.relative_to(docs).with_suffix("").as_posix() for page in docs.rglob("*.md")}
    places = {page.replace("decisions/README", "decisions") for page in pages} - {"README", "index"}
    assert [place for place in sorted(places) if f'href="./{place}/"' not in home] == []


def test_broken_links_fail(build: Build, tmp_path: Path) -> None:
    """A link to an anchor that no page has ends the build, and is named."""
    staged = build("stage", "--place", str(tmp_path))
    assert staged.returncode == 0, staged.stdout + staged.stderr
    with (tmp_path / "pages" / "glossary.md").open("a") as page:
        page.write("[nowhere](architecture.md#no-such-heading)\n")
    done = strictly(tmp_path)
    printed = done.stdout + done.stderr
    assert done.returncode == 1, printed
    assert "anchor does not exist" in printed, printed
    assert "glossary.md" in printed, printed


def test_links_to_no_file_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link to a file that is not there is refused, and named."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "page.md").write_text("```text\n[code](a.md)\n```\n[gone](b.md#c)\n")
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    monkeypatch.setattr(pages, "DOCS", tmp_path / "docs")
    with pytest.raises(pages.BrokenLink, match=re.escape("docs/page.md links to b.md")):
        pages.collect_pages()


def test_links_that_leave_the_docs_are_followed(site: Path) -> None:
    """A file of the repository that a page links to is a page of the site."""
    page = (site / "reference" / "http" / "index.html").read_text()
    assert "../../source/examples/league-py/" in page
    shown = (site / "source" / "examples" / "league-py" / "index.html").read_text()
    assert "A league of teams and players" in shown


async def test_site_in_a_browser(site: Path, tmp_path: Path) -> None:
    """Pages show what they have, on two widths, light and dark, asking this machine alone."""
    require_node()
    chromium = find_chromium()
    link_modules(tmp_path)
    (tmp_path / SCRIPT.name).write_text(SCRIPT.read_text())
    with serve_folder(site) as url:
        command = f"node {SCRIPT.name} {url}/ {chromium} {' '.join(f'/{path}' for path in VISITED)}"
        printed = await asyncio.to_thread(run, command, tmp_path)
    seen = json.loads(printed.splitlines()[0])
    assert seen["foreign"] == []
    assert seen["errors"] == []
    assert seen["wider than the screen"] == []
    assert seen["schemes"] == {"light": "default", "dark": "slate"}
    assert "Cursor pagination" in seen["found"]
    assert seen["operations"] > 10
