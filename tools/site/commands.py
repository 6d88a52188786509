"""Reference of the command line, generated from the commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from modelwire.cli.main import main

_INTRODUCTION = """# Commands and options

What `--help` says of each command. [Command line](command-line.md) explains what they do, how they
end, and what `--json` prints.
"""


def render_commands() -> str:
    """Write the page, with a section for each command."""
    root = get_command(main)
    return "\n".join([_INTRODUCTION, *_render(root, None, "modelwire")])


def _render(command: Any, parent: Any, name: str) -> Iterator[str]:
    """Write a command, or each of a group; Typer has no public base type for both."""
    context = command.make_context(
        name.rpartition(" ")[2], [], parent=parent, resilient_parsing=True
    )
    if hasattr(command, "commands"):
        for word in command.list_commands(context):
            yield from _render(command.commands[word], context, f"{name} {word}")
        return
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"## `{name}`\n\n{command.help}\n\n```text\n{name} {usage}\n```\n"
    rows = [record for p in command.get_params(context) if (record := p.get_help_record(context))]
    if rows:
        yield "| argument or option | what it does |\n|---|---|"
        yield "\n".join(f"| `{_cell(name)}` | {_cell(text)} |" for name, text in rows) + "\n"
    examples = re.findall(r"^  (modelwire .+)$", command.epilog or "", re.MULTILINE)
    if examples:
        yield "```text\n" + "\n".join(examples) + "\n```\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
