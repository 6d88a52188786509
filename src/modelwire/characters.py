"""Characters that no text may contain, whatever its source."""

from __future__ import annotations


def check_characters(text: str) -> tuple[str, str] | None:
    """Find the reason why a text can't be stored or compared: NUL characters, lone surrogates.

    Args:
        text: The text.

    Returns:
        A code and a message, or None if the text is fine.
    """
    if "\x00" in text:
        return "string_nul", "should have no NUL characters"
    if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
        return "string_unicode", "should have no lone surrogates"
    return None
