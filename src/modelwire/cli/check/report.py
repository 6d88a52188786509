"""Reports of findings, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from ..target import shorten
from .finding import Finding

if TYPE_CHECKING:
    from rich.console import Console


def to_json(finding: Finding) -> dict[str, Any]:
    """Return a finding as JSON for programs."""
    rule, found = finding.rule, finding.found
    return {
        "code": rule.code,
        "path": shorten(str(found.source.path)),
        "line": finding.line,
        "column": finding.column,
        "title": rule.title,
        "text": found.text,
        "why": rule.why,
        "write": rule.write,
        "link": rule.link,
        "fixable": bool(found.edits),
    }


def show(findings: Sequence[Finding], console: Console) -> None:
    """Show findings, file by file, with the correct code."""
    path = ""
    for finding in findings:
        told = to_json(finding)
        if told["path"] != path:
            path = told["path"]
            console.print(f"\n[bold]{escape(path)}[/bold]", soft_wrap=True, highlight=False)
        mark = " [green](--fix)[/green]" if told["fixable"] else ""
        lines = (
            f"  [cyan]{path}:{told['line']}[/cyan] [red]{told['code']}[/red] "
            f"{escape(told['text'])}{mark}",
            f"      Why: {escape(told['why'])}.",
            f"      Write: {escape(told['write'])}",
            f"      See {told['link']}",
        )
        for line in lines:
            console.print(line, soft_wrap=True, highlight=False)
    console.print(f"\n{_count(findings)}", soft_wrap=True, highlight=False)


def _count(findings: Sequence[Finding]) -> str:
    if not findings:
        return "Nothing found."
    number = len(findings)
    fixable = sum(bool(f.found.edits) for f in findings)
    end = f", of which --fix mends {fixable}" if fixable else ""
    return f"{number} finding{'s' if number > 1 else ''}{end}."
