"""The skill for coding agents is in the package, in the form in which they look for it."""

import re
from importlib.resources import files

import yaml

from .pages import SKILL

_LONGEST = 1024
"""Characters of a description that agents read."""


def test_it_says_what_it_is_for() -> None:
    """It begins with its name, which is that of its folder, and with when it is of use."""
    found = re.match(r"---\n(.*?)\n---\n\n# modelwire\n", SKILL.read_text(), re.DOTALL)
    assert found is not None
    said = yaml.safe_load(found[1])
    assert said["name"] == SKILL.parent.name == "modelwire"
    assert len(said["description"]) <= _LONGEST


def test_it_is_in_the_package() -> None:
    """It is found where the package is installed."""
    installed = files("modelwire") / ".agents" / "skills" / "modelwire" / "SKILL.md"
    assert installed.read_text() == SKILL.read_text()
