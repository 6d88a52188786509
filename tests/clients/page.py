"""The page on generated clients, cut into its sections: what a reader types and writes."""

from dataclasses import dataclass, field
from pathlib import Path

from tests.docs.pages import ROOT, snippets_of, steps_of

PAGE = ROOT / "docs" / "how-to" / "generate-a-client.md"
SERVER = "http://127.0.0.1:8000"
"""The server that the page talks to."""


@dataclass
class Section:
    """One generator: the files that its reader writes, and the commands.

    Args:
        files: Their texts, by their names.
        commands: What is typed.
    """

    files: dict[str, str] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)

    def write(self, directory: Path, url: str) -> None:
        """Write its files into a directory, for a server with another URL than the page's."""
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in self.files.items():
            (directory / name).write_text(text.replace(SERVER, url) + "\n")


def read_sections() -> dict[str, Section]:
    """Read the page; gives its sections by their headings."""
    sections: dict[str, Section] = {}
    for snippet in snippets_of(PAGE):
        section = sections.setdefault(snippet.section, Section())
        if snippet.title:
            section.files[snippet.title] = snippet.text
        elif snippet.language == "console":
            section.commands += [step.command for step in steps_of(snippet)]
    return sections


def read_printed() -> str:
    """Return the output of every program, as the page shows it."""
    return next(snippet.text for snippet in snippets_of(PAGE) if snippet.language == "text")
