"""Resources that a page loads by itself: scripts, styles, fonts, images, frames."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

_ATTRIBUTES = ("src", "srcset", "poster", "data")
_LINKS = ("stylesheet", "icon", "preload", "prefetch", "preconnect", "dns-prefetch", "manifest")
_IN_STYLES = re.compile(r"""(?:url\(|@import)\s*["']?([^"')\s;]+)""")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self._is_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._is_style = tag == "style"
        self.loaded += [given[name] for name in _ATTRIBUTES if name in given]
        self.loaded += _IN_STYLES.findall(given.get("style", ""))
        if tag == "link" and set(given.get("rel", "").split()) & set(_LINKS):
            self.loaded.append(given.get("href", ""))

    def handle_data(self, data: str) -> None:
        if self._is_style:
            self.loaded += _IN_STYLES.findall(data)


def loads_of(file: Path) -> Iterator[str]:
    """The URLs of what a page or a style sheet loads, as they stand there."""
    text = file.read_text()
    if file.suffix == ".css":
        yield from _IN_STYLES.findall(text)
        return
    reader = _Reader()
    reader.feed(text)
    yield from reader.loaded
