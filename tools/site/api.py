"""Reference of the public names, for which mkdocstrings shows the docstrings."""

from __future__ import annotations

import inspect
import json
import re
from types import ModuleType

import modelwire
from modelwire import observe, testing

from .pages import DOCS

_INTRODUCTION = """# API

What the docstrings of the public names say. [Python](python.md) explains the same names at more
length, with links to where they are used.
"""
_MODULES: tuple[ModuleType, ...] = (modelwire, testing, observe)


def render_api() -> str:
    """Write the page: a section for each module, and in it one for each of its public names.

    A class lists the members that are documented on the page on Python, which are those to rely on,
    without its parameters: these are explained as such.
    """
    explained = (DOCS / "reference" / "python.md").read_text()
    parts = [_INTRODUCTION]
    for module in _MODULES:
        parts.append(f"## `{module.__name__}`\n")
        for name in module.__all__:
            members = json.dumps(_members_of(getattr(module, name), name, explained))
            parts.append(f"::: {module.__name__}.{name}\n    options:\n      members: {members}\n")
    return "\n".join(parts)


def _members_of(thing: object, name: str, explained: str) -> list[str]:
    if not isinstance(thing, type):
        return []
    _, _, rest = explained.partition(f"\n## `{name}`\n")
    named = re.findall(r"^\| `(\w+)", rest.partition("\n## ")[0], re.MULTILINE)
    return [member for member in named if member not in inspect.signature(thing).parameters]
