"""`modelwire check`: its run, and its exit."""

from __future__ import annotations

import json
from collections.abc import Sequence

import typer

from ...errors import ConfigurationError
from ..target import naming_mistakes, shorten
from .application import read_application
from .finding import Finding
from .fixes import mend, show_diff, write_file
from .report import show, to_json
from .run import choose_rules, find_all


def check_application(
    target: str, select: Sequence[str], ignore: Sequence[str], *, as_json: bool, fix: bool
) -> bool:
    """Find the faults of an application, and report them.

    Args:
        target: As for `modelwire serve`.
        select: The codes to look for, or their beginnings; all, if empty.
        ignore: The codes not to look for.
        as_json: Whether to report in JSON.
        fix: Whether to fix first what is safe to fix.

    Returns:
        Whether no fault is left.

    Raises:
        ConfigurationError: There is no such application or code, or a file can't be written.
    """
    rules = choose_rules(select, ignore)
    with naming_mistakes(target.partition(":")[0], "can't be checked"):
        findings = find_all(read_application(target), rules)
    if fix:
        _fix(findings, quiet=as_json)
        findings = [finding for finding in findings if not finding.found.edits]
    if as_json:
        typer.echo(json.dumps([to_json(f) for f in findings], indent=2, ensure_ascii=False))
    else:
        from rich.console import Console  # noqa: PLC0415 - no other command needs it

        show(findings, Console())
    return not findings


def _fix(findings: Sequence[Finding], *, quiet: bool) -> None:
    mended = mend(findings)
    for source, text in mended.items():
        name = shorten(str(source.path))
        typer.echo(show_diff(source, text, name), err=quiet, nl=False)
        try:
            write_file(source.path, text)
        except OSError as exc:
            raise ConfigurationError(f"{name} can't be written: {exc.strerror}") from exc
