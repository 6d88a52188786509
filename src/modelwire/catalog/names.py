"""Names as words: how classes, fields and tables read in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[_\W]+")


def to_words(name: str) -> str:
    """Write a name as lower-case words: `OrderLine` and `order_line` are `order line`."""
    return " ".join(part.lower() for part in _BOUNDARY.split(name) if part)


def to_title(name: str) -> str:
    """Write a name as words with a capital: `full_name` is `Full name`."""
    words = to_words(name)
    return words[:1].upper() + words[1:]


def join_words(names: Sequence[str]) -> str:
    """Join names with commas and a last `and`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def did_you_mean(name: str, known: Iterable[str], end: str = "") -> str:
    """Name the closest known name, in whatever case, in brackets; empty where none is close.

    Args:
        name: The name that is not known.
        known: Those that are.
        end: What the one that is meant would have behind it.
    """
    folded: dict[str, str] = {}
    for other in known:
        folded.setdefault(other.lower(), other)
    closest = get_close_matches(name.lower(), list(folded), n=1, cutoff=0.6)
    return f" (did you mean `{folded[closest[0]]}{end}`?)" if closest else ""


def escape_pointer(name: str) -> str:
    """Write a name as one step of a JSON Pointer (RFC 6901, section 3)."""
    return name.replace("~", "~0").replace("/", "~1")
