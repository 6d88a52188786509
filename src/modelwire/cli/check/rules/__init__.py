"""All rules, in the order of their codes."""

from __future__ import annotations

from . import access, answers, blocking_calls, lifespan, models, reads, sessions

RULES = {
    rule.code: rule
    for group in (sessions, answers, reads, blocking_calls, models, lifespan, access)
    for rule in group.RULES
}
"""Rules by code."""

__all__ = ["RULES"]
