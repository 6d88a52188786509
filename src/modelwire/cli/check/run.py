"""Run of rules on an application, with selection of codes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...errors import ConfigurationError
from ...suggestions import did_you_mean
from .application import Application
from .finding import Finding, Rule
from .rules import RULES


def choose_rules(select: Sequence[str], ignore: Sequence[str]) -> Sequence[Rule]:
    """Choose the rules to run.

    Args:
        select: Codes, or their beginnings; all, if empty.
        ignore: Codes to leave out.

    Raises:
        ConfigurationError: No rule has such a code.
    """
    chosen = set(_named("--select", select)) or set(RULES)
    return [RULES[code] for code in sorted(chosen - set(_named("--ignore", ignore)))]


def _named(option: str, given: Sequence[str]) -> Iterator[str]:
    for name in (part.strip() for words in given for part in words.split(",")):
        found = [code for code in RULES if name and code.startswith(name.upper())]
        if not found:
            hint = did_you_mean(name.upper(), RULES) or "; there are MW101 to MW702"
            raise ConfigurationError(f"{option} {name}: no finding has this code{hint}")
        yield from found


def find_all(app: Application, rules: Sequence[Rule]) -> Sequence[Finding]:
    """Find the faults of an application, each once, in the order of its files.

    Args:
        app: The application.
        rules: The rules.
    """
    found: dict[tuple[str, str, int, int], Finding] = {}
    for rule in rules:
        for item in rule.find(app):
            finding = Finding(rule, item)
            if item.source is None or item.source.ignores(item.node, rule.code):
                continue
            key = (str(item.source.path), rule.code, finding.line, finding.column)
            found.setdefault(key, finding)
    return sorted(
        found.values(), key=lambda f: (str(f.found.source.path), f.line, f.rule.code, f.column)
    )
