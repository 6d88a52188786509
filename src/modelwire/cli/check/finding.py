"""Findings, the edits that fix them, and the rules that make them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .application import Application
    from .source import Source

PAGE = "docs/reference/check.md"


@dataclass(frozen=True, slots=True)
class Edit:
    """Replacement of a piece of text.

    Args:
        start: The start of the replaced text, in characters of the file.
        end: The end of the replaced text; `start` for an insertion.
        text: The new text.
        needs: An import line that the file has to have for it; empty for none.
    """

    start: int
    end: int
    text: str
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """Fault that a rule has found, with its place and its fix.

    Args:
        source: The file.
        node: The faulty part of it.
        text: The fault, as a sentence without a full stop.
        edits: The edits that fix it; none where that is not safe.
    """

    source: Source
    node: ast.AST
    text: str
    edits: Sequence[Edit] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """Rule against one kind of fault of applications.

    Args:
        code: Its code, which is stable.
        title: The fault, in a few words.
        why: The consequences.
        write: The correct code.
        find: Finds the faults.
        fixable: Whether `--fix` fixes some of them.
    """

    code: str
    title: str
    why: str
    write: str
    find: Callable[[Application], Iterator[Found]]
    fixable: bool = False

    @property
    def link(self) -> str:
        """Link to the explanation of the rule: a heading on a page of the documentation."""
        return f"{PAGE}#{self.code.lower()}"


@dataclass(frozen=True, slots=True)
class Finding:
    """Finding of one rule at one place.

    Args:
        rule: The rule.
        found: The fault.
    """

    rule: Rule
    found: Found

    @property
    def line(self) -> int:
        """The line, counted from 1."""
        return int(getattr(self.found.node, "lineno", 1))

    @property
    def column(self) -> int:
        """The column, counted from 1."""
        return int(getattr(self.found.node, "col_offset", 0)) + 1
