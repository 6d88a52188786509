"""All rules, in the order of their codes."""

from __future__ import annotations

from . import access, answers, life, models, reads, sessions, waiting

RULES = {
    rule.code: rule
    for group in (sessions, answers, reads, waiting, models, life, access)
    for rule in group.RULES
}
"""Rules by code."""

__all__ = ["RULES"]
