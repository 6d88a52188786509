"""Source folder of the site: the docs, the files they link to, and generated pages."""

from __future__ import annotations

from pathlib import Path

from .api import render_api
from .commands import render_commands
from .nav import render_nav
from .pages import DOCS, ROOT, collect_pages
from .service import render_service

HERE = Path(__file__).parent
GENERATED = {
    "reference/python.md": "reference/api.md",
    "reference/command-line.md": "reference/commands.md",
    "reference/http.md": "reference/service.md",
}
"""Pages that only the site has, each by the page that precedes it."""


def stage(place: Path) -> None:
    """Write `pages` and `zensical.toml` into a folder.

    Unchanged files are left alone, so that they don't trigger a rebuild.

    Args:
        place: The folder. Other content of its `pages` is removed.
    """
    files = _collect()
    pages = place / "pages"
    for name, content in files.items():
        _write(pages / name, content)
    for path in [path for path in pages.rglob("*") if path.is_file()]:
        if path.relative_to(pages).as_posix() not in files:
            path.unlink()
    _write(place / "zensical.toml", _configure().encode())


def _collect() -> dict[str, bytes]:
    files = collect_pages()
    files["reference/api.md"] = render_api().encode()
    files["reference/commands.md"] = render_commands().encode()
    files["style.css"] = (HERE / "style.css").read_bytes()
    return files | render_service()


def _configure() -> str:
    text = (HERE / "zensical.toml").read_text()
    for mark, value in (
        ('["@@source"]', f'["{(ROOT / "src").as_posix()}"]'),
        ('["@@nav"]', render_nav(DOCS, GENERATED)),
    ):
        text = text.replace(mark, value)
    return text


def _write(path: Path, content: bytes) -> None:
    if not path.is_file() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
