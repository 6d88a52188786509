"""Pages of the docs and of the files they link to, at their places in the site."""

from __future__ import annotations

import re
from collections.abc import Callable
from os.path import relpath
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

_MOVED = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "docs/README.md": "contents.md",
    "docs/decisions/README.md": "decisions/index.md",
}
"""Places in the site of pages outside of `docs`; the README is replaced by the landing page."""

_LANGUAGES = {".py": "python", ".html": "html", ".toml": "toml", ".js": "javascript"}
_WIDE = {"index.md": "---\nhide:\n  - navigation\n  - toc\n---\n\n"}
_FENCE = re.compile(r"^\s*```")
_LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:)([^)\s#]+)")


class BrokenLink(Exception):
    """Link of a page to a file that doesn't exist."""


def collect_pages() -> dict[str, bytes]:
    """Collect the files of the docs, and those they link to, by their places in the site.

    Returns:
        Markdown with links that lead to those places. A file that is no page, such as a program,
        becomes a page that shows it.

    Raises:
        BrokenLink: A link leads nowhere.
    """
    files: dict[str, bytes] = {}
    left = [
        *sorted(path for path in DOCS.rglob("*") if path.is_file()),
        ROOT / "CHANGELOG.md",
        ROOT / "CONTRIBUTING.md",
    ]
    for file in left:
        place = _place_of(file)
        if place not in files:
            files[place] = _read(file, place, left.append)
    return files


def _place_of(file: Path) -> str:
    name = file.relative_to(ROOT).as_posix()
    if name in _MOVED:
        return _MOVED[name]
    if file.is_relative_to(DOCS):
        return file.relative_to(DOCS).as_posix()
    return f"source/{name}" if file.suffix == ".md" else f"source/{name.replace('.', '-')}.md"


def _read(file: Path, place: str, follow: Callable[[Path], None]) -> bytes:
    if file.suffix == ".md":
        return (_WIDE.get(place, "") + _lead(file, place, follow)).encode()
    if file.is_relative_to(DOCS):
        return file.read_bytes()
    name = file.relative_to(ROOT).as_posix()
    language = _LANGUAGES.get(file.suffix, "text")
    return f"# `{name}`\n\n````{language}\n{file.read_text().rstrip()}\n````\n".encode()


def _lead(file: Path, place: str, follow: Callable[[Path], None]) -> str:
    """Return the text of a page with links that lead to places in the site."""

    def lead(found: re.Match[str]) -> str:
        target = (file.parent / found[0]).resolve()
        if not target.exists():
            raise BrokenLink(f"{file.relative_to(ROOT)} links to {found[0]}, which is not there")
        target = target / "README.md" if target.is_dir() else target
        follow(target)
        return relpath(_place_of(target), Path(place).parent)

    lines, is_code = [], False
    for line in file.read_text().splitlines():
        is_code ^= _FENCE.match(line) is not None
        lines.append(line if is_code else _LINK.sub(lead, line))
    return "\n".join(lines) + "\n"
