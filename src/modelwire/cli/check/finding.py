"""Findings, the edits that mend them, and the rules that make them."""

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
    """A piece of text in place of another.

    Args:
        start: Where it begins, in characters of the file's text.
        end: Where what it replaces ends; `start` where nothing is replaced.
        text: What stands there then.
        needs: The line that has to be among the file's imports for it; empty for none.
    """

    start: int
    end: int
    text: str
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule has found, where it is, and how it is mended.

    Args:
        source: The file.
        node: The piece of it.
        text: What is wrong there, as a sentence without a full stop.
        edits: What mends it; none where that is not safe.
    """

    source: Source
    node: ast.AST
    text: str
    edits: Sequence[Edit] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that can be wrong with an application.

    Args:
        code: Its code, which stays.
        title: What is found, in a few words.
        why: What comes of it.
        write: What to write instead.
        find: Finds it.
        fixable: Whether `--fix` mends it in some places.
    """

    code: str
    title: str
    why: str
    write: str
    find: Callable[[Application], Iterator[Found]]
    fixable: bool = False

    @property
    def link(self) -> str:
        """Where the rule is explained: a page of the documentation, and a heading in it."""
        return f"{PAGE}#{self.code.lower()}"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule has found at one place.

    Args:
        rule: The rule.
        found: What it has found.
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
