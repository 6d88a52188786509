"""The clients on the page are generated, compiled and run as it shows."""

import shutil
from pathlib import Path

from tests.docs.pages import ROOT

from .page import Section, read_printed, read_sections
from .tools import link_modules, require_node, run


def generate(name: str, directory: Path, url: str) -> Section:
    """Generate a client as a section says, and write its program."""
    (directory / "examples").mkdir()
    shutil.copy(ROOT / "examples" / "league.py", directory / "examples")
    section = read_sections()[name]
    section.write(directory, url)
    (command,) = section.commands
    run(command, directory)
    return section


def test_typescript(tmp_path: Path, league_url: str) -> None:
    """The program is strict, and prints what the page says."""
    require_node()
    link_modules(tmp_path)
    (tmp_path / "tsconfig.json").write_text(Path(__file__).with_name("tsconfig.json").read_text())
    generate("modelwire client, TypeScript", tmp_path, league_url)
    run("npx tsc -p .", tmp_path)
    assert run("npx tsx ask.ts", tmp_path).strip() == read_printed()


def test_python(tmp_path: Path, league_url: str) -> None:
    """The same in Python."""
    generate("modelwire client, Python", tmp_path, league_url)
    run("mypy --strict league ask.py", tmp_path)
    assert run("python ask.py", tmp_path).strip() == read_printed()
