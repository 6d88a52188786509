"""Everything that is looked for, in the order of the codes."""

from __future__ import annotations

from . import access, answers, life, models, reads, sessions, waiting

RULES = {
    rule.code: rule
    for group in (sessions, answers, reads, waiting, models, life, access)
    for rule in group.RULES
}
"""The rules, by their codes."""

__all__ = ["RULES"]
